#include "roles/config/cut.h"

#include "base/buffer.h"

#include "unit.h"

/* Pieces with spaces between; at the end "!" or why not. */
static void assert_cut(const char *text, const char *expected)
{
    struct buffer out = {0};
    struct cut c;
    enum cut_result result;
    cut_begin(&c, slice_text(text), "items");
    do {
        size_t budget = 2;
        result = cut_next(&c, &budget);
        if (result == CUT_FIELD)
            buffer_add_format(&out, "%.*s=%.*s ", SLICE_ARG(c.key), SLICE_ARG(c.value));
        else if (result == CUT_ITEM)
            buffer_add_format(&out, "%.*s ", SLICE_ARG(c.value));
        else if (result == CUT_BAD)
            buffer_add_format(&out, "%zu: %s", c.line, c.why);
    } while (result != CUT_END && result != CUT_BAD);
    buffer_add_text(&out, result == CUT_END ? "!" : "");
    buffer_add_byte(&out, '\0');
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

static void takes_apart(void **state)
{
    (void)state;
    assert_cut("{}", "!");
    assert_cut(" { \"a\" : 1 , \"b\":\"x,\\\"}\" }\n", "a=1 b=\"x,\\\"}\" !");
    assert_cut("{\"items\":[]}", "!");
    assert_cut("{\"items\":[1 ,{\"a\":[\"]\"]}, \"x\",[2],true]}", "1 {\"a\":[\"]\"]} \"x\" [2] true !");
    assert_cut("{\"items\":[1],\"items\":{\"x\":[]},\"c\":null}", "1 items={\"x\":[]} c=null !");
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    assert_cut("", "1: ends too early");
    assert_cut("[]", "1: must be a JSON object");
    assert_cut("{\"items\":[1,\n2", "1 2: ends too early");
    assert_cut("{\"items\":[1,]}", "1 1: a value is missing");
    assert_cut("{\"a\":1,}", "a=1 1: the name of a field is missing");
    assert_cut("{\"a\" 1}", "1: a colon is missing");
    assert_cut("{\"a\":1 \"b\":2}", "a=1 1: a comma or a closing bracket is missing");
    assert_cut("{} {}", "1: there is something behind the end");
    assert_cut("{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", "1: is nested too deeply");
}

TESTS("roles/config/cut", cmocka_unit_test(takes_apart), cmocka_unit_test(says_what_is_wrong))
