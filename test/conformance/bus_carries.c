/* The bus: who hears what, in which order, and what it does not carry. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bus.h"

struct pair {
    struct seat *from, *to;
};

/* A publisher in another process, where there can be one, and a subscriber. */
static struct pair two(struct stage *s)
{
    struct stage *other = bus_other(s);
    return (struct pair){seat_open(other, "node-1"), seat_open(s, "session-1")};
}

#define UNTIL_NOTES(seat, wanted, count)                                                                     \
    STAGE_UNTIL((seat)->stage, (seat)->note_count >= (wanted) + (count), 20000)

static void a_subscriber_hears_what_its_pattern_says(struct stage *s)
{
    struct pair p = two(s);
    seat_subscribe(p.to, "call.*", 1);
    seat_subscribe(p.to, "dn.>", 2);
    seat_subscribe(p.to, "ctl.node.node-1", 3);
    seat_subscribe(p.to, "end", 4);
    bus_settle(p.from, p.to, "end");
    bus_settle(p.from, p.to, "dn.settle");
    bus_settle(p.from, p.to, "call.settle");
    size_t before = p.to->note_count;
    static const char *const subjects[] = {"call", "call.a", "call.a.b", "dn", "dn.north", "dn.north.1001",
        "ctl.node", "ctl.node.node-1", "ctl.node.node-1.x", "ctl.node.node-2", "end"};
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        seat_publish(p.from, subjects[i], SLICE("x"));
    UNTIL_NOTES(p.to, before, 5);
    stage_run(s, 50);
    const char *notes = bus_notes(p.to, before);
    if (strcmp(notes, "1:call.a=x 2:dn.north=x 2:dn.north.1001=x 3:ctl.node.node-1=x 4:end=x ") != 0)
        stage_fail(__FILE__, __LINE__, "it heard %s", notes);
}

static void each_subscription_that_matches_hears_it(struct stage *s)
{
    struct seat *a = seat_open(s, "session-1"), *b = seat_open(s, "session-2");
    seat_subscribe(a, "call.*", 1);
    seat_subscribe(a, "call.>", 2);
    seat_subscribe(b, "call.x", 1);
    bus_settle(a, b, "call.x");
    size_t at_a = a->note_count, at_b = b->note_count;
    seat_publish(a, "call.x", SLICE("1"));
    UNTIL_NOTES(a, at_a, 2);
    UNTIL_NOTES(b, at_b, 1);
    stage_run(s, 50);
    CHECK_SAME(a->note_count, at_a + 2);
    CHECK_SAME(b->note_count, at_b + 1);
}

static void a_publisher_hears_itself(struct stage *s)
{
    struct seat *a = seat_open(s, "session-1");
    seat_subscribe(a, "live.>", 7);
    seat_publish(a, "live.node-1", SLICE("own")); /* nothing overtakes a subscription made before */
    UNTIL_NOTES(a, 0, 1);
    CHECK(strcmp(bus_notes(a, 0), "7:live.node-1=own ") == 0);
}

static void one_publisher_is_heard_in_order_over_all_subjects(struct stage *s)
{
    static const char *const subjects[] = {"call.node-1", "live.node-1", "ctl.session.session-1.calls"};
    struct pair p = two(s);
    uint64_t last, count = 30000;
    seat_subscribe(p.to, "call.>", 1);
    seat_subscribe(p.to, "live.>", 2);
    seat_subscribe(p.to, "ctl.session.session-1.*", 3);
    for (int i = 0; i < 3; i++)
        bus_settle(p.from, p.to, subjects[i]);
    size_t before = p.to->note_count;
    for (uint64_t i = 1; i <= count; i++) {
        bus_number(p.from, subjects[i % 3], i);
        if (i % 1000 == 0)
            stage_run(s, 1);
    }
    UNTIL_NOTES(p.to, before, count);
    CHECK_SAME(bus_rising(p.to, before, &last), count);
}

static void the_same_token_again_replaces_the_subscription(struct stage *s)
{
    struct pair p = two(s);
    seat_subscribe(p.to, "call.a", 1);
    seat_subscribe(p.to, "call.c", 2);
    bus_settle(p.from, p.to, "call.a");
    seat_subscribe(p.to, "call.b", 1);
    seat_subscribe(p.to, "call.b", 1); /* and the same once more is the same */
    bus_settle(p.from, p.to, "call.b");
    bus_settle(p.from, p.to, "call.c");
    size_t before = p.to->note_count;
    seat_publish(p.from, "call.a", SLICE("gone"));
    seat_publish(p.from, "call.b", SLICE("here"));
    seat_publish(p.from, "call.c", SLICE("end"));
    UNTIL_NOTES(p.to, before, 2);
    stage_run(s, 50);
    CHECK(strcmp(bus_notes(p.to, before), "1:call.b=here 2:call.c=end ") == 0);
}

