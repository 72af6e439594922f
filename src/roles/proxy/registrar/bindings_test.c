/* Registrations beyond one proxy: read from the store at its start, told to the others, asked for by them. */
#include "roles/proxy/proxy_fixture.h"

#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define PAGE 1000 /* registrations of one question to the store */

/* ---- a proxy that starts ---- */

static Tandem__StoreValue *value(struct arena *arena, const char *text)
{
    Tandem__StoreValue *v = arena_alloc(arena, sizeof *v);
    tandem__store_value__init(v);
    v->text = (char *)(uintptr_t)text;
    return v;
}

/* A row of binding_all: DN 2000 + number; what expires at 0 is a row that holds no binding. */
static Tandem__StoreRow *row(struct arena *arena, unsigned number, int64_t expires_at)
{
    Tandem__StoreRow *r = arena_alloc(arena, sizeof *r);
    Tandem__Binding b = TANDEM__BINDING__INIT;
    struct address at = {.ip = {127, 0, 0, 1}, .port = 8000, .family = 4};
    struct buffer bytes = {0};
    char dn[16], contact[40];
    snprintf(dn, sizeof dn, "%u", 2000 + number);
    snprintf(contact, sizeof contact, "sip:%u@127.0.0.1:8000", number);
    tandem__store_row__init(r);
    b.dn = dn;
    b.contact = contact;
    b.proxy = (char *)(uintptr_t) "proxy-2";
    b.transport = (char *)(uintptr_t) "udp";
    b.address = pack_bytes(slice_of(&at, sizeof at));
    b.expires_at = (uint64_t)expires_at;
    pack_add(&bytes, &b.base);
    r->n_values = 5;
    r->values = arena_alloc(arena, 5 * sizeof *r->values);
    r->values[0] = value(arena, arena_text(arena, slice_text(dn)));
    r->values[1] = value(arena, arena_text(arena, slice_text(contact)));
    r->values[2] = value(arena, "proxy-2");
    r->values[3] = value(arena, NULL);
    r->values[3]->has_blob = true;
    r->values[3]->blob = pack_bytes(slice_text(arena_text(arena, SLICE("no binding"))));
    if (expires_at != 0) {
        uint8_t *copy = arena_alloc(arena, bytes.length);
        memcpy(copy, bytes.data, bytes.length);
        r->values[3]->blob = pack_bytes(slice_of(copy, bytes.length));
    }
    r->values[4] = value(arena, NULL);
    buffer_free(&bytes);
    return r;
}

static void give_page(unsigned first, unsigned count, int64_t expires_at)
{
    static Tandem__StoreRow *rows[PAGE];
    struct arena arena = {0};
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results = &result;
    Tandem__StoreAnswer answer = TANDEM__STORE_ANSWER__INIT;
    for (unsigned i = 0; i < count; i++)
        rows[i] = row(&arena, first + i, expires_at);
    result.n_rows = count;
    result.rows = rows;
    answer.n_results = 1;
    answer.results = &results;
    proxy_fixture_answer_start(PROXY_FIXTURE_BINDINGS, &answer.base);
    arena_free(&arena);
}

static void expect_question(const char *after_dn, const char *after_contact)
{
    struct arena arena = {0};
    const Tandem__StoreRequest *q =
        pack_read(&tandem__store_request__descriptor, buffer_slice(&proxy_fixture.asked), &arena);
    assert_non_null(q);
    assert_int_equal(q->n_statements, 1);
    assert_string_equal(q->statements[0]->name, "binding_all");
    assert_int_equal(q->statements[0]->n_parameters, 4);
    assert_int_equal(q->statements[0]->parameters[0]->number, proxy_fixture.now);
    assert_string_equal(q->statements[0]->parameters[1]->text, after_dn);
    assert_string_equal(q->statements[0]->parameters[2]->text, after_contact);
    assert_int_equal(q->statements[0]->parameters[3]->number, PAGE);
    arena_free(&arena);
}

static size_t known(void)
{
    return ((struct proxy *)proxy_fixture.proxy)->binding_count;
}

