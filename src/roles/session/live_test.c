/* The live view: what proxies and pairs tell, and what browsers get. */
#include "roles/session/session_fixture.h"

#include "unit.h"

#include "base/error.h"
#include "http/websocket.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define SECOND 1000000
#define HELLO "{\"hello\":{\"resume\":null,\"watch\":[\"devices\",\"calls\"],\"newer\":1}}"
enum { REGISTRATIONS = 2, LIVE, BINDINGS, CALLS };

static void live(
    struct desk *d, bool snapshot, uint64_t view, uint64_t number, uint64_t call_id, const char *state)
{
    Tandem__LiveCall call = TANDEM__LIVE_CALL__INIT;
    Tandem__LiveCall *calls[1] = {&call};
    Tandem__LiveChange m = TANDEM__LIVE_CHANGE__INIT;
    char node[] = "node-1", from[] = "1001", to[] = "1002", home[] = "home";
    call.call_id = call_id;
    call.from = from;
    call.to = to;
    call.state = (char *)(uintptr_t)state;
    call.started_at = DESK_START;
    call.node = node;
    call.location = home;
    m.node = node;
    m.view = view;
    m.number = number;
    m.n_calls = call_id != 0;
    m.calls = calls;
    m.has_snapshot = m.snapshot = snapshot;
    desk_bus(d, snapshot ? CALLS : LIVE, &m.base);
}

static Tandem__Binding binding_of(char *dn, char *contact, int64_t expires_at)
{
    static char udp[] = "udp", proxy[] = "proxy-1";
    Tandem__Binding b = TANDEM__BINDING__INIT;
    b.dn = dn;
    b.contact = contact;
    b.proxy = proxy;
    b.transport = udp;
    b.expires_at = (uint64_t)expires_at;
    return b;
}

static void binding(struct desk *d, uint64_t number, const char *dn, const char *contact, int64_t expires_at)
{
    char number_text[8], uri[64], proxy[] = "proxy-1";
    snprintf(number_text, sizeof number_text, "%s", dn);
    snprintf(uri, sizeof uri, "%s", contact);
    Tandem__Binding b = binding_of(number_text, uri, expires_at);
    Tandem__Binding *bindings[1] = {&b};
    Tandem__BindingChange m = TANDEM__BINDING_CHANGE__INIT;
    m.proxy = proxy;
    m.incarnation = 1;
    m.number = number;
    m.n_bindings = 1;
    m.bindings = bindings;
    desk_bus(d, REGISTRATIONS, &m.base);
}

/* All that proxy-1 knows: one contact of 1001, or nothing. */
static void binding_snapshot(struct desk *d, uint64_t number, uint64_t token, bool one)
{
    char dn[] = "1001", uri[] = "sip:a@1", proxy[] = "proxy-1";
    Tandem__Binding b = binding_of(dn, uri, d->now + 3600LL * SECOND);
    Tandem__Binding *bindings[1] = {&b};
    Tandem__BindingSnapshot m = TANDEM__BINDING_SNAPSHOT__INIT;
    m.proxy = proxy;
    m.incarnation = 1;
    m.number = number;
    m.token = token;
    m.n_bindings = one;
    m.bindings = bindings;
    m.last = true;
    desk_bus(d, BINDINGS, &m.base);
}

/* How often a snapshot was asked on this subject since the last look; *token of the last question. */
static unsigned asked(struct desk *d, const char *subject, uint64_t *token)
{
    unsigned count = 0;
    for (unsigned i = d->publications > 16 ? d->publications - 16 : 0; i < d->publications; i++) {
        struct arena arena = {0};
        struct desk_publication *p = &d->published[i % 16];
        if (strcmp(p->subject, subject) != 0)
            continue;
        Tandem__Snapshot *m = pack_read(&tandem__snapshot__descriptor, buffer_slice(&p->bytes), &arena);
        assert_non_null(m);
        assert_true(slice_starts(slice_text(m->reply_to), SLICE("ctl.session.session-1.")));
        *token = m->token;
        p->subject[0] = '\0';
        count++;
        arena_free(&arena);
    }
    return count;
}

static void synchronise(struct desk *d)
{
    uint64_t token;
    asked(d, "ctl.proxy.all", &token);
    binding_snapshot(d, 0, token, true);
    live(d, true, 1, 0, 0, "");
}

