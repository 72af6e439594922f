/* A proxy between phones made of text and a pair made of text. */
#include "roles/proxy/proxy_int.h"

#include "base/error.h"
#include "config/builder.h"
#include "sip/digest.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"
#include "world/world_int.h"

#define KEPT 40
#define SECOND 1000000

struct sent {
    uint16_t port; /* of the phone; 0: to the pair */
    char text[3000];
};

static struct {
    struct world world;
    struct wheel wheel;
    struct configuration *configuration;
    void *proxy;
    int64_t now;
    uint64_t chance, edge, pair_flow;
    struct sent sent[KEPT];
    unsigned count;
    struct buffer asked; /* the last question to the store */
    uint64_t asked_token, asked_object;
    unsigned changes; /* told on the bus */
    unsigned cseq, branch;
} k;

static uint64_t random_h(void *maker)
{
    (void)maker;
    return ++k.chance * 0x9e3779b97f4a7c15U;
}

static void keep(uint16_t port, struct slice text)
{
    if (k.count == KEPT) {
        memmove(k.sent, k.sent + 1, sizeof k.sent - sizeof k.sent[0]);
        k.count--;
    }
    k.sent[k.count].port = port;
    snprintf(k.sent[k.count++].text, sizeof k.sent[0].text, "%.*s", SLICE_ARG(text));
}

static void commit_h(void *maker, struct world *w)
{
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    (void)maker;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_SEND && e.address.family != 0)
            keep(e.address.port, e.second);
        else if (e.kind == EFFECT_TELL && slice_equal(e.first, SLICE("node-1")))
            keep(0, slice_from(e.second, FRAME_HEAD));
        else if (e.kind == EFFECT_LISTEN && e.token == PROXY_TOKEN_EDGE)
            k.edge = e.flow;
        else if (e.kind == EFFECT_OPEN)
            k.pair_flow = e.flow;
        else if (e.kind == EFFECT_PUBLISH && slice_equal(e.first, SLICE("reg.home")))
            k.changes++;
        else if (e.kind == EFFECT_ASK) {
            buffer_clear(&k.asked);
            buffer_add(&k.asked, e.second);
            k.asked_token = e.token;
            k.asked_object = e.object;
        }
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void input(struct input in)
{
    world_turn(&k.world, &role_proxy, k.proxy, &in, k.now);
}

static void configure(void)
{
    struct config_builder *b = config_builder_new();
    struct slice listen = SLICE("udp:127.0.0.1:5060");
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_application(b,
        &(struct config_application){.name = SLICE("proxy-1"),
            .role = CONFIG_ROLE_PROXY,
            .listen = {&listen, 1},
            .inside = SLICE("local:proxy-1")},
        SLICE("home"));
    config_builder_application(b,
        &(struct config_application){.name = SLICE("node-1a"),
            .pair = SLICE("node-1"),
            .role = CONFIG_ROLE_NODE,
            .link = SLICE("local:link"),
            .inside = SLICE("local:node-1a")},
        SLICE("home"));
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret 1"));
    config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("secret 2"));
    assert_int_equal(config_builder_end(&k.configuration, b, NULL), 0);
}

