/* Dialogs: what both sides learn from an INVITE and its answers (RFC 3261 section 12). CM-40 */
#include "sip/dialog.h"

#include "base/error.h"
#include "unit.h"

#define MORE_ROUTES "Record-Route: <sip:r3;lr>\r\n"
#define ROUTES "Record-Route: <sip:r1;lr>, <sip:r2;lr>;x=1\r\n" MORE_ROUTES
#define BOBS_CONTACT "Contact: \"B, b\" <sip:bob@127.0.0.2:5070;x=y>;q=0.5\r\n"
#define ALICES_CONTACT "Contact: <sip:alice@127.0.0.3>\r\n"

/* A message and what it was parsed from. */
struct parsed {
    char text[4000];
    struct arena arena;
    struct sip_message m;
};

static void parse(struct parsed *p)
{
    p->arena = (struct arena){0};
    assert_int_equal(sip_parse(&p->m, slice_text(p->text), &p->arena, NULL), 0);
}

/* Whoever keeps a view of the message shows it. */
static void forget(struct parsed *p)
{
    memset(p->text, '#', sizeof p->text);
    arena_free(&p->arena);
}

/* Of Alice to Bob. */
static void request(struct parsed *p, const char *method, unsigned cseq, const char *tags, const char *more)
{
    const char *from_tag = tags[0] == '-' ? "" : ";tag=fa", *to_tag = tags[1] == '-' ? "" : ";tag=tb";
    snprintf(p->text, sizeof p->text,
        "%s sip:bob@home SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
        "From: \"Alice; A\" <sip:alice@home>%s\r\nTo: <sip:bob@home>%s\r\nCall-ID: call\r\n"
        "CSeq: %u %s\r\n%sContent-Length: 0\r\n\r\n",
        method, from_tag, to_tag, cseq, method, more);
    parse(p);
}

/* Of Bob to Alice's INVITE. */
static void response(struct parsed *p, unsigned status, const char *to_tag, const char *more)
{
    snprintf(p->text, sizeof p->text,
        "SIP/2.0 %u Reason\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
        "From: \"Alice; A\" <sip:alice@home>;tag=fa\r\nTo: <sip:bob@home>%s\r\nCall-ID: call\r\n"
        "CSeq: 7 INVITE\r\n%sContent-Length: 0\r\n\r\n",
        status, to_tag, more);
    parse(p);
}

static void expect(struct slice is, const char *text)
{
    if (!slice_equal(is, slice_text(text)))
        fail_msg("%.*s instead of %s", SLICE_ARG(is), text);
}

static void expect_routes(
    const struct sip_dialog *d, const char *first, const char *second, const char *third)
{
    assert_int_equal(d->route_count, 3);
    expect(d->routes[0], first);
    expect(d->routes[1], second);
    expect(d->routes[2], third);
}

static void begin_as_alice(struct sip_dialog *d)
{
    sip_dialog_begin(d, SLICE("call"), SLICE("fa"), SLICE("\"Alice; A\" <sip:alice@home>"),
        SLICE("<sip:bob@home>"), SLICE("sip:bob@home"), SLICE("<sip:first;lr>"));
}

static void begin_as_bob(struct sip_dialog *d)
{
    struct parsed p;
    request(&p, "INVITE", 7, "+-", ALICES_CONTACT ROUTES);
    assert_int_equal(sip_dialog_from_request(d, &p.m, SLICE("tb")), 0);
    forget(&p);
}

/* 12.1.1: the routes in the order of the request. */
static void who_is_called_learns_from_the_request(void **state)
{
    struct sip_dialog d;
    (void)state;
    begin_as_bob(&d);
    expect(d.call_id, "call");
    expect(d.local_tag, "tb");
    expect(d.remote_tag, "fa");
    expect(d.local, "<sip:bob@home>");
    expect(d.remote, "\"Alice; A\" <sip:alice@home>");
    expect(d.remote_target, "sip:alice@127.0.0.3");
    expect_routes(&d, "<sip:r1;lr>", "<sip:r2;lr>;x=1", "<sip:r3;lr>");
    assert_int_equal(d.remote_cseq, 7);
    assert_int_equal(d.local_cseq, 0);
    sip_dialog_free(&d);
}