static void who_has_left_hears_nothing(struct stage *s)
{
    struct pair p = two(s);
    struct seat *leaver = seat_open(s, "session-2");
    seat_subscribe(leaver, "call.>", 1);
    seat_subscribe(p.to, "call.>", 1);
    bus_settle(p.from, leaver, "call.a");
    bus_settle(p.from, p.to, "call.a");
    size_t before = p.to->note_count;
    seat_publish(p.from, "call.a", SLICE("on its way"));
    seat_close(leaver);
    struct seat *next = seat_open(s, "session-2");
    seat_publish(p.from, "call.a", SLICE("after"));
    UNTIL_NOTES(p.to, before, 2);
    stage_run(s, 50);
    CHECK_SAME(next->note_count, 0);
}

static void what_is_no_subject_goes_nowhere(struct stage *s)
{
    static const char *const bad[] = {"", ".", "a..b", ".a", "a.", "a b", "a\tb", "a\r\nPUB x 1\r\nx\r\n",
        "a.>", "a.*", "*", ">", "a.\x7f"};
    struct pair p = two(s);
    seat_subscribe(p.to, ">", 1);
    seat_subscribe(p.to, "a..b", 2);
    seat_subscribe(p.to, "a.>.b", 3);
    seat_subscribe(p.to, "a b", 4);
    seat_subscribe(p.to, "a\r\nSUB > 9\r\n", 5);
    seat_subscribe(p.to, "", 6);
    bus_settle(p.from, p.to, "end");
    size_t before = p.to->note_count;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        seat_publish(p.from, bad[i], SLICE("x"));
    seat_publish(p.from, "end", SLICE("x"));
    UNTIL_NOTES(p.to, before, 1);
    stage_run(s, 50);
    CHECK(strcmp(bus_notes(p.to, before), "1:end=x ") == 0);
}

static void any_bytes_arrive_as_they_are(struct stage *s)
{
    static const size_t sizes[] = {0, 1, 255, 65536, 1000000, 4000000};
    struct pair p = two(s);
    char *bytes = malloc(sizes[5]);
    seat_subscribe(p.to, "call.a", 1);
    bus_settle(p.from, p.to, "call.a");
    for (size_t i = 0; i < sizes[5]; i++)
        bytes[i] = (char)(i * 2654435761U >> 13);
    bool same = true;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t before = p.to->note_count;
        struct slice sent = slice_of(bytes, sizes[i]);
        seat_publish(p.from, "call.a", sent);
        for (int wait = 0; wait < 5000 && p.to->note_count == before; wait++)
            stage_run(s, 2);
        const struct note *n = seat_note(p.to, before);
        same &= n != NULL && slice_equal(n->bytes, sent);
    }
    free(bytes);
    CHECK(same);
}

static void an_answer_finds_who_asked(struct stage *s)
{
    struct pair p = two(s);
    seat_subscribe(p.from, "ctl.config", 1);
    seat_subscribe(p.to, "ctl.session.session-1.config", 2);
    bus_settle(p.to, p.from, "ctl.config");
    bus_settle(p.from, p.to, "ctl.session.session-1.config");
    for (uint64_t i = 1; i <= 200; i++) {
        size_t asked = p.from->note_count, answered = p.to->note_count;
        bus_number(p.to, "ctl.config", i);
        STAGE_UNTIL(s, p.from->note_count > asked, STAGE_PATIENCE);
        bus_number(p.from, "ctl.session.session-1.config", i);
        STAGE_UNTIL(s, p.to->note_count > answered, STAGE_PATIENCE);
    }
}

/* One that takes nothing for a while costs bounded memory, loses, is told so by its counter, and goes on. */
static void who_is_too_slow_loses_and_goes_on(struct stage *s)
{
    struct pair p = two(s);
    static char bytes[4096];
    size_t count = 40000; /* 160 MB */
    seat_subscribe(p.to, "call.a", 1);
    bus_settle(p.from, p.to, "call.a");
    size_t before = p.to->note_count;
    for (size_t i = 0; i < count; i++) {
        seat_publish(p.from, "call.a", slice_of(bytes, sizeof bytes));
        if (p.from->stage != s && i % 16 == 0)
            real__round(p.from->stage->loop, 500);
    }
    if (mem_live_bytes() > (size_t)300 << 20)
        stage_fail(__FILE__, __LINE__, "%zu bytes are held", mem_live_bytes());
    bus_settle(p.from, p.to, "call.a");
    uint64_t dropped = p.to->world->counters.values[COUNTER_BUS_DROPPED] +
                       p.from->world->counters.values[COUNTER_BUS_DROPPED];
    CHECK(dropped > 0);
    CHECK(p.to->note_count - before > 1000);
    CHECK(p.to->note_count - before + dropped >= count);
}

CONFORMANCE("bus", CONFORMANCE_TEST(a_subscriber_hears_what_its_pattern_says),
    CONFORMANCE_TEST(each_subscription_that_matches_hears_it), CONFORMANCE_TEST(a_publisher_hears_itself),
    CONFORMANCE_TEST(one_publisher_is_heard_in_order_over_all_subjects),
    CONFORMANCE_TEST(the_same_token_again_replaces_the_subscription),
    CONFORMANCE_TEST(who_has_left_hears_nothing), CONFORMANCE_TEST(what_is_no_subject_goes_nowhere),
    CONFORMANCE_TEST(any_bytes_arrive_as_they_are), CONFORMANCE_TEST(an_answer_finds_who_asked),
    CONFORMANCE_TEST(who_is_too_slow_loses_and_goes_on))