static void answer_start(uint64_t token, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    pack_add(&bytes, m);
    input((struct input){.kind = INPUT_ANSWER,
        .object = OBJECT(PROXY_OBJECT_START, 0),
        .token = token,
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

static void connect_pair(void)
{
    struct buffer bytes = {0}, frame = {0};
    Tandem__PairRecord record = TANDEM__PAIR_RECORD__INIT;
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    record.view = 1;
    record.primary = (char *)(uintptr_t) "node-1a";
    record.alone = true;
    pack_add(&bytes, &record.base);
    input((struct input){.kind = INPUT_WATCH,
        .token = PROXY_TOKEN_WATCH,
        .name = SLICE("pair/node-1"),
        .revision = 1,
        .bytes = buffer_slice(&bytes)});
    input((struct input){.kind = INPUT_OPENED, .token = PROXY_TOKEN_INSIDE, .flow = k.pair_flow});
    hello.name = (char *)(uintptr_t) "node-1";
    hello.incarnation = 1;
    buffer_clear(&bytes);
    pack_add(&bytes, &hello.base);
    frame_add(&frame, SIP_FRAME_HELLO, buffer_slice(&bytes));
    input((struct input){
        .kind = INPUT_DATA, .token = PROXY_TOKEN_INSIDE, .flow = k.pair_flow, .bytes = buffer_slice(&frame)});
    buffer_free(&bytes);
    buffer_free(&frame);
}

static void begin(void)
{
    struct role_setup setup = {.name = SLICE("proxy-1"), .location = SLICE("home"), .incarnation = 1};
    memset(&k, 0, sizeof k);
    k.now = 1000000000;
    configure();
    wheel_init(&k.wheel, k.now);
    world_init(&k.world, &backend, &k, &k.wheel);
    k.world.configuration = k.configuration;
    world_turn_begin(&k.world, k.now);
    assert_int_equal(role_proxy.open(&k.proxy, &k.world, &setup), 0);
    world_turn_end(&k.world);
    Tandem__RegistryEntry entry = TANDEM__REGISTRY_ENTRY__INIT, *entries = &entry;
    Tandem__RegistryAnswer registry = TANDEM__REGISTRY_ANSWER__INIT;
    entry.key = (char *)(uintptr_t) "secret/nonce/home";
    entry.value = pack_bytes(SLICE("0123456789abcdef0123456789abcdef"));
    registry.n_entries = 1;
    registry.entries = &entries;
    answer_start(1, &registry.base);
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results = &result;
    Tandem__StoreAnswer store = TANDEM__STORE_ANSWER__INIT;
    store.n_results = 1;
    store.results = &results;
    answer_start(3, &store.base);
    assert_int_not_equal(k.edge, 0);
    connect_pair();
    k.count = 0;
}

static void end(void)
{
    k.world.closing = true;
    role_proxy.close(k.proxy);
    world_end(&k.world);
    wheel_close(&k.wheel);
    config_release(k.configuration);
    buffer_free(&k.asked);
}

static void pass(int64_t microseconds)
{
    int64_t end_at = k.now + microseconds;
    while (k.now < end_at) {
        int64_t next = wheel_next(&k.wheel);
        k.now = next > end_at ? end_at : next > k.now ? next : k.now + 1000;
        struct wheel_timer *due;
        while ((due = wheel_due(&k.wheel, k.now)) != NULL) {
            struct world *w;
            input(world_timer_input(due, &w));
        }
    }
}

static void from_phone(uint16_t port, const char *text)
{
    struct input in = {
        .kind = INPUT_DATAGRAM, .flow = k.edge, .token = PROXY_TOKEN_EDGE, .bytes = slice_text(text)};
    in.peer = (struct address){.ip = {127, 0, 0, 1}, .port = port, .family = 4};
    input(in);
}

static void from_pair(const char *text)
{
    struct buffer frame = {0};
    frame_add(&frame, SIP_FRAME_MESSAGE, slice_text(text));
    input((struct input){
        .kind = INPUT_DATA, .token = PROXY_TOKEN_INSIDE, .flow = k.pair_flow, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

/* The newest message to there that begins so; NULL: none. */
static const char *find(uint16_t port, const char *beginning)
{
    for (unsigned i = k.count; i-- != 0;)
        if (k.sent[i].port == port && strncmp(k.sent[i].text, beginning, strlen(beginning)) == 0)
            return k.sent[i].text;
    return NULL;
}

static const char *must_find(uint16_t port, const char *beginning)
{
    const char *text = find(port, beginning);
    if (text == NULL)
        fail_msg("nothing that begins %s was sent to %u; the last was %s", beginning, port,
            k.count != 0 ? k.sent[k.count - 1].text : "-");
    return text;
}

/* ---- phones that log in ---- */

struct phone {
    uint16_t port;
    const char *dn, *user, *secret;
};

static const struct phone alice = {6001, "1001", "1001", "secret 1"},
                          bob = {6002, "1002", "1002", "secret 2"};

static void build(
    char text[3000], const struct phone *p, const char *method, const char *uri, const char *more)
{
    k.cseq++;
    bool registrar = strcmp(method, "REGISTER") == 0;
    snprintf(text, 3000,
        "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK-%u-%u\r\nMax-Forwards: 70\r\n"
        "From: <sip:%s@home>;tag=f%s\r\nTo: <sip:%s@home>\r\nCall-ID: call-%u\r\nCSeq: %u %s\r\n%s"
        "Content-Length: 0\r\n\r\n",
        method, uri, p->port, k.cseq, ++k.branch, p->dn, p->dn, registrar ? p->dn : "1002", p->port, k.cseq,
        method, more);
}

static void add_credentials(char more[2000], const struct phone *p, const char *method, const char *uri)
{
    struct sip_message m;
    struct arena arena = {0};
    struct digest d;
    struct buffer value = {0};
    bool registrar = strcmp(method, "REGISTER") == 0;
    const char *challenge = must_find(p->port, registrar ? "SIP/2.0 401" : "SIP/2.0 407");
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
static void request(const struct phone *p, const char *method, const char *uri, const char *headers)
{
    char text[3000], more[2000];
    build(text, p, method, uri, headers);
    k.count = 0;
    from_phone(p->port, text);
    snprintf(more, sizeof more, "%s", headers);
    add_credentials(more, p, method, uri);
    build(text, p, method, uri, more);
    k.count = 0;
    from_phone(p->port, text);
}

static void register_with(const struct phone *p, const char *headers)
{
    request(p, "REGISTER", "sip:home", headers);
}

static unsigned bindings(const char *dn)
{
    struct aor *a = proxy__aor(k.proxy, slice_text(dn), false);
    return a != NULL ? a->count : 0;
}

/* ---- registrar (RFC 3261 10.3) ---- */

static void registers_and_lists_contacts(void **state)
{
    (void)state;
    begin();
    register_with(&alice,
        "Contact: <sip:1001@127.0.0.1:6001>;expires=300\r\nContact: <sip:b@127.0.0.1>\r\nExpires: 120\r\n");
    const char *ok = must_find(6001, "SIP/2.0 200");
    assert_non_null(strstr(ok, "Contact: <sip:1001@127.0.0.1:6001>;expires=300"));
    assert_non_null(strstr(ok, "Contact: <sip:b@127.0.0.1>;expires=120"));
    assert_int_equal(bindings("1001"), 2);
    assert_int_equal(k.changes, 2);
    register_with(&alice, ""); /* only asks */
    assert_non_null(strstr(must_find(6001, "SIP/2.0 200"), "Contact: <sip:b@127.0.0.1>"));
    assert_int_equal(k.changes, 2);
    register_with(&alice, "Contact: <sip:b@127.0.0.1>;expires=0\r\n");
    assert_null(strstr(must_find(6001, "SIP/2.0 200"), "sip:b@"));
    assert_int_equal(bindings("1001"), 1);
    pass(301 * (int64_t)SECOND);
    assert_int_equal(bindings("1001"), 0);
    end();
}

static void a_star_removes_all_with_expires_0_only(void **state)
{
    (void)state;
    begin();
    register_with(&alice, "Contact: <sip:a@127.0.0.1>, <sip:b@127.0.0.1>\r\n");
    assert_int_equal(bindings("1001"), 2);
    register_with(&alice, "Contact: *\r\nExpires: 60\r\n");
    must_find(6001, "SIP/2.0 400");
    register_with(&alice, "Contact: *\r\n");
    must_find(6001, "SIP/2.0 400");
    register_with(&alice, "Contact: *, <sip:c@127.0.0.1>\r\nExpires: 0\r\n");
    must_find(6001, "SIP/2.0 400");
    assert_int_equal(bindings("1001"), 2);
    register_with(&alice, "Contact: *\r\nExpires: 0\r\n");
    assert_null(strstr(must_find(6001, "SIP/2.0 200"), "Contact:"));
    assert_int_equal(bindings("1001"), 0);
    end();
}

static void refuses_times_that_are_too_short(void **state)
{
    (void)state;
    begin();
    register_with(&alice, "Contact: <sip:a@127.0.0.1>\r\nContact: <sip:b@127.0.0.1>;expires=59\r\n");
    assert_non_null(strstr(must_find(6001, "SIP/2.0 423"), "Min-Expires: 60"));
    assert_int_equal(bindings("1001"), 0); /* all or nothing */
    register_with(&alice, "Contact: <sip:a@127.0.0.1>;expires=99999999\r\n");
    assert_non_null(strstr(must_find(6001, "SIP/2.0 200"), ";expires=7200"));
    end();
}

static void takes_ten_contacts_and_no_more(void **state)
{
    char contacts[2000] = "";
    (void)state;
    begin();
    for (int i = 0; i < 11; i++)
        snprintf(contacts + strlen(contacts), sizeof contacts - strlen(contacts),
            "Contact: <sip:%d@127.0.0.1>\r\n", i);
    register_with(&alice, contacts);
    must_find(6001, "SIP/2.0 403");
    assert_int_equal(bindings("1001"), 0);
    *strstr(contacts, "Contact: <sip:10@") = '\0';
    register_with(&alice, contacts);
    must_find(6001, "SIP/2.0 200");
    assert_int_equal(bindings("1001"), 10);
    end();
}

static void an_overtaken_request_changes_nothing(void **state)
{
    (void)state;
    begin();
    register_with(&alice, "Contact: <sip:a@127.0.0.1>;expires=300\r\n");
    k.cseq -= 2;
    register_with(&alice, "Contact: <sip:a@127.0.0.1>;expires=0\r\n");
    must_find(6001, "SIP/2.0 500");
    assert_int_equal(bindings("1001"), 1);
    end();
}

/* ---- who is it? ---- */

/* SEC-4: nobody learns which DNs exist: the same answers for an unknown user and a wrong password. */
static void unknown_users_and_wrong_passwords_look_the_same(void **state)
{
    static const struct phone liars[] = {{6001, "1001", "1001", "wrong"}, {6001, "9999", "9999", "wrong"},
        {6001, "1001", "1002", "secret 2"}, {6001, "1001", "9999", "secret 1"}};
    char answers[4][3000];
    (void)state;
    for (int i = 0; i < 4; i++) {
        begin();
        register_with(&liars[i], "Contact: <sip:a@127.0.0.1>\r\n");
        snprintf(answers[i], sizeof answers[i], "%s", must_find(6001, "SIP/2.0 403"));
        assert_int_equal(bindings("1001") + bindings("9999") + bindings("1002"), 0);
        for (char *at; (at = strstr(answers[i], "9999")) != NULL;)
            memcpy(at, "1001", 4);
        assert_string_equal(answers[i], answers[0]);
        end();
    }
}

static void a_stale_nonce_is_told_so(void **state)
{
    char text[3000], more[2000] = "Contact: <sip:a@127.0.0.1>\r\n";
    (void)state;
    begin();
    build(text, &alice, "REGISTER", "sip:home", more);
    from_phone(6001, text);
    assert_null(strstr(must_find(6001, "SIP/2.0 401"), "stale=true"));
    add_credentials(more, &alice, "REGISTER", "sip:home");
    pass(301 * (int64_t)SECOND);
    build(text, &alice, "REGISTER", "sip:home", more);
    from_phone(6001, text);
    assert_non_null(strstr(must_find(6001, "SIP/2.0 401"), "stale=true"));
    assert_int_equal(bindings("1001"), 0);
    end();
}

static void credentials_of_another_realm_or_a_forged_nonce_are_challenged(void **state)
{
    char text[3000], more[2000] = "", *at;
    (void)state;
    begin();
    build(text, &alice, "REGISTER", "sip:home", more);
    from_phone(6001, text);
    add_credentials(more, &alice, "REGISTER", "sip:home");
    at = strstr(more, "realm=\"home\"");
    assert_non_null(at);
    memcpy(at, "realm=\"hame\"", 12);
    build(text, &alice, "REGISTER", "sip:home", more);
    k.count = 0;
    from_phone(6001, text);
    must_find(6001, "SIP/2.0 401");
    memcpy(at, "realm=\"home\"", 12);
    at = strstr(more, "nonce=\"") + 7;
    *at = *at == '0' ? '1' : '0';
    build(text, &alice, "REGISTER", "sip:home", more);
    k.count = 0;
    from_phone(6001, text);
    assert_null(strstr(must_find(6001, "SIP/2.0 401"), "stale"));
    end();
}

/* ---- calls ---- */

/* SEC-4, VC-8: what phones say about themselves, and their credentials, never reach a node, however it is
 * spelled. */
static void nothing_is_smuggled_past_removal(void **state)
{
    (void)state;
    begin();
    request(&alice, "INVITE", "sip:1002@home",
        "P-Asserted-Identity: <sip:boss@home>\r\np-asserted-identity : <sip:boss@home>\r\n"
        "P-Asserted-Identity:\r\n <sip:boss@home>\r\nProxy-Authorization : Basic boss\r\nAUTHORIZATION\t: "
        "Basic boss\r\n"
        "Authorization: Digest username=\"boss\"\r\nX-Other: kept\r\n");
    const char *invite = must_find(0, "INVITE sip:1002@home");
    assert_null(strstr(invite, "boss"));
    assert_null(strcasestr(invite, "authorization"));
    assert_non_null(strstr(invite, "X-Other: kept"));
    assert_non_null(strstr(invite, "P-Asserted-Identity: <sip:1001@home>"));
    assert_non_null(strstr(invite, "Max-Forwards: 69"));
    must_find(6001, "SIP/2.0 100");
    end();
}

/* A phone that names a flow in a Route of its own is not taken to the phone behind it. */
static void a_foreign_route_is_not_followed(void **state)
{
    char text[3000];
    (void)state;
    begin();
    register_with(&bob, "Contact: <sip:1002@127.0.0.1:6002>\r\n");
    k.count = 0;
    static const char *const methods[] = {"INVITE", "BYE", "OPTIONS", "MESSAGE", "ACK"};
    for (int i = 0; i < 5; i++) {
        build(text, &alice, methods[i], "sip:1002@home",
            "Route: <sip:127.0.0.1:5060;flow=proxy-1.u.0.7f000001.1772;lr>\r\n");
        from_phone(6001, text);
    }
    for (unsigned i = 0; i < k.count; i++)
        assert_int_equal(k.sent[i].port, 6001);
    end();
}

static void max_forwards_ends_a_loop(void **state)
{
    char text[3000], *at;
    (void)state;
    begin();
    build(text, &alice, "INVITE", "sip:1002@home", "");
    at = strstr(text, "Max-Forwards: 70");
    memcpy(at, "Max-Forwards: 00", 16);
    from_phone(6001, text);
    must_find(6001, "SIP/2.0 483");
    end();
}

#define NODE_INVITE                                                                                          \
    "INVITE sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-n1\r\nMax-Forwards: 70\r\n" \
    "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>\r\nCall-ID: fork\r\nCSeq: 1 INVITE\r\n"              \
    "Contact: <sip:1001@home;pair=node-1>\r\nContent-Length: 0\r\n\r\n"

/* The phone's answer to what it got. */
static void answer(uint16_t port, const char *status, const char *tag)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    const char *invite = must_find(port, "INVITE");
    assert_int_equal(sip_parse(&m, slice_text(invite), &arena, NULL), 0);
    sip_add_response_head(&out, &m, (uint16_t)atoi(status), SLICE(""), slice_text(tag));
    buffer_add_format(&out, "Contact: <sip:x@127.0.0.1:%u>\r\n", port);
    sip_add_body(&out, SLICE(""), SLICE(""));
    buffer_add_byte(&out, '\0');
    from_phone(port, out.data);
    buffer_free(&out);
    arena_free(&arena);
}

static void fork_to_three(void)
{
    begin();
    for (uint16_t port = 7001; port <= 7003; port++) {
        struct phone p = bob;
        char contact[100];
        p.port = port;
        snprintf(contact, sizeof contact, "Contact: <sip:x@127.0.0.1:%u>\r\n", port);
        register_with(&p, contact);
    }
    k.count = 0;
    from_pair(NODE_INVITE);
    for (uint16_t port = 7001; port <= 7003; port++)
        assert_non_null(strstr(
            must_find(port, "INVITE sip:x@127.0.0.1"), "Record-Route: <sip:127.0.0.1:5060;flow=proxy-1.u.0"));
    must_find(0, "SIP/2.0 100");
}

/* RFC 3261 16.7: the best refusal goes up when all have refused, and not before. */
static void the_best_refusal_goes_up(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "503", "a");
    answer(7002, "486", "b");
    assert_null(find(0, "SIP/2.0 4"));
    assert_null(find(0, "SIP/2.0 5"));
    answer(7003, "500", "c");
    must_find(0, "SIP/2.0 486");
    for (uint16_t port = 7001; port <= 7003; port++)
        must_find(port, "ACK");
    end();
}

static void a_6xx_ends_the_others(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    answer(7002, "180", "b");
    answer(7003, "603", "c");
    must_find(7001, "CANCEL");
    must_find(7002, "CANCEL");
    answer(7001, "487", "a");
    assert_null(find(0, "SIP/2.0 6"));
    answer(7002, "487", "b");
    must_find(0, "SIP/2.0 603");
    end();
}

static void the_first_2xx_cancels_the_others(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    must_find(0, "SIP/2.0 180");
    answer(7002, "200", "b");
    must_find(0, "SIP/2.0 200");
    must_find(7001, "CANCEL");
    assert_null(find(7003, "CANCEL")); /* it has said nothing yet (RFC 3261 9.1) */
    answer(7003, "180", "c");
    must_find(7003, "CANCEL");
    end();
}

/* A second 2xx goes up as well: who called ends that dialog. */
static void each_2xx_goes_up(void **state)
{
    unsigned count = 0;
    (void)state;
    fork_to_three();
    answer(7002, "200", "b");
    answer(7001, "200", "a");
    answer(7001, "200", "a");
    for (unsigned i = 0; i < k.count; i++)
        count += k.sent[i].port == 0 && strncmp(k.sent[i].text, "SIP/2.0 200", 11) == 0;
    assert_int_equal(count, 3);
    end();
}

static void a_cancel_waits_for_the_first_provisional_answer(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    from_pair("CANCEL sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP "
              "node-1.pair;branch=z9hG4bK-n1\r\nMax-Forwards: 70\r\n"
              "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>\r\nCall-ID: fork\r\nCSeq: 1 CANCEL\r\n"
              "Content-Length: 0\r\n\r\n");
    must_find(0, "SIP/2.0 200");
    must_find(7001, "CANCEL");
    assert_null(find(7002, "CANCEL"));
    answer(7002, "100", "");
    must_find(7002, "CANCEL");
    answer(7003, "486", "c");
    answer(7001, "487", "a");
    answer(7002, "487", "b");
    assert_non_null(find(0, "SIP/2.0 48"));
    pass(40 * (int64_t)SECOND);
    assert_int_equal(map_count(&((struct proxy *)k.proxy)->relays), 0);
    end();
}

static void nobody_registered_is_480(void **state)
{
    (void)state;
    begin();
    from_pair(NODE_INVITE);
    must_find(0, "SIP/2.0 480");
    end();
}

/* Phones that say nothing: 408, and nothing is left behind (CM-37). */
static void silence_ends_as_408(void **state)
{
    (void)state;
    fork_to_three();
    pass(33 * (int64_t)SECOND);
    must_find(0, "SIP/2.0 408");
    pass(40 * (int64_t)SECOND);
    assert_int_equal(map_count(&((struct proxy *)k.proxy)->relays), 0);
    assert_int_equal(map_count(&((struct proxy *)k.proxy)->transactions.by_id), 0);
    end();
}

/* ---- sharing (VC-2) ---- */

static void change(uint64_t number, const char *contact)
{
    struct buffer bytes = {0};
    Tandem__Binding b = TANDEM__BINDING__INIT, *pointer = &b;
    Tandem__BindingChange c = TANDEM__BINDING_CHANGE__INIT;
    struct address at = {.ip = {127, 0, 0, 1}, .port = 8000, .family = 4};
    b.dn = (char *)(uintptr_t) "1002";
    b.contact = (char *)(uintptr_t)contact;
    b.proxy = (char *)(uintptr_t) "proxy-2";
    b.transport = (char *)(uintptr_t) "udp";
    b.address = pack_bytes(slice_of(&at, sizeof at));
    b.expires_at = (uint64_t)k.now + 600 * (uint64_t)SECOND;
    c.proxy = b.proxy;
    c.incarnation = 5;
    c.number = number;
    c.n_bindings = 1;
    c.bindings = &pointer;
    pack_add(&bytes, &c.base);
    input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_BINDINGS,
        .name = SLICE("reg.home"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

static void another_proxys_phones_are_reachable(void **state)
{
    (void)state;
    begin();
    change(1, "sip:x@127.0.0.1:8000");
    assert_int_equal(bindings("1002"), 1);
    assert_int_equal(k.changes, 0); /* what is heard is not told again */
    from_pair(NODE_INVITE);
    must_find(8000, "INVITE sip:x@127.0.0.1:8000");
    struct proxy *p = k.proxy;
    pass(SECOND); /* the first question after the start */
    assert_false(wheel_runs(&p->snapshot_timer.wheel));
    change(2, "sip:y@127.0.0.1:8000");
    assert_false(wheel_runs(&p->snapshot_timer.wheel));
    change(4, "sip:z@127.0.0.1:8000"); /* one is missing: a snapshot is asked for */
    assert_int_equal(bindings("1002"), 3);
    assert_true(wheel_runs(&p->snapshot_timer.wheel));
    change(3, "sip:late@127.0.0.1:8000");
    assert_int_equal(bindings("1002"), 3);
    end();
}

TESTS("proxy", cmocka_unit_test(registers_and_lists_contacts),
    cmocka_unit_test(a_star_removes_all_with_expires_0_only),
    cmocka_unit_test(refuses_times_that_are_too_short), cmocka_unit_test(takes_ten_contacts_and_no_more),
    cmocka_unit_test(an_overtaken_request_changes_nothing),
    cmocka_unit_test(unknown_users_and_wrong_passwords_look_the_same),
    cmocka_unit_test(a_stale_nonce_is_told_so),
    cmocka_unit_test(credentials_of_another_realm_or_a_forged_nonce_are_challenged),
    cmocka_unit_test(nothing_is_smuggled_past_removal), cmocka_unit_test(a_foreign_route_is_not_followed),
    cmocka_unit_test(max_forwards_ends_a_loop), cmocka_unit_test(the_best_refusal_goes_up),
    cmocka_unit_test(a_6xx_ends_the_others), cmocka_unit_test(the_first_2xx_cancels_the_others),
    cmocka_unit_test(each_2xx_goes_up), cmocka_unit_test(a_cancel_waits_for_the_first_provisional_answer),
    cmocka_unit_test(nobody_registered_is_480), cmocka_unit_test(silence_ends_as_408),
    cmocka_unit_test(another_proxys_phones_are_reachable))
