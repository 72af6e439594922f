#include "roles/history/history.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/history/history_int.h"
#include "wire/pack.h"

#define TOKEN_CALLS 1
#define CALLS "call."

static void ask_positions(struct history *h)
{
    buffer_clear(&h->scratch);
    history__ask_position(&h->scratch, "");
    world_ask(h->world, SERVICE_STORE, buffer_slice(&h->scratch), OBJECT(HISTORY_OBJECT_POSITIONS, 0), 0,
        world_now(h->world) + timer_duration(TIMER_HISTORY_ASK));
}

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    struct history *h = mem_zero(sizeof *h);
    (void)setup;
    h->world = world;
    *self = h;
    world_subscribe(world, SLICE(CALLS ">"), TOKEN_CALLS);
    ask_positions(h);
    return 0;
}

static void close_h(void *self)
{
    struct history *h = self;
    struct stream *s;
    map_for_each (s, &h->streams)
        history__stream_free(s);
    map_free(&h->streams);
    map_free(&h->by_index);
    world_timer_clear(&h->positions);
    arena_free(&h->arena);
    buffer_free(&h->scratch);
    mem_free(h);
}

/* The node's stream; one that is not known yet begins in doubt about its position. */
static struct stream *obtain(struct history *h, struct slice node)
{
    struct stream *s = map_get(&h->streams, node);
    if (s != NULL || slice_empty(node) || node.length > HISTORY_NODE ||
        map_count(&h->streams) >= HISTORY_STREAMS)
        return s;
    s = history__stream_make(h, node);
    history__stream_ask(s);
    return s;
}

static void bus(struct history *h, const struct input *input)
{
    struct slice node = slice_from(input->name, sizeof CALLS - 1);
    const Tandem__CallEvent *e = pack_read(&tandem__call_event__descriptor, input->bytes, &h->arena);
    struct stream *s =
        e != NULL && e->number != 0 && slice_equal(slice_text(e->node), node) ? obtain(h, node) : NULL;
    if (s != NULL) {
        history__stream_event(s, e);
        return;
    }
    world_count(h->world, COUNTER_HISTORY_DAMAGED, 1);
    LOG(LOG_WARNING, "history", "what came on %.*s is no call event of that node; ignored",
        SLICE_ARG(input->name));
}

static void position(struct history *h, const Tandem__StoreRow *row)
{
    if (row->n_values != 2 || row->values[0]->text == NULL || !row->values[1]->has_number)
        return;
    struct slice node = slice_text(row->values[0]->text);
    if (map_get(&h->streams, node) != NULL || slice_empty(node) || node.length > HISTORY_NODE ||
        map_count(&h->streams) >= HISTORY_STREAMS)
        return; /* it asks by itself */
    history__stream_learned(history__stream_make(h, node), (uint64_t)row->values[1]->number);
}

/* Each node that was ever seen is told how far it is stored, so that it sends what is missing. */
static void positions(struct history *h, const struct input *input)
{
    const Tandem__StoreAnswer *a = input->answer == ANSWER_YES
                                       ? pack_read(&tandem__store_answer__descriptor, input->bytes, &h->arena)
                                       : NULL;
    if (a == NULL || a->n_results != 1) {
        LOG(LOG_WARNING, "history", "the store did not say how far the streams are: %s; it is asked again",
            error_sentence(input->error));
        world_timer_set(h->world, &h->positions, OBJECT(HISTORY_OBJECT_POSITIONS, 0), TIMER_HISTORY_RETRY,
            world_now(h->world) + timer_duration(TIMER_HISTORY_RETRY));
        return;
    }
    h->positions_known = true;
    for (size_t i = 0; i < a->results[0]->n_rows; i++)
        position(h, a->results[0]->rows[i]);
}

static bool is_stuck(const struct stream *s)
{
    return s->state == STREAM_ST_WAITING || s->state == STREAM_ST_PAUSING;
}

/* Looked at when the store has answered or is asked again, not for each event. */
static void tell_state(struct history *h)
{
    size_t stuck = 0;
    struct stream *s;
    map_for_each (s, &h->streams)
        stuck += is_stuck(s);
    world_gauge(h->world, GAUGE_HISTORY_STREAMS, map_count(&h->streams));
    world_gauge(h->world, GAUGE_HISTORY_STUCK, stuck);
    if (!h->positions_known)
        world_state(h->world, WORLD_STARTING, "asks the store how far the call streams are stored");
    else if (stuck != 0)
        world_state(h->world, WORLD_DEGRADED, "the store does not take call events; the nodes keep them");
    else
        world_state(h->world, WORLD_READY, "");
}

static void input_h(void *self, const struct input *input)
{
    struct history *h = self;
    struct stream *s = OBJECT_KIND(input->object) == HISTORY_OBJECT_STREAM
                           ? map_get_number(&h->by_index, OBJECT_INDEX(input->object))
                           : NULL;
    switch (input->kind) {
    case INPUT_BUS:
        bus(h, input);
        break;
    case INPUT_ANSWER:
        if (s != NULL)
            history__stream_answer(s, input);
        else
            positions(h, input);
        break;
    case INPUT_TIMER:
        if (s != NULL)
            history__stream_timer(s, input->timer);
        else
            ask_positions(h);
        break;
    default:
        break;
    }
    if (input->kind != INPUT_BUS)
        tell_state(h);
    arena_reset(&h->arena);
}

static void audit_h(void *self, struct buffer *out)
{
    struct history *h = self;
    struct stream *s;
    map_for_each (s, &h->streams)
        buffer_add_format(out, "stream %s %s stored=%llu collected=%llu\n", s->node,
            history_stream_fsm.states[s->state].name, (unsigned long long)s->stored,
            (unsigned long long)s->collected);
}

const struct role history_role = {
    .name = "history", .open = open_h, .close = close_h, .input = input_h, .audit = audit_h};
