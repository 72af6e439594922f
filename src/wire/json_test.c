#include "wire/json.h"

#include "unit.h"

#include "base/error.h"
#include "wire/engine.pb-c.h"
#include "wire/event.pb-c.h"

static void writes_by_descriptor(void **state)
{
    (void)state;
    struct buffer out = {0};
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    e.number = 18446744073709551615U;
    e.time = 1;
    e.kind = TANDEM__CALL_EVENT_KIND__CALL_RINGING;
    e.node = "node \"1\"\n";
    e.has_sequence = true;
    e.sequence = 4294967295U;
    e.cause = "";
    json_add_message(&out, &e.base);
    assert_true(slice_equal(buffer_slice(&out),
        SLICE("{\"number\":\"18446744073709551615\",\"time\":\"1\",\"kind\":\"call_ringing\",\"node\":"
              "\"node \\\"1\\\"\\n\",\"sequence\":4294967295,\"cause\":\"\",\"attributes\":[]}")));
    buffer_free(&out);
}

static int read_as(const ProtobufCMessageDescriptor *type, const char *text,
    const struct json_options *options, struct buffer *again, struct buffer *why)
{
    struct arena arena = {0};
    void *message;
    int error = json_read_message(&message, type, slice_text(text), options, &arena, why);
    if (error == 0)
        json_add_message(again, message);
    arena_free(&arena);
    return error;
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    static const struct {
        const ProtobufCMessageDescriptor *type;
        const char *text;
    } examples[] = {
        {&tandem__store_request__descriptor,
            "{\"statements\":[{\"name\":\"a\",\"parameters\":[{\"number\":\"-9223372036854775808\"},{"
            "\"text\":"
            "\"\xc3\xa4\"},{\"blob\":\"AP8=\"},{}]},{\"name\":\"b\",\"parameters\":[]}]}"},
        {&tandem__live_change__descriptor,
            "{\"node\":\"n\",\"view\":\"1\",\"number\":\"2\",\"calls\":[{\"call_id\":\"3\",\"from\":\"\","
            "\"to\":\"t\","
            "\"state\":\"held\",\"started_at\":\"4\",\"node\":\"n\",\"attributes\":[]}],\"snapshot\":true}"},
        {&tandem__job_request__descriptor,
            "{\"name\":\"x\",\"arguments\":[\"\",\"YQ==\",\"YWI=\",\"YWJj\"]}"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer again = {0}, why = {0};
        assert_int_equal(read_as(examples[i].type, examples[i].text, NULL, &again, &why), 0);
        assert_true(slice_equal(buffer_slice(&again), slice_text(examples[i].text)));
        buffer_free(&again);
        buffer_free(&why);
    }
}

static void says_where_it_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
        int error;
    } examples[] = {
        {"{\"node\":5}", "node: text expected", ERROR_SYNTAX},
        {"{\"node\":\"n\",\"view\":\"x\"}", "view: whole number expected", ERROR_SYNTAX},
        {"{\"node\":\"n\",\"view\":-1}", "view: number out of range", ERROR_RANGE},
        {"{\"node\":\"n\",\"view\":1.0}", "view: whole number expected", ERROR_SYNTAX},
        {"{\"view\":\"18446744073709551616\"}", "view: number out of range", ERROR_RANGE},
        {"{\"calls\":{}}", "calls: array expected", ERROR_SYNTAX},
        {"{\"calls\":[5]}", "calls[0]: object expected", ERROR_SYNTAX},
        {"{\"calls\":[{\"call_id\":\"1\",\"from\":null}]}", "calls[0].from: text expected", ERROR_SYNTAX},
        {"{\"calls\":[{\"call_id\":\"1\"}]}", "calls[0].from: is missing", ERROR_SYNTAX},
        {"{\"snapshot\":1}", "snapshot: true or false expected", ERROR_SYNTAX},
        {"{\"colour\":1}", "colour: not known; check the name", ERROR_SYNTAX},
        {"[]", "object expected", ERROR_SYNTAX},
        {"{\"node\":\"n\"}", "view: is missing", ERROR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer again = {0}, why = {0};
        assert_int_equal(read_as(&tandem__live_change__descriptor, examples[i].text, NULL, &again, &why),
            examples[i].error);
        if (!slice_equal(buffer_slice(&why), slice_text(examples[i].why)))
            fail_msg("%s: \"%.*s\"", examples[i].text, SLICE_ARG(buffer_slice(&why)));
        buffer_free(&again);
        buffer_free(&why);
    }
}

