#include "roles/control/control_fixture.h"

#include "base/error.h"

#include "unit.h"

#define SECOND INT64_C(1000000)
#define ALL_OK 7U /* instances */

static unsigned count(const struct tower *t, const char *text)
{
    unsigned found = 0;
    for (const char *at = t->body.data; at != NULL && (at = strstr(at, text)) != NULL; at++)
        found++;
    return found;
}

/* CF-10 */
static void status_shows_what_is_configured_and_how_it_is(void **state)
{
    (void)state;
    struct tower t;
    tower_open(&t, 1, 0);
    tower_ask(&t, "agent", "GET", "/api/status");
    assert_int_equal(t.status, 200);
    assert_int_equal(t.answers, 2); /* each control knows it */
    assert_int_equal(count(&t, "\"health\":\"ok\",\"member\":"), ALL_OK);
    assert_true(
        tower_said(&t, "{\"role\":\"node\",\"name\":\"node-1a\",\"location\":\"home\",\"pair\":\"node-1\","
                       "\"health\":\"ok\",\"member\":\"host-1\",\"state\":\"ready\""));
    assert_true(tower_said(&t, "\"alarms\":{\"critical\":0,\"major\":0,\"minor\":0,\"unacknowledged\":0}"));
    tower_say(&t, "proxy-2", WORLD_DEGRADED, "no pair of nodes can be reached");
    tower_run(&t, 2 * SECOND);
    tower_ask(&t, "agent", "GET", "/api/status");
    assert_true(tower_said(&t, "\"name\":\"proxy-2\",\"location\":\"home\",\"health\":\"degraded\""));
    assert_true(tower_said(&t, "\"why\":\"no pair of nodes can be reached\""));
    tower_close(&t);
}

/* CF-10: raised once, cleared once, both kept. */
static void a_dead_process_raises_one_alarm_for_each_instance(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm instance-down raised: proxy-2");
    tower_open(&t, 2, 0);
    sim_kill(t.sim, t.processes[2].instance, false);
    tower_run(&t, 5 * SECOND);
    const struct control_alarm *a = tower_alarm(&t, CONTROL_ALARM_INSTANCE_DOWN, "proxy-2");
    assert_non_null(a);
    assert_true(strstr(a->text, "host-3 is not heard any more") != NULL);
    assert_int_equal(tower_raised(&t), 1);
    assert_int_equal(t.told, 1);
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", true), 1);
    tower_ask(&t, "agent", "GET", "/api/status");
    assert_true(tower_said(&t, "\"name\":\"proxy-2\",\"location\":\"home\",\"health\":\"down\""));
    tower_run(&t, 60 * SECOND);
    assert_int_equal(t.told, 1);
    sim_restart(t.sim, t.processes[2].instance);
    tower_run(&t, 20 * SECOND);
    assert_null(tower_alarm(&t, CONTROL_ALARM_INSTANCE_DOWN, "proxy-2"));
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_RESTARTED, "host-3"));
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", false), 1);
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", true), 0);
    assert_int_equal(t.told, 3);
    tower_run(&t, 400 * SECOND);
    assert_int_equal(tower_raised(&t), 0);
    tower_close(&t);
}

static void what_is_wrong_for_a_moment_is_not_told(void **state)
{
    (void)state;
    struct tower t;
    tower_open(&t, 3, 0);
    for (int i = 0; i < 20; i++) {
        tower_say(&t, "proxy-2", i % 2 == 0 ? WORLD_DEGRADED : WORLD_READY, "now and then");
        tower_run(&t, 10 * SECOND);
    }
    assert_int_equal(t.told, 0);
    /* One that comes and goes stays raised. */
    tower_say(&t, "proxy-2", WORLD_DEGRADED, "for long");
    tower_run(&t, 40 * SECOND);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_INSTANCE_DEGRADED, "proxy-2"));
    for (int i = 0; i < 10; i++) {
        tower_say(&t, "proxy-2", WORLD_READY, "");
        tower_run(&t, 3 * SECOND);
        tower_say(&t, "proxy-2", WORLD_DEGRADED, "again");
        tower_run(&t, 3 * SECOND);
    }
    assert_int_equal(t.told, 1);
    tower_close(&t);
}

