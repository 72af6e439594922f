/* The four machines. Retransmissions (timers A, E, G) are set by actions since their interval grows; the
 * timer bound to a state is its end (B, D, M; F, K; H, I, L; J). */
#include "sip/transaction_int.h"

static struct sip_transaction *self(void *object)
{
    return object;
}

static int send_again(void *object, const void *input)
{
    struct sip_transaction *t = self(object);
    (void)input;
    int64_t next = t->interval * 2, longest = timer_duration(TIMER_SIP_T2);
    if (t->kind != SIP_ICT && (next > longest || (t->kind == SIP_NICT && t->state == SIP_ST_PROCEEDING)))
        next = longest;
    transaction__send(t);
    transaction__set_resend(t, next);
    return FSM_STAY;
}

static int send_last(void *object, const void *input)
{
    (void)input;
    if (self(object)->message.length != 0)
        transaction__send(self(object));
    return FSM_STAY;
}

static int quiet(struct sip_transaction *t)
{
    transaction__set_resend(t, 0);
    return FSM_STAY;
}

static int report(void *object, const void *input)
{
    struct sip_transaction *t = self(object);
    const struct sip_message *m = input;
    t->status = m->status;
    if (t->kind == SIP_ICT || m->status >= 200)
        quiet(t);
    t->table->handlers->response(t->table->user, t, m);
    return FSM_STAY;
}

static int report_and_acknowledge(void *object, const void *input)
{
    struct sip_transaction *t = self(object);
    quiet(t);
    transaction__build_ack(t, input);
    transaction__send(t);
    return report(object, input);
}

static int fail(void *object, const void *input)
{
    struct sip_transaction *t = self(object);
    (void)input;
    quiet(t);
    t->table->handlers->failed(t->table->user, t);
    return FSM_STAY;
}

static int send_final(void *object, const void *input)
{
    struct sip_transaction *t = self(object);
    (void)input;
    transaction__send(t);
    transaction__forget_request(t);
    if (t->kind == SIP_IST && t->status < 300 && t->table->handlers->changed == NULL)
        transaction__keep(&t->message, (struct slice){0}); /* repeated by its user, if at all */
    if (t->kind == SIP_IST && t->state == SIP_ST_PROCEEDING && t->status >= 300 && !t->reliable)
        transaction__set_resend(t, timer_duration(TIMER_SIP_T1));
    return FSM_STAY;
}

static int stop_sending(void *object, const void *input)
{
    (void)input;
    return quiet(self(object));
}

static int pass_ack(void *object, const void *input)
{
    struct sip_transaction *t = self(object);
    t->table->handlers->ack(t->table->user, &t->target, input);
    return FSM_STAY;
}

static const char *const events[SIP_EV_COUNT] = {
    "resend", "deadline", "1xx", "2xx", "refused", "request", "ack"};

static const struct fsm_state invite_client_states[SIP_ST_COUNT] = {
    [SIP_ST_TRYING] = {"calling", TIMER_SIP_64_T1, false}, /* B */
    [SIP_ST_PROCEEDING] = {"proceeding", TIMER_SIP_C, false},
    [SIP_ST_COMPLETED] = {"completed", TIMER_SIP_D, false},
    [SIP_ST_ACCEPTED] = {"accepted", TIMER_SIP_64_T1, false}, /* M */
    [SIP_ST_CONFIRMED] = {"-", TIMER_NONE, true},
    [SIP_ST_TERMINATED] = {"terminated", TIMER_NONE, true},
};
static const struct fsm_row invite_client_rows[] = {
    {SIP_ST_TRYING, SIP_EV_RESEND, FSM_STAY, 0, send_again},
    {SIP_ST_TRYING, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, fail},
    {SIP_ST_TRYING, SIP_EV_1XX, SIP_ST_PROCEEDING, 0, report},
    {SIP_ST_TRYING, SIP_EV_2XX, SIP_ST_ACCEPTED, 0, report},
    {SIP_ST_TRYING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, report_and_acknowledge},
    {SIP_ST_PROCEEDING, SIP_EV_1XX, SIP_ST_PROCEEDING, 0, report},
    {SIP_ST_PROCEEDING, SIP_EV_2XX, SIP_ST_ACCEPTED, 0, report},
    {SIP_ST_PROCEEDING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, report_and_acknowledge},
    {SIP_ST_PROCEEDING, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, fail},
    {SIP_ST_COMPLETED, SIP_EV_REFUSED, FSM_STAY, 0, send_last},
    {SIP_ST_COMPLETED, SIP_EV_2XX, FSM_STAY, 0, report}, /* another branch of a fork, too late */
    {SIP_ST_COMPLETED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, NULL},
    {SIP_ST_ACCEPTED, SIP_EV_2XX, FSM_STAY, 0, report},
    {SIP_ST_ACCEPTED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, NULL},
};

