#include "roles/session/session_fixture.h"

#include "unit.h"

#include "http/websocket.h"
#include "wire/pack.h"

static uint64_t random_h(void *maker)
{
    struct desk *d = maker;
    return d->chance = d->chance * 6364136223846793005U + 1442695040888963407U;
}

static void publish(struct desk *d, const struct effect *e)
{
    struct desk_publication *p = &d->published[d->publications++ % 16];
    buffer_clear(&p->bytes);
    buffer_add(&p->bytes, e->second);
    snprintf(p->subject, sizeof p->subject, "%.*s", SLICE_ARG(e->first));
}

static void commit_h(void *maker, struct world *w)
{
    struct desk *d = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    assert_false(w->effects.overflowed);
    while (effect_next(&rest, &e))
        switch (e.kind) {
        case EFFECT_SEND:
            buffer_add(&desk_flow(d, e.flow)->out, e.second);
            break;
        case EFFECT_CLOSE:
            desk_flow(d, e.flow)->closed = true;
            break;
        case EFFECT_PAUSE:
            desk_flow(d, e.flow)->paused = e.token;
            break;
        case EFFECT_ASK:
            d->ask = e;
            d->asks++;
            buffer_clear(&d->asked);
            buffer_add(&d->asked, e.second);
            break;
        case EFFECT_PUBLISH:
            publish(d, &e);
            break;
        case EFFECT_AGAIN:
            assert_true(d->again_count < 16);
            d->agains[d->again_count++] = e.token;
            break;
        default:
            break;
        }
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void add_person(
    struct config_builder *b, const char *name, const char *hash, uint8_t role, bool disabled)
{
    const struct config_person person = {.name = slice_text(name),
        .display_name = SLICE("Display \"name\""),
        .password = slice_text(hash),
        .role = role,
        .disabled = disabled};
    config_builder_person(b, &person);
}

struct configuration *desk_configuration(bool fewer)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c;
    static const struct slice listen[] = {SLICE_INIT("tls:127.0.0.1:8443")};
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret-1001"));
    config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("secret-1002"));
    if (!fewer)
        config_builder_dn(b, SLICE("1003"), SLICE("home"), SLICE("secret-1003"));
    add_person(b, "ann", "hash-ann", CONFIG_PERSON_AGENT, fewer);
    add_person(b, "adam", "hash-adam", CONFIG_PERSON_ADMINISTRATOR, false);
    add_person(b, "dora", "hash-dora", CONFIG_PERSON_AGENT, true);
    config_builder_application(
        b, &(struct config_application){.name = SLICE("proxy-1"), .role = CONFIG_ROLE_PROXY}, SLICE("home"));
    config_builder_application(b,
        &(struct config_application){
            .name = SLICE("node-1a"), .pair = SLICE("node-1"), .role = CONFIG_ROLE_NODE},
        SLICE("home"));
    config_builder_application(b,
        &(struct config_application){
            .name = SLICE("session-1"), .role = CONFIG_ROLE_SESSION, .listen = {listen, 1}},
        SLICE("home"));
    /* SHA-256 of "token" */
    config_builder_local(
        b, &(struct config_local){.operator_token_sha256 = SLICE("3c469e9d6c5875d37a43f353d4f88e61fc"
                                                                 "f812c66eee3457465a40b0da4153e0")});
    assert_int_equal(config_builder_end(&c, b, NULL), 0);
    return c;
}

static void run_agains(struct desk *d)
{
    for (unsigned turns = 0; d->again_count != 0; turns++) {
        const struct input in = {.kind = INPUT_AGAIN, .token = d->agains[0]};
        memmove(d->agains, d->agains + 1, --d->again_count * sizeof *d->agains);
        world_turn(&d->world, &session_role, d->self, &in, d->now);
        assert_true(turns < 1000);
    }
}

void desk_open(struct desk *d)
{
    static const struct role_setup setup = {
        .name = SLICE_INIT("session-1"), .location = SLICE_INIT("home"), .incarnation = 7};
    *d = (struct desk){.now = DESK_START, .chance = 1};
    d->configuration = desk_configuration(false);
    wheel_init(&d->wheel, d->now);
    world_init(&d->world, &backend, d, &d->wheel);
    d->world.name = setup.name;
    d->world.configuration = d->configuration;
    world_turn_begin(&d->world, d->now);
    assert_int_equal(session_role.open(&d->self, &d->world, &setup), 0);
    world_turn_end(&d->world);
    run_agains(d);
}

void desk_close(struct desk *d)
{
    d->world.closing = true;
    session_role.close(d->self);
    assert_true(list_empty(&d->world.timers));
    world_end(&d->world);
    wheel_close(&d->wheel);
    config_release(d->configuration);
    for (unsigned i = 0; i < DESK_FLOWS; i++)
        buffer_free(&d->flows[i].out);
    for (unsigned i = 0; i < 16; i++)
        buffer_free(&d->published[i].bytes);
    buffer_free(&d->asked);
}

