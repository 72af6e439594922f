/* One node's stream: what came, what is under way, what is stored. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/history/stream_int.h"
#include "wire/pack.h"

static uint64_t object_of(const struct stream *s)
{
    return OBJECT(HISTORY_OBJECT_STREAM, s->index);
}

struct stream *history__stream_make(struct history *h, struct slice node)
{
    struct stream *s = mem_zero(sizeof *s);
    s->history = h;
    s->index = ++h->last_index;
    slice_put(s->node, node);
    map_put(&h->streams, slice_text(s->node), s);
    map_put_number(&h->by_index, s->index, s);
    return s;
}

void history__stream_free(struct stream *s)
{
    world_timer_clear(&s->timer);
    world_timer_clear(&s->resend);
    buffer_free(&s->request);
    buffer_free(&s->batch);
    mem_free(s);
}

/* ---- what goes out ---- */

/* Tells the node how far its stream is stored and, where something is missing, to send on from there. */
static void announce(struct stream *s, bool resend)
{
    struct history *h = s->history;
    char subject[sizeof "ctl.stored." + HISTORY_NODE];
    Tandem__StreamStored m = TANDEM__STREAM_STORED__INIT;
    m.node = s->node;
    m.number = s->stored;
    m.has_resend = resend;
    m.resend = resend;
    s->told_at = world_now(h->world);
    buffer_clear(&h->scratch);
    pack_add(&h->scratch, &m.base);
    int length = snprintf(subject, sizeof subject, "ctl.stored.%s", s->node);
    world_publish(h->world, slice_of(subject, (size_t)length), buffer_slice(&h->scratch));
    if (!resend)
        return;
    world_count(h->world, COUNTER_HISTORY_RESENDS, 1);
    world_timer_set(h->world, &s->resend, object_of(s), TIMER_HISTORY_RESEND,
        world_now(h->world) + timer_duration(TIMER_HISTORY_RESEND));
}

/* Asks the store; the answer names the token. */
static void ask(struct stream *s, struct slice request)
{
    struct history *h = s->history;
    world_ask(h->world, SERVICE_STORE, request, object_of(s), ++s->token,
        world_now(h->world) + timer_duration(TIMER_HISTORY_ASK));
}

/* Makes a request of what was collected. READY when there is nothing. */
static int store_batch(struct stream *s)
{
    if (s->collected == s->stored)
        return STREAM_ST_READY;
    struct buffer request = s->request;
    s->request = s->batch;
    s->batch = request;
    buffer_clear(&s->batch);
    history__move_position(&s->request, s->node, s->collected, s->stored);
    s->sending = s->collected;
    s->sending_count = s->collected_count;
    s->collected_count = 0;
    ask(s, buffer_slice(&s->request));
    return STREAM_ST_STORING;
}

/* ---- actions ---- */

static bool has_room(const struct stream *s)
{
    return s->collected_count < HISTORY_BATCH && s->batch.length < HISTORY_BATCH_BYTES;
}

/* The next number; or a node began again with nothing, jumped past all that it may have used, and says what
 * was the last before. */
static bool follows(const struct stream *s, const Tandem__CallEvent *e)
{
    if (e->kind == TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED && e->has_previous)
        return e->previous <= s->collected;
    return e->number == s->collected + 1;
}

/* Takes the next event. One that is out of order, or finds no room, is only noted: the node has it in its
 * spool and sends it again. */
int stream__hold(void *stream, const void *event)
{
    struct stream *s = stream;
    const Tandem__CallEvent *e = event;
    if (e->number <= s->collected) {
        world_count(s->history->world, COUNTER_HISTORY_DOUBLES, 1);
    } else if (!follows(s, e) || !has_room(s)) {
        s->missed = e->number > s->missed ? e->number : s->missed;
        s->lowest = s->lowest == 0 || e->number < s->lowest ? e->number : s->lowest;
        s->late++;
    } else {
        history__fold(&s->batch, e);
        s->collected = e->number;
        s->collected_count++;
        s->patience = 0;
        s->lowest = 0;
        if (s->missed <= s->collected)
            world_timer_clear(&s->resend);
    }
    return FSM_STAY;
}

/* The same where the position is known, so that the node can be told: where to begin again, once and then at
 * intervals; and, where it sends what is stored, that it is stored (it may have missed that). */
int stream__collect(void *stream, const void *event)
{
    struct stream *s = stream;
    uint64_t number = ((const Tandem__CallEvent *)event)->number;
    int64_t interval = timer_duration(TIMER_HISTORY_RESEND);
    bool known = number <= s->stored;
    stream__hold(stream, event);
    if (known && (number == s->stored || world_now(s->history->world) - s->told_at >= interval))
        announce(s, false);
    else if (s->missed > s->collected && !wheel_runs(&s->resend.wheel))
        announce(s, true);
    return FSM_STAY;
}

int stream__collect_and_store(void *stream, const void *event)
{
    stream__collect(stream, event);
    return store_batch(stream);
}

/* The request under way is in the store. */
int stream__advance(void *stream, const void *input)
{
    struct stream *s = stream;
    (void)input;
    world_count(s->history->world, COUNTER_HISTORY_EVENTS, s->sending_count);
    s->stored = s->sending;
    announce(s, s->missed > s->collected);
    return store_batch(s);
}

