/* Calls over trunks after they have begun, and who a trunk is: by certificate, by name, shared by proxies. */
#include "config/builder.h"
#include "dns/dns.h"
#include "roles/proxy/edge/edge_fixture.h"
#include "roles/proxy/trunk/trunk_fixture.h"
#include "roles/proxy/trunk/trunk_int.h"
#include "unit.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

enum { ELSEWHERE = 7666 };

#define CHALLENGE(realm, nonce)                                                                              \
    "Proxy-Authenticate: Digest realm=\"" realm "\", nonce=\"" nonce "\", qop=\"auth\"\r\n"

static struct config_trunk trunk;
static struct config_local local;

static void one_trunk(struct config_builder *b)
{
    config_builder_trunk(b, &trunk, SLICE("home"), SLICE(""));
    config_builder_dial_rule(b,
        &(struct config_dial_rule){.name = SLICE("out"),
            .out = true,
            .prefix = SLICE("0"),
            .strip = 1,
            .shortest = 3,
            .longest = 20,
            .needs = CONFIG_DIAL_NATIONAL},
        SLICE(""), SLICE("one"), SLICE(""));
    config_builder_dial_rule(b,
        &(struct config_dial_rule){
            .name = SLICE("in"), .prefix = SLICE("+4930"), .strip = 5, .shortest = 1, .longest = 20},
        SLICE("home"), SLICE(""), SLICE(""));
    if (local.resolvers.count != 0)
        config_builder_local(b, &local);
}

static void begin(void)
{
    proxy_fixture_more = one_trunk;
    edge_begin();
}

static void end(void)
{
    edge_finish();
    local = (struct config_local){.listen = {NULL, 0}};
}

static void dial(const char *call_id)
{
    char text[2000];
    snprintf(text, sizeof text,
        "INVITE sip:030555@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-node-1-%s\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:1001@home>;tag=n\r\nTo: <sip:030555@home>\r\nCall-ID: %s\r\n"
        "CSeq: 1 INVITE\r\nContact: <sip:1001@home;pair=node-1>\r\nContent-Length: 0\r\n\r\n",
        call_id, call_id);
    proxy_fixture_from_pair(text);
}

/* The call is answered there; the route of the dialog as the pair hears it. */
static void answered(char route[300], const char *contact)
{
    char more[300];
    dial("c1");
    snprintf(more, sizeof more, "Contact: %s\r\n", contact);
    trunk_fixture_answer(ONE, "INVITE", 200, more);
    const char *at = strstr(proxy_fixture_must_find(0, "SIP/2.0 200"), "Record-Route: ");
    assert_non_null(at);
    snprintf(route, 300, "%.*s", (int)strcspn(at + 14, "\r"), at + 14);
}

static void in_dialog(const char *method, unsigned cseq, const char *uri, const char *route)
{
    char text[2000];
    snprintf(text, sizeof text,
        "%s %s SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-d%u%s\r\nMax-Forwards: 70\r\n"
        "Route: %s\r\nFrom: <sip:1001@home>;tag=n\r\nTo: <sip:030555@home>;tag=carrier\r\nCall-ID: c1\r\n"
        "CSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
        method, uri, cseq, method, route, cseq, method);
    proxy_fixture_from_pair(text);
}

static void must_have(const char *beginning, const char *part)
{
    trunk_fixture_must_have(proxy_fixture_must_find(ONE, beginning), part);
}

#define GATEWAY "sip:gw@127.0.0.1:7101"

/* VC-8, RFC 3261 22.2: a trunk that challenges within the call gets its answer, and what follows goes on from
 * the number of that answer. */