/* VC-2: a proxy that starts again knows everybody before it lets the first phone in. */
static void a_restart_reads_all_pages_before_phones_come_in(void **state)
{
    int64_t later;
    (void)state;
    proxy_fixture_open();
    later = proxy_fixture.now + 600 * (int64_t)SECOND;
    proxy_fixture_give_key();
    expect_question("", "");
    give_page(0, PAGE, later);
    assert_int_equal(proxy_fixture.edge, 0);
    assert_int_equal(known(), PAGE);
    expect_question("2999", "sip:999@127.0.0.1:8000");
    give_page(PAGE, PAGE, later);
    assert_int_equal(proxy_fixture.edge, 0);
    expect_question("3999", "sip:1999@127.0.0.1:8000");
    give_page(2 * PAGE, 1, later);
    assert_int_not_equal(proxy_fixture.edge, 0);
    assert_int_equal(known(), 2 * PAGE + 1);
    assert_int_equal(proxy_fixture_bindings("2000"), 1);
    assert_int_equal(proxy_fixture_bindings("4000"), 1);
    assert_int_equal(proxy_fixture.changes, 0); /* what was read is neither told nor written */
    proxy_fixture_pass(660 * (int64_t)SECOND);
    assert_int_equal(known(), 0);
    proxy_fixture_end();
}

/* The last page may be full: then there is an empty one behind it. */
static void an_empty_page_is_the_end(void **state)
{
    (void)state;
    proxy_fixture_open();
    give_page(0, PAGE, proxy_fixture.now + SECOND);
    give_page(0, 0, 0);
    assert_int_equal(proxy_fixture.edge, 0); /* the key of the nonces is missing */
    proxy_fixture_give_key();
    assert_int_not_equal(proxy_fixture.edge, 0);
    assert_int_equal(known(), PAGE);
    proxy_fixture_end();
}

static void rows_that_ran_out_or_are_damaged_are_passed_over(void **state)
{
    (void)state;
    proxy_fixture_open();
    proxy_fixture_give_key();
    give_page(0, PAGE, proxy_fixture.now);
    expect_question("2999", "sip:999@127.0.0.1:8000");
    give_page(PAGE, PAGE, 0);
    expect_question("3999", "sip:1999@127.0.0.1:8000");
    give_page(2 * PAGE, 1, proxy_fixture.now + SECOND);
    assert_int_not_equal(proxy_fixture.edge, 0);
    assert_int_equal(known(), 1);
    proxy_fixture_end();
}

/* A store that does not answer is asked again, from where the pages have come to. */
static void a_silent_store_is_asked_again(void **state)
{
    (void)state;
    proxy_fixture_open();
    proxy_fixture_give_key();
    give_page(0, PAGE, proxy_fixture.now + 600 * (int64_t)SECOND);
    proxy_fixture_input((struct input){.kind = INPUT_ANSWER,
        .object = OBJECT(PROXY_OBJECT_START, 0),
        .token = PROXY_FIXTURE_BINDINGS,
        .answer = ANSWER_UNKNOWN});
    buffer_clear(&proxy_fixture.asked);
    proxy_fixture_pass(2 * (int64_t)SECOND);
    expect_question("2999", "sip:999@127.0.0.1:8000");
    assert_int_equal(proxy_fixture.edge, 0);
    give_page(PAGE, 1, proxy_fixture.now + SECOND);
    assert_int_not_equal(proxy_fixture.edge, 0);
    assert_int_equal(known(), PAGE + 1);
    proxy_fixture_end();
}

