/* Bodies of several parts, headers that go on, attributes. */
#include "roles/node/node_fixture.h"
#include "unit.h"
#include "wire/event.pb-c.h"

#define PARTS "multipart/mixed;boundary=x"

static char body[2000];

static const char *with_part(int version, const char *head, const char *part)
{
    snprintf(body, sizeof body,
        "--x\r\nContent-Type: application/sdp\r\n\r\n%s\r\n--x\r\n%s\r\n%s\r\n--x--\r\n",
        stage_sdp(version, "sendrecv"), head, part);
    return body;
}

static void dial(const char *more, const char *type, const char *text)
{
    stage_begin();
    stage.more = more;
    stage.type = type;
    stage_caller("INVITE", 1, "", text);
}

static void give_up(const char *invite)
{
    stage_respond(invite, 486, "cb", "");
    stage_caller("ACK", 1, "x", "");
    stage_end();
}

/* CM-41, RFC 5621: the description is found among others; what is not configured does not go on. */
static void the_description_is_taken_out_of_several_parts(void **state)
{
    (void)state;
    dial(NULL, PARTS, with_part(1, "Content-Type: application/pidf+xml\r\n", "<presence/>"));
    const char *invite = stage_must_find("INVITE sip:1002@home", "Content-Type: application/sdp\r\n");
    assert_non_null(strstr(invite, "m=audio 10001"));
    assert_null(strstr(invite, "presence"));
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    /* ... in a later offer, and in an answer */
    stage.type = PARTS;
    stage_caller("INVITE", 2, stage_caller_tag(), with_part(3, "Content-Type: text/plain\r\n", "hold"));
    stage.type = PARTS;
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10003"), 200, "cb",
        with_part(4, "Content-Type: text/plain\r\n", "held"));
    const char *answer = stage_must_find("SIP/2.0 200", "CSeq: 2 INVITE");
    assert_non_null(strstr(answer, "Content-Type: application/sdp"));
    assert_non_null(strstr(answer, "m=audio 10004"));
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage_hang_up();
}

/* CM-41, RFC 3261 8.2.3: what must be understood and is not is refused, and we say what we understand. */
static void what_must_be_understood_is_refused(void **state)
{
    (void)state;
    dial(NULL, PARTS,
        with_part(
            1, "Content-Type: application/isup\r\nContent-Disposition: signal;handling=required\r\n", "x"));
    stage_must_find("SIP/2.0 415", "Accept: application/sdp, multipart/mixed");
    stage_end();
    dial(NULL, "application/isup", "x");
    stage_must_find("SIP/2.0 415", "Accept: application/sdp");
    stage_end();
    dial(NULL, "application/sdp", "no description\r\n");
    stage_must_find("SIP/2.0 488", "CSeq: 1 INVITE");
    stage_end();
    dial(NULL, "multipart/mixed", "--x\r\n\r\n--x--"); /* no boundary */
    stage_must_find("SIP/2.0 400", "CSeq: 1 INVITE");
    stage_end();
    dial("Content-Disposition: signal;handling=optional\r\n", "application/isup", "x");
    give_up(stage_must_find("INVITE sip:1002@home", "Content-Length: 0"));
}

/* CM-41, RFC 2046 5.1.4 */
static void the_last_alternative_counts(void **state)
{
    (void)state;
    snprintf(body, sizeof body,
        "--x\r\nContent-Type: application/sdp\r\n\r\n%s\r\n--x\r\nContent-Type: "
        "application/sdp\r\n\r\n%s\r\n--x--\r\n",
        stage_sdp(1, "sendrecv"), stage_sdp(2, "sendrecv"));
    dial(NULL, "multipart/alternative;boundary=x", body);
    give_up(stage_must_find("INVITE sip:1002@home", "m=audio 10002"));
}

/* CM-41 */
static void configured_parts_go_on(void **state)
{
    (void)state;
    static struct slice types[] = {SLICE_INIT("application/pidf+xml"), SLICE_INIT("application/isup")};
    stage_setup.passing.bodies = (struct config_list){types, 2};
    dial(NULL, PARTS,
        with_part(1, "Content-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n", "<presence/>"));
    const char *invite = stage_must_find("INVITE sip:1002@home", "Content-Type: multipart/mixed;boundary=");
    assert_non_null(strstr(invite, "m=audio 10001"));
    assert_non_null(
        strstr(invite, "Content-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<presence/>\r\n"));
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_hang_up();
    /* one that is all there is goes on without a description */
    stage_setup.passing.bodies = (struct config_list){types, 2};
    dial(NULL, "application/isup", "isup");
    give_up(stage_must_find("INVITE sip:1002@home", "Content-Type: application/isup"));
}

