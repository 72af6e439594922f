#include "roles/proxy/proxy_fixture.h"

#include "roles/proxy/home_fixture.h"
#include "sip/digest.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

struct proxy_fixture proxy_fixture;
struct config_location proxy_fixture_location;
void (*proxy_fixture_more)(struct config_builder *b);

static uint64_t random_h(void *maker)
{
    (void)maker;
    return ++proxy_fixture.chance * 0x9e3779b97f4a7c15U;
}

static void keep(uint16_t port, struct slice text)
{
    if (proxy_fixture.count == PROXY_FIXTURE_KEPT) {
        memmove(proxy_fixture.sent, proxy_fixture.sent + 1,
            sizeof proxy_fixture.sent - sizeof proxy_fixture.sent[0]);
        proxy_fixture.count--;
    }
    proxy_fixture.sent[proxy_fixture.count].port = port;
    snprintf(proxy_fixture.sent[proxy_fixture.count++].text, sizeof proxy_fixture.sent[0].text, "%.*s",
        SLICE_ARG(text));
}

static void count_change(struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__BindingChange *c = pack_read(&tandem__binding_change__descriptor, bytes, &arena);
    assert_non_null(c);
    if (c->n_bindings != 0)
        proxy_fixture.changes++;
    else
        proxy_fixture.beacons++;
    arena_free(&arena);
}