static void challenges_within_a_call_are_answered(void **state_)
{
    char route[300];
    (void)state_;
    trunk = trunk_fixture_one();
    begin();
    answered(route, "<" GATEWAY ">");
    in_dialog("ACK", 1, GATEWAY, route);
    must_have("ACK", "CSeq: 1 ACK\r\n");
    in_dialog("INVITE", 2, GATEWAY, route);
    must_have("INVITE", "CSeq: 2 INVITE\r\n");
    trunk_fixture_answer(ONE, "INVITE", 407, CHALLENGE("carrier", "n1"));
    must_have("INVITE", "CSeq: 3 INVITE\r\n");
    must_have("INVITE", "Proxy-Authorization: Digest username=\"ours\", realm=\"carrier\", nonce=\"n1\"");
    must_have("INVITE", "uri=\"" GATEWAY "\"");
    assert_null(proxy_fixture_find(0, "SIP/2.0 407"));
    trunk_fixture_answer(ONE, "INVITE", 200, "Contact: <" GATEWAY ">\r\n");
    trunk_fixture_must_have(proxy_fixture_must_find(0, "SIP/2.0 200"), "CSeq: 2 INVITE\r\n");
    in_dialog("ACK", 2, GATEWAY, route);
    must_have("ACK", "CSeq: 3 ACK\r\n");
    in_dialog("UPDATE", 3, GATEWAY, route);
    must_have("UPDATE", "CSeq: 4 UPDATE\r\n");
    trunk_fixture_answer(ONE, "UPDATE", 401, "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n2\"\r\n");
    must_have("UPDATE", "CSeq: 5 UPDATE\r\n");
    must_have("UPDATE", "Authorization: Digest username=\"ours\"");
    trunk_fixture_answer(ONE, "UPDATE", 200, "");
    trunk_fixture_must_have(proxy_fixture_must_find(0, "SIP/2.0 200"), "CSeq: 3 UPDATE\r\n");
    in_dialog("BYE", 4, GATEWAY, route);
    must_have("BYE", "CSeq: 6 BYE\r\n");
    trunk_fixture_answer(ONE, "BYE", 407, CHALLENGE("carrier", "n3"));
    must_have("BYE", "CSeq: 7 BYE\r\n");
    trunk_fixture_answer(ONE, "BYE", 200, "");
    trunk_fixture_must_have(proxy_fixture_must_find(0, "SIP/2.0 200"), "CSeq: 4 BYE\r\n");
    end();
}

/* SEC-4, SEC-7: who claims to be elsewhere is sent nothing there, and gets no digest for it: what is meant
 * for him goes to where calls of the trunk go. */
static void a_place_that_is_not_the_trunks_is_not_believed(void **state_)
{
    static const char *const claims[] = {"sip:gw@127.0.0.9:7666", "sip:gw@evil.example:7666",
        "sip:gw@carrier.example.evil.example", "sip:gw@evilcarrier.example"};
    char route[300], contact[100];
    (void)state_;
    trunk = trunk_fixture_one();
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        begin();
        snprintf(contact, sizeof contact, "<%s>", claims[i]);
        answered(route, contact);
        proxy_fixture.count = 0;
        in_dialog("BYE", 2, claims[i], route);
        must_have("BYE", claims[i]);
        assert_null(proxy_fixture_find(ELSEWHERE, "BYE"));
        trunk_fixture_answer(ONE, "BYE", 407, CHALLENGE("stranger", "n1"));
        for (unsigned sent = 0; sent < proxy_fixture.count; sent++)
            assert_null(strstr(proxy_fixture.sent[sent].text, "Authorization"));
        end();
    }
}

static void its_own_networks_and_names_are_believed(void **state_)
{
    static struct slice networks[] = {SLICE_INIT("192.0.2.0/24")};
    static const struct {
        const char *host;
        bool there;
    } rows[] = {{"192.0.2.77", true}, {"192.0.3.1", false}, {"127.0.0.1", true}, {"carrier.example", true},
        {"SBC3.Carrier.Example", true}, {"notcarrier.example", false}, {"[::1]", false}, {"", false}};
    struct trunk_call call = {.peer = {.ip = {198, 51, 100, 1}, .port = 5060, .family = 4}};
    (void)state_;
    trunk = trunk_fixture_one();
    trunk.networks = (struct config_list){networks, 1};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(trunk__is_there(&trunk, NULL, slice_text(rows[i].host)), rows[i].there);
    assert_false(trunk__is_there(&trunk, NULL, SLICE("198.51.100.1")));
    assert_true(trunk__is_there(&trunk, &call, SLICE("198.51.100.1"))); /* where its INVITE has gone */
}

