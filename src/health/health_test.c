#include "health/metrics.h"

#include "wire/health.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

#include "unit.h"

struct process {
    struct world worlds[2];
    struct health_instance instances[2];
    struct health_part parts[1];
    struct health_member member;
};

static void make(struct process *p)
{
    *p = (struct process){.member = {.name = SLICE("host-1"),
                              .version = "1.0",
                              .started_at = 1000000,
                              .sent_at = 3000000,
                              .parts = p->parts,
                              .part_count = 1,
                              .instances = p->instances,
                              .instance_count = 2,
                              .disk_size = 1000,
                              .disk_free = 10}};
    p->parts[0] = (struct health_part){.what = "store", .away = true, .since = 2, .why = "nobody listens"};
    p->instances[0] = (struct health_instance){
        .name = SLICE("proxy-1"), .role = SLICE("proxy"), .location = SLICE("home"), .world = &p->worlds[0]};
    p->instances[1] = (struct health_instance){
        .name = SLICE("a\"\\b\n"), .role = SLICE("node"), .location = SLICE("home"), .world = &p->worlds[1]};
}

/* CF-10 */
static void a_report_says_what_instances_say(void **state)
{
    (void)state;
    struct process p;
    struct buffer out = {0};
    struct arena arena = {0};
    make(&p);
    p.worlds[0].now = 2500000;
    world_state(&p.worlds[0], WORLD_DEGRADED, "no pair of nodes can be reached");
    world_count(&p.worlds[0], COUNTER_CALLS, 7);
    world_gauge(&p.worlds[0], GAUGE_CALLS, 3);
    health_report(&out, &p.member);
    Tandem__HealthReport *r = pack_read(&tandem__health_report__descriptor, buffer_slice(&out), &arena);
    assert_non_null(r);
    assert_string_equal(r->member, "host-1");
    assert_int_equal(r->n_instances, 2);
    assert_string_equal(r->instances[0]->state, "degraded");
    assert_string_equal(r->instances[0]->why, "no pair of nodes can be reached");
    assert_int_equal(r->instances[0]->since, 2500000);
    assert_int_equal(r->instances[0]->n_counters, 1);
    assert_string_equal(r->instances[0]->counters[0]->name, "calls_total");
    assert_int_equal(r->instances[0]->counters[0]->value, 7);
    assert_int_equal(r->instances[0]->n_gauges, 1);
    assert_string_equal(r->instances[1]->state, "starting");
    assert_int_equal(r->instances[1]->since, 1000000); /* of the process */
    assert_true(r->parts[0]->away);
    assert_int_equal(r->disk_free, 10);
    assert_false(r->has_certificate_until);
    arena_free(&arena);
    buffer_free(&out);
}

static void changes_are_seen_and_repetitions_are_not(void **state)
{
    (void)state;
    struct process p;
    make(&p);
    uint64_t before = health_changes(&p.member);
    world_state(&p.worlds[0], WORLD_STARTING, "");
    assert_true(health_changes(&p.member) == before);
    world_state(&p.worlds[0], WORLD_STARTING, "reads");
    assert_true(health_changes(&p.member) != before);
    before = health_changes(&p.member);
    p.parts[0].away = false;
    assert_true(health_changes(&p.member) != before);
    before = health_changes(&p.member);
    p.member.instance_count = 1;
    assert_true(health_changes(&p.member) != before);
}

/* CF-11: ready is who has begun to work, with whatever it lacks. */
static void ready_is_when_nobody_is_starting(void **state)
{
    (void)state;
    struct process p;
    make(&p);
    assert_false(health_ready(&p.member));
    world_state(&p.worlds[0], WORLD_READY, "");
    assert_false(health_ready(&p.member));
    world_state(&p.worlds[1], WORLD_DEGRADED, "alone");
    assert_true(health_ready(&p.member));
}

static void who_drains_says_nothing_else_any_more(void **state)
{
    (void)state;
    struct world w = {.now = 5};
    world_state(&w, WORLD_READY, "");
    world_state(&w, WORLD_DRAINING, "takes no new work");
    world_state(&w, WORLD_READY, "");
    assert_int_equal(world_condition(&w), WORLD_DRAINING);
    char why[WORLD_WHY * 2];
    memset(why, 'x', sizeof why);
    why[sizeof why - 1] = '\0';
    w = (struct world){.now = 5};
    world_state(&w, WORLD_DEGRADED, why);
    assert_int_equal(strlen(w.condition.why), WORLD_WHY - 1);
}

static bool has(const struct buffer *out, const char *line)
{
    return slice_find_slice(buffer_slice(out), slice_text(line)) >= 0;
}

/* OPS-10 */
static void metrics_are_what_prometheus_reads(void **state)
{
    (void)state;
    struct process p;
    struct buffer out = {0};
    make(&p);
    struct health_process q = {
        .rounds = 12, .busy = 1500000, .output = 77, .threads = {{"pool", 0.25}}, .thread_count = 1};
    world_count(&p.worlds[0], COUNTER_CALLS, 7);
    world_gauge(&p.worlds[1], GAUGE_CALLS, 3);
    health_metrics(&out, &p.member, &q);
    assert_true(has(&out, "# HELP tandem_calls_total calls begun\n# TYPE tandem_calls_total counter\n"
                          "tandem_calls_total{role=\"proxy\",instance_name=\"proxy-1\"} 7\n"));
    assert_true(has(&out, "tandem_calls{role=\"node\",instance_name=\"a\\\"\\\\b\\n\"} 3\n"));
    assert_true(has(&out, "tandem_build_info{version=\"1.0\",member=\"host-1\"} 1\n"));
    assert_true(has(&out, "tandem_engine_away{engine=\"store\"} 1\n"));
    assert_true(has(&out, "tandem_loop_busy_seconds_total 1.500000\n"));
    assert_true(has(&out, "tandem_queued_bytes{queue=\"output\"} 77\n"));
    assert_true(has(&out, "tandem_thread_cpu_seconds_total{thread=\"pool\"} 0.250000\n"));
    assert_true(
        has(&out, "tandem_instance_state{role=\"proxy\",instance_name=\"proxy-1\",state=\"starting\"} 1\n"));
    assert_false(has(&out, "tandem_certificate_end_seconds"));
    assert_int_equal(out.data[out.length - 1], '\n');
    buffer_free(&out);
}

/* VC-8: what is measured of each trunk has its name as a label; text of people cannot break a line. */
static void measures_have_labels(void **state)
{
    (void)state;
    struct process p;
    struct buffer out = {0};
    make(&p);
    world_measure(&p.worlds[0], MEASURE_TRUNK_CALLS, "a\"b", NULL, 3);
    world_measure(&p.worlds[0], MEASURE_TRUNK_LOST, "carrier-1", "full", 2);
    health_metrics(&out, &p.member, &(struct health_process){.rounds = 1});
    buffer_add_byte(&out, '\0');
    assert_non_null(strstr(out.data, ",trunk=\"a\\\"b\"} 3\n"));
    assert_non_null(strstr(out.data, ",trunk=\"carrier-1\",reason=\"full\"} 2\n"));
    buffer_free(&out);
    measure_free(&p.worlds[0].measures);
}

TESTS("health", cmocka_unit_test(measures_have_labels), cmocka_unit_test(a_report_says_what_instances_say),
    cmocka_unit_test(changes_are_seen_and_repetitions_are_not),
    cmocka_unit_test(ready_is_when_nobody_is_starting),
    cmocka_unit_test(who_drains_says_nothing_else_any_more),
    cmocka_unit_test(metrics_are_what_prometheus_reads))