static void pairs_are_watched(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm pair-down raised: node-1");
    tower_open(&t, 4, 0);
    tower_say(&t, "node-1a", WORLD_DEGRADED, "primary without a backup");
    tower_say(&t, "node-1b", WORLD_STARTING, "copies the state of the primary");
    tower_run(&t, 10 * SECOND);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_PAIR_ALONE, "node-1"));
    assert_int_equal(tower_raised(&t), 1);
    tower_world(&t, "node-1a")->gauges.values[GAUGE_PAIR_PRIMARY] = 0;
    tower_run(&t, 10 * SECOND);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_PAIR_DOWN, "node-1"));
    tower_world(&t, "node-1b")->gauges.values[GAUGE_PAIR_PRIMARY] = 1;
    tower_say(&t, "node-1b", WORLD_READY, "primary, in step with its backup");
    tower_say(&t, "node-1a", WORLD_READY, "backup, in step");
    tower_run(&t, 15 * SECOND);
    assert_int_equal(tower_raised(&t), 0);
    tower_close(&t);
}

static void processes_are_watched(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm certificate-over raised: host-3");
    unit_expect_error("alarm engine-away raised: store");
    tower_open(&t, 5, 0);
    struct tower_process *p = &t.processes[2];
    p->clock = -2 * SECOND;
    p->disk_free = p->disk_size / 50;
    p->version = "1.1";
    p->parts[2] = (struct health_part){.what = "store", .away = true, .since = 1, .why = "nobody listens"};
    p->certificate_until = sim_now(t.sim) + 60 * SECOND;
    p->configuration = 5;
    tower_world(&t, "history-1")->gauges.values[GAUGE_HISTORY_STUCK] = 1;
    tower_world(&t, "proxy-1")->gauges.values[GAUGE_CONFIG_CHANGE] = 6;
    tower_run(&t, 45 * SECOND);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_CLOCK_DIFFERS, "host-3"));
    assert_true(strstr(tower_alarm(&t, CONTROL_ALARM_CLOCK_DIFFERS, "host-3")->text, "behind") != NULL);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_DISK_FULL, "host-3"));
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_VERSIONS_DIFFER, "home"));
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_CERTIFICATE_SOON, "host-3"));
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_CONFIGURATION_OLD, "host-3"));
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_HISTORY_BEHIND, "history-1"));
    const struct control_alarm *a = tower_alarm(&t, CONTROL_ALARM_ENGINE_AWAY, "store");
    assert_non_null(a);
    assert_string_equal(a->text, "the store is away for 1 of 3 processes, such as host-3: nobody listens");
    tower_run(&t, 30 * SECOND);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_CERTIFICATE_OVER, "host-3"));
    assert_null(tower_alarm(&t, CONTROL_ALARM_CERTIFICATE_SOON, "host-3"));
    tower_close(&t);
}

static void alarms_are_acknowledged_by_those_who_may(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm instance-down raised: proxy-2");
    tower_open(&t, 6, 0);
    sim_kill(t.sim, t.processes[2].instance, false);
    tower_run(&t, 5 * SECOND);
    tower_ask(&t, "agent", "GET", "/api/alarms");
    assert_int_equal(t.status, 403);
    tower_ask(&t, "supervisor", "GET", "/api/alarms");
    assert_int_equal(t.status, 200);
    assert_true(tower_said(&t, "{\"location\":\"home\",\"alarms\":[{\"id\":1,\"alarm\":\"instance-down\","
                               "\"severity\":\"critical\",\"object\":\"proxy-2\""));
    assert_false(tower_said(&t, "acknowledged"));
    tower_ask(&t, "agent", "POST", "/api/alarms/1/acknowledge");
    assert_int_equal(t.status, 403);
    tower_ask(&t, "supervisor", "POST", "/api/alarms/1/acknowledge");
    assert_int_equal(t.status, 200);
    assert_int_equal(t.answers, 1); /* of the one that leads */
    tower_ask(&t, "supervisor", "GET", "/api/alarms");
    assert_int_equal(t.answers, 2);
    assert_true(tower_said(&t, "\"acknowledged_by\":\"grace\""));
    tower_ask(&t, "supervisor", "GET", "/api/alarms?history=true&limit=1");
    assert_int_equal(t.status, 200);
    assert_true(tower_said(&t, "\"acknowledged_by\":\"grace\""));
    static const char *const bad[] = {"/api/alarms/2/acknowledge", "/api/alarms/x/acknowledge",
        "/api/alarms//acknowledge", "/api/alarms/18446744073709551616/acknowledge",
        "/api/alarms/0/acknowledge"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tower_ask(&t, "administrator", "POST", bad[i]);
        assert_int_equal(t.status, 404);
    }
    static const char *const worse[] = {
        "/api/alarms?limit=0", "/api/alarms?limit=201", "/api/alarms?before=x", "/api/alarms?color=red"};
    for (size_t i = 0; i < sizeof worse / sizeof worse[0]; i++) {
        tower_ask(&t, "administrator", "GET", worse[i]);
        assert_int_equal(t.status, 400);
    }
    tower_ask(&t, "administrator", "DELETE", "/api/alarms/1");
    assert_int_equal(t.status, 404);
    tower_close(&t);
}

