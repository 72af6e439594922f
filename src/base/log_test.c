#include "base/log.h"

#include "base/error.h"
#include "unit.h"

#define LINES 64

static struct {
    char lines[LINES][2100];
    size_t count;
} kept;

static void keep(void *argument, enum log_level level, const char *line, size_t length)
{
    (void)argument;
    (void)level;
    assert_true(kept.count < LINES);
    assert_true(length < sizeof kept.lines[0]);
    memcpy(kept.lines[kept.count], line, length);
    kept.lines[kept.count++][length] = '\0';
}

static int begin(void **state)
{
    (void)state;
    kept.count = 0;
    log_set_sink(keep, NULL);
    log_scope = (struct log_scope){.now = 1700000000000123};
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_scope = (struct log_scope){0};
    return 0;
}

static void a_line_carries_what_it_belongs_to(void **state)
{
    struct log_site site = {0};
    (void)state;
    log_scope.instance = SLICE("node-1a");
    log_scope.call = SLICE("00ab");
    log_scope.leg = SLICE("caller");
    log_write(&site, LOG_WARNING, "node", "the %s is %d", "answer", 42);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.lines[0],
        "2023-11-14T22:13:20.000123Z warning node at=node-1a call=00ab leg=caller: the answer is 42");
}

/* OPS-20: structured lines, each an object on its own whatever stands in it. */
static void lines_can_be_json(void **state)
{
    struct log_site site = {0};
    (void)state;
    log_format = LOG_JSON;
    log_scope.instance = SLICE("node-1a");
    log_scope.call = SLICE("00ab");
    log_write(&site, LOG_WARNING, "node", "says \"%s\" and \\ and\n%s", "x", "\xc3\xa4\xff\x1b");
    assert_string_equal(kept.lines[0],
        "{\"time\":\"2023-11-14T22:13:20.000123Z\",\"level\":\"warning\",\"room\":\"node\",\"at\":\"node-"
        "1a\","
        "\"call\":\"00ab\",\"text\":\"says \\\"x\\\" and \\\\ and \xc3\xa4  \"}");
    for (size_t length = 1800; length < 2100; length++) { /* cut, and closed all the same */
        char text[2200];
        memset(text, '"', length);
        text[length] = '\0';
        site = (struct log_site){0};
        kept.count = 1;
        log_write(&site, LOG_WARNING, "node", "%s", text);
        size_t end = strlen(kept.lines[1]);
        assert_true(end < 2048 && end > 2000);
        assert_string_equal(kept.lines[1] + end - 2, "\"}");
    }
    log_format = LOG_PLAIN;
}

/* SEC-7: a name from outside forges no second line and reaches no terminal: line ends, escapes, the C1
 * controls of UTF-8 and of single bytes, and what is no UTF-8. */
static void cleans_what_came_from_outside(void **state)
{
    struct log_site site = {0};
    (void)state;
    log_scope.call = SLICE("a\nb");
    log_write(&site, LOG_INFO, "sip", "%s",
        "x\r\n2023 error forged\033[2J\x7f\xc2\x9b"
        "2J\x9b"
        "1m|\xc3\xa4|\xe2\x82\xac|\xff\xc3");
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.lines[0], "2023-11-14T22:13:20.000123Z info sip call=a b: x  2023 error forged "
                                       "[2J   2J 1m|\xc3\xa4|\xe2\x82\xac|  ");
}

static void long_lines_are_cut(void **state)
{
    struct log_site site = {0};
    char text[5000];
    (void)state;
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_write(&site, LOG_INFO, "sip", "%s", text);
    log_scope.instance = slice_of(text, 4000);
    log_write(&site, LOG_INFO, "sip", "lost");
    assert_int_equal(kept.count, 2);
    assert_int_equal(strlen(kept.lines[0]), 2047);
    assert_int_equal(strlen(kept.lines[1]), 2047);
}

/* One place cannot fill the disk: 20 lines a second, and then how many were left out. */
static void a_place_writes_only_so_much_a_second(void **state)
{
    struct log_site site = {0}, other = {0};
    (void)state;
    for (int i = 0; i < 100; i++)
        log_write(&site, LOG_INFO, "sip", "again");
    assert_int_equal(kept.count, 20);
    log_write(&other, LOG_INFO, "sip", "another place");
    assert_int_equal(kept.count, 21);
    log_scope.now += 1000000;
    log_write(&site, LOG_INFO, "sip", "later");
    assert_int_equal(kept.count, 23);
    assert_non_null(strstr(kept.lines[21], "80 more lines like the following were left out"));
    assert_non_null(strstr(kept.lines[22], "later"));
}

static void levels_have_names(void **state)
{
    enum log_level level = LOG_ERROR;
    (void)state;
    for (int i = 0; i < LOG_LEVELS; i++) {
        assert_int_equal(log_level_parse(&level, slice_text(log_level_name((enum log_level)i))), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(log_level_parse(&level, SLICE("DEBUG")), 0);
    assert_int_equal(log_level_parse(&level, SLICE("debu")), ERROR_RANGE);
    assert_int_equal(log_level_parse(&level, SLICE("")), ERROR_RANGE);
}

#define WITH_SINK(test) cmocka_unit_test_setup_teardown(test, begin, end)
static void is_logged(const char *module, enum log_level level, bool expected)
{
    struct log_site site = {0};
    kept.count = 0;
    if (level <= log_threshold)
        log_write(&site, level, module, "something");
    assert_int_equal(kept.count, expected);
}

/* OPS-20: the level of each module, while it runs. */
static void a_module_has_a_level_of_its_own(void **state)
{
    const struct slice items[] = {SLICE_INIT("proxy=debug"), SLICE_INIT("world=error"),
        SLICE_INIT("world/real/tls=info"), SLICE_INIT("nonsense"), SLICE_INIT("=debug"), SLICE_INIT("a=b")};
    (void)state;
    enum log_level before = log_threshold;
    log_set_modules(LOG_NOTICE, items, 6);
    is_logged("proxy", LOG_DEBUG, true);
    is_logged("roles/proxy", LOG_DEBUG, true);
    is_logged("proxy/edge", LOG_DEBUG, true);
    is_logged("proxying", LOG_INFO, false);
    is_logged("node", LOG_INFO, false);
    is_logged("node", LOG_NOTICE, true);
    is_logged("world", LOG_WARNING, false);
    is_logged("world/real", LOG_ERROR, true);
    is_logged("world/real/tls", LOG_INFO, true);
    log_set_modules(LOG_INFO, NULL, 0);
    is_logged("proxy", LOG_DEBUG, false);
    is_logged("node", LOG_INFO, true);
    log_set_modules(before, NULL, 0);
}

TESTS("base/log", WITH_SINK(a_line_carries_what_it_belongs_to), WITH_SINK(lines_can_be_json),
    WITH_SINK(cleans_what_came_from_outside), WITH_SINK(long_lines_are_cut),
    WITH_SINK(a_module_has_a_level_of_its_own), WITH_SINK(a_place_writes_only_so_much_a_second),
    cmocka_unit_test(levels_have_names))
