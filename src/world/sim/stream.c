/* Streams: ordered bytes between two ends, in pieces; they stall in a partition, end with a reset when a
 * process dies, and hear nothing when a host does. */
#include "base/error.h"
#include "world/sim/sim_int.h"

#define LIMIT ((size_t)4 << 20) /* bytes under way in one direction */
#define LOCAL_LEAST 5           /* µs */
#define LOCAL_MOST 20
#define RETRY 200000     /* µs: as a retransmission would try */
#define GIVE_UP 20000000 /* µs without getting anything through */
#define CONNECT_RETRY 1000000
#define CONNECT_GIVE_UP 5000000
#define LOSE 500000U /* per million: a killed process takes with it what is under way */

static int64_t latency(struct sim *s, const struct stream *stream, unsigned from, unsigned to)
{
    if (stream->local && s->hosts[from].site == s->hosts[to].site)
        return chance_between(&s->network, LOCAL_LEAST, LOCAL_MOST);
    return sim__latency(s, from, to);
}

static struct event *event_of(struct stream *stream, enum event_kind kind, unsigned side, size_t bytes)
{
    struct sim *s = stream->sim;
    struct event *e = sim__event(s, kind, bytes);
    e->stream = stream;
    e->side = (uint8_t)side;
    stream->references++;
    return e;
}

void sim__stream_release(struct sim *s, struct stream *stream)
{
    if (--stream->references != 0)
        return;
    list_remove(&stream->link);
    pool_give(&s->stream_pool, stream);
}

static void drop_held(struct sim *s, struct end *end)
{
    while (!list_empty(&end->held)) {
        struct event *e = list_entry(end->held.next, struct event, link);
        list_remove(&e->link);
        end->bytes -= e->length;
        sim__event_free(s, e);
    }
}

/* The end lets go of its flow; what is on its way to it will find it closed. */
static void detach(struct stream *stream, unsigned side)
{
    struct end *end = &stream->ends[side];
    struct sim *s = stream->sim;
    struct flow *f = end->flow;
    if (f == NULL)
        return;
    end->flow = NULL;
    f->stream = NULL;
    drop_held(s, end);
    if (stream->ends[1 - side].instance == NULL)
        drop_held(s, &stream->ends[1 - side]); /* nobody will accept it any more */
    sim__stream_release(s, stream);            /* last: it may be gone afterwards */
}

/* The instance at this end is told that the stream is over. */
static void break_end(struct stream *stream, unsigned side, int error)
{
    struct flow *f = stream->ends[side].flow;
    if (f == NULL)
        return;
    detach(stream, side);
    sim__broken(f, error);
}

static void schedule(struct stream *stream, struct event *e)
{
    struct sim *s = stream->sim;
    struct end *to = &stream->ends[e->side];
    int64_t at = s->now + latency(s, stream, stream->ends[1 - e->side].host, to->host);
    if (at < to->last_due)
        at = to->last_due;
    to->last_due = at;
    sim__push(s, e, at);
}

/* ---- opening ---- */

void sim__stream_open(struct flow *f)
{
    struct sim *s = f->instance->sim;
    struct stream *stream = pool_take(&s->stream_pool);
    stream->sim = s;
    stream->references = 1;
    stream->local = f->endpoint.transport == TRANSPORT_LOCAL;
    list_append(&s->streams, &stream->link);
    list_init(&stream->ends[0].held);
    list_init(&stream->ends[1].held);
    stream->ends[0].instance = f->instance;
    stream->ends[0].host = f->instance->host;
    stream->ends[0].flow = f;
    f->stream = stream;
    f->side = 0;
    struct event *e = event_of(stream, EVENT_CONNECT, 1, 0);
    e->deadline = s->now + CONNECT_GIVE_UP;
    sim__push(s, e, s->now + latency(s, stream, f->instance->host, f->instance->host));
}

/* TLS: each instance is a process of its own whose certificate bears its name, all with this serial number.
 */
#define SERIAL SLICE("01")

static struct flow *listener(struct sim *s, const struct endpoint *at)
{
    return at->transport == TRANSPORT_LOCAL ? map_get(&s->places, slice_text(at->name))
                                            : map_get_number(&s->listeners, sim__address_key(&at->address));
}

/* The host that has this address, or host_count. */
static unsigned host_at(const struct sim *s, const struct endpoint *at)
{
    uint32_t ip = (uint32_t)(sim__address_key(&at->address) >> 16);
    unsigned h = 0;
    while (h < s->host_count && s->hosts[h].ip != ip)
        h++;
    return h;
}