/* Snapshot, then numbered changes. */
static void browser_gets_a_snapshot_and_changes(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t flow = desk_websocket(&d, cookie);
    desk_advance(&d, SECOND);
    desk_say(&d, flow, HELLO);
    assert_true(desk_said(&d, flow, "{\"snapshot\":{\"epoch\":\"7\",\"number\":\"1\",\"devices\":["));
    assert_true(desk_said(&d, flow,
        "{\"dn\":\"1001\",\"name\":\"\",\"state\":\"idle\",\"registered\":true,\"contacts\":[{\"uri\":\"sip:"
        "a@1\","
        "\"transport\":\"udp\",\"proxy\":\"proxy-1\",\"expires_at\":\"1700003600000000\"}],\"call_ids\":[],"
        "\"since\":"
        "\"1700000000000000\"}"));
    assert_true(desk_said(
        &d, flow, "{\"dn\":\"1003\",\"name\":\"\",\"state\":\"out_of_service\",\"registered\":false"));
    assert_true(desk_said(&d, flow, "],\"calls\":[]}}"));
    desk_forget(&d, flow);
    live(&d, false, 1, 1, 255, "ringing");
    assert_int_equal(desk_flow(&d, flow)->out.length, 0); /* gathered for a moment */
    live(&d, false, 1, 2, 254, "dialling");
    desk_advance(&d, 30000);
    assert_true(desk_said(&d, flow, "{\"changes\":{\"number\":\"2\",\"devices\":["));
    assert_true(desk_said(&d, flow, "{\"dn\":\"1001\",\"name\":\"\",\"state\":\"dialling\""));
    assert_true(desk_said(&d, flow, "{\"dn\":\"1002\",\"name\":\"\",\"state\":\"ringing\""));
    assert_true(desk_said(&d, flow, "\"call_ids\":[\"00000000000000ff\",\"00000000000000fe\"]"));
    assert_true(desk_said(&d, flow,
        "{\"call_id\":\"00000000000000ff\",\"state\":\"ringing\",\"from\":\"1001\",\"to\":\"1002\",\"started_"
        "at\":"
        "\"1700000000000000\",\"answered_at\":null,\"node\":\"node-1\",\"location\":\"home\"}"));
    desk_forget(&d, flow);
    live(&d, false, 1, 3, 255, "gone");
    desk_advance(&d, 30000);
    assert_true(
        desk_said(&d, flow, "\"calls\":[],\"calls_gone\":[\"00000000000000ff\"],\"devices_gone\":[]}}"));
    assert_true(desk_said(&d, flow, "\"number\":\"3\""));
    desk_close(&d);
}

/* A call that is refused at once is over before the next changes go out: whoever looks at the history learns
 * of it from its end here. */
static void short_call_is_told_too(void **state)
{
    struct desk d;
    char cookie[96];
    (void)state;
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t f = desk_websocket(&d, cookie);
    desk_say(&d, f, HELLO);
    desk_forget(&d, f);
    live(&d, false, 1, 1, 77, "dialling");
    live(&d, false, 1, 2, 77, "gone");
    desk_advance(&d, 100000);
    assert_true(desk_said(&d, f, "\"calls\":[{\"call_id\":\"000000000000004d\",\"state\":\"dialling\""));
    assert_true(desk_said(&d, f, "\"calls_gone\":[\"000000000000004d\"]"));
    desk_forget(&d, f);
    desk_advance(&d, 100000);
    assert_false(desk_said(&d, f, "000000000000004d"));
    live(&d, false, 1, 3, 78, "dialling"); /* it ends unseen, and so does its pair */
    live(&d, false, 1, 4, 78, "gone");
    desk_close(&d);
}