/* The credentials that the trunk was sent last are right for this body. */
static void must_be_right_for(enum digest_algorithm algorithm, const char *body)
{
    struct arena arena = {0};
    struct sip_message m;
    struct digest d;
    char ha1[DIGEST_HEX];
    struct digest_hashes *hashes = &((struct proxy *)proxy_fixture.proxy)->hashes;
    assert_int_equal(sip_parse(&m, slice_text(proxy_fixture_must_find(ONE, "INVITE")), &arena, NULL), 0);
    assert_int_equal(digest_parse(&d, sip_header_value(&m, SIP_HEADER_PROXY_AUTHORIZATION), &arena), 0);
    assert_int_equal(d.algorithm, algorithm);
    assert_true(slice_equal(d.qop, SLICE("auth-int")));
    assert_int_equal(d.count, 1);
    digest_ha1(ha1, algorithm, SLICE("ours"), SLICE("carrier"), SLICE("trunk secret"));
    assert_true(digest_verify_body(&d, hashes, SLICE("INVITE"), slice_text(ha1), slice_text(body)));
    assert_false(digest_verify_body(&d, hashes, SLICE("INVITE"), slice_text(ha1), SLICE("v=1\r\n")));
    arena_free(&arena);
}

/* RFC 7616, 8760: the strongest challenge is answered, with the body where that is asked for; and who has
 * shown that it can do more gets no answer to less. */
static void the_strongest_challenge_is_answered(void **state_)
{
    char text[1000];
    (void)state_;
    trunk = trunk_fixture_one();
    begin();
    for (int i = 1; i <= 2; i++) {
        snprintf(text, sizeof text,
            "INVITE sip:030555@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-node-1-s%d\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:1001@home>;tag=n\r\nTo: <sip:030555@home>\r\nCall-ID: s%d\r\n"
            "CSeq: 1 INVITE\r\nContact: <sip:1001@home;pair=node-1>\r\nContent-Type: application/sdp\r\n"
            "Content-Length: 5\r\n\r\nv=0\r\n",
            i, i);
        proxy_fixture_from_pair(text);
        trunk_fixture_answer(ONE, "INVITE", 407,
            i == 1 ? "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5\r\n"
                     "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n2\", qop=\"auth-int\", "
                     "algorithm=SHA-512-256\r\n"
                     "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n3\", algorithm=SHA-256\r\n"
                   : "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n4\", algorithm=MD5\r\n");
        if (i == 1)
            must_be_right_for(DIGEST_SHA512_256, "v=0\r\n");
        else
            assert_null(strstr(proxy_fixture_must_find(ONE, "INVITE"), "Authorization"));
    }
    end();
}

static const char call_in[] =
    "INVITE sip:+49301002@127.0.0.1:5061 SIP/2.0\r\nVia: SIP/2.0/TLS sbc.example;branch=z9hG4bK-in\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:+331@carrier.example>;tag=c\r\nTo: <sip:+49301002@127.0.0.1>\r\n"
    "Call-ID: in\r\nCSeq: 9 INVITE\r\nContact: <sip:gw@sbc.example>\r\nContent-Length: 0\r\n\r\n";

/* VC-8, SEC-1: who shows the certificate is the trunk, whatever the address; another name is a stranger. */
static void a_certificate_makes_a_trunk(void **state_)
{
    (void)state_;
    trunk = trunk_fixture_one();
    trunk.host = SLICE("");
    trunk.certificate_name = SLICE("sbc.carrier.example");
    begin();
    edge_accept(EDGE_AT_TLS, 7000, 40000, SLICE("sbc.carrier.example"));
    edge_data(7000, slice_text(call_in));
    proxy_fixture_must_find(0, "INVITE sip:1002@home SIP/2.0\r\n");
    assert_null(strstr(edge_text(), "SIP/2.0 407"));
    end();

    begin();
    edge_accept(EDGE_AT_TLS, 7000, 40000, SLICE("sbc.other.example"));
    edge_data(7000, slice_text(call_in));
    assert_null(proxy_fixture_find(0, "INVITE"));
    assert_non_null(strstr(edge_text(), "SIP/2.0 407"));
    end();
}

