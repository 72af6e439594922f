#include "engine/bus.h"

#include "base/error.h"
#include "unit.h"

static char first, second, third; /* their addresses are subscribers */

static void subscribe(struct bus *b, void *who, uint64_t token, const char *pattern)
{
    assert_int_equal(bus_subscribe(b, who, token, slice_text(pattern)), 0);
}

/* The tokens of those who hear the subject, in order: "1 2 ". */
static const char *heard(struct bus *b, const char *subject)
{
    static char text[256];
    const struct bus_hit *hits;
    size_t count, length = 0;
    assert_int_equal(bus_match(&hits, &count, b, slice_text(subject)), 0);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%llu ", (unsigned long long)hits[i].token);
    return text;
}

static void patterns_match_as_written(void **state)
{
    static const struct {
        const char *pattern, *subject;
        bool matches;
    } rows[] = {
        {"call.node-1", "call.node-1", true},
        {"call.node-1", "call.node-2", false},
        {"call.node-1", "call", false},
        {"call.node-1", "call.node-1.x", false},
        {"call.*", "call.node-1", true},
        {"call.*", "call", false},
        {"call.*", "call.a.b", false},
        {"*.a", "call.a", true},
        {"*.a", "call.b", false},
        {"*", "call", true},
        {"*", "call.a", false},
        {"dn.*.1001", "dn.home.1001", true},
        {"dn.*.1001", "dn.home.1002", false},
        {"call.>", "call.a", true},
        {"call.>", "call.a.b.c", true},
        {"call.>", "call", false},
        {">", "call", true},
        {">", "call.a.b", true},
        {"*.>", "call.a", true},
        {"*.>", "call", false},
        {"*.*", "a.b", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bus *b = bus_open();
        subscribe(b, &first, 1, rows[i].pattern);
        if ((heard(b, rows[i].subject)[0] != '\0') != rows[i].matches)
            fail_msg("%s and %s", rows[i].pattern, rows[i].subject);
        bus_close(b);
    }
}

static void hits_come_in_order_of_subscription(void **state)
{
    struct bus *b = bus_open();
    (void)state;
    subscribe(b, &first, 1, "call.>");
    subscribe(b, &second, 2, "call.a");
    subscribe(b, &first, 3, "*.a");
    subscribe(b, &third, 4, "call.*");
    subscribe(b, &third, 5, ">");
    subscribe(b, &first, 6, "call.a");
    assert_string_equal(heard(b, "call.a"), "1 2 3 4 5 6 ");
    assert_string_equal(heard(b, "call.b"), "1 4 5 ");
    subscribe(b, &first, 1, "call.a"); /* anew: it is the last one now */
    assert_string_equal(heard(b, "call.a"), "2 3 4 5 6 1 ");
    assert_string_equal(heard(b, "call.b"), "4 5 ");
    bus_close(b);
}

static void subscriptions_end(void **state)
{
    struct bus *b = bus_open();
    (void)state;
    subscribe(b, &first, 1, "a.b.c");
    subscribe(b, &second, 1, "a.b.c");
    subscribe(b, &second, 2, "a.*");
    subscribe(b, &second, 3, "a.>");
    bus_unsubscribe(b, &first, 1);
    bus_unsubscribe(b, &first, 7);
    assert_string_equal(heard(b, "a.b.c"), "1 3 ");
    assert_string_equal(heard(b, "a.b"), "2 3 ");
    bus_leave(b, &second);
    assert_string_equal(heard(b, "a.b.c"), "");
    assert_string_equal(heard(b, "a.b"), "");
    subscribe(b, &second, 2, "a.*");
    assert_string_equal(heard(b, "a.b"), "2 ");
    bus_close(b);
}

static void malformed_ones_are_refused(void **state)
{
    static const char *const patterns[] = {
        "", ".", "a.", ".a", "a..b", "a.>.b", ">.a", "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17"};
    static const char *const subjects[] = {"", "a.", ".a", "a..b", "a.*", "a.>", "*"};
    char long_text[BUS_SUBJECT + 2];
    struct bus *b = bus_open();
    const struct bus_hit *hits;
    size_t count;
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        assert_int_equal(bus_subscribe(b, &first, 1, slice_text(patterns[i])), ERROR_SYNTAX);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        assert_int_equal(bus_match(&hits, &count, b, slice_text(subjects[i])), ERROR_SYNTAX);
    memset(long_text, 'a', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(bus_subscribe(b, &first, 1, slice_text(long_text)), ERROR_SYNTAX);
    long_text[sizeof long_text - 2] = '\0';
    subscribe(b, &first, 1, long_text);
    assert_string_equal(heard(b, long_text), "1 ");
    bus_close(b);
}

TESTS("engine/bus", cmocka_unit_test(patterns_match_as_written),
    cmocka_unit_test(hits_come_in_order_of_subscription), cmocka_unit_test(subscriptions_end),
    cmocka_unit_test(malformed_ones_are_refused))