static void commit_h(void *maker, struct world *w)
{
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    (void)maker;
    while (effect_next(&rest, &e)) {
        if (proxy_fixture.on_effect != NULL)
            proxy_fixture.on_effect(&e);
        if (e.kind == EFFECT_PUBLISH && proxy_fixture.on_publish != NULL)
            proxy_fixture.on_publish(e.first, e.second);
        if (e.kind == EFFECT_SEND && e.address.family != 0)
            keep(e.address.port, e.second);
        else if (e.kind == EFFECT_TELL && slice_equal(e.first, SLICE("node-1")) &&
                 e.second.length > FRAME_HEAD && e.second.data[FRAME_HEAD - 1] == SIP_FRAME_PLACES) {
            if (proxy_fixture.on_places != NULL)
                proxy_fixture.on_places(slice_from(e.second, FRAME_HEAD));
        } else if (e.kind == EFFECT_TELL && slice_equal(e.first, SLICE("node-1")) &&
                   slice_starts(slice_from(e.second, FRAME_HEAD), SLICE("OPTIONS sip:node-1.pair "))) {
            proxy_fixture.watched++;
            snprintf(proxy_fixture.watch, sizeof proxy_fixture.watch, "%.*s",
                SLICE_ARG(slice_from(e.second, FRAME_HEAD)));
        } else if (e.kind == EFFECT_TELL && slice_equal(e.first, SLICE("node-1")))
            keep(0, slice_from(e.second, FRAME_HEAD));
        else if (e.kind == EFFECT_LISTEN && e.token == PROXY_TOKEN_EDGE)
            proxy_fixture.edge = e.flow;
        else if (e.kind == EFFECT_OPEN && e.token == PROXY_TOKEN_INSIDE)
            proxy_fixture.pair_flow = e.flow;
        else if (e.kind == EFFECT_PUBLISH && slice_equal(e.first, SLICE("reg.home")))
            count_change(e.second);
        else if (e.kind == EFFECT_ASK) {
            buffer_clear(&proxy_fixture.asked);
            buffer_add(&proxy_fixture.asked, e.second);
            proxy_fixture.asked_token = e.token;
            proxy_fixture.asked_object = e.object;
        }
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

/* As a pair does it: what the OPTIONS says comes back. */
static void answer_watch(void)
{
    char text[700];
    const char *fields = strstr(proxy_fixture.watch, "Via:");
    uint16_t status = proxy_fixture.watch_status != 0 ? proxy_fixture.watch_status : 200;
    if (fields == NULL || status == 1)
        return;
    snprintf(text, sizeof text, "SIP/2.0 %u Said\r\n%s", status, fields);
    proxy_fixture.watch[0] = '\0';
    proxy_fixture_from_pair(text);
}

void proxy_fixture_input(struct input in)
{
    world_turn(&proxy_fixture.world, &role_proxy, proxy_fixture.proxy, &in, proxy_fixture.now);
    answer_watch();
}

static void configure(void)
{
    struct config_builder *b = config_builder_new();
    home_fixture(b, proxy_fixture_location);
    if (proxy_fixture_more != NULL)
        proxy_fixture_more(b);
    assert_int_equal(config_builder_end(&proxy_fixture.configuration, b, NULL), 0);
}

void proxy_fixture_answer_start(uint64_t token, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    pack_add(&bytes, m);
    proxy_fixture_input((struct input){.kind = INPUT_ANSWER,
        .object = OBJECT(PROXY_OBJECT_START, 0),
        .token = token,
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

void proxy_fixture_connect_pair(uint64_t view)
{
    struct buffer bytes = {0}, frame = {0};
    Tandem__PairRecord record = TANDEM__PAIR_RECORD__INIT;
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    record.view = view;
    record.primary = (char *)(uintptr_t) "node-1a";
    record.alone = true;
    pack_add(&bytes, &record.base);
    proxy_fixture_input((struct input){.kind = INPUT_WATCH,
        .token = PROXY_TOKEN_WATCH,
        .name = SLICE("pair/node-1"),
        .revision = view,
        .bytes = buffer_slice(&bytes)});
    proxy_fixture_input(
        (struct input){.kind = INPUT_OPENED, .token = PROXY_TOKEN_INSIDE, .flow = proxy_fixture.pair_flow});
    hello.name = (char *)(uintptr_t) "node-1";
    hello.incarnation = view;
    buffer_clear(&bytes);
    pack_add(&bytes, &hello.base);
    frame_add(&frame, SIP_FRAME_HELLO, buffer_slice(&bytes));
    proxy_fixture_input((struct input){.kind = INPUT_DATA,
        .token = PROXY_TOKEN_INSIDE,
        .flow = proxy_fixture.pair_flow,
        .bytes = buffer_slice(&frame)});
    buffer_free(&bytes);
    buffer_free(&frame);
}

void proxy_fixture_open(void)
{
    struct role_setup setup = {.name = SLICE("proxy-1"), .location = SLICE("home"), .incarnation = 1};
    memset(&proxy_fixture, 0, sizeof proxy_fixture);
    proxy_fixture.now = 1000000000;
    configure();
    wheel_init(&proxy_fixture.wheel, proxy_fixture.now);
    world_init(&proxy_fixture.world, &backend, &proxy_fixture, &proxy_fixture.wheel);
    proxy_fixture.world.configuration = proxy_fixture.configuration;
    world_turn_begin(&proxy_fixture.world, proxy_fixture.now);
    assert_int_equal(role_proxy.open(&proxy_fixture.proxy, &proxy_fixture.world, &setup), 0);
    world_turn_end(&proxy_fixture.world);
}

void proxy_fixture_give_key(void)
{
    Tandem__RegistryEntry entry = TANDEM__REGISTRY_ENTRY__INIT, *entries = &entry;
    Tandem__RegistryAnswer registry = TANDEM__REGISTRY_ANSWER__INIT;
    entry.key = (char *)(uintptr_t) "secret/nonce/home";
    entry.value = pack_bytes(SLICE("0123456789abcdef0123456789abcdef"));
    registry.n_entries = 1;
    registry.entries = &entries;
    proxy_fixture_answer_start(PROXY_FIXTURE_KEY, &registry.base);
}

void proxy_fixture_begin(void)
{
    proxy_fixture_open();
    proxy_fixture_give_key();
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results = &result;
    Tandem__StoreAnswer store = TANDEM__STORE_ANSWER__INIT;
    store.n_results = 1;
    store.results = &results;
    proxy_fixture_answer_start(PROXY_FIXTURE_BINDINGS, &store.base);
    assert_int_not_equal(proxy_fixture.edge, 0);
    proxy_fixture_connect_pair(1);
    proxy_fixture.count = 0;
}

void proxy_fixture_end(void)
{
    proxy_fixture.world.closing = true;
    role_proxy.close(proxy_fixture.proxy);
    world_end(&proxy_fixture.world);
    wheel_close(&proxy_fixture.wheel);
    config_release(proxy_fixture.configuration);
    buffer_free(&proxy_fixture.asked);
    proxy_fixture_location = (struct config_location){.name = {NULL, 0}};
    proxy_fixture_more = NULL;
}

void proxy_fixture_pass(int64_t microseconds)
{
    int64_t end_at = proxy_fixture.now + microseconds;
    while (proxy_fixture.now < end_at) {
        int64_t next = wheel_next(&proxy_fixture.wheel);
        proxy_fixture.now = next > end_at              ? end_at
                            : next > proxy_fixture.now ? next
                                                       : proxy_fixture.now + 1000;
        struct wheel_timer *due;
        while ((due = wheel_due(&proxy_fixture.wheel, proxy_fixture.now)) != NULL) {
            struct world *w;
            proxy_fixture_input(world_timer_input(due, &w));
        }
    }
}

void proxy_fixture_from(const struct address *peer, const char *text)
{
    proxy_fixture_input((struct input){.kind = INPUT_DATAGRAM,
        .flow = proxy_fixture.edge,
        .token = PROXY_TOKEN_EDGE,
        .peer = *peer,
        .bytes = slice_text(text)});
}

void proxy_fixture_from_phone(uint16_t port, const char *text)
{
    struct input in = {.kind = INPUT_DATAGRAM,
        .flow = proxy_fixture.edge,
        .token = PROXY_TOKEN_EDGE,
        .bytes = slice_text(text)};
    in.peer = (struct address){.ip = {127, 0, 0, 1}, .port = port, .family = 4};
    proxy_fixture_input(in);
}

void proxy_fixture_from_pair(const char *text)
{
    struct buffer frame = {0};
    frame_add(&frame, SIP_FRAME_MESSAGE, slice_text(text));
    proxy_fixture_input((struct input){.kind = INPUT_DATA,
        .token = PROXY_TOKEN_INSIDE,
        .flow = proxy_fixture.pair_flow,
        .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

/* The newest message to there that begins so; NULL: none. */
const char *proxy_fixture_find(uint16_t port, const char *beginning)
{
    for (unsigned i = proxy_fixture.count; i-- != 0;)
        if (proxy_fixture.sent[i].port == port &&
            strncmp(proxy_fixture.sent[i].text, beginning, strlen(beginning)) == 0)
            return proxy_fixture.sent[i].text;
    return NULL;
}

const char *proxy_fixture_must_find(uint16_t port, const char *beginning)
{
    const char *text = proxy_fixture_find(port, beginning);
    if (text == NULL)
        fail_msg("nothing that begins %s was sent to %u; the last was %s", beginning, port,
            proxy_fixture.count != 0 ? proxy_fixture.sent[proxy_fixture.count - 1].text : "-");
    return text;
}

/* ---- phones that log in ---- */

const struct phone proxy_alice = {6001, "1001", "1001", "secret 1"},
                   proxy_bob = {6002, "1002", "1002", "secret 2"};

void proxy_fixture_build(
    char text[3000], const struct phone *p, const char *method, const char *uri, const char *more)
{
    proxy_fixture.cseq++;
    bool registrar = strcmp(method, "REGISTER") == 0;
    snprintf(text, 3000,
        "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK-%u-%u\r\nMax-Forwards: 70\r\n"
        "From: <sip:%s@home>;tag=f%s\r\nTo: <sip:%s@home>\r\nCall-ID: call-%u\r\nCSeq: %u %s\r\n%s"
        "Content-Length: 0\r\n\r\n",
        method, uri, p->port, proxy_fixture.cseq, ++proxy_fixture.branch, p->dn, p->dn,
        registrar ? p->dn : "1002", p->port, proxy_fixture.cseq, method, more);
}

void proxy_fixture_add_credentials(
    char more[2000], const struct phone *p, const char *method, const char *uri)
{
    struct sip_message m;
    struct arena arena = {0};
    struct digest d;
    struct buffer value = {0};
    bool registrar = strcmp(method, "REGISTER") == 0;
    const char *challenge = proxy_fixture_must_find(p->port, registrar ? "SIP/2.0 401" : "SIP/2.0 407");
    assert_int_equal(sip_parse(&m, slice_text(challenge), &arena, NULL), 0);
    assert_int_equal(
        digest_parse(&d,
            sip_header_value(&m, registrar ? SIP_HEADER_WWW_AUTHENTICATE : SIP_HEADER_PROXY_AUTHENTICATE),
            &arena),
        0);
    digest_add_answer(&value, &d, slice_text(p->user), slice_text(p->secret), slice_text(method),
        slice_text(uri), SLICE("cnonce"), 1);
    snprintf(more + strlen(more), 2000 - strlen(more), "%s: %.*s\r\n",
        registrar ? "Authorization" : "Proxy-Authorization", SLICE_ARG(buffer_slice(&value)));
    buffer_free(&value);
    arena_free(&arena);
}

/* Sends the request, is challenged, sends it with credentials. */
void proxy_fixture_request(const struct phone *p, const char *method, const char *uri, const char *headers)
{
    char text[3000], more[2000];
    proxy_fixture.now++; /* another moment, another nonce */
    proxy_fixture_build(text, p, method, uri, headers);
    proxy_fixture.count = 0;
    proxy_fixture_from_phone(p->port, text);
    snprintf(more, sizeof more, "%s", headers);
    proxy_fixture_add_credentials(more, p, method, uri);
    proxy_fixture_build(text, p, method, uri, more);
    proxy_fixture.count = 0;
    proxy_fixture_from_phone(p->port, text);
}

void proxy_fixture_register(const struct phone *p, const char *headers)
{
    proxy_fixture_request(p, "REGISTER", "sip:home", headers);
}

unsigned proxy_fixture_bindings(const char *dn)
{
    struct aor *a = proxy__aor(proxy_fixture.proxy, slice_text(dn));
    return a != NULL ? a->live : 0;
}

void proxy_fixture_change(const Tandem__BindingChange *c)
{
    struct buffer bytes = {0};
    pack_add(&bytes, &c->base);
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_BINDINGS,
        .name = SLICE("reg.home"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}