static void browser_resumes_where_it_was(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    desk_advance(&d, 30000);
    for (uint64_t i = 1; i <= 3; i++) {
        live(&d, false, 1, i, 100 + i, "ringing");
        desk_advance(&d, 30000);
    }
    uint64_t flow = desk_websocket(&d, cookie); /* number is 4 now */
    desk_say(&d, flow, "{\"hello\":{\"resume\":{\"epoch\":\"7\",\"number\":\"2\"},\"watch\":[]}}");
    assert_true(desk_said(&d, flow, "{\"resumed\":{\"epoch\":\"7\",\"number\":\"2\"}}"));
    assert_false(desk_said(&d, flow, "\"number\":\"2\",\"devices\""));
    assert_true(desk_said(&d, flow, "{\"changes\":{\"number\":\"3\""));
    assert_true(desk_said(&d, flow, "{\"changes\":{\"number\":\"4\""));
    static const char *const elsewhere[] = {
        "\"6\",\"number\":\"2\"", "\"7\",\"number\":\"5\"", "\"x\",\"number\":\"2\""};
    for (size_t i = 0; i < 3; i++) {
        char hello[128];
        desk_forget(&d, flow);
        snprintf(hello, sizeof hello, "{\"hello\":{\"resume\":{\"epoch\":%s},\"watch\":[]}}", elsewhere[i]);
        desk_say(&d, flow, hello);
        assert_true(desk_said(&d, flow, "{\"snapshot\":{\"epoch\":\"7\",\"number\":\"4\""));
        assert_false(desk_said(&d, flow, "resumed"));
    }
    for (uint64_t i = 4; i <= 1100; i++) { /* past what is kept */
        live(&d, false, 1, i, 100, i % 2 != 0 ? "ringing" : "held");
        desk_advance(&d, 30000);
        desk_forget(&d, flow);
    }
    desk_say(&d, flow, "{\"hello\":{\"resume\":{\"epoch\":\"7\",\"number\":\"4\"},\"watch\":[]}}");
    assert_true(desk_said(&d, flow, "{\"snapshot\":{"));
    desk_close(&d);
}

/* Decision 7: a gap means snapshot; what it does not have is gone. */
static void gap_leads_to_a_snapshot(void **state)
{
    (void)state;
    struct desk d;
    uint64_t token = 0, again = 0;
    char cookie[96];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    desk_advance(&d, 4 * SECOND);
    asked(&d, "ctl.proxy.all", &token);
    asked(&d, "ctl.node.node-1", &token);
    live(&d, false, 1, 1, 1, "established");
    desk_advance(&d, 4 * SECOND);
    assert_int_equal(asked(&d, "ctl.node.node-1", &token), 0);
    live(&d, false, 1, 3, 2, "ringing"); /* 2 is missing */
    assert_int_equal(asked(&d, "ctl.node.node-1", &token), 1);
    desk_advance(&d, 7 * SECOND);
    assert_int_equal(asked(&d, "ctl.node.node-1", &token), 2); /* until it is there */
    live(&d, true, 1, 3, 2, "established");
    desk_advance(&d, 7 * SECOND);
    assert_int_equal(asked(&d, "ctl.node.node-1", &token), 0);
    uint64_t flow = desk_websocket(&d, cookie);
    desk_say(&d, flow, HELLO);
    assert_true(desk_said(&d, flow, "\"call_id\":\"0000000000000002\",\"state\":\"established\""));
    assert_false(desk_said(&d, flow, "0000000000000001"));
    assert_true(desk_said(&d, flow, "\"dn\":\"1002\",\"name\":\"\",\"state\":\"talking\""));
    /* A takeover: another view. The earlier primary is not heard any more. */
    live(&d, false, 2, 1, 2, "held");
    assert_int_equal(asked(&d, "ctl.node.node-1", &token), 1);
    live(&d, true, 2, 1, 2, "held");
    live(&d, false, 1, 4, 2, "established");
    desk_advance(&d, SECOND);
    assert_true(desk_said(&d, flow, "\"call_id\":\"0000000000000002\",\"state\":\"held\""));
    desk_forget(&d, flow);
    /* Registrations. */
    binding(&d, 1, "1002", "sip:b@1", d.now + 3600LL * SECOND);
    binding(&d, 3, "1003", "sip:c@1", d.now + 3600LL * SECOND);
    desk_advance(&d, 4 * SECOND);
    assert_true(asked(&d, "ctl.proxy.all", &again) >= 1);
    binding_snapshot(&d, 3, again, true);
    desk_advance(&d, SECOND);
    assert_true(desk_said(
        &d, flow, "\"dn\":\"1003\",\"name\":\"\",\"state\":\"out_of_service\",\"registered\":false"));
    desk_forget(&d, flow);
    binding_snapshot(&d, 2, again + 1, false); /* begun before the change that it does not know */
    desk_advance(&d, SECOND);
    assert_false(desk_said(&d, flow, "\"dn\":\"1001\""));
    binding(&d, 4, "1001", "sip:a@1", 0);
    desk_advance(&d, SECOND);
    assert_true(desk_said(&d, flow, "\"dn\":\"1001\",\"name\":\"\",\"state\":\"held\",\"registered\":false"));
    desk_close(&d);
}

