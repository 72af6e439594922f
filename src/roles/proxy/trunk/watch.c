/* Is a trunk there? It is asked (OPTIONS), and what becomes of calls says it as well.
 *
 *     up ── no answer ──> doubt ── no answer ──> down ── any answer ──> up          any status but 503 is an
 * answer
 */
#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/trunk/trunk_int.h"

static struct trunk_state *self(void *object)
{
    return object;
}

static void set_timer(struct trunk_state *s, int64_t after)
{
    world_timer_set(s->proxy->world, &s->watch_timer, OBJECT(PROXY_OBJECT_TRUNK, s->number),
        TRUNK_TIMER_WATCH, world_now(s->proxy->world) + after);
}

static int64_t interval(const struct trunk_state *s)
{
    const struct config_trunk *t = trunk__config(s);
    return t != NULL ? (int64_t)t->options_interval * 1000000 : 0;
}

static void changed(void *object)
{
    struct trunk_state *s = self(object);
    s->watch_since = world_now(s->proxy->world);
}

static void enter_up(void *object)
{
    struct trunk_state *s = self(object);
    changed(object);
    LOG(LOG_NOTICE, "proxy/trunk", "%s is in service", s->name);
    set_timer(s, interval(s));
}

static void enter_doubt(void *object)
{
    set_timer(self(object), timer_duration(TIMER_TRUNK_DOUBT));
}

static void enter_down(void *object)
{
    struct trunk_state *s = self(object);
    changed(object);
    LOG(LOG_WARNING, "proxy/trunk", "%s is out of service: it does not answer", s->name);
    set_timer(s, timer_duration(TIMER_TRUNK_DOUBT));
}

static void enter_off(void *object)
{
    changed(object);
    self(object)->asking = 0;
    world_timer_clear(&self(object)->watch_timer);
}

static int wait_longer(void *object, const void *input)
{
    (void)input;
    int64_t pause = timer_duration(TIMER_TRUNK_DOWN), own = interval(self(object));
    set_timer(self(object), own != 0 && own < pause ? own : pause);
    return FSM_STAY;
}

static int go_on(void *object, const void *input)
{
    (void)input;
    set_timer(self(object), interval(self(object)));
    return FSM_STAY;
}

static const char *const events[WATCH_EVENTS] = {"begin", "answer", "silence", "end"};

static const struct fsm_state states[WATCH_STATES] = {
    [WATCH_OFF] = {"off", TIMER_NONE, false, enter_off},
    [WATCH_UP] = {"up", TIMER_NONE, false, enter_up},
    [WATCH_DOUBT] = {"doubt", TIMER_NONE, false, enter_doubt},
    [WATCH_DOWN] = {"down", TIMER_NONE, false, enter_down},
};

static const struct fsm_row rows[] = {
    {WATCH_OFF, WATCH_EV_BEGIN, WATCH_DOUBT, 0, NULL},
    {WATCH_OFF, WATCH_EV_ANSWER, FSM_STAY, 0, NULL},
    {WATCH_OFF, WATCH_EV_SILENCE, FSM_STAY, 0, NULL},
    {WATCH_OFF, WATCH_EV_END, FSM_STAY, 0, NULL},
    {WATCH_UP, WATCH_EV_ANSWER, FSM_STAY, 0, go_on},
    {WATCH_UP, WATCH_EV_SILENCE, WATCH_DOUBT, 0, NULL},
    {WATCH_UP, WATCH_EV_BEGIN, FSM_STAY, 0, NULL},
    {WATCH_UP, WATCH_EV_END, WATCH_OFF, 0, NULL},
    {WATCH_DOUBT, WATCH_EV_ANSWER, WATCH_UP, 0, NULL},
    {WATCH_DOUBT, WATCH_EV_SILENCE, WATCH_DOWN, 0, NULL},
    {WATCH_DOUBT, WATCH_EV_BEGIN, FSM_STAY, 0, NULL},
    {WATCH_DOUBT, WATCH_EV_END, WATCH_OFF, 0, NULL},
    {WATCH_DOWN, WATCH_EV_ANSWER, WATCH_UP, 0, NULL},
    {WATCH_DOWN, WATCH_EV_SILENCE, FSM_STAY, 0, wait_longer},
    {WATCH_DOWN, WATCH_EV_BEGIN, FSM_STAY, 0, NULL},
    {WATCH_DOWN, WATCH_EV_END, WATCH_OFF, 0, NULL},
};

const struct fsm trunk_watch_machine = {
    .name = "trunk_watch",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = WATCH_STATES,
    .event_count = WATCH_EVENTS,
    .row_count = FSM_COUNT(rows),
};

static void event(struct trunk_state *s, enum watch_event e)
{
    (void)!fsm_input(&trunk_watch_machine, &s->watch, s, (uint8_t)e, NULL);
}

bool trunk__in_service(const struct trunk_state *s)
{
    return s->watch != WATCH_DOWN;
}

void trunk__watch_follow(struct trunk_state *s)
{
    const struct config_trunk *t = trunk__config(s);
    bool wanted = t != NULL && !t->disabled && t->options_interval != 0 && !slice_empty(t->host) &&
                  s->proxy->listener_count != 0;
    event(s, wanted ? WATCH_EV_BEGIN : WATCH_EV_END);
}

void trunk__watch_heard(struct trunk_state *s, bool answered)
{
    bool was_down = s->watch == WATCH_DOWN;
    event(s, answered ? WATCH_EV_ANSWER : WATCH_EV_SILENCE);
    if (was_down && s->watch == WATCH_UP)
        trunk__register_again(s); /* a registrar that was started anew may have forgotten us */
}

/* ---- questions ---- */

static void ask(struct trunk_state *s)
{
    const struct config_trunk *t = trunk__config(s);
    struct destination to;
    struct trunk_request request = {
        .method = SIP_OPTIONS, .cseq = 1, .call_id = world_random(s->proxy->world)};
    int error = trunk__target(s->proxy, &to, t, t->host, t->port);
    if (error == ERROR_AGAIN) { /* its name is being asked for */
        set_timer(s, timer_duration(TIMER_DNS_TRY));
        return;
    }
    if (error != 0) {
        trunk__note(s, TRUNK_UNREACHABLE, "it cannot be asked: %s", error_sentence(error));
        event(s, WATCH_EV_SILENCE);
        return;
    }
    s->asking = trunk__send_own(s, t, &to, &request);
    set_timer(s, timer_duration(TIMER_TRUNK_TRY));
}

void trunk__watch_due(struct trunk_state *s)
{
    if (s->watch == WATCH_OFF || trunk__config(s) == NULL)
        return;
    if (s->asking == 0) {
        ask(s);
        return;
    }
    const struct sip_transaction *silent = sip_transaction_find(&s->proxy->transactions, s->asking);
    enum transport transport = (enum transport)trunk__config(s)->transport;
    if (silent != NULL) /* the next question goes to another place of its name */
        names_dead(s->proxy, transport, &silent->target.address);
    s->asking = 0; /* what comes later is an answer all the same */
    trunk__note(s, TRUNK_SILENT, "it did not answer OPTIONS");
    event(s, WATCH_EV_SILENCE);
}

bool trunk__watch_response(struct trunk_state *s, struct sip_transaction *t, uint16_t status)
{
    if (t->method != SIP_OPTIONS)
        return false;
    if (status != 0 && status < 200)
        return true;
    bool answered = status != 0 && status != 503 && status != 408;
    if (t->id == s->asking)
        s->asking = 0;
    else if (!answered)
        return true; /* it was counted when it was due */
    trunk__watch_heard(s, answered);
    return true;
}