static const struct fsm_state client_states[SIP_ST_COUNT] = {
    [SIP_ST_TRYING] = {"trying", TIMER_SIP_64_T1, false}, /* F, which runs on in proceeding */
    [SIP_ST_PROCEEDING] = {"proceeding", TIMER_SIP_64_T1, false},
    [SIP_ST_COMPLETED] = {"completed", TIMER_SIP_T4, false}, /* K */
    [SIP_ST_ACCEPTED] = {"-", TIMER_NONE, true},
    [SIP_ST_CONFIRMED] = {"-", TIMER_NONE, true},
    [SIP_ST_TERMINATED] = {"terminated", TIMER_NONE, true},
};
static const struct fsm_row client_rows[] = {
    {SIP_ST_TRYING, SIP_EV_RESEND, FSM_STAY, 0, send_again},
    {SIP_ST_TRYING, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, fail},
    {SIP_ST_TRYING, SIP_EV_1XX, SIP_ST_PROCEEDING, 0, report},
    {SIP_ST_TRYING, SIP_EV_2XX, SIP_ST_COMPLETED, 0, report},
    {SIP_ST_TRYING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, report},
    {SIP_ST_PROCEEDING, SIP_EV_RESEND, FSM_STAY, 0, send_again},
    {SIP_ST_PROCEEDING, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, fail},
    {SIP_ST_PROCEEDING, SIP_EV_1XX, FSM_STAY, 0, report},
    {SIP_ST_PROCEEDING, SIP_EV_2XX, SIP_ST_COMPLETED, 0, report},
    {SIP_ST_PROCEEDING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, report},
    {SIP_ST_COMPLETED, SIP_EV_1XX, FSM_STAY, 0, NULL},
    {SIP_ST_COMPLETED, SIP_EV_2XX, FSM_STAY, 0, NULL},
    {SIP_ST_COMPLETED, SIP_EV_REFUSED, FSM_STAY, 0, NULL},
    {SIP_ST_COMPLETED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, NULL},
};

static const struct fsm_state invite_server_states[SIP_ST_COUNT] = {
    [SIP_ST_TRYING] = {"-", TIMER_NONE, false},
    [SIP_ST_PROCEEDING] = {"proceeding", TIMER_NONE, false},    /* its owner's timers end it */
    [SIP_ST_COMPLETED] = {"completed", TIMER_SIP_64_T1, false}, /* H */
    [SIP_ST_ACCEPTED] = {"accepted", TIMER_SIP_64_T1, false},   /* L */
    [SIP_ST_CONFIRMED] = {"confirmed", TIMER_SIP_T4, false},    /* I */
    [SIP_ST_TERMINATED] = {"terminated", TIMER_NONE, true},
};
static const struct fsm_row invite_server_rows[] = {
    {SIP_ST_PROCEEDING, SIP_EV_REQUEST, FSM_STAY, 0, send_last},
    {SIP_ST_PROCEEDING, SIP_EV_1XX, FSM_STAY, 0, send_last},
    {SIP_ST_PROCEEDING, SIP_EV_2XX, SIP_ST_ACCEPTED, 0, send_final},
    {SIP_ST_PROCEEDING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, send_final},
    {SIP_ST_COMPLETED, SIP_EV_REQUEST, FSM_STAY, 0, send_last},
    {SIP_ST_COMPLETED, SIP_EV_RESEND, FSM_STAY, 0, send_again},
    {SIP_ST_COMPLETED, SIP_EV_ACK, SIP_ST_CONFIRMED, 0, stop_sending},
    {SIP_ST_COMPLETED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, fail},
    {SIP_ST_ACCEPTED, SIP_EV_REQUEST, FSM_STAY, 0, NULL}, /* the user sends the 2xx again, until its ACK */
    {SIP_ST_ACCEPTED, SIP_EV_2XX, FSM_STAY, 0, send_last},
    {SIP_ST_ACCEPTED, SIP_EV_ACK, FSM_STAY, 0, pass_ack},
    {SIP_ST_ACCEPTED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, NULL},
    {SIP_ST_CONFIRMED, SIP_EV_ACK, FSM_STAY, 0, NULL},
    {SIP_ST_CONFIRMED, SIP_EV_REQUEST, FSM_STAY, 0, NULL},
    {SIP_ST_CONFIRMED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, NULL},
};