/* SEC-5 */
static void is_strict(void **state)
{
    (void)state;
    static const char *const examples[] = {"", "{", "{}{}", "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"name\":\"a\",}", "{'name':'a'}", "{\"name\":\"\\u0000\"}", "{\"name\":\"\xff\"}",
        "{\"name\":\"\\ud800\"}", "{name:\"a\"}", "{\"name\":\"a\"} // x", "{\"name\":\"a\nb\"}",
        "{\"name\":\"a\",\"arguments\":[\"YQ\"]}", "{\"name\":\"a\",\"arguments\":[\"YR==\"]}",
        "{\"name\":\"a\",\"arguments\":[\"Y===\"]}", "{\"name\":\"a\",\"arguments\":[\"YQ==\\n\"]}",
        "\xef\xbb\xbf{\"name\":\"a\"}"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer again = {0};
        if (read_as(&tandem__job_request__descriptor, examples[i], NULL, &again, NULL) != ERROR_SYNTAX)
            fail_msg("accepted: %s", examples[i]);
        buffer_free(&again);
    }
}

static void is_bounded(void **state)
{
    (void)state;
    struct buffer deep = {0}, again = {0};
    static const struct json_options small = {.limit = 13};
    assert_int_equal(read_as(&tandem__job_request__descriptor, "{\"name\":\"a\"}", &small, &again, NULL), 0);
    assert_int_equal(
        read_as(&tandem__job_request__descriptor, "{\"name\":\"abc\"}", &small, &again, NULL), ERROR_LIMIT);
    buffer_add_text(&deep, "{\"name\":\"[[[\\\"[[[\",\"x\":");
    for (int i = 0; i < 33; i++)
        buffer_add_byte(&deep, '[');
    buffer_add_byte(&deep, '\0');
    assert_int_equal(read_as(&tandem__job_request__descriptor, deep.data, NULL, &again, NULL), ERROR_LIMIT);
    buffer_free(&deep);
    buffer_free(&again);
}

static void keeps_unknown_members_when_told_so(void **state)
{
    (void)state;
    struct buffer unknown = {0}, again = {0};
    const struct json_options keep = {.unknown = &unknown};
    assert_int_equal(
        read_as(&tandem__store_request__descriptor,
            "{\"new\":{\"a\": [1]},\"statements\":[{\"name\":\"s\",\"later\":true}]}", &keep, &again, NULL),
        0);
    assert_true(slice_equal(buffer_slice(&unknown), SLICE("new={\"a\":[1]}\nstatements[0].later=true\n")));
    buffer_free(&unknown);
    buffer_free(&again);
}

static void strings_are_escaped_and_repaired(void **state)
{
    (void)state;
    struct buffer out = {0};
    json_add_string(&out, SLICE("a\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa4\xf0\x9f\x98\x80"));
    assert_true(slice_equal(buffer_slice(&out),
        SLICE("\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\xc3\xa4\xf0\x9f\x98\x80\"")));
    buffer_clear(&out);
    json_add_string(&out, slice_of("\xff"
                                   "a\xe2\x82"
                                   "b\xc0\x80\xed\xa0\x80\0\xf0\x9f",
                              13));
#define BAD "\xef\xbf\xbd"
    assert_true(
        slice_equal(buffer_slice(&out), SLICE("\"" BAD "a" BAD "b" BAD BAD BAD BAD BAD "\\u0000" BAD "\"")));
    buffer_free(&out);
}

TESTS("wire/json", cmocka_unit_test(writes_by_descriptor), cmocka_unit_test(reads_what_it_wrote),
    cmocka_unit_test(says_where_it_is_wrong), cmocka_unit_test(is_strict), cmocka_unit_test(is_bounded),
    cmocka_unit_test(keeps_unknown_members_when_told_so), cmocka_unit_test(strings_are_escaped_and_repaired))