static void tell_snapshot(unsigned number, bool last)
{
    struct arena arena = {0};
    struct buffer bytes = {0};
    Tandem__BindingSnapshot s = TANDEM__BINDING_SNAPSHOT__INIT;
    Tandem__Binding *bindings[1];
    Tandem__StoreRow *r = row(&arena, number, proxy_fixture.now + 600 * (int64_t)SECOND);
    bindings[0] =
        (Tandem__Binding *)pack_read(&tandem__binding__descriptor, pack_slice(r->values[3]->blob), &arena);
    s.proxy = (char *)(uintptr_t) "proxy-2";
    s.incarnation = s.number = 1;
    s.n_bindings = 1;
    s.bindings = bindings;
    s.last = last;
    pack_add(&bytes, &s.base);
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_CONTROL_ANSWER,
        .name = SLICE("ctl.proxy.bindings.proxy-1"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
    arena_free(&arena);
}

/* VC-2: with the store away, a proxy that starts again learns from the others who is registered. */
static void a_restart_is_told_by_another_proxy(void **state)
{
    (void)state;
    proxy_fixture_open();
    proxy_fixture_give_key();
    tell_snapshot(1, false);
    assert_int_equal(proxy_fixture.edge, 0);
    tell_snapshot(2, true);
    assert_int_not_equal(proxy_fixture.edge, 0);
    assert_int_equal(known(), 2);
    buffer_clear(&proxy_fixture.asked);
    proxy_fixture_pass(2 * (int64_t)SECOND);
    expect_question("", ""); /* the store is read all the same when it comes */
    give_page(3, 1, proxy_fixture.now + 600 * (int64_t)SECOND);
    assert_int_equal(known(), 3);
    buffer_clear(&proxy_fixture.asked);
    proxy_fixture_pass(4 * (int64_t)SECOND);
    assert_int_equal(proxy_fixture.asked.length, 0);
    proxy_fixture_end();
}

/* VC-2: with the store and all other proxies away, phones are let in after a while; they register anew. */
static void phones_do_not_wait_for_ever(void **state)
{
    (void)state;
    proxy_fixture_open();
    proxy_fixture_pass(20 * (int64_t)SECOND);
    assert_int_equal(proxy_fixture.edge, 0); /* without the key of the nonces nobody can be let in */
    proxy_fixture_give_key();
    assert_int_not_equal(proxy_fixture.edge, 0);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>\r\n");
    assert_int_equal(known(), 1);
    give_page(3, 1, proxy_fixture.now + 600 * (int64_t)SECOND);
    assert_int_equal(known(), 2);
    proxy_fixture_end();
}

/* ---- what is told to others ---- */

#define TOLD 16

static struct {
    struct arena arena;
    const Tandem__BindingChange *changes[TOLD];
    const Tandem__BindingSnapshot *snapshots[TOLD];
    unsigned change_count, snapshot_count;
} heard;

static void hear(struct slice subject, struct slice bytes)
{
    if (slice_equal(subject, SLICE("reg.home"))) {
        assert_true(heard.change_count < TOLD);
        heard.changes[heard.change_count++] =
            pack_read(&tandem__binding_change__descriptor, bytes, &heard.arena);
    } else if (slice_equal(subject, SLICE("ctl.proxy.bindings.proxy-2"))) {
        assert_true(heard.snapshot_count < TOLD);
        heard.snapshots[heard.snapshot_count++] =
            pack_read(&tandem__binding_snapshot__descriptor, bytes, &heard.arena);
    }
}

static void begin_hearing(void)
{
    memset(&heard, 0, sizeof heard);
    proxy_fixture.on_publish = hear;
}

static void end(void)
{
    arena_free(&heard.arena);
    proxy_fixture_end();
}

/* RFC 3261 10.2.1.2, 20.10: thousandths; 1 where it is absent or no q value. */
static void q_values_are_told_in_thousandths(void **state)
{
    static const struct {
        const char *parameter;
        unsigned q;
    } rows[] = {{"", 1000}, {";q=1", 1000}, {";q=1.000", 1000}, {";q=0", 0}, {";q=0.0", 0}, {";q=0.5", 500},
        {";q=0.25", 250}, {";Q=0.001", 1}};
    char contact[100];
    (void)state;
    proxy_fixture_begin();
    begin_hearing();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(contact, sizeof contact, "Contact: <sip:%zu@127.0.0.1:6001>%s\r\n", i, rows[i].parameter);
        proxy_fixture_register(&proxy_alice, contact);
        proxy_fixture_pass(SECOND / 50);
        assert_int_equal(heard.change_count, i + 1);
        const Tandem__BindingChange *c = heard.changes[i];
        assert_non_null(c);
        assert_int_equal(c->number, i + 1);
        assert_true(c->bindings[0]->has_q);
        if (c->bindings[0]->q != rows[i].q)
            fail_msg("%s is told as %u", rows[i].parameter, c->bindings[0]->q);
    }
    end();
}

/* The users of the contacts that INVITEs have gone to since the last look, in order. */
static const char *rung(void)
{
    static char users[PROXY_FIXTURE_KEPT + 1];
    unsigned count = 0;
    for (unsigned i = 0; i < proxy_fixture.count; i++)
        if (strncmp(proxy_fixture.sent[i].text, "INVITE sip:", 11) == 0)
            users[count++] = proxy_fixture.sent[i].text[11];
    users[count] = '\0';
    return users;
}