/* 12.1.2: the routes in reverse order; they replace the one that the INVITE took, even where there are none.
 */
static void who_calls_learns_from_the_answer(void **state)
{
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    begin_as_alice(&d);
    d.local_cseq = 7;
    response(&p, 200, ";tag=tb", BOBS_CONTACT ROUTES);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), 0);
    forget(&p);
    expect(d.call_id, "call");
    expect(d.local_tag, "fa");
    expect(d.remote_tag, "tb");
    expect(d.local, "\"Alice; A\" <sip:alice@home>");
    expect(d.remote, "<sip:bob@home>");
    expect(d.remote_target, "sip:bob@127.0.0.2:5070;x=y");
    expect_routes(&d, "<sip:r3;lr>", "<sip:r2;lr>;x=1", "<sip:r1;lr>");
    assert_int_equal(d.local_cseq, 7);
    assert_int_equal(d.remote_cseq, 0);
    response(&p, 200, ";tag=tb", BOBS_CONTACT);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), 0);
    forget(&p);
    assert_int_equal(d.route_count, 0);
    sip_dialog_free(&d);
}

/* 12.1: a provisional answer with a tag makes an early dialog; what its Contact does not say stays. The final
 * answer is not bound to what an earlier one said. */
static void an_early_dialog_needs_no_contact(void **state)
{
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    begin_as_alice(&d);
    response(&p, 180, ";tag=early", MORE_ROUTES);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), 0);
    forget(&p);
    expect(d.remote_tag, "early");
    expect(d.remote_target, "sip:bob@home");
    assert_int_equal(d.route_count, 1);
    response(&p, 200, ";tag=tb", ROUTES);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), ERROR_MISSING); /* a 2xx has one (13.3.1.4) */
    expect(d.remote_tag, "early");
    assert_int_equal(d.route_count, 1);
    forget(&p);
    response(&p, 200, ";tag=tb", BOBS_CONTACT ROUTES);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), 0);
    forget(&p);
    expect(d.remote_tag, "tb");
    expect(d.remote_target, "sip:bob@127.0.0.2:5070;x=y");
    expect_routes(&d, "<sip:r3;lr>", "<sip:r2;lr>;x=1", "<sip:r1;lr>");
    sip_dialog_free(&d);
}

/* 12.1.1, 12.1.2: old phones have no tags; "no tag" is then what belongs to the dialog. */
static void a_missing_tag_is_an_empty_one(void **state)
{
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    request(&p, "INVITE", 7, "--", ALICES_CONTACT);
    assert_int_equal(sip_dialog_from_request(&d, &p.m, SLICE("tb")), 0);
    forget(&p);
    assert_int_equal(d.remote_tag.length, 0);
    request(&p, "BYE", 8, "-+", "");
    assert_int_equal(sip_dialog_accept(&d, &p.m), 0);
    forget(&p);
    request(&p, "BYE", 9, "++", "");
    assert_int_equal(sip_dialog_accept(&d, &p.m), ERROR_MISSING);
    forget(&p);
    sip_dialog_free(&d);
    begin_as_alice(&d);
    response(&p, 200, "", BOBS_CONTACT);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), 0);
    forget(&p);
    struct buffer out = {0};
    sip_dialog_add_request(&out, &d, SIP_BYE, 8, SLICE("SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2"));
    buffer_add_byte(&out, '\0');
    assert_non_null(strstr(out.data, "To: <sip:bob@home>\r\n"));
    buffer_free(&out);
    sip_dialog_free(&d);
}