void desk_input(struct desk *d, const struct input *in)
{
    world_turn(&d->world, &session_role, d->self, in, d->now);
    run_agains(d);
}

void desk_configure(struct desk *d, struct configuration *c)
{
    struct configuration *before = d->configuration;
    d->world.configuration = d->configuration = c;
    desk_input(d, &(struct input){.kind = INPUT_CONFIG});
    config_release(before);
}

void desk_advance(struct desk *d, int64_t by)
{
    struct wheel_timer *due;
    struct world *w;
    for (int64_t end = d->now + by; d->now < end;) {
        d->now += d->now + 1000 < end ? 1000 : end - d->now;
        while ((due = wheel_due(&d->wheel, d->now)) != NULL) {
            const struct input in = world_timer_input(due, &w);
            desk_input(d, &in);
        }
        if (wheel_next(&d->wheel) > end)
            d->now = end;
    }
}

struct desk_flow *desk_flow(struct desk *d, uint64_t flow)
{
    assert_true(flow >= 1000 && flow < 1000 + DESK_FLOWS);
    return &d->flows[flow - 1000];
}

uint64_t desk_accept(struct desk *d, uint8_t last_of_ip)
{
    assert_true(d->flow_count < DESK_FLOWS);
    struct input in = {.kind = INPUT_ACCEPTED, .flow = 1000 + d->flow_count++, .token = 1};
    in.peer = (struct address){.ip = {127, 0, 0, last_of_ip}, .port = 40000, .family = 4};
    desk_input(d, &in);
    return in.flow;
}

void desk_data(struct desk *d, uint64_t flow, struct slice bytes)
{
    desk_input(d, &(struct input){.kind = INPUT_DATA, .flow = flow, .bytes = bytes});
}

bool desk_said(struct desk *d, uint64_t flow, const char *text)
{
    return slice_find_slice(buffer_slice(&desk_flow(d, flow)->out), slice_text(text)) >= 0;
}

void desk_forget(struct desk *d, uint64_t flow)
{
    buffer_clear(&desk_flow(d, flow)->out);
}

void desk_answer(struct desk *d, enum answer answer, int error, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    if (m != NULL)
        pack_add(&bytes, m);
    desk_input(d, &(struct input){.kind = INPUT_ANSWER,
                      .object = d->ask.object,
                      .token = d->ask.token,
                      .answer = answer,
                      .error = error,
                      .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

void desk_bus(struct desk *d, uint64_t token, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    pack_add(&bytes, m);
    desk_input(d, &(struct input){.kind = INPUT_BUS, .token = token, .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

uint64_t desk_request(
    struct desk *d, const char *method, const char *path, const char *more, const char *body)
{
    struct buffer text = {0};
    uint64_t flow = desk_accept(d, 1);
    buffer_add_format(&text, "%s %s HTTP/1.1\r\nHost: localhost:8443\r\n%s", method, path, more);
    if (body != NULL)
        buffer_add_format(&text, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        buffer_add_text(&text, "\r\n");
    desk_data(d, flow, buffer_slice(&text));
    buffer_free(&text);
    return flow;
}

void desk_log_in(struct desk *d, const char *user, char cookie[96])
{
    char body[256];
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"open sesame\"}", user);
    uint64_t flow = desk_request(d, "POST", "/api/login", "X-Tandem-Request: 1\r\n", body);
    desk_answer(d, ANSWER_YES, 0, NULL);
    struct slice out = buffer_slice(&desk_flow(d, flow)->out);
    ptrdiff_t at = slice_find_slice(out, SLICE("tandem_session="));
    assert_true(at > 0);
    snprintf(cookie, 96, "Cookie: %.*s\r\n", 47, out.data + at);
}

uint64_t desk_websocket(struct desk *d, const char *cookie)
{
    char more[512];
    snprintf(more, sizeof more,
        "%sOrigin: https://localhost:8443\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: tandem.v1\r\n",
        cookie);
    uint64_t flow = desk_request(d, "GET", "/api/ws", more, NULL);
    assert_true(desk_said(d, flow, "HTTP/1.1 101 "));
    desk_forget(d, flow);
    return flow;
}

void desk_say(struct desk *d, uint64_t flow, const char *text)
{
    struct websocket client;
    struct buffer out = {0};
    websocket_open_client(&client, NULL, 3);
    websocket_send(&client, WEBSOCKET_TEXT, slice_text(text), &out);
    desk_data(d, flow, buffer_slice(&out));
    websocket_close(&client);
    buffer_free(&out);
}