/* CM-41, VC-8: what says how a call has come always goes on; more where the location names it. */
static void headers_go_on_as_configured(void **state)
{
    (void)state;
    static struct slice names[] = {SLICE_INIT("X-Customer"), SLICE_INIT("x-campaign-*")};
    static struct slice denied[] = {SLICE_INIT("Subject"), SLICE_INIT("X-Campaign-Secret")};
    static const char more[] =
        "Diversion: <sip:1009@home>;reason=no-answer\r\nSubject: hello\r\n"
        "X-Customer: 17\r\nX-Campaign-Id: spring\r\nX-Campaign-Secret: 5\r\n"
        "X-Other: no\r\nRoute-Of-Mine: no\r\nAlert-Info: <sip:x>;info=alert-autoanswer\r\n";
    stage_setup.passing.headers = (struct config_list){names, 2};
    stage_setup.passing.denied = (struct config_list){denied, 2};
    dial(more, NULL, stage_sdp(1, "sendrecv"));
    const char *invite =
        stage_must_find("INVITE sip:1002@home", "X-Customer: 17\r\nX-Campaign-Id: spring\r\n");
    assert_non_null(strstr(invite, "Diversion: <sip:1009@home>;reason=no-answer"));
    assert_null(strstr(invite, "Subject"));
    assert_null(strstr(invite, "Secret"));
    assert_null(strstr(invite, "X-Other"));
    assert_null(strstr(invite, "Alert-Info")); /* nobody has another's phone answer by itself */
    stage.more = "X-Customer: known\r\nX-Other: no\r\n";
    stage_respond(invite, 180, "cb", "");
    assert_null(strstr(stage_must_find("SIP/2.0 180", "X-Customer: known"), "X-Other"));
    stage.more = "User-to-User: 41;encoding=hex\r\n";
    stage_respond(stage_must_find("INVITE", "X-Customer"), 486, "cb", "");
    stage_must_find("SIP/2.0 486", "User-to-User: 41;encoding=hex");
    stage_caller("ACK", 1, "x", "");
    stage_end();
}

static const Tandem__CallAttribute *attribute_of(struct call *c, const char *name)
{
    size_t count;
    Tandem__CallAttribute **list = node__call_attributes(c, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i]->name, name) == 0)
            return list[i];
    return NULL;
}

/* CM-41: RFC 6442, 7433, 5806 and what the location names. */
static void headers_become_attributes(void **state)
{
    (void)state;
    static struct slice said[] = {SLICE_INIT("customer=X-Customer"), SLICE_INIT("X-Campaign-Id"),
        SLICE_INIT("=X-Other"), SLICE_INIT("missing=X-Missing")};
    static const char more[] =
        "Geolocation: <sips:where@home>;x=y\r\nUser-to-User: 48656c6c6f;encoding=hex\r\n"
        "Diversion: \"Reception\" <sip:1009@home>;reason=no-answer\r\n"
        "X-Customer: 17\r\nX-Campaign-Id: \xff\r\nX-Other: no\r\n";
    struct call *c;
    stage_setup.passing.attributes = (struct config_list){said, 4};
    dial(more, NULL, stage_sdp(1, "sendrecv"));
    map_for_each (c, &((struct node *)stage.node)->calls) {
        assert_string_equal(attribute_of(c, "geolocation")->value, "sips:where@home");
        assert_string_equal(attribute_of(c, "user_to_user")->value, "Hello");
        assert_string_equal(attribute_of(c, "diverted_from")->value, "1009");
        assert_string_equal(attribute_of(c, "customer")->value, "17");
        assert_null(attribute_of(c, "x_campaign_id")); /* no UTF-8 */
        assert_null(attribute_of(c, "missing"));
        assert_null(attribute_of(c, ""));
    }
    give_up(stage_must_find("INVITE sip:1002@home", ""));

    dial("History-Info: <sip:1009@home>;index=1, <sip:1002@home;cause=302>;index=1.1\r\n", NULL,
        stage_sdp(1, "sendrecv"));
    map_for_each (c, &((struct node *)stage.node)->calls)
        assert_string_equal(attribute_of(c, "diverted_from")->value, "1009");
    give_up(stage_must_find("INVITE sip:1002@home", "History-Info:"));
    dial("History-Info: <sip:1002@home>;index=1\r\n", NULL, stage_sdp(1, "sendrecv"));
    map_for_each (c, &((struct node *)stage.node)->calls)
        assert_null(attribute_of(c, "diverted_from"));
    give_up(stage_must_find("INVITE sip:1002@home", "History-Info:"));
}

TESTS("node/carry", cmocka_unit_test(the_description_is_taken_out_of_several_parts),
    cmocka_unit_test(what_must_be_understood_is_refused), cmocka_unit_test(the_last_alternative_counts),
    cmocka_unit_test(configured_parts_go_on), cmocka_unit_test(headers_go_on_as_configured),
    cmocka_unit_test(headers_become_attributes))