/* 12.2.2: in order, of this dialog; a refused number is not taken over. */
static void numbers_only_rise(void **state)
{
    static const struct {
        const char *method;
        unsigned cseq;
        const char *tags;
        int result;
    } rows[] = {{"INFO", 8, "++", 0}, {"INFO", 8, "++", ERROR_STALE}, {"INFO", 7, "++", ERROR_STALE},
        {"INFO", 20, "++", 0}, {"INFO", 9, "++", ERROR_STALE}, {"INFO", 30, "-+", ERROR_MISSING},
        {"INFO", 30, "+-", ERROR_MISSING}, {"INFO", 21, "++", 0}, {"ACK", 7, "++", 0}, {"CANCEL", 7, "++", 0},
        {"ACK", 90, "++", 0}, {"BYE", 22, "++", 0}, {"BYE", 2147483647, "++", 0},
        {"BYE", 2147483646, "++", ERROR_STALE}};
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    begin_as_bob(&d);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request(&p, rows[i].method, rows[i].cseq, rows[i].tags, "");
        if (sip_dialog_accept(&d, &p.m) != rows[i].result)
            fail_msg("row %u", (unsigned)i);
        forget(&p);
    }
    request(&p, "INFO", 2147483647, "++", "");
    p.m.call_id = SLICE("Call"); /* case counts */
    assert_int_equal(sip_dialog_accept(&d, &p.m), ERROR_MISSING);
    forget(&p);
    sip_dialog_free(&d);
    begin_as_alice(&d);
    d.remote_tag = SLICE("fa");
    d.local_tag = SLICE("tb");
    d.local_cseq = 100; /* each side counts for itself; the other one's first number may be any */
    request(&p, "INFO", 3, "++", "");
    assert_int_equal(sip_dialog_accept(&d, &p.m), 0);
    assert_int_equal(d.remote_cseq, 3);
    forget(&p);
    sip_dialog_free(&d);
}

/* 12.2.2: a refresh moves the target and nothing else; one that names none, or none that is one, is refused
 * and changes nothing. */
static void a_refresh_moves_the_target_alone(void **state)
{
    static const char *const bad[] = {"", "Contact: *\r\n", "Contact: <sip:\r\n"};
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    begin_as_bob(&d);
    request(&p, "INVITE", 8, "++", "Contact: <sip:new@127.0.0.9>\r\nRecord-Route: <sip:other;lr>\r\n");
    assert_int_equal(sip_dialog_refresh(&d, &p.m), 0);
    forget(&p);
    expect(d.remote_target, "sip:new@127.0.0.9");
    expect_routes(&d, "<sip:r1;lr>", "<sip:r2;lr>;x=1", "<sip:r3;lr>");
    expect(d.remote_tag, "fa");
    assert_int_equal(d.remote_cseq, 7);
    const char *memory = d.memory;
    request(&p, "INVITE", 9, "++", "Contact: <sip:new@127.0.0.9>;x\r\n");
    assert_int_equal(sip_dialog_refresh(&d, &p.m), 0);
    forget(&p);
    assert_ptr_equal(d.memory, memory); /* the same target costs nothing */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        request(&p, "INVITE", 10, "++", bad[i]);
        assert_int_not_equal(sip_dialog_refresh(&d, &p.m), 0);
        forget(&p);
        expect(d.remote_target, "sip:new@127.0.0.9");
    }
    sip_dialog_free(&d);
}

/* A route set is kept whole or not at all. */
static void more_than_16_routes_are_refused(void **state)
{
    char more[2000] = ALICES_CONTACT;
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    for (int i = 0; i < DIALOG_ROUTES; i++)
        snprintf(more + strlen(more), sizeof more - strlen(more), "Record-Route: <sip:r%d;lr>\r\n", i);
    request(&p, "INVITE", 7, "+-", more);
    assert_int_equal(sip_dialog_from_request(&d, &p.m, SLICE("tb")), 0);
    forget(&p);
    assert_int_equal(d.route_count, DIALOG_ROUTES);
    expect(d.routes[15], "<sip:r15;lr>");
    sip_dialog_free(&d);
    begin_as_alice(&d);
    response(&p, 200, ";tag=tb", more);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), 0);
    forget(&p);
    expect(d.routes[0], "<sip:r15;lr>");
    expect(d.routes[15], "<sip:r0;lr>");
    strcat(more, "Record-Route: <sip:r16;lr>\r\n");
    response(&p, 200, ";tag=other", more);
    assert_int_equal(sip_dialog_from_response(&d, &p.m), ERROR_LIMIT);
    forget(&p);
    expect(d.remote_tag, "tb");
    assert_int_equal(d.route_count, DIALOG_ROUTES);
    sip_dialog_free(&d);
    request(&p, "INVITE", 7, "+-", more);
    assert_int_equal(sip_dialog_from_request(&d, &p.m, SLICE("tb")), ERROR_LIMIT);
    forget(&p);
    assert_null(d.memory);
    assert_int_equal(d.route_count, 0);
}