static const struct fsm_state server_states[SIP_ST_COUNT] = {
    [SIP_ST_TRYING] = {"trying", TIMER_NONE, false}, /* its owner's timers end it */
    [SIP_ST_PROCEEDING] = {"proceeding", TIMER_NONE, false},
    [SIP_ST_COMPLETED] = {"completed", TIMER_SIP_64_T1, false}, /* J */
    [SIP_ST_ACCEPTED] = {"-", TIMER_NONE, true},
    [SIP_ST_CONFIRMED] = {"-", TIMER_NONE, true},
    [SIP_ST_TERMINATED] = {"terminated", TIMER_NONE, true},
};
static const struct fsm_row server_rows[] = {
    {SIP_ST_TRYING, SIP_EV_REQUEST, FSM_STAY, 0, NULL},
    {SIP_ST_TRYING, SIP_EV_1XX, SIP_ST_PROCEEDING, 0, send_last},
    {SIP_ST_TRYING, SIP_EV_2XX, SIP_ST_COMPLETED, 0, send_final},
    {SIP_ST_TRYING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, send_final},
    {SIP_ST_PROCEEDING, SIP_EV_REQUEST, FSM_STAY, 0, send_last},
    {SIP_ST_PROCEEDING, SIP_EV_1XX, FSM_STAY, 0, send_last},
    {SIP_ST_PROCEEDING, SIP_EV_2XX, SIP_ST_COMPLETED, 0, send_final},
    {SIP_ST_PROCEEDING, SIP_EV_REFUSED, SIP_ST_COMPLETED, 0, send_final},
    {SIP_ST_COMPLETED, SIP_EV_REQUEST, FSM_STAY, 0, send_last},
    {SIP_ST_COMPLETED, SIP_EV_DEADLINE, SIP_ST_TERMINATED, 0, NULL},
};

/* On a reliable transport nothing comes again, so nothing is waited for; a proxied INVITE keeps its three
 * minutes from each provisional response (RFC 3261 16.7 step 2). */
static void arm(void *object, enum timer timer)
{
    struct sip_transaction *t = self(object);
    int64_t now = world_now(t->table->world);
    if (timer == TIMER_NONE)
        transaction__set_deadline(t, 0);
    else if (t->kind == SIP_NICT && t->state == SIP_ST_PROCEEDING)
        return;
    else if (t->reliable && (timer == TIMER_SIP_D || timer == TIMER_SIP_T4 ||
                                (t->kind == SIP_NIST && t->state == SIP_ST_COMPLETED)))
        transaction__set_deadline(t, now);
    else
        transaction__set_deadline(t, now + timer_duration(timer));
}

static void refused(void *object)
{
    world_count(self(object)->table->world, COUNTER_FSM_REFUSED, 1);
}

#define MACHINE(title, prefix)                                                                               \
    {                                                                                                        \
        .name = title, .states = prefix##_states, .events = events, .rows = prefix##_rows,                   \
        .state_count = SIP_ST_COUNT, .event_count = SIP_EV_COUNT, .row_count = FSM_COUNT(prefix##_rows),     \
        .arm = arm, .refused = refused                                                                       \
    }

static const struct fsm machines[SIP_TRANSACTION_KINDS] = {
    [SIP_ICT] = MACHINE("invite-client", invite_client),
    [SIP_NICT] = MACHINE("client", client),
    [SIP_IST] = MACHINE("invite-server", invite_server),
    [SIP_NIST] = MACHINE("server", server),
};

const struct fsm *const sip_transaction_machines[SIP_TRANSACTION_KINDS] = {
    &machines[SIP_ICT], &machines[SIP_NICT], &machines[SIP_IST], &machines[SIP_NIST]};