static struct slice header_line(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    return slice_of(at, strcspn(at, "\r") + 2);
}

/* The phone behind the n-th INVITE that was sent since the last look answers. */
static void refuse(unsigned number, const char *status)
{
    char answer[3000];
    for (unsigned i = 0; i < proxy_fixture.count; i++)
        if (strncmp(proxy_fixture.sent[i].text, "INVITE", 6) == 0 && number-- == 0) {
            const char *invite = proxy_fixture.sent[i].text;
            const char *second = strstr(invite, "Via: ") + 5;
            uint16_t port = proxy_fixture.sent[i].port;
            struct slice via = header_line(invite, "Via: "), other = header_line(second, "Via: ");
            snprintf(answer, sizeof answer, "SIP/2.0 %s\r\n%.*s%.*s%.*s%.*s%.*s%.*sContent-Length: 0\r\n\r\n",
                status, SLICE_ARG(via), SLICE_ARG(other), SLICE_ARG(header_line(invite, "From: ")),
                SLICE_ARG(header_line(invite, "To: ")), SLICE_ARG(header_line(invite, "Call-ID: ")),
                SLICE_ARG(header_line(invite, "CSeq: ")));
            char *to = strstr(answer, "To: <sip:1002@home>");
            memmove(to + 25, to + 19, strlen(to + 19) + 1);
            memcpy(to + 19, ";tag=x", 6);
            proxy_fixture.count = 0;
            proxy_fixture_from_phone(port, answer);
            return;
        }
    fail_msg("nobody was invited");
}

/* RFC 3261 16.6: phones of the highest q ring together, in the order of their registrations; the others when
 * all of those have refused. A phone that registers again keeps its place. */
static void phones_ring_by_falling_q(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:c@127.0.0.1:7003>;q=0.1\r\n");
    proxy_fixture_register(&proxy_bob, "Contact: <sip:a@127.0.0.1:7001>;q=0.9, <sip:b@127.0.0.1:7002>\r\n");
    proxy_fixture_register(&proxy_bob, "Contact: <sip:c@127.0.0.1:7003>;q=1\r\n");
    proxy_fixture_register(&proxy_bob, "Contact: <sip:d@127.0.0.1:7004>;q=0.0\r\n");
    const char *ok = proxy_fixture_must_find(6002, "SIP/2.0 200");
    const char *a = strstr(ok, "<sip:a@"), *b = strstr(ok, "<sip:b@"), *c = strstr(ok, "<sip:c@");
    assert_true(c != NULL && a != NULL && b != NULL && c < a && a < b);
    assert_non_null(strstr(ok, ";q=0.900"));
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    assert_string_equal(rung(), "cb");
    struct proxy_fixture_sent second = proxy_fixture.sent[proxy_fixture.count - 1];
    refuse(0, "486 Busy Here");
    assert_string_equal(rung(), "");
    assert_null(proxy_fixture_find(0, "SIP/2.0 486"));
    proxy_fixture.sent[0] = second;
    proxy_fixture.count = 1;
    refuse(0, "480 Not Here");
    assert_string_equal(rung(), "a");
    refuse(0, "404 Not Found");
    assert_string_equal(rung(), "d");
    refuse(0, "486 Busy Here");
    assert_string_equal(rung(), "");
    proxy_fixture_must_find(0, "SIP/2.0 4");
    end();
}

/* RFC 3261 16.7: a 6xx ends the search. */
static void a_final_no_is_one_for_all(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:a@127.0.0.1:7001>, <sip:b@127.0.0.1:7002>;q=0.5\r\n");
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    assert_string_equal(rung(), "a");
    refuse(0, "603 Decline");
    assert_string_equal(rung(), "");
    proxy_fixture_must_find(0, "SIP/2.0 603");
    end();
}

#define FLOW(user, port, number)                                                                             \
    "Contact: <sip:" user "@127.0.0.1:" port ">;reg-id=" number ";+sip.instance=\"<urn:uuid:1>\"\r\n"        \
    "Supported: path, outbound\r\n"

/* RFC 5626 5.3, VC-2: a phone with two flows gets a request over one of them, the newer; over the other when
 * that one has failed, and only then. */
