/* A node between two phones made of text; a proxy passes on what they say. */
#include "roles/node/node_int.h"

#include "base/error.h"
#include "config/builder.h"
#include "pair/pair_int.h"
#include "sip/peer.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"
#include "world/world_int.h"

#define KEPT 60
#define SECOND 1000000
#define FLOW 500

static struct {
    struct world world;
    struct wheel wheel;
    struct configuration *configuration;
    const struct role *role;
    void *node;
    int64_t now;
    uint64_t chance;
    char sent[KEPT][3000];
    unsigned count;
    unsigned branch;
    void (*on_message)(const char *text); /* phones that answer by themselves */
} k;

static uint64_t random_h(void *maker)
{
    (void)maker;
    return ++k.chance * 0x9e3779b97f4a7c15U;
}

static void commit_h(void *maker, struct world *w)
{
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    (void)maker;
    while (effect_next(&rest, &e)) {
        if (e.kind != EFFECT_TELL)
            continue;
        if (k.count == KEPT) {
            memmove(k.sent[0], k.sent[1], sizeof k.sent - sizeof k.sent[0]);
            k.count--;
        }
        snprintf(k.sent[k.count++], sizeof k.sent[0], "%.*s", SLICE_ARG(slice_from(e.second, FRAME_HEAD)));
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void input(struct input in)
{
    world_turn(&k.world, k.role, k.node, &in, k.now);
}

static void give(uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    frame_add(&frame, kind, payload);
    input((struct input){.kind = INPUT_DATA, .flow = FLOW, .token = 1, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

static void configure(void)
{
    struct config_builder *b = config_builder_new();
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_application(b,
        &(struct config_application){.name = SLICE("node-1a"),
            .pair = SLICE("node-1"),
            .role = CONFIG_ROLE_NODE,
            .link = SLICE("local:link"),
            .inside = SLICE("local:inside")},
        SLICE("home"));
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("s"));
    config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("s"));
    assert_int_equal(config_builder_end(&k.configuration, b, NULL), 0);
}

static void begin(void)
{
    struct role_setup setup = {
        .name = SLICE("node-1a"), .pair = SLICE("node-1"), .location = SLICE("home"), .incarnation = 1};
    void *pair;
    memset(&k, 0, sizeof k);
    k.now = 1000000000;
    configure();
    wheel_init(&k.wheel, k.now);
    world_init(&k.world, &backend, &k, &k.wheel);
    k.world.configuration = k.configuration;
    world_turn_begin(&k.world, k.now);
    assert_int_equal(role_node.open(&pair, &k.world, &setup), 0);
    k.role = ((struct pair *)pair)->role;
    role_node.close(pair);
    assert_int_equal(k.role->open(&k.node, &k.world, &setup), 0);
    world_turn_end(&k.world);
    Tandem__SpoolAnswer spool = TANDEM__SPOOL_ANSWER__INIT;
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    struct buffer bytes = {0};
    pack_add(&bytes, &spool.base);
    input((struct input){.kind = INPUT_ANSWER,
        .object = OBJECT(NODE_KIND_OUTBOX, 0),
        .token = 1,
        .bytes = buffer_slice(&bytes)});
    input((struct input){.kind = INPUT_ACCEPTED, .flow = FLOW, .token = 1});
    hello.name = (char *)(uintptr_t) "proxy-1";
    buffer_clear(&bytes);
    pack_add(&bytes, &hello.base);
    give(SIP_FRAME_HELLO, buffer_slice(&bytes));
    buffer_free(&bytes);
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
        if (k.on_message != NULL)
            while (k.count != 0) {
                char text[3000];
                memcpy(text, k.sent[0], sizeof text);
                memmove(k.sent[0], k.sent[1], sizeof k.sent - sizeof k.sent[0]);
                k.count--;
                k.on_message(text);
            }
    }
}

/* CM-37: after a while nothing is left. */
static void end(void)
{
    struct node *n = k.node;
    k.on_message = NULL;
    pass(300 * (int64_t)SECOND);
    assert_int_equal(map_count(&n->calls), 0);
    assert_int_equal(map_count(&n->legs), 0);
    assert_int_equal(map_count(&n->sdps), 0);
    assert_int_equal(map_count(&n->transactions.by_id), 0);
    k.world.closing = true;
    k.role->close(k.node);
    world_end(&k.world);
    wheel_close(&k.wheel);
    config_release(k.configuration);
}

/* ---- phones ---- */

static const char *find_in(const char *beginning, const char *part)
{
    for (unsigned i = k.count; i-- != 0;)
        if (strncmp(k.sent[i], beginning, strlen(beginning)) == 0 && strstr(k.sent[i], part) != NULL)
            return k.sent[i];
    return NULL;
}

static const char *must_find(const char *beginning, const char *part)
{
    const char *text = find_in(beginning, part);
    if (text == NULL)
        fail_msg("no %s with %s; the last was %s", beginning, part, k.count != 0 ? k.sent[k.count - 1] : "-");
    return text;
}

#define CALLER "Call-ID: caller"
static const char *sdp_of(int version, const char *direction)
{
    static char text[4][400];
    static int turn;
    char *at = text[turn++ % 4];
    snprintf(at, sizeof text[0],
        "v=0\r\no=- %d %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP "
        "0\r\na=%s\r\n",
        version / 1000, version, 10000 + version, direction);
    return at;
}

static void from_caller(const char *method, unsigned cseq, const char *to_tag, const char *body)
{
    char text[3000];
    snprintf(text, sizeof text,
        "%s sip:1002@home;pair=node-1 SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-c%u\r\n"
        "P-Asserted-Identity: <sip:1001@home>\r\nFrom: <sip:1001@home>;tag=ca\r\nTo: "
        "<sip:1002@home>%s%s\r\n" CALLER
        "\r\nCSeq: %u %s\r\nContact: <sip:1001@127.0.0.1:6001>\r\nContent-Type: application/sdp\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        method, strcmp(method, "CANCEL") == 0 ? k.branch : ++k.branch, to_tag[0] != '\0' ? ";tag=" : "",
        to_tag, cseq, method, strlen(body), body);
    give(SIP_FRAME_MESSAGE, slice_text(text));
}

/* The callee's dialog is read from what the node has sent last with its Call-ID. */
static void from_callee(const char *method, unsigned cseq, const char *body)
{
    struct sip_message m;
    struct arena arena = {0};
    struct node *n = k.node;
    struct leg *l = NULL, *each;
    map_for_each (each, &n->legs)
        if (!each->incoming)
            l = each;
    assert_non_null(l);
    (void)m;
    char text[3000];
    snprintf(text, sizeof text,
        "%s sip:1001@home;pair=node-1 SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-d%u\r\n"
        "From: <sip:1002@home>;tag=cb\r\nTo: <sip:1001@home>;tag=%.*s\r\nCall-ID: %.*s\r\nCSeq: %u %s\r\n"
        "Contact: <sip:1002@127.0.0.1:6002>\r\nContent-Type: application/sdp\r\nContent-Length: "
        "%zu\r\n\r\n%s",
        method, ++k.branch, SLICE_ARG(l->dialog.local_tag), SLICE_ARG(l->dialog.call_id), cseq, method,
        strlen(body), body);
    give(SIP_FRAME_MESSAGE, slice_text(text));
    arena_free(&arena);
}

static void respond(const char *request, uint16_t status, const char *tag, const char *body)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    char copy[3000];
    snprintf(copy, sizeof copy, "%s", request);
    assert_int_equal(sip_parse(&m, slice_text(copy), &arena, NULL), 0);
    sip_add_response_head(&out, &m, status, SLICE(""), slice_text(tag));
    if (status >= 180 && status < 300)
        buffer_add_format(&out, "Contact: <sip:%s@127.0.0.1:6002>\r\n", tag);
    sip_add_body(&out, SLICE("application/sdp"), slice_text(body));
    give(SIP_FRAME_MESSAGE, buffer_slice(&out));
    buffer_free(&out);
    arena_free(&arena);
}

/* The node's tag in the dialog with the caller. */
static const char *caller_tag(void)
{
    static char tag[80];
    struct node *n = k.node;
    struct leg *l;
    map_for_each (l, &n->legs)
        if (l->incoming)
            snprintf(tag, sizeof tag, "%.*s", SLICE_ARG(l->dialog.local_tag));
    return tag;
}

static size_t legs(void)
{
    return map_count(&((struct node *)k.node)->legs);
}

/* The caller's second INVITE has number 2, the callee's first number 1. */
static void establish(void)
{
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    must_find("SIP/2.0 100", CALLER);
    const char *invite = must_find("INVITE sip:1002@home", "m=audio 10001");
    respond(invite, 180, "cb", "");
    must_find("SIP/2.0 180", CALLER);
    respond(must_find("INVITE", "m=audio 10001"), 200, "cb", sdp_of(2, "sendrecv"));
    must_find("ACK sip:cb@", "CSeq: 1 ACK");
    must_find("SIP/2.0 200", "m=audio 10002");
    from_caller("ACK", 1, caller_tag(), "");
    k.count = 0;
}

static void hang_up(void)
{
    k.count = 0;
    from_caller("BYE", 90, caller_tag(), "");
    must_find("SIP/2.0 200", CALLER);
    respond(must_find("BYE", "tag=cb"), 200, "cb", "");
    assert_int_equal(legs(), 0);
    end();
}

/* CM-32: hold and its end reach the other phone, its answers come back. */
static void hold_and_retrieve(void **state)
{
    (void)state;
    establish();
    from_caller("INVITE", 2, caller_tag(), sdp_of(3, "sendonly"));
    respond(must_find("INVITE sip:cb@", "a=sendonly"), 200, "cb", sdp_of(4, "recvonly"));
    must_find("SIP/2.0 200", "a=recvonly");
    from_caller("ACK", 2, caller_tag(), "");
    k.count = 0;
    from_caller("INVITE", 3, caller_tag(), sdp_of(5, "sendrecv"));
    respond(must_find("INVITE sip:cb@", "a=sendrecv"), 200, "cb", sdp_of(6, "sendrecv"));
    must_find("SIP/2.0 200", "m=audio 10006");
    from_caller("ACK", 3, caller_tag(), "");
    hang_up();
}

static void a_refused_offer_leaves_the_session(void **state)
{
    (void)state;
    establish();
    from_caller("INVITE", 2, caller_tag(), sdp_of(3, "sendonly"));
    respond(must_find("INVITE sip:cb@", "a=sendonly"), 488, "cb", "");
    must_find("SIP/2.0 488", CALLER);
    from_caller("ACK", 2, caller_tag(), "");
    k.count = 0;
    pass(5 * (int64_t)SECOND);
    assert_null(find_in("INVITE", "")); /* nobody is asked again */
    from_caller("INVITE", 3, caller_tag(), sdp_of(5, "sendrecv"));
    respond(must_find("INVITE sip:cb@", "m=audio 10005"), 200, "cb", sdp_of(6, "sendrecv"));
    must_find("SIP/2.0 200", "m=audio 10006");
    from_caller("ACK", 3, caller_tag(), "");
    hang_up();
}

/* RFC 3261 14.2 */
static void glare_is_491(void **state)
{
    (void)state;
    establish();
    from_caller("INVITE", 2, caller_tag(), sdp_of(3, "sendrecv"));
    from_callee("INVITE", 1, sdp_of(4, "sendrecv"));
    must_find("SIP/2.0 491", "CSeq: 1 INVITE");
    from_caller("INVITE", 3, caller_tag(), sdp_of(5, "sendrecv"));
    must_find("SIP/2.0 491", "CSeq: 3 INVITE");
    respond(must_find("INVITE sip:cb@", "m=audio 10003"), 200, "cb", sdp_of(6, "sendrecv"));
    must_find("SIP/2.0 200", "m=audio 10006");
    from_caller("ACK", 2, caller_tag(), "");
    hang_up();
}

/* RFC 3264: the offer comes with the 2xx, the answer with the ACK. */
static void a_late_offer_crosses(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", "");
    const char *invite = must_find("INVITE sip:1002@home", "Content-Length: 0");
    respond(invite, 200, "cb", sdp_of(2, "sendrecv"));
    must_find("SIP/2.0 200", "m=audio 10002");
    assert_null(find_in("ACK", "")); /* its answer is not known yet */
    from_caller("ACK", 1, caller_tag(), sdp_of(3, "sendrecv"));
    must_find("ACK sip:cb@", "m=audio 10003");
    hang_up();
}

/* RFC 3261 13.2.2.4: a second phone that answered is told so. */
static void a_second_answer_is_acknowledged_and_ended(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", must_find("INVITE sip:1002@home", ""));
    respond(invite, 200, "cb", sdp_of(2, "sendrecv"));
    from_caller("ACK", 1, caller_tag(), "");
    k.count = 0;
    respond(invite, 200, "cc", sdp_of(3, "sendrecv"));
    must_find("ACK sip:cc@", "tag=cc");
    respond(must_find("BYE sip:cc@", "tag=cc"), 200, "cc", "");
    k.count = 0;
    respond(invite, 200, "cb", sdp_of(2, "sendrecv")); /* its ACK was lost */
    must_find("ACK sip:cb@", "tag=cb");
    assert_null(find_in("BYE", ""));
    assert_int_equal(legs(), 2);
    hang_up();
}

static void nobody_answers(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", must_find("INVITE sip:1002@home", ""));
    respond(invite, 180, "cb", "");
    pass(121 * (int64_t)SECOND);
    must_find("SIP/2.0 480", CALLER);
    must_find("CANCEL sip:1002@home", "CSeq: 1 CANCEL");
    respond(must_find("CANCEL", ""), 200, "cb", "");
    respond(invite, 487, "cb", "");
    must_find("ACK sip:1002@home", "");
    assert_int_equal(legs(), 0);
    from_caller("ACK", 1, "x", "");
    end();
}

/* The caller gives up before the other phone has said anything: the CANCEL goes out with its first word. */
static void given_up_while_dialling(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", must_find("INVITE sip:1002@home", ""));
    from_caller("CANCEL", 1, "", "");
    must_find("SIP/2.0 200", "CSeq: 1 CANCEL");
    must_find("SIP/2.0 487", "CSeq: 1 INVITE");
    assert_null(find_in("CANCEL", ""));
    respond(invite, 180, "cb", "");
    respond(must_find("CANCEL sip:1002@home", ""), 200, "cb", "");
    respond(invite, 487, "cb", "");
    assert_int_equal(legs(), 0);
    end();
}

static void given_up_and_answered_at_the_same_moment(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", must_find("INVITE sip:1002@home", ""));
    respond(invite, 180, "cb", "");
    from_caller("CANCEL", 1, "", "");
    must_find("CANCEL sip:1002@home", "");
    respond(invite, 200, "cb", sdp_of(2, "sendrecv"));
    must_find("ACK sip:cb@", "");
    respond(must_find("BYE sip:cb@", ""), 200, "cb", "");
    assert_int_equal(legs(), 0);
    end();
}

/* RFC 3261 15: who was called does not say BYE before the ACK has come. */
static void a_bye_waits_for_the_ack(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    respond(must_find("INVITE sip:1002@home", ""), 200, "cb", sdp_of(2, "sendrecv"));
    from_callee("BYE", 1, "");
    must_find("SIP/2.0 200", "CSeq: 1 BYE");
    assert_null(find_in("BYE", ""));
    from_caller("ACK", 1, caller_tag(), "");
    respond(must_find("BYE sip:1001@127.0.0.1", ""), 200, "", "");
    assert_int_equal(legs(), 0);
    end();
}

/* The ACK never comes: the 2xx is repeated for 64 T1, then the call ends (13.3.1.4). */
static void without_ack_the_call_ends(void **state)
{
    (void)state;
    begin();
    from_caller("INVITE", 1, "", sdp_of(1, "sendrecv"));
    respond(must_find("INVITE sip:1002@home", ""), 200, "cb", sdp_of(2, "sendrecv"));
    k.count = 0;
    pass(2 * (int64_t)SECOND);
    must_find("SIP/2.0 200", "m=audio 10002");
    pass(38 * (int64_t)SECOND);
    must_find("BYE sip:1001@127.0.0.1", "");
    pass(35 * (int64_t)SECOND);
    must_find("BYE sip:cb@", "");
    end();
}

static void an_old_number_is_500_and_a_stranger_481(void **state)
{
    (void)state;
    establish();
    from_caller("INFO", 9, caller_tag(), "");
    must_find("SIP/2.0 405", "CSeq: 9 INFO");
    from_caller("INFO", 8, caller_tag(), "");
    must_find("SIP/2.0 500", "CSeq: 8 INFO");
    from_caller("BYE", 10, "1-00000000", "");
    must_find("SIP/2.0 481", "CSeq: 10 BYE");
    from_caller("BYE", 11, "", "");
    must_find("SIP/2.0 405", "CSeq: 11 BYE");
    assert_int_equal(legs(), 2);
    hang_up();
}

/* ---- media: whatever phones offer and refuse, in the end each has heard what the other said last ---- */

static struct {
    int version;
    unsigned cseq[2]; /* of the caller, of the callee */
    bool offering[2], polite;
    uint64_t chance;
} phones;

static unsigned dice(unsigned sides)
{
    phones.chance = phones.chance * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(phones.chance >> 40) % sides;
}

static void phone_message(const char *text)
{
    struct sip_message m;
    struct arena arena = {0};
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    int who = slice_equal(m.call_id, SLICE("caller")) ? 0 : 1;
    const char *tag = who == 0 ? "ca" : "cb";
    if (m.is_request && m.method == SIP_INVITE) {
        unsigned choice = phones.polite ? 3 : dice(6);
        if (phones.offering[who])
            respond(text, 491, tag, "");
        else if (choice == 0)
            respond(text, 488, tag, "");
        else if (choice == 1)
            respond(text, 491, tag, "");
        else
            respond(text, 200, tag, sdp_of(++phones.version, dice(3) == 0 ? "recvonly" : "sendrecv"));
    } else if (m.is_request && m.method != SIP_ACK) {
        respond(text, 200, tag, "");
    } else if (!m.is_request && m.method == SIP_INVITE && m.status >= 200) {
        phones.offering[who] = false;
        if (who == 0)
            from_caller("ACK", m.cseq, caller_tag(), "");
        else
            from_callee("ACK", m.cseq, "");
    }
    arena_free(&arena);
}

static void edit(void)
{
    int who = (int)dice(2);
    if (phones.offering[who])
        return;
    phones.offering[who] = true;
    const char *body = sdp_of(++phones.version, dice(3) == 0 ? "sendonly" : "sendrecv");
    if (who == 0)
        from_caller("INVITE", ++phones.cseq[0], caller_tag(), body);
    else
        from_callee("INVITE", ++phones.cseq[1], body);
}

static void media_settles_after_any_edits(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        establish();
        memset(&phones, 0, sizeof phones);
        phones.chance = seed * 7919;
        phones.version = 100;
        phones.cseq[0] = 1;
        k.on_message = phone_message;
        for (int i = 0; i < 12; i++) {
            edit();
            pass((int64_t)dice(3) * 300000 + 1000);
        }
        phones.polite = true;
        pass(50 * (int64_t)SECOND);
        struct node *n = k.node;
        struct leg *l;
        assert_int_equal(legs(), 2);
        map_for_each (l, &n->legs) {
            const struct leg *other = node__call_other(l->call, l);
            if (l->media != MEDIA_STABLE || l->invite != 0 ||
                (l->attempts == 0 && l->local_sdp != other->remote_sdp))
                fail_msg("seed %u: the %s is not settled: media %u, attempts %u", (unsigned)seed,
                    l->incoming ? "caller" : "callee", l->media, l->attempts);
        }
        k.on_message = NULL;
        hang_up();
    }
}

TESTS("node", cmocka_unit_test(hold_and_retrieve), cmocka_unit_test(a_refused_offer_leaves_the_session),
    cmocka_unit_test(glare_is_491), cmocka_unit_test(a_late_offer_crosses),
    cmocka_unit_test(a_second_answer_is_acknowledged_and_ended), cmocka_unit_test(nobody_answers),
    cmocka_unit_test(given_up_while_dialling), cmocka_unit_test(given_up_and_answered_at_the_same_moment),
    cmocka_unit_test(a_bye_waits_for_the_ack), cmocka_unit_test(without_ack_the_call_ends),
    cmocka_unit_test(an_old_number_is_500_and_a_stranger_481),
    cmocka_unit_test(media_settles_after_any_edits))