static void the_next_one_that_leads_goes_on_with_the_same_alarms(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm instance-down raised: proxy-2");
    unit_expect_error("alarm instance-down raised: ");
    unit_expect_error("alarm pair-down raised: node-1");
    tower_open(&t, 7, 0);
    tower_world(&t, "node-1b")->gauges.values[GAUGE_PAIR_PRIMARY] = 0;
    sim_kill(t.sim, t.processes[2].instance, false);
    tower_run(&t, 6 * SECOND);
    tower_ask(&t, "supervisor", "POST", "/api/alarms/1/acknowledge");
    const struct control *first = tower_leader(&t);
    unsigned n = first == sim_self(t.controls[0]) ? 0 : 1;
    sim_kill(t.sim, t.controls[n], false);
    sim_kill(t.sim, t.processes[n].instance, false);
    tower_run(&t, 12 * SECOND);
    assert_ptr_equal(tower_leader(&t), sim_self(t.controls[1 - n]));
    const struct control_alarm *a = tower_alarm(&t, CONTROL_ALARM_INSTANCE_DOWN, "proxy-2");
    assert_non_null(a);
    assert_int_equal(a->id, 1);
    assert_string_equal(a->acknowledged_by, "grace");
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", false), 1);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_INSTANCE_DOWN, n == 0 ? "control-1" : "control-2"));
    tower_close(&t);
}

/* A control without its bus hears nobody: it must not say that all are down. */
static void one_that_hears_nobody_judges_nobody(void **state)
{
    (void)state;
    struct tower t;
    tower_open(&t, 8, 0);
    const struct control *first = tower_leader(&t);
    unsigned site = first == sim_self(t.controls[0]) ? 1 : 2;
    sim_cut(t.sim, 0, site, true);
    tower_run(&t, 3500000);
    assert_int_equal(t.told, 0);
    struct control *c = sim_self(t.controls[site - 1]);
    tower_run(&t, SECOND);
    assert_true(c->deaf);
    assert_int_equal(map_count(&c->alarms), 0);
    sim_cut(t.sim, 0, site, false);
    tower_run(&t, 5 * SECOND);
    assert_false(c->deaf);
    tower_close(&t);
}

static void one_that_slept_listens_before_it_judges(void **state)
{
    (void)state;
    struct tower t;
    tower_open(&t, 9, 0);
    for (unsigned n = 0; n < 2; n++)
        sim_pause(t.sim, t.controls[n], sim_now(t.sim) + 30 * SECOND);
    tower_run(&t, 60 * SECOND);
    assert_int_equal(t.told, 0);
    assert_int_equal(tower_raised(&t), 0);
    tower_close(&t);
}

/* RP-9: nothing is lost while the store is away. */
static void alarms_wait_for_a_store_that_is_away(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm instance-down raised: proxy-2");
    tower_open(&t, 10, 0);
    int64_t until = sim_now(t.sim) + 60 * SECOND;
    sim_weather(t.sim, SIM_FAULT_STORE_FAILING, until);
    sim_weather(t.sim, SIM_FAULT_STORE_DOUBTFUL, until);
    sim_kill(t.sim, t.processes[2].instance, false);
    tower_run(&t, 5 * SECOND);
    assert_non_null(tower_alarm(&t, CONTROL_ALARM_INSTANCE_DOWN, "proxy-2"));
    sim_restart(t.sim, t.processes[2].instance);
    tower_run(&t, 10 * SECOND);
    assert_null(tower_alarm(&t, CONTROL_ALARM_INSTANCE_DOWN, "proxy-2"));
    tower_run(&t, 60 * SECOND);
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", false), 1);
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", true), 0);
    assert_true(list_empty(&tower_leader(&t)->unsaved));
    tower_close(&t);
}

static void the_configuration_says_who_should_be_there(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm instance-down raised: proxy-2");
    tower_open(&t, 11, 0);
    sim_kill(t.sim, t.processes[2].instance, false);
    tower_run(&t, 6 * SECOND);
    assert_int_equal(tower_raised(&t), 1);
    struct config_builder *b = config_builder_new();
    struct buffer complaint = {0};
    struct configuration *before = t.configuration;
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = SLICE("home")});
    config_builder_application(b,
        &(struct config_application){.name = SLICE("control-1"), .role = CONFIG_ROLE_CONTROL}, SLICE("home"));
    config_builder_application(b,
        &(struct config_application){.name = SLICE("control-2"), .role = CONFIG_ROLE_CONTROL}, SLICE("home"));
    assert_int_equal(config_builder_end(&t.configuration, b, &complaint), 0);
    sim_configure(t.sim, t.configuration);
    tower_run(&t, 10 * SECOND);
    config_release(before);
    assert_int_equal(tower_raised(&t), 0);
    tower_ask(&t, "agent", "GET", "/api/status");
    assert_false(tower_said(&t, "proxy-2"));
    tower_close(&t);
}