static void accept(struct stream *stream, struct flow *by)
{
    struct sim_instance *i = by->instance;
    struct sim *s = i->sim;
    struct end *end = &stream->ends[1];
    struct flow *opener = stream->ends[0].flow, *f = pool_take(&s->flow_pool);
    *f = (struct flow){.kind = FLOW_STREAM,
        .side = 1,
        .instance = i,
        .number = ++i->world.next_flow,
        .token = by->token,
        .stream = stream};
    f->endpoint.transport = by->endpoint.transport;
    map_put_number(&i->flows, f->number, f);
    stream->references++;
    end->instance = i;
    end->host = i->host;
    end->flow = f;
    struct host *from = &s->hosts[stream->ends[0].host];
    struct address peer = {.family = 4, .port = from->next_port++};
    for (int b = 0; b < 4; b++)
        peer.ip[b] = (uint8_t)(from->ip >> (24 - 8 * b));
    struct input input = {.kind = INPUT_ACCEPTED, .flow = f->number, .token = f->token, .peer = peer};
    if (by->endpoint.transport == TRANSPORT_TLS) {
        input.name = sim_name(opener->instance);
        input.bytes = SERIAL;
    }
    struct event *accepted = sim__input_event(i, &input);
    int64_t opened = s->now + latency(s, stream, end->host, stream->ends[0].host);
    stream->ends[0].last_due = opened;
    struct input to_opener = {.kind = INPUT_OPENED, .flow = opener->number, .token = opener->token};
    if (by->endpoint.transport == TRANSPORT_TLS) {
        to_opener.name = sim_name(i);
        to_opener.bytes = SERIAL;
    }
    sim__push(s, sim__input_event(opener->instance, &to_opener), opened);
    list_for_each_safe (link, next, &end->held) { /* what the opener has sent already */
        list_remove(link);
        schedule(stream, list_entry(link, struct event, link));
    }
    sim__deliver(s, accepted);
}

static void connect_again(struct sim *s, struct event *e)
{
    if (s->now >= e->deadline) {
        break_end(e->stream, 0, ERROR_TIMEOUT);
        sim__event_free(s, e);
        return;
    }
    sim__push(s, e, s->now + CONNECT_RETRY);
}

static void connect(struct sim *s, struct event *e)
{
    struct flow *opener = e->stream->ends[0].flow;
    if (opener == NULL) {
        sim__event_free(s, e);
        return;
    }
    unsigned from = opener->instance->host;
    struct flow *by = listener(s, &opener->endpoint);
    unsigned host =
        by != NULL ? by->instance->host
                   : (opener->endpoint.transport == TRANSPORT_LOCAL ? from : host_at(s, &opener->endpoint));
    if (host == s->host_count || sim__blocked(s, from, host) || sim__blocked(s, host, from)) {
        connect_again(s, e);
        return;
    }
    const char *wanted = opener->endpoint.transport == TRANSPORT_TLS ? opener->endpoint.name : "";
    if (by != NULL && wanted[0] != '\0' && !slice_equal(sim_name(by->instance), slice_text(wanted)))
        break_end(e->stream, 0, ERROR_UNAUTHENTICATED);
    else if (by != NULL)
        accept(e->stream, by);
    else
        break_end(e->stream, 0, ERROR_UNREACHABLE);
    sim__event_free(s, e);
}

/* ---- bytes ---- */

static void send_piece(struct stream *stream, unsigned side, struct slice bytes)
{
    struct end *to = &stream->ends[side];
    struct event *e = event_of(stream, EVENT_PIECE, side, bytes.length);
    e->length = (uint32_t)bytes.length;
    slice_put(e->bytes, bytes);
    to->bytes += bytes.length;
    if (to->instance == NULL)
        list_append(&to->held, &e->link);
    else
        schedule(stream, e);
}

void sim__stream_send(struct flow *f, struct slice bytes)
{
    struct stream *stream = f->stream;
    if (stream == NULL)
        return; /* broken, its instance does not know yet */
    struct sim *s = stream->sim;
    unsigned other = 1U - f->side;
    size_t limit = f->bound != 0 ? f->bound : LIMIT;
    if (stream->ends[other].bytes + bytes.length > limit) {
        f->instance->world.counters.values[COUNTER_FLOW_OVERFLOW]++;
        stream->ends[other].lost = true;
        sim__stream_close(f, false);
        sim__broken(f, ERROR_OVERLOADED);
        return;
    }
    while (bytes.length != 0) {
        size_t length = bytes.length;
        if (length > 1 && sim__weather(s, SIM_FAULT_SPLIT, 500000))
            length = 1 + chance_below(&s->faults, (uint32_t)length - 1);
        send_piece(stream, other, slice_first(bytes, length));
        bytes = slice_from(bytes, length);
    }
}