static void contact_that_expires_is_gone(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t flow = desk_websocket(&d, cookie);
    desk_say(&d, flow, HELLO);
    binding(&d, 1, "1002", "sip:b@1", d.now + 60 * SECOND);
    binding(&d, 2, "1002", "sip:b@2", d.now + 10 * SECOND);
    desk_advance(&d, SECOND);
    desk_forget(&d, flow);
    desk_advance(&d, 12 * SECOND);
    assert_true(desk_said(&d, flow, "\"dn\":\"1002\",\"name\":\"\",\"state\":\"idle\",\"registered\":true"));
    assert_false(desk_said(&d, flow, "sip:b@2"));
    desk_close(&d);
}

static void pair_that_never_answers_loses_its_calls(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    live(&d, false, 1, 1, 1, "established");
    uint64_t flow = desk_websocket(&d, cookie);
    desk_say(&d, flow, HELLO);
    for (int i = 0; i < 8; i++) {
        desk_advance(&d, 10 * SECOND);
        struct websocket client; /* the browser lives */
        struct buffer out = {0};
        websocket_open_client(&client, NULL, 5);
        websocket_send(&client, WEBSOCKET_PONG, SLICE(""), &out);
        desk_data(&d, flow, buffer_slice(&out));
        websocket_close(&client);
        buffer_free(&out);
    }
    assert_true(desk_said(&d, flow, "\"calls_gone\":[\"0000000000000001\"]"));
    desk_close(&d);
}

/* SEC-3 */
static void ended_log_in_closes_its_sockets(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96], other[96], more[160];
    desk_open(&d);
    desk_log_in(&d, "ann", cookie);
    desk_log_in(&d, "adam", other);
    uint64_t ann = desk_websocket(&d, cookie), adam = desk_websocket(&d, other);
    desk_say(&d, ann, HELLO);
    desk_say(&d, adam, HELLO);
    desk_forget(&d, ann);
    desk_forget(&d, adam);
    snprintf(more, sizeof more, "%sX-Tandem-Request: 1\r\n", cookie);
    desk_request(&d, "POST", "/api/logout", more, "");
    assert_true(desk_said(&d, ann, "{\"bye\":{\"reason\":\"logged_out\"}}\x88\x0c\x11\x31logged_out"));
    assert_int_equal(desk_flow(&d, adam)->out.length, 0);
    assert_false(desk_flow(&d, ann)->closed);
    desk_advance(&d, 3 * SECOND);
    assert_true(desk_flow(&d, ann)->closed);
    assert_false(desk_flow(&d, adam)->closed);
    desk_input(&d, &(struct input){.kind = INPUT_DRAIN});
    assert_true(desk_said(&d, adam, "{\"bye\":{\"reason\":\"shutdown\"}}"));
    desk_close(&d);
}

static void configuration_changes_devices_and_persons(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96], other[96];
    desk_open(&d);
    desk_log_in(&d, "ann", cookie);
    desk_log_in(&d, "adam", other);
    uint64_t ann = desk_websocket(&d, cookie), adam = desk_websocket(&d, other);
    desk_say(&d, ann, HELLO);
    desk_say(&d, adam, HELLO);
    desk_advance(&d, SECOND);
    desk_configure(&d, desk_configuration(true));
    assert_true(desk_said(&d, ann, "{\"bye\":{\"reason\":\"logged_out\"}}"));
    desk_advance(&d, SECOND);
    assert_true(desk_said(&d, adam, "\"devices_gone\":[\"1003\"]"));
    desk_close(&d);
}