/* ---- by name ---- */

static struct question {
    struct buffer bytes;
    uint64_t flow;
    struct address server;
} questions[8];
static unsigned question_count;

static void note_question(const struct effect *e)
{
    if (e->kind != EFFECT_SEND || e->address.port != DNS_PORT)
        return;
    assert_true(question_count < sizeof questions / sizeof questions[0]);
    struct question *q = &questions[question_count++];
    *q = (struct question){.flow = e->flow, .server = e->address};
    buffer_add(&q->bytes, e->second);
}

/* The address for an A, nothing for all else. */
static void answer_question(struct question q)
{
    struct arena arena = {0};
    struct dns_message m;
    struct buffer out = {0};
    assert_int_equal(dns_parse(&m, buffer_slice(&q.bytes), &arena), 0);
    bool is_a = m.type == DNS_TYPE_A;
    dns_add_u16(&out, m.id);
    dns_add_u16(&out, 0x8180);
    dns_add_u16(&out, 1);
    dns_add_u16(&out, is_a ? 1 : 0);
    dns_add_u32(&out, 0);
    assert_int_equal(dns_add_name(&out, slice_text(m.question)), 0);
    dns_add_u16(&out, m.type);
    dns_add_u16(&out, 1);
    if (is_a) {
        dns_add_u16(&out, 0xc00c); /* the name of the question */
        dns_add_u16(&out, DNS_TYPE_A);
        dns_add_u16(&out, 1);
        dns_add_u32(&out, 300);
        dns_add_u16(&out, 4);
        buffer_add(&out, SLICE("\x7f\0\0\x01"));
    }
    proxy_fixture_input((struct input){.kind = INPUT_DATAGRAM,
        .flow = q.flow,
        .token = PROXY_TOKEN_NAMES,
        .peer = q.server,
        .bytes = buffer_slice(&out)});
    buffer_free(&q.bytes);
    buffer_free(&out);
    arena_free(&arena);
}

/* VC-8, RFC 3263: a trunk is known by its name; while nothing is known of it calls go nowhere. */
static void a_trunk_is_found_by_its_name(void **state_)
{
    static struct slice servers[] = {SLICE_INIT("127.0.0.53")};
    (void)state_;
    trunk = trunk_fixture_one();
    trunk.host = SLICE("sbc.carrier.example");
    local.resolvers = (struct config_list){servers, 1};
    begin();
    proxy_fixture.on_effect = note_question;
    dial("c0");
    assert_null(proxy_fixture_find(ONE, "INVITE"));
    proxy_fixture_must_find(0, "SIP/2.0 503");
    while (question_count != 0)
        answer_question(questions[--question_count]);
    dial("c1");
    must_have("INVITE", "INVITE sip:30555@carrier.example");
    end();
}

/* ---- together with others ---- */