/* The store's position ends a doubt: the request was done, was not done, or somebody else was faster. */
int stream__learn(void *stream, const void *position)
{
    struct stream *s = stream;
    uint64_t number = *(const uint64_t *)position;
    if (s->sending != s->stored && number == s->sending)
        return stream__advance(s, NULL);
    if (s->sending != s->stored && number == s->stored) {
        ask(s, buffer_slice(&s->request));
        return STREAM_ST_STORING;
    }
    if (number == s->stored && s->collected != s->stored) /* a new node, and its first events */
        return store_batch(s);
    s->stored = s->sending = s->collected = number;
    s->missed = 0;
    s->collected_count = 0;
    buffer_clear(&s->batch);
    announce(s, true);
    return STREAM_ST_READY;
}

/* What is missing did not come. A node that is asked again and again and always begins with the same later
 * number has nothing before it any more (this store is older than its backup, or the node's disk was lost):
 * then the history goes on there, and says so. */
int stream__overdue(void *stream, const void *input)
{
    struct stream *s = stream;
    (void)input;
    if (s->late != 0 && ++s->patience > HISTORY_PATIENCE) {
        LOG(LOG_ERROR, "history",
            "%s has no call events %llu to %llu any more; calls of that time are missing or open in the "
            "history",
            s->node, (unsigned long long)s->stored + 1, (unsigned long long)s->lowest - 1);
        world_count(s->history->world, COUNTER_HISTORY_GIVEN_UP, 1);
        s->collected = s->lowest - 1;
        s->patience = 0;
    }
    s->late = 0;
    announce(s, true);
    return store_batch(s);
}

int stream__ask(void *stream, const void *input)
{
    struct stream *s = stream;
    struct buffer *request = &s->history->scratch;
    (void)input;
    buffer_clear(request);
    history__ask_position(request, s->node);
    ask(s, buffer_slice(request));
    return STREAM_ST_LEARNING;
}

int stream__ask_again(void *stream, const void *input)
{
    struct stream *s = stream;
    world_count(s->history->world, COUNTER_HISTORY_RETRIES, 1);
    return stream__ask(stream, input);
}

int stream__repeat(void *stream, const void *input)
{
    struct stream *s = stream;
    (void)input;
    world_count(s->history->world, COUNTER_HISTORY_RETRIES, 1);
    ask(s, buffer_slice(&s->request));
    return STREAM_ST_STORING;
}

void stream__arm(void *stream, enum timer timer)
{
    struct stream *s = stream;
    struct world *w = s->history->world;
    if (timer == TIMER_NONE)
        world_timer_clear(&s->timer);
    else
        world_timer_set(w, &s->timer, object_of(s), timer, world_now(w) + timer_duration(timer));
}

void stream__refused(void *stream)
{
    struct stream *s = stream;
    world_count(s->history->world, COUNTER_FSM_REFUSED, 1);
}

/* ---- what comes in ---- */

static void happen(struct stream *s, enum stream_event event, const void *input)
{
    /* What a state does not permit is counted and logged by the machine; nothing more can be done about it.
     */
    int error = fsm_input(&history_stream_fsm, &s->state, s, (uint8_t)event, input);
    (void)error;
}

void history__stream_event(struct stream *s, const Tandem__CallEvent *event)
{
    happen(s, STREAM_EV_EVENT, event);
}

void history__stream_ask(struct stream *s)
{
    s->state = STREAM_ST_LEARNING;
    stream__ask(s, NULL);
}

void history__stream_learned(struct stream *s, uint64_t position)
{
    happen(s, STREAM_EV_LEARNED, &position);
}

/* The position in an answer to stream_position_get; no row: the node was never seen. */
static bool position_in(struct stream *s, struct slice bytes, uint64_t *position)
{
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, bytes, &s->history->arena);
    *position = 0;
    if (a == NULL || a->n_results != 1)
        return false;
    if (a->results[0]->n_rows == 0)
        return true;
    const Tandem__StoreRow *row = a->results[0]->rows[0];
    if (row->n_values != 1 || !row->values[0]->has_number || row->values[0]->number < 0)
        return false;
    *position = (uint64_t)row->values[0]->number;
    return true;
}

void history__stream_answer(struct stream *s, const struct input *input)
{
    uint64_t position;
    if (input->token != s->token)
        return;
    if (input->answer == ANSWER_YES && s->state == STREAM_ST_LEARNING) {
        if (position_in(s, input->bytes, &position))
            history__stream_learned(s, position);
        else
            happen(s, STREAM_EV_DOUBTFUL, NULL);
        return;
    }
    if (input->answer == ANSWER_YES) {
        happen(s, STREAM_EV_STORED, NULL);
        return;
    }
    LOG(LOG_WARNING, "history", "the store did not take %s up to number %llu: %s; it is tried again", s->node,
        (unsigned long long)s->sending, error_sentence(input->error));
    bool doubtful = input->answer == ANSWER_UNKNOWN || input->error == ERROR_CONFLICT;
    happen(s, doubtful ? STREAM_EV_DOUBTFUL : STREAM_EV_REFUSED, NULL);
}

void history__stream_timer(struct stream *s, uint32_t timer)
{
    if (timer == TIMER_HISTORY_RETRY)
        happen(s, STREAM_EV_RETRY, NULL);
    else if (timer == TIMER_HISTORY_RESEND && s->missed > s->collected)
        happen(s, STREAM_EV_OVERDUE, NULL);
}