void sim__stream_close(struct flow *f, bool silently)
{
    struct stream *stream = f->stream;
    if (stream == NULL)
        return;
    struct sim *s = stream->sim;
    unsigned side = f->side, other = 1U - side;
    if (!silently && stream->ends[other].instance != NULL && stream->ends[other].flow != NULL) {
        if (!f->instance->alive && chance_happens(&s->network, LOSE))
            stream->ends[other].lost = true;
        schedule(stream, event_of(stream, EVENT_END, other, 0));
    }
    detach(stream, side);
}

/* Hands one piece or the end to the instance at that side; takes the event over. */
static void arrive(struct sim *s, struct event *e)
{
    struct stream *stream = e->stream;
    struct end *end = &stream->ends[e->side];
    if (e->kind == EVENT_PIECE && (end->flow == NULL || end->lost)) {
        end->bytes -= e->length;
        if (end->flow == NULL && stream->ends[1 - e->side].flow != NULL &&
            !stream->ends[1 - e->side].ending) {
            stream->ends[1 - e->side].ending = true; /* a reset answers what comes to a closed end */
            schedule(stream, event_of(stream, EVENT_END, 1U - e->side, 0));
        }
        sim__event_free(s, e);
        return;
    }
    e->instance = end->instance;
    e->incarnation = end->instance->incarnation;
    sim__deliver(s, e);
}

bool sim__stream_arrived(struct event *e)
{
    struct end *end = &e->stream->ends[e->side];
    end->bytes -= e->length;
    if (end->flow == NULL)
        return false;
    if (e->kind == EVENT_END) {
        break_end(e->stream, e->side, ERROR_CLOSED);
        return false;
    }
    e->input = (struct input){.kind = INPUT_DATA, .flow = end->flow->number, .token = end->flow->token};
    return true;
}

static void flush(struct stream *stream, unsigned side)
{
    struct end *end = &stream->ends[side];
    struct sim *s = stream->sim;
    stream->references++;
    while (!list_empty(&end->held) && (end->flow == NULL || !end->flow->paused)) {
        struct event *e = list_entry(end->held.next, struct event, link);
        list_remove(&e->link);
        arrive(s, e);
    }
    sim__stream_release(s, stream);
}

/* Nothing passes: the pieces wait, and the sender gives up some time. */
static void blocked(struct stream *stream, unsigned side)
{
    struct sim *s = stream->sim;
    struct end *end = &stream->ends[side];
    if (end->retrying)
        return;
    end->retrying = true;
    end->blocked_since = s->now;
    sim__push(s, event_of(stream, EVENT_RETRY, side, 0), s->now + RETRY);
}

static void retry(struct sim *s, struct event *e)
{
    struct stream *stream = e->stream;
    struct end *end = &stream->ends[e->side], *sender = &stream->ends[1 - e->side];
    int64_t stalled = sim__stalled_until(s, sender->host, end->host);
    if (stalled > s->now) {
        sim__push(s, e, stalled);
        return;
    }
    if (!sim__blocked(s, sender->host, end->host)) {
        end->retrying = false;
        flush(stream, e->side);
    } else if (s->now - end->blocked_since > GIVE_UP) {
        end->retrying = false;
        drop_held(s, end);
        break_end(stream, 1U - e->side, ERROR_TIMEOUT);
    } else {
        sim__push(s, e, s->now + RETRY);
        return;
    }
    sim__event_free(s, e);
}

void sim__stream_event(struct sim *s, struct event *e)
{
    struct stream *stream = e->stream;
    struct end *end = &stream->ends[e->side];
    if (e->kind == EVENT_CONNECT) {
        connect(s, e);
        return;
    }
    if (e->kind == EVENT_RETRY) {
        retry(s, e);
        return;
    }
    bool held = !list_empty(&end->held) || end->retrying || (end->flow != NULL && end->flow->paused);
    if (sim__blocked(s, stream->ends[1 - e->side].host, end->host) ||
        sim__stalled_until(s, stream->ends[1 - e->side].host, end->host) > s->now) {
        blocked(stream, e->side);
        held = true;
    }
    if (held)
        list_append(&end->held, &e->link);
    else
        arrive(s, e);
}

void sim__stream_pause(struct flow *f, bool pause)
{
    f->paused = pause;
    if (f->stream == NULL)
        return;
    struct end *end = &f->stream->ends[f->side];
    if (pause || end->retrying || list_empty(&end->held))
        return;
    /* Not within this turn: a retry that finds nothing in its way. */
    end->retrying = true;
    end->blocked_since = f->instance->sim->now;
    sim__push(f->instance->sim, event_of(f->stream, EVENT_RETRY, f->side, 0), f->instance->sim->now);
}