static void an_invite_without_contact_makes_no_dialog(void **state)
{
    static const char *const bad[] = {"", "Contact: *\r\n", "Contact: <sip:\r\n"};
    struct sip_dialog d;
    struct parsed p;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        request(&p, "INVITE", 7, "+-", bad[i]);
        assert_int_equal(
            sip_dialog_from_request(&d, &p.m, SLICE("tb")), bad[i][0] == '\0' ? ERROR_MISSING : ERROR_SYNTAX);
        forget(&p);
        assert_null(d.memory);
        assert_int_equal(d.call_id.length, 0);
    }
}

static void a_copy_stands_alone(void **state)
{
    struct sip_dialog d, copy;
    (void)state;
    begin_as_bob(&d);
    d.local_cseq = 5;
    sip_dialog_copy(&copy, &d);
    size_t texts = (size_t)(d.routes[2].data + d.routes[2].length - d.memory);
    memset(d.memory, '#', texts);
    sip_dialog_free(&d);
    expect(copy.call_id, "call");
    expect(copy.local_tag, "tb");
    expect(copy.remote_tag, "fa");
    expect(copy.local, "<sip:bob@home>");
    expect(copy.remote, "\"Alice; A\" <sip:alice@home>");
    expect(copy.remote_target, "sip:alice@127.0.0.3");
    expect_routes(&copy, "<sip:r1;lr>", "<sip:r2;lr>;x=1", "<sip:r3;lr>");
    assert_int_equal(copy.local_cseq, 5);
    assert_int_equal(copy.remote_cseq, 7);
    sip_dialog_free(&copy);
    assert_null(copy.memory);
}

/* 12.2.1.1 */
static void a_request_says_who_talks_to_whom(void **state)
{
    struct sip_dialog d;
    struct buffer out = {0};
    (void)state;
    begin_as_bob(&d);
    sip_dialog_add_request(&out, &d, SIP_BYE, 12, SLICE("SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2"));
    buffer_add_byte(&out, '\0');
    assert_string_equal(out.data, "BYE sip:alice@127.0.0.3 SIP/2.0\r\n"
                                  "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2\r\n"
                                  "Route: <sip:r1;lr>\r\nRoute: <sip:r2;lr>;x=1\r\nRoute: <sip:r3;lr>\r\n"
                                  "Max-Forwards: 70\r\nFrom: <sip:bob@home>;tag=tb\r\n"
                                  "To: \"Alice; A\" <sip:alice@home>;tag=fa\r\nCall-ID: call\r\n"
                                  "CSeq: 12 BYE\r\n");
    buffer_free(&out);
    sip_dialog_free(&d);
}

TESTS("sip/dialog", cmocka_unit_test(who_is_called_learns_from_the_request),
    cmocka_unit_test(who_calls_learns_from_the_answer), cmocka_unit_test(an_early_dialog_needs_no_contact),
    cmocka_unit_test(a_missing_tag_is_an_empty_one), cmocka_unit_test(numbers_only_rise),
    cmocka_unit_test(a_refresh_moves_the_target_alone), cmocka_unit_test(more_than_16_routes_are_refused),
    cmocka_unit_test(an_invite_without_contact_makes_no_dialog), cmocka_unit_test(a_copy_stands_alone),
    cmocka_unit_test(a_request_says_who_talks_to_whom))
