/* SEC-5: whatever comes on streams of any transport, cut anywhere: the proxy goes on, holds no more than it
 * may, and gives all back.
 *
 * The input is a list of: step (low bits: what, high bits: which stream), length (two bytes), bytes. */
#include <stdlib.h>

#include "config/builder.h"
#include "roles/proxy/edge/edge_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN 1000000000
#define STREAM 9000U
#define STREAMS 4U

enum step { STEP_DATA, STEP_FRAME, STEP_ACCEPT, STEP_CLOSED, STEP_DATAGRAM, STEP_WAIT, STEP_UPGRADE, STEPS };

struct setting {
    struct world world;
    struct wheel wheel;
    void *proxy;
    uint64_t chance, edge;
    int64_t now;
};

static uint64_t random_h(void *maker)
{
    return ++((struct setting *)maker)->chance;
}

static void commit_h(void *maker, struct world *w)
{
    struct setting *s = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e))
        if (e.kind == EFFECT_LISTEN && e.token == PROXY_TOKEN_EDGE)
            s->edge = e.flow;
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static struct configuration *configure(void)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c = NULL;
    struct slice listen[] = {SLICE("udp:127.0.0.1:5060"), SLICE("tcp:127.0.0.1:5060"),
        SLICE("tls:127.0.0.1:5061"), SLICE("ws:127.0.0.1:5062"), SLICE("wss:127.0.0.1:7443")};
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_application(b,
        &(struct config_application){.name = SLICE("proxy-1"),
            .role = CONFIG_ROLE_PROXY,
            .listen = {listen, sizeof listen / sizeof listen[0]},
            .inside = SLICE("local:proxy-1")},
        SLICE("home"));
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret 1"));
    (void)!config_builder_end(&c, b, NULL);
    return c;
}

static void input(struct setting *s, struct input in)
{
    in.peer = (struct address){.ip = {127, 0, 0, 1}, .port = 6001, .family = 4};
    world_turn(&s->world, &role_proxy, s->proxy, &in, s->now);
    struct proxy *p = s->proxy;
    size_t count = 0;
    for (int t = 0; t < TRANSPORT_COUNT; t++)
        count += p->edge.counts[t];
    if (count != map_count(&p->edge.flows) || p->edge.out.length != 0)
        abort();
}

static void answer_start(struct setting *s, uint64_t token, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    pack_add(&bytes, m);
    input(s, (struct input){.kind = INPUT_ANSWER,
                 .object = OBJECT(PROXY_OBJECT_START, 0),
                 .token = token,
                 .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

static void let_phones_in(struct setting *s)
{
    Tandem__RegistryEntry entry = TANDEM__REGISTRY_ENTRY__INIT, *entries = &entry;
    Tandem__RegistryAnswer registry = TANDEM__REGISTRY_ANSWER__INIT;
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results = &result;
    Tandem__StoreAnswer store = TANDEM__STORE_ANSWER__INIT;
    entry.key = (char *)(uintptr_t) "secret/nonce/home";
    entry.value = pack_bytes(SLICE("0123456789abcdef0123456789abcdef"));
    registry.n_entries = 1;
    registry.entries = &entries;
    answer_start(s, 1, &registry.base);
    store.n_results = 1;
    store.results = &results;
    answer_start(s, 3, &store.base);
}

static void pass_time(struct setting *s, int64_t microseconds)
{
    int64_t end_at = s->now + microseconds;
    for (int turn = 0; turn < 200 && s->now < end_at; turn++) {
        int64_t next = wheel_next(&s->wheel);
        s->now = next > end_at ? end_at : next > s->now ? next : s->now + 1000;
        struct wheel_timer *due = wheel_due(&s->wheel, s->now);
        if (due != NULL) {
            struct world *w;
            input(s, world_timer_input(due, &w));
        }
    }
}

static void give(struct setting *s, uint64_t flow, struct slice bytes)
{
    input(s, (struct input){.kind = INPUT_DATA, .token = PROXY_TOKEN_EDGE + 1, .flow = flow, .bytes = bytes});
}

/* A masked frame that holds the bytes; the first one says which. */
static void frame(struct setting *s, uint64_t flow, struct slice bytes)
{
    struct buffer out = {0};
    char first = bytes.length != 0 ? bytes.data[0] : '\x81';
    bytes = slice_from(bytes, 1);
    buffer_add_byte(&out, first);
    buffer_add_byte(&out, '\xfe');
    buffer_add_byte(&out, (char)(bytes.length >> 8));
    buffer_add_byte(&out, (char)bytes.length);
    buffer_add(&out, SLICE("\0\0\0\0"));
    buffer_add(&out, bytes);
    give(s, flow, buffer_slice(&out));
    buffer_free(&out);
}

static void step(struct setting *s, unsigned char what, struct slice bytes)
{
    uint64_t flow = STREAM + (what >> 4) % STREAMS;
    unsigned transport = 1 + (what >> 6);
    switch ((enum step)((what & 15U) % STEPS)) {
    case STEP_DATA:
        give(s, flow, bytes);
        break;
    case STEP_FRAME:
        frame(s, flow, bytes);
        break;
    case STEP_ACCEPT:
        if (!proxy__edge_flow_lives(s->proxy, flow))
            input(s,
                (struct input){.kind = INPUT_ACCEPTED, .token = PROXY_TOKEN_EDGE + transport, .flow = flow});
        break;
    case STEP_CLOSED:
        input(s, (struct input){.kind = INPUT_CLOSED, .token = PROXY_TOKEN_EDGE + 1, .flow = flow});
        break;
    case STEP_DATAGRAM:
        input(s, (struct input){
                     .kind = INPUT_DATAGRAM, .token = PROXY_TOKEN_EDGE, .flow = s->edge, .bytes = bytes});
        break;
    case STEP_WAIT:
        pass_time(s, (int64_t)bytes.length * 1000000);
        break;
    default:
        give(s, flow,
            SLICE("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDAAAAAAAAAAAAAAAAAA==\r\n"
                  "Sec-WebSocket-Protocol: sip\r\n\r\n"));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration *configuration;
    static struct setting s;
    struct role_setup setup = {.name = SLICE("proxy-1"), .location = SLICE("home"), .incarnation = 1};
    struct slice rest = slice_of(data, size);
    if (configuration == NULL)
        configuration = configure();
    s = (struct setting){.now = BEGIN};
    wheel_init(&s.wheel, BEGIN);
    world_init(&s.world, &backend, &s, &s.wheel);
    s.world.configuration = configuration;
    world_turn_begin(&s.world, BEGIN);
    if (role_proxy.open(&s.proxy, &s.world, &setup) != 0)
        abort();
    world_turn_end(&s.world);
    let_phones_in(&s);
    while (rest.length >= 3) {
        const unsigned char *head = (const unsigned char *)rest.data;
        size_t length = (size_t)head[1] << 8 | head[2];
        step(&s, head[0], slice_first(slice_from(rest, 3), length));
        rest = slice_from(rest, 3 + length);
    }
    pass_time(&s, (int64_t)40 * 1000000);
    s.world.closing = true;
    role_proxy.close(s.proxy);
    world_end(&s.world);
    wheel_close(&s.wheel);
    return 0;
}
