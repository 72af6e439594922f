#include "base/fsm.h"

#include "base/error.h"
#include "unit.h"

enum { ST_OFF, ST_ON, ST_GONE, ST_COUNT };
enum { EV_PUSH, EV_CHOOSE, EV_STAY, EV_END, EV_COUNT };

struct lamp {
    uint8_t state;
    int answer; /* of the next choice */
    unsigned entered[ST_COUNT], refused, armed;
    enum timer timer;
    bool push_on_entry;
};

static const struct fsm lamp_machine;

static int choose(void *object, const void *input)
{
    (void)input;
    return ((struct lamp *)object)->answer;
}

static int sloppy(void *object, const void *input)
{
    (void)object;
    (void)input;
    return 77; /* of an action that does not choose: not looked at */
}

static void enter_on(void *object)
{
    struct lamp *l = object;
    assert_int_equal(l->state, ST_ON); /* it has been taken already */
    l->entered[ST_ON]++;
    if (l->push_on_entry) {
        l->push_on_entry = false;
        assert_int_equal(fsm_input(&lamp_machine, &l->state, l, EV_PUSH, NULL), 0);
    }
}

static void enter_off(void *object)
{
    ((struct lamp *)object)->entered[ST_OFF]++;
}

static void arm(void *object, enum timer timer)
{
    ((struct lamp *)object)->timer = timer;
    ((struct lamp *)object)->armed++;
}

static void refused(void *object)
{
    ((struct lamp *)object)->refused++;
}

static const char *const events[] = {"push", "choose", "stay", "end"};
static const struct fsm_state states[] = {[ST_OFF] = {"off", TIMER_NONE, false, enter_off},
    [ST_ON] = {"on", TIMER_SIP_T1, false, enter_on},
    [ST_GONE] = {"gone", TIMER_NONE, true, NULL}};
static const struct fsm_row rows[] = {{ST_OFF, EV_PUSH, ST_ON, 0, sloppy}, {ST_ON, EV_PUSH, ST_OFF, 0, NULL},
    {ST_ON, EV_CHOOSE, FSM_STAY, FSM_CHOICE(ST_OFF) | FSM_CHOICE(ST_ON), choose},
    {ST_ON, EV_STAY, FSM_STAY, 0, sloppy}, {ST_ON, EV_END, ST_GONE, 0, NULL}};
static const struct fsm lamp_machine = {.name = "lamp",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = ST_COUNT,
    .event_count = EV_COUNT,
    .row_count = FSM_COUNT(rows),
    .arm = arm,
    .refused = refused};

static int feed(struct lamp *l, uint8_t event)
{
    return fsm_input(&lamp_machine, &l->state, l, event, NULL);
}

static void an_event_that_is_not_permitted_is_counted(void **state)
{
    struct lamp l = {.state = ST_OFF};
    (void)state;
    assert_int_equal(feed(&l, EV_END), ERROR_STALE);
    assert_int_equal(l.state, ST_OFF);
    assert_int_equal(l.refused, 1);
    assert_int_equal(l.armed, 0);
    assert_true(fsm_permits(&lamp_machine, ST_ON, EV_END));
    assert_false(fsm_permits(&lamp_machine, ST_GONE, EV_PUSH));
}

static void moves_arms_and_enters(void **state)
{
    struct lamp l = {.state = ST_OFF};
    (void)state;
    assert_int_equal(feed(&l, EV_PUSH), 0);
    assert_int_equal(l.state, ST_ON);
    assert_int_equal(l.timer, TIMER_SIP_T1);
    assert_int_equal(l.entered[ST_ON], 1);
    assert_int_equal(feed(&l, EV_STAY), 0);
    assert_int_equal(l.armed, 1); /* staying leaves the timer alone */
    assert_int_equal(l.entered[ST_ON], 1);
    assert_int_equal(feed(&l, EV_END), 0);
    assert_int_equal(l.timer, TIMER_NONE);
}

static void a_choice_is_taken_from_the_list_only(void **state)
{
    struct lamp l = {.state = ST_ON, .answer = FSM_STAY};
    (void)state;
    assert_int_equal(feed(&l, EV_CHOOSE), 0);
    assert_int_equal(l.armed, 0);
    l.answer = ST_ON; /* taken anew: entered and armed again */
    assert_int_equal(feed(&l, EV_CHOOSE), 0);
    assert_int_equal(l.entered[ST_ON], 1);
    assert_int_equal(l.armed, 1);
    l.answer = ST_GONE;
    unit_expect_error("which its row does not list");
    assert_int_equal(feed(&l, EV_CHOOSE), 0);
    assert_int_equal(l.state, ST_ON);
    l.answer = -1;
    assert_int_equal(feed(&l, EV_CHOOSE), 0);
    assert_int_equal(l.state, ST_ON);
    l.answer = ST_OFF;
    assert_int_equal(feed(&l, EV_CHOOSE), 0);
    assert_int_equal(l.state, ST_OFF);
}

static void who_enters_may_feed_further_events(void **state)
{
    struct lamp l = {.state = ST_OFF, .push_on_entry = true};
    (void)state;
    assert_int_equal(feed(&l, EV_PUSH), 0);
    assert_int_equal(l.state, ST_OFF);
    assert_int_equal(l.entered[ST_OFF], 1);
    assert_int_equal(l.timer, TIMER_NONE);
}

static void prints_its_graph(void **state)
{
    struct buffer out = {0};
    (void)state;
    fsm_graph(&lamp_machine, &out);
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("\"off\" -> \"on\" [label=\"push\"]")) >= 0);
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("\"on\" -> \"off\" [label=\"choose\"]")) >= 0);
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("\"on\" -> \"on\" [label=\"stay\"]")) >= 0);
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("\"gone\" [shape=doublecircle]")) >= 0);
    buffer_free(&out);
}

TESTS("base/fsm", cmocka_unit_test(an_event_that_is_not_permitted_is_counted),
    cmocka_unit_test(moves_arms_and_enters), cmocka_unit_test(a_choice_is_taken_from_the_list_only),
    cmocka_unit_test(who_enters_may_feed_further_events), cmocka_unit_test(prints_its_graph))