/* A request of one that leads no longer may arrive late: the store itself refuses it. */
static void an_earlier_one_that_leads_writes_nothing_any_more(void **state)
{
    (void)state;
    struct tower t;
    unit_expect_error("alarm ");
    tower_open(&t, 20, 0);
    unsigned n = tower_leader(&t) == sim_self(t.controls[0]) ? 0 : 1;
    struct control *first = sim_self(t.controls[n]), *second = sim_self(t.controls[1 - n]);
    uint64_t number = first->lead;
    sim_kill(t.sim, t.processes[2].instance, false);
    tower_run(&t, 6 * SECOND);
    sim_pause(t.sim, t.controls[n], sim_now(t.sim) + 20 * SECOND);
    tower_run(&t, 30 * SECOND);
    assert_false(first->leads);
    assert_true(second->leads && second->lead > number);
    assert_int_equal(tower_rows(&t, "instance-down", "proxy-2", false), 1);
    /* As if what it had under way came only now. */
    struct control_alarm *a = control__alarm(first, CONTROL_ALARM_INSTANCE_DOWN, SLICE("proxy-2"));
    assert_int_equal(a->id, 1); /* it has heard the number from the other one */
    first->leads = true;
    first->lead = number;
    first->keep = KEEP_ST_WRITING;
    a->acknowledged_at = 1;
    strcpy(a->acknowledged_by, "ghost");
    list_append(&first->unsaved, &a->unsaved);
    control__ask_write(first);
    world_turn_end(sim_world(t.controls[n]));
    tower_run(&t, 3 * SECOND);
    assert_int_equal(first->keep, KEEP_ST_WAITING);
    first->leads = false;
    tower_ask(&t, "supervisor", "GET", "/api/alarms?history=true");
    assert_int_equal(t.answers, 1);
    assert_true(tower_said(&t, "\"object\":\"proxy-2\""));
    assert_false(tower_said(&t, "ghost"));
    tower_close(&t);
}

/* CF-10 RP-9: whatever happens to processes, controls, network and engines: what is wrong is told once, what
 * is well again is cleared, and the history makes sense. */
static void alarms_survive_all_faults(void **state)
{
    (void)state;
    unsigned rows = 0;
    unit_expect_error("alarm ");
    for (uint64_t seed = 100; seed < 130; seed++) {
        struct tower t;
        tower_open(&t, seed, SIM_FAULT_ALL & ~SIM_FAULT_BIT(SIM_FAULT_SKEW));
        sim_plan(t.sim, sim_now(t.sim) + 300 * SECOND);
        tower_run(&t, 300 * SECOND);
        tower_run(&t, 400 * SECOND);
        assert_non_null(tower_leader(&t));
        assert_int_equal(tower_raised(&t), 0);
        assert_true(list_empty(&tower_leader(&t)->unsaved));
        rows += tower_check_rows(&t);
        tower_ask(&t, "agent", "GET", "/api/status");
        assert_int_equal(count(&t, "\"health\":\"ok\",\"member\":"), ALL_OK);
        tower_close(&t);
    }
    assert_true(rows > 100); /* something has happened */
}

TESTS("roles/control", cmocka_unit_test(status_shows_what_is_configured_and_how_it_is),
    cmocka_unit_test(a_dead_process_raises_one_alarm_for_each_instance),
    cmocka_unit_test(what_is_wrong_for_a_moment_is_not_told), cmocka_unit_test(pairs_are_watched),
    cmocka_unit_test(processes_are_watched), cmocka_unit_test(alarms_are_acknowledged_by_those_who_may),
    cmocka_unit_test(the_next_one_that_leads_goes_on_with_the_same_alarms),
    cmocka_unit_test(one_that_hears_nobody_judges_nobody),
    cmocka_unit_test(one_that_slept_listens_before_it_judges),
    cmocka_unit_test(alarms_wait_for_a_store_that_is_away),
    cmocka_unit_test(the_configuration_says_who_should_be_there),
    cmocka_unit_test(an_earlier_one_that_leads_writes_nothing_any_more),
    cmocka_unit_test(alarms_survive_all_faults))