static void a_request_goes_over_one_flow_at_a_time(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "1"));
    proxy_fixture_pass(SECOND);
    proxy_fixture_register(&proxy_bob, FLOW("b", "7002", "2"));
    assert_int_equal(proxy_fixture_bindings("1002"), 2);
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    assert_string_equal(rung(), "b");
    refuse(0, "430 Flow Failed");
    assert_string_equal(rung(), "a");
    refuse(0, "486 Busy Here");
    assert_string_equal(rung(), "");
    proxy_fixture_must_find(0, "SIP/2.0 486");
    end();
}

/* RFC 5626 6: two flows of one contact, as phones register them at two proxies, are two. */
static void one_contact_may_have_two_flows(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "1"));
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "2"));
    assert_int_equal(proxy_fixture_bindings("1002"), 2);
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "2"));
    assert_int_equal(proxy_fixture_bindings("1002"), 2);
    proxy_fixture_register(
        &proxy_bob, "Contact: <sip:a@127.0.0.1:7001>;reg-id=2;+sip.instance=\"<urn:uuid:1>\";expires=0\r\n");
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    proxy_fixture_register(&proxy_bob, "Contact: <sip:a@127.0.0.1:7001>;expires=0\r\n");
    assert_int_equal(proxy_fixture_bindings("1002"), 0);
    end();
}

static void a_phone_that_is_busy_is_so_on_all_flows(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "1"));
    proxy_fixture_register(&proxy_bob, FLOW("b", "7002", "2"));
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    refuse(0, "486 Busy Here");
    assert_string_equal(rung(), "");
    proxy_fixture_must_find(0, "SIP/2.0 486");
    end();
}

/* A flow that fails as the last one is nothing that the caller understands. */
static void nobody_hears_of_a_failed_flow(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "1"));
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    refuse(0, "430 Flow Failed");
    proxy_fixture_must_find(0, "SIP/2.0 480");
    end();
}

/* RFC 5626 6: the phone was restarted and has another port; its old contact is nobody's any more. */
static void a_flow_takes_the_place_of_the_one_with_its_number(void **state)
{
    (void)state;
    proxy_fixture_begin();
    begin_hearing();
    proxy_fixture_register(&proxy_bob, FLOW("a", "7001", "1"));
    proxy_fixture_pass(SECOND);
    heard.change_count = 0;
    proxy_fixture_register(&proxy_bob, FLOW("b", "7002", "1"));
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    const char *ok = proxy_fixture_must_find(6002, "SIP/2.0 200");
    assert_non_null(strstr(ok, "<sip:b@127.0.0.1:7002>"));
    assert_null(strstr(ok, "<sip:a@127.0.0.1:7001>"));
    assert_non_null(strstr(ok, ";+sip.instance=\"<urn:uuid:1>\";reg-id=1"));
    assert_non_null(strstr(ok, "Require: outbound"));
    assert_int_equal(heard.change_count, 1); /* both in one message */
    assert_int_equal(heard.changes[0]->n_bindings, 2);
    assert_string_equal(heard.changes[0]->bindings[1]->contact, "sip:a@127.0.0.1:7001");
    assert_int_equal(heard.changes[0]->bindings[1]->expires_at, 0);
    end();
}

