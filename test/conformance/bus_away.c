/* The bus while its servers are killed, paused, stopped and away altogether. What is lost is lost; but order
 * holds, nothing comes twice, and it goes on by itself. */
#include <string.h>

#include "base/mem.h"
#include "bus.h"

#define BEATS 10       /* ms between messages */
#define PATIENCE 60000 /* ms */
#define GATEWAY 15000  /* ms: servers notice one after the other that one stands still */

struct flow {
    struct seat *from, *to;
    uint64_t number;
};

static struct flow flow_open(struct stage *s)
{
    stage_fault("heal all"); /* whatever the test before has left */
    struct stage *other = bus_other(s);
    struct flow f = {.from = seat_open(other, "node-1"), .to = seat_open(s, "session-1")};
    seat_subscribe(f.to, "call.node-1", 1);
    bus_settle(f.from, f.to, "call.node-1");
    return f;
}

static void flow_run(struct flow *f, int64_t milliseconds)
{
    for (int64_t i = 0; i < milliseconds; i += BEATS) {
        bus_number(f->from, "call.node-1", ++f->number);
        stage_run(f->from->stage, BEATS);
    }
}

/* Messages flow until one that was sent after this call arrives. How long that took is said, not judged: it
 * is the machine's, too. False: none has come for so many ms. */
static bool flow_comes(struct flow *f, const char *after, int64_t patience)
{
    uint64_t begun = f->number, last = 0;
    int64_t at = 0;
    for (; last <= begun && at <= patience; at += 5 * BEATS) {
        flow_run(f, 5 * BEATS);
        bus_rising(f->to, 0, &last); /* order, and nothing twice */
    }
    if (last > begun)
        fprintf(stderr, "messages flow again %lld ms after %s\n", (long long)at, after);
    return last > begun;
}

static void flow_again(struct flow *f, const char *after)
{
    if (!flow_comes(f, after, PATIENCE))
        stage_fail(__FILE__, __LINE__, "nothing has come for %d ms after %s; %s", PATIENCE, after,
            bus_condition(f->to->stage)->why);
}

static void fault_or_not_here(const char *what)
{
    if (!stage_fault("%s", what))
        stage_not_here("nothing runs beside the process");
}

static unsigned servers(void)
{
    return (unsigned)stage_params.bus.count;
}

static void a_member_killed_is_replaced(struct stage *s)
{
    struct flow f = flow_open(s);
    if (servers() < 3)
        stage_not_here("it has one server");
    for (unsigned i = 0; i < servers(); i++) {
        flow_run(&f, 100);
        stage_fault("kill %u", i);
        flow_again(&f, "a kill");
        stage_fault("start %u", i);
        flow_run(&f, 500); /* routes are there again */
    }
    CHECK(!bus_condition(s)->away);
}

/* A gateway notices only by its pings that the other end stands still, and sends none while it has messages
 * to send: then they wait until that server goes on, or ends (docs/guide/bus.md). */
static void a_member_that_stops_answering_is_left(struct stage *s)
{
    struct flow f = flow_open(s);
    bool gateway = stage_is("nats-gateway");
    if (servers() < 3)
        stage_not_here("it has one server");
    for (unsigned i = 0; i < servers(); i++) {
        flow_run(&f, 100);
        stage_fault("pause %u", i);
        bool left = flow_comes(&f, "a pause", gateway ? GATEWAY : PATIENCE);
        CHECK(left || gateway);
        stage_fault("resume %u", i);
        if (!left)
            flow_again(&f, "its end");
        flow_run(&f, 1000);
    }
}

/* Half of the servers are told to stop: who is there goes elsewhere before. */
static void a_member_that_is_stopped_is_left_at_once(struct stage *s)
{
    struct flow f = flow_open(s);
    if (servers() < 3)
        stage_not_here("it has one server");
    stage_fault("stop 0");
    flow_again(&f, "a stop");
    stage_fault("kill 0");
    flow_again(&f, "its end");
    stage_fault("start 0");
}

static void all_away_is_said_and_over_when_it_is_over(struct stage *s)
{
    struct flow f = flow_open(s);
    fault_or_not_here("kill all");
    STAGE_UNTIL(s, bus_condition(s)->away, STAGE_PATIENCE);
    CHECK(strstr(bus_condition(s)->why, "cannot be reached") != NULL);
    size_t heard = f.to->note_count;
    flow_run(&f, 3000); /* what is published meanwhile is dropped after two seconds */
    CHECK_SAME(f.to->note_count, heard);
    stage_fault("start all");
    flow_again(&f, "a start");
    STAGE_UNTIL(s, !bus_condition(s)->away, STAGE_PATIENCE);
    CHECK(f.from->world->counters.values[COUNTER_BUS_DROPPED] > 0);
}

static void a_process_starts_while_the_bus_is_away(struct stage *s)
{
    stage_fault("heal all");
    fault_or_not_here("kill all");
    stage_restart(s);
    struct seat *a = seat_open(s, "session-1");
    seat_subscribe(a, "call.>", 1);
    STAGE_UNTIL(s, bus_condition(s)->away, STAGE_PATIENCE);
    stage_fault("start all");
    bus_settle(a, a, "call.a");
    STAGE_UNTIL(s, !bus_condition(s)->away, STAGE_PATIENCE);
}

/* All servers stand still under load: bounded memory, and it goes on. */
static void servers_that_stand_still_cost_bounded_memory(struct stage *s)
{
    static char bytes[4096];
    struct flow f = flow_open(s);
    fault_or_not_here("pause all");
    for (int i = 0; i < 15000; i++) { /* 60 MB */
        seat_publish(f.from, "call.other", slice_of(bytes, sizeof bytes));
        if (i % 64 == 0)
            real__round(f.from->stage->loop, 0);
    }
    size_t held = mem_live_bytes();
    stage_fault("resume all");
    if (held > (size_t)64 << 20)
        stage_fail(__FILE__, __LINE__, "%zu bytes are held", held);
    flow_again(&f, "standing still");
    CHECK(f.from->world->counters.values[COUNTER_BUS_DROPPED] > 0);
}

CONFORMANCE("bus", CONFORMANCE_TEST(a_member_killed_is_replaced),
    CONFORMANCE_TEST(a_member_that_stops_answering_is_left),
    CONFORMANCE_TEST(a_member_that_is_stopped_is_left_at_once),
    CONFORMANCE_TEST(all_away_is_said_and_over_when_it_is_over),
    CONFORMANCE_TEST(a_process_starts_while_the_bus_is_away),
    CONFORMANCE_TEST(servers_that_stand_still_cost_bounded_memory))
