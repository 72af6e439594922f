#include "config/start/toml.h"

#include "base/error.h"

#include "unit.h"

static void reads(const char *text, const char *json_text)
{
    struct arena arena = {0};
    struct buffer sentence = {0};
    struct toml *root;
    unsigned line;
    int error = toml_parse(&root, &arena, slice_text(text), &line, &sentence);
    buffer_add_byte(&sentence, '\0');
    assert_string_equal(sentence.data, "");
    assert_int_equal(error, 0);
    json_t *json = toml_json(root);
    char *dump = json_dumps(json, JSON_COMPACT);
    assert_string_equal(dump, json_text);
    free(dump);
    json_decref(json);
    buffer_free(&sentence);
    arena_free(&arena);
}

static void refuses(const char *text, int expected, unsigned expected_line, const char *expected_sentence)
{
    struct arena arena = {0};
    struct buffer sentence = {0};
    struct toml *root;
    unsigned line;
    int error = toml_parse(&root, &arena, slice_text(text), &line, &sentence);
    buffer_add_byte(&sentence, '\0');
    assert_string_equal(sentence.data, expected_sentence);
    assert_int_equal(error, expected);
    assert_int_equal(line, expected_line);
    buffer_free(&sentence);
    arena_free(&arena);
}

static void reads_values(void **state)
{
    (void)state;
    reads("", "{}");
    reads("\xef\xbb\xbf# only a comment", "{}");
    reads("a = 1\r\nb=-1_000 # so\nc = true\n\"d e\" = false",
        "{\"a\":1,\"b\":-1000,\"c\":true,\"d e\":false}");
    reads("a = \"x\\ty\\\"\\u00e9\\U0001F600\"\nb = 'C:\\x'\nc=\"\"\nd=''",
        "{\"a\":\"x\\ty\\\"\xc3\xa9\xf0\x9f\x98\x80\",\"b\":\"C:\\\\x\",\"c\":\"\",\"d\":\"\"}");
    reads("a = [ 1, # one\n  [\"x\"],\n\n  true, ]\n", "{\"a\":[1,[\"x\"],true]}");
    reads("a = 9223372036854775807", "{\"a\":9223372036854775807}");
}

static void reads_tables(void **state)
{
    (void)state;
    reads("x = 1\n[a]\ny = 2\n[a.b]\nz = 3\n[c . \"d.e\"]\n",
        "{\"x\":1,\"a\":{\"y\":2,\"b\":{\"z\":3}},\"c\":{\"d.e\":{}}}");
    reads("[[dn]]\nnumber = \"1\"\n[dn.more]\nx = 1\n[[dn]]\nnumber = \"2\"\n",
        "{\"dn\":[{\"number\":\"1\",\"more\":{\"x\":1}},{\"number\":\"2\"}]}");
    reads("[a.b]\n[a]\nx = 1\n", "{\"a\":{\"b\":{},\"x\":1}}");
}

/* CF-4: a wrong setting is a clear error with the line. */
static void says_the_line_and_what_is_wrong(void **state)
{
    (void)state;
    refuses("a = 1\na = 2", ERROR_EXISTS, 2, "a is there twice");
    refuses("\n\na", ERROR_SYNTAX, 3, "= is missing after the name");
    refuses("a =\n", ERROR_SYNTAX, 1, "a value is missing");
    refuses("a = \"x\n", ERROR_SYNTAX, 1, "the text does not end on its line; a \" is missing");
    refuses(
        "a = \"\\q\"", ERROR_SYNTAX, 1, "unknown escape; there are \\b \\t \\n \\f \\r \\\" \\\\ \\u \\U");
    refuses("a = \"\\ud800\"", ERROR_SYNTAX, 1, "the escape names no character");
    refuses("a = \"\xff\"", ERROR_SYNTAX, 1, "the text is not UTF-8");
    refuses("a = 1 b = 2", ERROR_SYNTAX, 1, "there is more on the line than belongs there");
    refuses("a = 01", ERROR_SYNTAX, 1,
        "is no value: write a text in quotes, a whole number, true, false or [list]");
    refuses("a = 9223372036854775808", ERROR_SYNTAX, 1,
        "is no value: write a text in quotes, a whole number, true, false or [list]");
    refuses("a = 1.5", ERROR_SYNTAX, 1,
        "is no value: write a text in quotes, a whole number, true, false or [list]");
    refuses("a = [1\n2]", ERROR_SYNTAX, 2, "a list needs , between its items and ] at its end");
    refuses("a = [", ERROR_SYNTAX, 1, "a value is missing");
    refuses(
        "a.b = 1", ERROR_UNSUPPORTED, 1, "names with dots are not supported; write [a] on a line of its own");
    refuses("a = {}", ERROR_UNSUPPORTED, 1,
        "tables on one line are not supported; write [table] on a line of its own");
    refuses(
        "a = \"\"\"x\"\"\"", ERROR_UNSUPPORTED, 1, "texts over several lines are not supported; write \\n");
    refuses("[a]\n[a]", ERROR_EXISTS, 2, "[a] is there twice");
    refuses("[[a]]\n[a]", ERROR_EXISTS, 2, "[a] is there twice");
    refuses("a = 1\n[a]", ERROR_EXISTS, 2, "a is a value already, it cannot be a table too");
    refuses(
        "a = []\n[[a]]", ERROR_EXISTS, 2, "a is something else already, it cannot be a list of tables too");
    refuses("[a\n", ERROR_SYNTAX, 1, "] is missing");
    refuses("[[a]\n", ERROR_SYNTAX, 1, "]] is missing");
    refuses("[]\n", ERROR_SYNTAX, 1, "a name is missing: letters, digits, _ and -, or a text in quotes");
    refuses("# \x01", ERROR_SYNTAX, 1, "the comment has a control character");
}

/* SEC-4: bounded in size, depth and count. */
static void is_bounded(void **state)
{
    (void)state;
    refuses("a = [[[[[[[[1]]]]]]]]", ERROR_LIMIT, 1, "lists are nested too deeply");
    refuses("[a.b.c.d.e.f.g.h.i]", ERROR_LIMIT, 1, "tables are nested too deeply");
    struct buffer many = {0};
    for (int i = 0; i < TOML_KEYS + 1; i++)
        buffer_add_format(&many, "k%d = 1\n", i);
    buffer_add_byte(&many, '\0');
    refuses(many.data, ERROR_LIMIT, TOML_KEYS + 1, "the table has more than 256 names");
    buffer_free(&many);
}

TESTS("config/start/toml", cmocka_unit_test(reads_values), cmocka_unit_test(reads_tables),
    cmocka_unit_test(says_the_line_and_what_is_wrong), cmocka_unit_test(is_bounded))