/* CF-2: two changes that come faster than one is walked through; the second undoes the first. */
static void a_change_that_is_undone_at_once_leaves_nothing(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96], number[8];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "adam", cookie);
    struct configuration *first = d.configuration, *more;
    struct config_builder *b = config_builder_from(first);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(number, sizeof number, "%u", 5000 + i);
        config_builder_dn(b, slice_text(number), SLICE("home"), SLICE("secret"));
    }
    assert_int_equal(config_builder_end(&more, b, NULL), 0);
    d.world.configuration = more;
    world_turn(&d.world, &session_role, d.self, &(struct input){.kind = INPUT_CONFIG}, d.now);
    d.world.configuration = first;
    desk_input(&d, &(struct input){.kind = INPUT_CONFIG});
    config_release(more);
    desk_advance(&d, SECOND);
    uint64_t adam = desk_websocket(&d, cookie);
    desk_say(&d, adam, HELLO);
    assert_true(desk_said(&d, adam, "\"1002\""));
    assert_false(desk_said(&d, adam, "\"5000\""));
    assert_false(desk_said(&d, adam, "\"5999\""));
    desk_close(&d);
}

/* Nobody who does not read holds the others up, or our memory. */
static void lagging_browser_is_closed(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t good = desk_websocket(&d, cookie), bad = desk_websocket(&d, cookie);
    desk_say(&d, good, HELLO);
    desk_say(&d, bad, HELLO);
    uint64_t number = 0;
    bool said = false;
    for (int i = 0; i < 4000 && !said; i++) {
        for (int j = 0; j < 8; j++)
            live(&d, false, 1, ++number, 1 + (uint64_t)j, i % 2 != 0 ? "established" : "held");
        desk_advance(&d, 21000);
        said = desk_said(&d, bad, "lagging");
        struct slice bytes = buffer_slice(&desk_flow(&d, good)->out);
        struct websocket client;
        struct websocket_message m;
        struct buffer back = {0};
        websocket_open_client(&client, NULL, 5); /* answers pings */
        while (websocket_next(&client, &bytes, &m, &back) != WEBSOCKET_MORE)
            continue;
        if (back.length != 0)
            desk_data(&d, good, buffer_slice(&back));
        desk_forget(&d, good);
        if (!said)
            desk_forget(&d, bad);
        websocket_close(&client);
        buffer_free(&back);
    }
    assert_true(said);
    assert_false(desk_flow(&d, good)->closed);
    desk_advance(&d, 3 * SECOND);
    assert_true(desk_flow(&d, bad)->closed);
    desk_close(&d);
}

static void encoded_once_for_all(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    uint64_t flows[10];
    desk_open(&d);
    synchronise(&d);
    desk_log_in(&d, "ann", cookie);
    for (int i = 0; i < 10; i++) {
        flows[i] = desk_websocket(&d, cookie);
        desk_say(&d, flows[i], HELLO);
        desk_forget(&d, flows[i]);
    }
    live(&d, false, 1, 1, 1, "ringing");
    desk_advance(&d, 30000);
    assert_true(desk_flow(&d, flows[0])->out.length > 100);
    for (int i = 1; i < 10; i++)
        assert_true(slice_equal(
            buffer_slice(&desk_flow(&d, flows[0])->out), buffer_slice(&desk_flow(&d, flows[i])->out)));
    desk_close(&d);
}

static void silent_and_vanished_browsers_end(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t silent = desk_websocket(&d, cookie), vanished = desk_websocket(&d, cookie);
    uint64_t babbling = desk_websocket(&d, cookie);
    desk_say(&d, vanished, HELLO);
    desk_say(&d, babbling, "{\"hello\":5}");
    assert_true(desk_said(&d, babbling, "bye"));
    desk_advance(&d, 13 * SECOND);
    assert_true(desk_flow(&d, silent)->closed);
    assert_false(desk_flow(&d, vanished)->closed);
    desk_advance(&d, 30 * SECOND); /* a ping at 20 s, no answer at 40 s */
    assert_true(desk_flow(&d, vanished)->closed);
    desk_close(&d);
}

TESTS("roles/session/live", cmocka_unit_test(browser_gets_a_snapshot_and_changes),
    cmocka_unit_test(short_call_is_told_too), cmocka_unit_test(browser_resumes_where_it_was),
    cmocka_unit_test(gap_leads_to_a_snapshot), cmocka_unit_test(contact_that_expires_is_gone),
    cmocka_unit_test(pair_that_never_answers_loses_its_calls),
    cmocka_unit_test(ended_log_in_closes_its_sockets),
    cmocka_unit_test(configuration_changes_devices_and_persons),
    cmocka_unit_test(a_change_that_is_undone_at_once_leaves_nothing),
    cmocka_unit_test(lagging_browser_is_closed), cmocka_unit_test(encoded_once_for_all),
    cmocka_unit_test(silent_and_vanished_browsers_end))
