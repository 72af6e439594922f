/* The whole role with whatever browsers, proxies, nodes and engines may say, in any order: nothing may break,
 * and all is given back in the end. Each step is an operation byte and what it needs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/builder.h"
#include "http/websocket.h"
#include "roles/session/session.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

#define FLOWS 6U
#define STEPS 300U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct slice left;
    struct wheel wheel;
    struct world world;
    void *self;
    int64_t now;
    uint64_t agains[64], ask_token, accepted, chance;
    unsigned again_count;
    char cookie[33];
};

static struct configuration *configurations[2];

static uint64_t random_h(void *maker)
{
    struct run *r = maker;
    return ++r->chance;
}

static void commit_h(void *maker, struct world *w)
{
    struct run *r = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    if (w->effects.overflowed)
        abort();
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_AGAIN && r->again_count < 64)
            r->agains[r->again_count++] = e.token;
        if (e.kind == EFFECT_ASK)
            r->ask_token = e.token;
        ptrdiff_t at =
            e.kind == EFFECT_SEND ? slice_find_slice(e.second, SLICE("Set-Cookie: tandem_session=")) : -1;
        if (at >= 0 && e.second.length - (size_t)at > 60)
            memcpy(r->cookie, e.second.data + at + 27, 32);
    }
    world_turn_clear(w);
}

static void input(struct run *r, struct input in)
{
    world_turn(&r->world, &session_role, r->self, &in, r->now);
    for (unsigned turns = 0; r->again_count != 0; turns++) {
        struct input again = {.kind = INPUT_AGAIN, .token = r->agains[--r->again_count]};
        world_turn(&r->world, &session_role, r->self, &again, r->now);
        if (turns > 1000)
            abort(); /* it never comes to rest */
    }
}

static uint8_t byte(struct run *r)
{
    uint8_t value = r->left.length != 0 ? (uint8_t)r->left.data[0] : 0;
    r->left = slice_from(r->left, 1);
    return value;
}

static struct slice bytes(struct run *r)
{
    struct slice part = slice_first(r->left, byte(r));
    part = slice_first(r->left, part.length);
    r->left = slice_from(r->left, part.length);
    return part;
}

static uint64_t flow(struct run *r)
{
    return 1 + byte(r) % FLOWS + (r->accepted > FLOWS ? r->accepted - FLOWS : 0);
}

static void give(struct run *r, uint64_t to, const char *text)
{
    input(r, (struct input){.kind = INPUT_DATA, .flow = to, .bytes = slice_text(text)});
}

static void request(struct run *r, const char *line, const char *more)
{
    char text[700];
    snprintf(text, sizeof text,
        "%s HTTP/1.1\r\nHost: a\r\nX-Tandem-Request: 1\r\nCookie: tandem_session=%s\r\n%s", line, r->cookie,
        more);
    give(r, flow(r), text);
}

static void say(struct run *r, enum websocket_opcode opcode, struct slice text)
{
    struct websocket w;
    struct buffer out = {0};
    websocket_open_client(&w, NULL, 1);
    websocket_send(&w, opcode, text, &out);
    input(r, (struct input){.kind = INPUT_DATA, .flow = flow(r), .bytes = buffer_slice(&out)});
    websocket_close(&w);
    buffer_free(&out);
}

static void bus(struct run *r, uint64_t token, const ProtobufCMessage *m)
{
    struct buffer out = {0};
    pack_add(&out, m);
    input(r, (struct input){.kind = INPUT_BUS, .token = token, .bytes = buffer_slice(&out)});
    buffer_free(&out);
}

static void live(struct run *r)
{
    static char node[] = "node-1",
                states[6][12] = {"dialling", "ringing", "established", "held", "ending", "gone"};
    char from[] = "1001", to[] = "1001";
    Tandem__LiveCall call = TANDEM__LIVE_CALL__INIT;
    Tandem__LiveCall *calls[] = {&call};
    Tandem__LiveChange m = TANDEM__LIVE_CHANGE__INIT;
    uint8_t what = byte(r);
    from[3] = (char)('0' + what % 4);
    to[3] = (char)('0' + what / 4 % 4);
    call.call_id = what / 16 % 4;
    call.from = from;
    call.to = to;
    call.node = m.node = node;
    call.state = states[byte(r) % 6];
    m.view = byte(r) % 3;
    m.number = byte(r) % 32;
    m.n_calls = 1;
    m.calls = calls;
    m.has_snapshot = m.snapshot = what & 128;
    bus(r, 3, &m.base);
}