static void ask_snapshot(const char *reply_to)
{
    struct buffer bytes = {0};
    Tandem__Snapshot ask = TANDEM__SNAPSHOT__INIT;
    ask.reply_to = (char *)(uintptr_t)reply_to;
    ask.token = 77;
    pack_add(&bytes, &ask.base);
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_CONTROL,
        .name = SLICE("ctl.proxy.all"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

static void ask_digests(const uint64_t *digests, unsigned from)
{
    static const uint64_t none[PROXY_SLICES];
    uint8_t all[8 * PROXY_SLICES];
    struct buffer bytes = {0};
    Tandem__Snapshot ask = TANDEM__SNAPSHOT__INIT;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)((digests != NULL ? digests : none)[i / 8] >> (8 * (i % 8)));
    ask.reply_to = (char *)(uintptr_t) "ctl.proxy.bindings.proxy-2";
    ask.token = 77;
    ask.has_digests = ask.has_from = true;
    ask.digests = pack_bytes(slice_of(all, sizeof all));
    ask.from = from;
    pack_add(&bytes, &ask.base);
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_CONTROL_ASK,
        .name = SLICE("ctl.proxy.ask.proxy-1"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

/* VC-2: who missed something gets everything, and the number from which on to listen. */
static void a_snapshot_says_all_and_since_when(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;expires=300\r\n");
    proxy_fixture_pass(SECOND / 50);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:gone@127.0.0.1:6001>\r\n");
    proxy_fixture_pass(SECOND / 50);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:gone@127.0.0.1:6001>;expires=0\r\n");
    proxy_fixture_pass(SECOND / 50);
    begin_hearing();
    ask_snapshot("ctl.proxy.bindings.proxy-1"); /* our own question */
    assert_int_equal(heard.snapshot_count, 0);
    ask_snapshot("ctl.proxy.bindings.proxy-2");
    assert_int_equal(heard.snapshot_count, 1);
    const Tandem__BindingSnapshot *s = heard.snapshots[0];
    assert_non_null(s);
    assert_string_equal(s->proxy, "proxy-1");
    assert_int_equal(s->incarnation, 1);
    assert_int_equal(s->number, 3);
    assert_int_equal(s->token, 77);
    assert_true(s->last);
    assert_int_equal(s->n_bindings, 1);
    const Tandem__Binding *b = s->bindings[0];
    struct address at;
    assert_string_equal(b->dn, "1001");
    assert_string_equal(b->contact, "sip:a@127.0.0.1:6001");
    assert_string_equal(b->proxy, "proxy-1");
    assert_string_equal(b->transport, "udp");
    assert_int_equal(b->address.len, sizeof at);
    memcpy(&at, b->address.data, sizeof at);
    assert_int_equal(at.port, 6001);
    assert_int_equal(b->expires_at, b->changed_at + 300 * (uint64_t)SECOND);
    assert_true(b->has_call);
    assert_int_not_equal(b->cseq, 0);
    end();
}

/* A proxy names what it knows, and is told what differs, some slices at a time, each registration once; it
 * asks on from where the answer ended. Before the store was read nobody is answered: it would say that nobody
 * is there. */
static void a_large_snapshot_comes_in_parts(void **state)
{
    unsigned seen[500] = {0}, total = 0;
    (void)state;
    proxy_fixture_open();
    begin_hearing();
    ask_digests(NULL, 0);
    assert_int_equal(heard.snapshot_count, 0);
    give_page(0, 500, proxy_fixture.now + 600 * (int64_t)SECOND);
    for (unsigned i = 0, from = 0; i == 0 || !heard.snapshots[i - 1]->last; i++) {
        ask_digests(NULL, from);
        assert_int_equal(heard.snapshot_count, i + 1);
        const Tandem__BindingSnapshot *s = heard.snapshots[i];
        assert_non_null(s);
        assert_int_equal(s->token, 77);
        assert_true(s->n_bindings <= 200);
        assert_true(s->last || s->next > from);
        from = s->next;
        for (size_t j = 0; j < s->n_bindings; j++, total++)
            seen[atoi(s->bindings[j]->dn) - 2000]++;
    }
    assert_int_equal(total, 500);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(seen[i], 1);
    end();
}

TESTS("proxy/registrar/bindings", cmocka_unit_test(a_restart_reads_all_pages_before_phones_come_in),
    cmocka_unit_test(an_empty_page_is_the_end),
    cmocka_unit_test(rows_that_ran_out_or_are_damaged_are_passed_over),
    cmocka_unit_test(a_silent_store_is_asked_again), cmocka_unit_test(q_values_are_told_in_thousandths),
    cmocka_unit_test(phones_ring_by_falling_q), cmocka_unit_test(a_final_no_is_one_for_all),
    cmocka_unit_test(a_request_goes_over_one_flow_at_a_time),
    cmocka_unit_test(a_phone_that_is_busy_is_so_on_all_flows),
    cmocka_unit_test(one_contact_may_have_two_flows), cmocka_unit_test(nobody_hears_of_a_failed_flow),
    cmocka_unit_test(a_flow_takes_the_place_of_the_one_with_its_number),
    cmocka_unit_test(a_restart_is_told_by_another_proxy), cmocka_unit_test(phones_do_not_wait_for_ever),
    cmocka_unit_test(a_snapshot_says_all_and_since_when), cmocka_unit_test(a_large_snapshot_comes_in_parts))