static void other_proxy_says(uint32_t calls)
{
    Tandem__TrunkNews news = TANDEM__TRUNK_NEWS__INIT;
    Tandem__TrunkState state = TANDEM__TRUNK_STATE__INIT, *states[] = {&state};
    struct buffer bytes = {0};
    news.proxy = (char *)(uintptr_t) "proxy-2";
    news.location = (char *)(uintptr_t) "home";
    news.incarnation = 1;
    state.name = (char *)(uintptr_t) "one";
    state.calls = calls;
    news.trunks = states;
    news.n_trunks = 1;
    pack_add(&bytes, &news.base);
    proxy_fixture_input(
        (struct input){.kind = INPUT_BUS, .token = PROXY_TOKEN_TRUNKS, .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

/* VC-8: the capacity is the location's; calls at other proxies count, until they have been silent for long.
 */
static void proxies_share_a_capacity(void **state_)
{
    (void)state_;
    trunk = trunk_fixture_one();
    trunk.capacity = 3;
    begin();
    other_proxy_says(2);
    dial("c1");
    proxy_fixture_must_find(ONE, "INVITE");
    proxy_fixture.count = 0;
    dial("c2");
    assert_null(proxy_fixture_find(ONE, "INVITE"));
    proxy_fixture_must_find(0, "SIP/2.0 503");
    other_proxy_says(1);
    dial("c3");
    proxy_fixture_must_find(ONE, "INVITE");
    proxy_fixture.count = 0;
    other_proxy_says(2);
    proxy_fixture_pass(timer_duration(TIMER_TRUNK_OTHER) + 2 * (int64_t)SECOND);
    proxy_fixture.count = 0;
    dial("c4");
    proxy_fixture_must_find(ONE, "INVITE");
    end();
}

/* VC-3: a pair that is being drained sends a trunk's call on: it comes to the next one as to the first. */
static void a_trunks_call_that_is_sent_on_keeps_its_way(void **state_)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    (void)state_;
    trunk = trunk_fixture_one();
    begin();
    proxy_fixture_from_phone(ONE, call_in);
    const char *invite = proxy_fixture_must_find(0, "INVITE sip:1002@home SIP/2.0\r\n");
    assert_int_equal(sip_parse(&m, slice_text(invite), &arena, NULL), 0);
    sip_add_response_head(&out, &m, 302, SLICE(""), SLICE("n"));
    buffer_add_text(&out, "Contact: <sip:home;pair=node-1>\r\n");
    sip_add_body(&out, SLICE(""), SLICE(""));
    buffer_add_byte(&out, '\0');
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(out.data);
    invite = proxy_fixture_must_find(0, "INVITE sip:1002@home SIP/2.0\r\n");
    trunk_fixture_must_have(invite, "Record-Route: <sip:127.0.0.1:5060;way=");
    trunk_fixture_must_have(invite, "Route: <sip:node-1.pair;why=sent;lr>");
    buffer_free(&out);
    arena_free(&arena);
    end();
}

/* VC-7: calls of a trunk are shed as those of phones are; those of a trusted one are not. */
static void a_loaded_pair_is_spared_calls_of_trunks(void **state_)
{
    struct sip_message m;
    struct arena arena = {0};
    static const char ok[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK;oc=100;oc-algo=\"loss\";"
                             "oc-validity=5000;oc-seq=1.1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
                             "Call-ID: w\r\nCSeq: 1 INVITE\r\n\r\n";
    (void)state_;
    assert_int_equal(sip_parse(&m, slice_text(ok), &arena, NULL), 0);
    for (int trusted = 0; trusted < 2; trusted++) {
        trunk = trunk_fixture_one();
        trunk.trusted = trusted != 0;
        begin();
        guard_hears(proxy_fixture.proxy, SLICE("node-1"), &m);
        proxy_fixture_from_phone(ONE, call_in);
        if (trunk.trusted)
            proxy_fixture_must_find(0, "INVITE");
        else
            proxy_fixture_must_find(ONE, "SIP/2.0 503");
        end();
    }
    arena_free(&arena);
}

TESTS("roles/proxy/trunk_dialog", cmocka_unit_test(challenges_within_a_call_are_answered),
    cmocka_unit_test(a_place_that_is_not_the_trunks_is_not_believed),
    cmocka_unit_test(its_own_networks_and_names_are_believed),
    cmocka_unit_test(the_strongest_challenge_is_answered), cmocka_unit_test(a_certificate_makes_a_trunk),
    cmocka_unit_test(a_trunk_is_found_by_its_name), cmocka_unit_test(proxies_share_a_capacity),
    cmocka_unit_test(a_trunks_call_that_is_sent_on_keeps_its_way),
    cmocka_unit_test(a_loaded_pair_is_spared_calls_of_trunks))