static void binding(struct run *r)
{
    static char proxy[] = "proxy-1", udp[] = "udp";
    char dn[] = "1001", uri[] = "sip:a";
    Tandem__Binding b = TANDEM__BINDING__INIT;
    Tandem__Binding *bindings[] = {&b};
    Tandem__BindingChange change = TANDEM__BINDING_CHANGE__INIT;
    Tandem__BindingSnapshot snapshot = TANDEM__BINDING_SNAPSHOT__INIT;
    uint8_t what = byte(r);
    dn[3] = (char)('0' + what % 4);
    uri[4] = (char)('a' + what / 4 % 4);
    b.dn = dn;
    b.contact = uri;
    b.proxy = change.proxy = snapshot.proxy = proxy;
    b.transport = udp;
    b.expires_at = what & 64 ? 0 : (uint64_t)(r->now + byte(r) * 1000000);
    change.incarnation = snapshot.incarnation = 1 + (what >> 4 & 1);
    change.number = snapshot.number = byte(r) % 32;
    change.n_bindings = snapshot.n_bindings = 1;
    change.bindings = snapshot.bindings = bindings;
    snapshot.token = (uint64_t)1 << 20 | byte(r);
    snapshot.last = what & 32;
    if (what & 128)
        bus(r, 4, &snapshot.base);
    else
        bus(r, 2, &change.base);
}

static void advance(struct run *r)
{
    struct wheel_timer *due;
    struct world *w;
    r->now += (int64_t)byte(r) * byte(r) * 1000;
    while ((due = wheel_due(&r->wheel, r->now)) != NULL)
        input(r, world_timer_input(due, &w));
}

static void step(struct run *r)
{
    switch (byte(r) % 14) {
    case 0:
        input(r, (struct input){.kind = INPUT_ACCEPTED, .flow = ++r->accepted, .token = 1});
        break;
    case 1:
        input(r, (struct input){.kind = INPUT_DATA, .flow = flow(r), .bytes = bytes(r)});
        break;
    case 2:
        input(r, (struct input){.kind = INPUT_CLOSED, .flow = flow(r), .token = 1});
        break;
    case 3:
        advance(r);
        break;
    case 4:
        input(r, (struct input){.kind = INPUT_BUS, .token = 2 + byte(r) % 5, .bytes = bytes(r)});
        break;
    case 5:
        input(r, (struct input){.kind = INPUT_ANSWER,
                     .token = r->ask_token,
                     .answer = byte(r) % 3,
                     .error = -(byte(r) % 20),
                     .bytes = bytes(r)});
        break;
    case 6:
        request(r, "POST /api/login", "Content-Length: 27\r\n\r\n{\"user\":\"a\",\"password\":\"x\"}");
        break;
    case 7:
        request(r, "GET /api/ws",
            "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        break;
    case 8:
        say(r, WEBSOCKET_TEXT,
            SLICE("{\"hello\":{\"resume\":{\"epoch\":\"1\",\"number\":\"2\"},\"watch\":[]}}"));
        break;
    case 9:
        say(r, byte(r) & 15, bytes(r));
        break;
    case 10:
        live(r);
        break;
    case 11:
        binding(r);
        break;
    case 12:
        r->world.configuration = configurations[byte(r) & 1];
        input(r, (struct input){.kind = INPUT_CONFIG});
        break;
    default: {
        static const char *const lines[] = {"GET /api/history?limit=3", "GET /api/config/dn/",
            "POST /api/logout", "GET /api/status", "GET /", "PUT /api/config/dn/1"};
        request(r, lines[byte(r) % 6], "\r\n");
    }
    }
}

static struct configuration *configure(bool fewer)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c;
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret-1001"));
    if (!fewer)
        config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("secret-1002"));
    const struct config_person person = {.name = SLICE("a"), .password = SLICE("hash"), .disabled = fewer};
    config_builder_person(b, &person);
    config_builder_application(b,
        &(struct config_application){
            .name = SLICE("node-1a"), .pair = SLICE("node-1"), .role = CONFIG_ROLE_NODE},
        SLICE("home"));
    if (!fewer)
        config_builder_application(b,
            &(struct config_application){.name = SLICE("proxy-1"), .role = CONFIG_ROLE_PROXY}, SLICE("home"));
    return config_builder_end(&c, b, NULL) == 0 ? c : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct world_backend backend = {.random = random_h, .commit = commit_h};
    static const struct role_setup setup = {.name = SLICE_INIT("session-1"), .incarnation = 1};
    struct run r = {.left = slice_of(data, size), .now = 1700000000000000};
    if (configurations[0] == NULL) {
        log_threshold = LOG_ERROR;
        configurations[0] = configure(false);
        configurations[1] = configure(true);
        if (configurations[0] == NULL || configurations[1] == NULL)
            abort();
    }
    size_t live_before = mem_live_bytes();
    wheel_init(&r.wheel, r.now);
    world_init(&r.world, &backend, &r, &r.wheel);
    r.world.configuration = configurations[0];
    world_turn_begin(&r.world, r.now);
    if (session_role.open(&r.self, &r.world, &setup) != 0)
        abort();
    world_turn_end(&r.world);
    for (unsigned i = 0; i < STEPS && r.left.length != 0; i++)
        step(&r);
    r.world.closing = true;
    session_role.close(r.self);
    if (!list_empty(&r.world.timers))
        abort();
    world_end(&r.world);
    wheel_close(&r.wheel);
    if (mem_live_bytes() != live_before)
        abort();
    return 0;
}
