/* The ordered stream of call events: numbered without gaps, appended to the spool, published for collectors,
 * and kept in memory (and by the other member) until a collector says that it is stored. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/node/node_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define STREAM SLICE("call")
#define OBJECT_STREAM OBJECT(NODE_KIND_OUTBOX, 0)
#define TOKEN_CONTROL 2 /* of the subscriptions: what is for this pair, and what for all */
#define TOKEN_ALL 3
#define TOKEN_STORED 4 /* what a collector has stored of this pair's stream */
#define LIFE_SHIFT 32  /* numbers of a pair that begins with nothing jump past all it may have used before */
#define TRIMMED 256U   /* events forgotten in one turn */

int64_t node__stream_resend_at(const struct node *n)
{
    return wheel_runs(&n->resend_timer.wheel) ? n->resend_timer.wheel.at : 0;
}

void node__stream_arm(struct node *n, int64_t at)
{
    if (at != 0)
        world_timer_set(n->world, &n->resend_timer, OBJECT_STREAM, 0, at);
}

static void subject(const struct node *n, const char *prefix, char room[NODE_NAME + 16])
{
    snprintf(room, NODE_NAME + 16, "%s.%s", prefix, n->pair);
}

static void subscribe(struct node *n)
{
    char control[NODE_NAME + 16];
    subject(n, "ctl.node", control);
    world_subscribe(n->world, slice_text(control), TOKEN_CONTROL);
    world_subscribe(n->world, SLICE("ctl.node.all"), TOKEN_ALL);
    subject(n, "ctl.stored", control);
    world_subscribe(n->world, slice_text(control), TOKEN_STORED);
    if (node__stream_resend_at(n) == 0)
        node__stream_arm(n, world_now(n->world) + timer_duration(TIMER_OUTBOX_RESEND));
}

static void keep(struct node *n, uint64_t number, struct slice bytes)
{
    struct outbox_event *e = mem_zero(sizeof *e);
    e->number = number;
    buffer_add(&e->bytes, bytes);
    list_append(&n->outbox, &e->link);
    map_put_number(&n->outbox_index, number, e);
}

static void forget(struct node *n, struct outbox_event *e)
{
    world_dirty(n->world, NODE_KIND_OUTBOX, e->number);
    map_remove_number(&n->outbox_index, e->number);
    list_remove(&e->link);
    buffer_free(&e->bytes);
    mem_free(e);
}

void node__outbox_load(struct node *n, uint64_t number, struct slice bytes)
{
    keep(n, number, bytes); /* records of a kind come in order of their ids */
}

static void publish(struct node *n, struct slice bytes)
{
    char to[NODE_NAME + 16];
    subject(n, "call", to);
    world_publish(n->world, slice_text(to), bytes);
}

static void emit(struct node *n, Tandem__CallEvent *e)
{
    struct buffer bytes = {0};
    e->number = n->stream_number;
    e->time = (uint64_t)world_now(n->world);
    e->node = n->pair;
    e->location = n->location;
    pack_add(&bytes, &e->base);
    world_append(n->world, STREAM, e->number, buffer_slice(&bytes));
    publish(n, buffer_slice(&bytes));
    if (map_count(&n->outbox_index) >= NODE_OUTBOX) /* the spool has it */
        forget(n, list_entry(n->outbox.next, struct outbox_event, link));
    keep(n, e->number, buffer_slice(&bytes));
    world_dirty(n->world, NODE_KIND_OUTBOX, e->number);
    node__core_changed(n);
    buffer_free(&bytes);
}

/* ---- the live view ---- */

static void fill_live(const struct call *c, Tandem__LiveCall *live)
{
    tandem__live_call__init(live);
    live->call_id = c->call_id;
    live->from = (char *)(uintptr_t)c->from;
    live->to = (char *)(uintptr_t)c->to;
    live->state = (char *)(uintptr_t)(c->state == CALL_ST_ENDED ? "gone"
                                      : c->state == CALL_ST_ESTABLISHED && c->held
                                          ? "held"
                                          : node_call_machine.states[c->state].name);
    live->started_at = (uint64_t)c->started_at;
    live->has_answered_at = c->answered_at != 0;
    live->answered_at = (uint64_t)c->answered_at;
    live->node = c->node->pair;
    live->location = c->node->location;
    live->attributes = node__call_attributes(c, &live->n_attributes);
}

static void publish_live(
    struct node *n, const char *to, Tandem__LiveCall **calls, size_t count, bool snapshot)
{
    struct buffer bytes = {0};
    Tandem__LiveChange change = TANDEM__LIVE_CHANGE__INIT;
    change.node = n->pair;
    change.view = n->view;
    change.number = snapshot ? n->live_number : ++n->live_number;
    change.n_calls = count;
    change.calls = calls;
    change.has_snapshot = snapshot;
    change.snapshot = snapshot;
    pack_add(&bytes, &change.base);
    world_publish(n->world, slice_text(to), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void live_changed(struct call *c)
{
    char to[NODE_NAME + 16];
    Tandem__LiveCall live, *pointer = &live;
    fill_live(c, &live);
    subject(c->node, "live", to);
    publish_live(c->node, to, &pointer, 1, false);
}

static void live_snapshot(struct node *n, const char *to)
{
    size_t count = 0;
    struct call *c;
    Tandem__LiveCall *rows = arena_alloc(&n->arena, map_count(&n->calls) * sizeof *rows);
    Tandem__LiveCall **pointers = arena_alloc(&n->arena, map_count(&n->calls) * sizeof *pointers);
    map_for_each (c, &n->calls) {
        fill_live(c, &rows[count]);
        pointers[count] = &rows[count];
        count++;
    }
    publish_live(n, to, pointers, count, true);
}

static void log_event(const struct call *c, Tandem__CallEventKind kind)
{
    static const char *const kinds[] = {
        "", "begins", "rings", "is connected", "is held", "goes on", "is over"};
    char id[17];
    struct slice before = log_scope.call;
    snprintf(id, sizeof id, "%016llx", (unsigned long long)c->call_id);
    log_scope.call = slice_text(id);
    if (kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED)
        LOG(LOG_INFO, "node", "%s to %s is over: %s", c->from, c->to, c->cause);
    else
        LOG(LOG_INFO, "node", "%s to %s %s", c->from, c->to, kinds[kind]);
    log_scope.call = before;
}

void node__stream_event(struct call *c, Tandem__CallEventKind kind)
{
    struct node *n = c->node;
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    char sip_call_id[128];
    n->stream_number++;
    e.kind = kind;
    e.has_call_id = true;
    e.call_id = c->call_id;
    e.has_sequence = true;
    e.sequence = ++c->sequence;
    e.from = c->from;
    e.to = c->to;
    if (kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED) {
        e.has_result = true;
        e.result = c->result;
        e.cause = c->cause;
    }
    if (kind == TANDEM__CALL_EVENT_KIND__CALL_CREATED) {
        snprintf(sip_call_id, sizeof sip_call_id, "%.*s", SLICE_ARG(buffer_slice(&c->sip_call_id)));
        e.sip_call_id = sip_call_id;
        e.attributes = node__call_attributes(c, &e.n_attributes);
    }
    emit(n, &e);
    node__call_changed(c);
    live_changed(c);
    log_event(c, kind);
}

/* ---- stored, or not ---- */

static void publish_from(struct node *n, uint64_t number)
{
    size_t bytes = 0;
    list_for_each (link, &n->outbox) {
        const struct outbox_event *e = list_entry(link, struct outbox_event, link);
        if (e->number <= number)
            continue;
        publish(n, buffer_slice(&e->bytes));
        bytes += e->bytes.length;
        if (bytes > NODE_PUBLISH)
            return;
    }
}

static void ask_spool(struct node *n, uint64_t read_from, uint64_t trim_to)
{
    struct buffer bytes = {0};
    Tandem__SpoolRequest request = TANDEM__SPOOL_REQUEST__INIT;
    request.stream = (char *)(uintptr_t)STREAM.data;
    request.has_read_from = read_from != 0;
    request.read_from = read_from;
    request.has_read_bytes = read_from != 0;
    request.read_bytes = NODE_PUBLISH;
    request.has_trim_to = trim_to != 0;
    request.trim_to = trim_to;
    pack_add(&bytes, &request.base);
    world_ask(n->world, SERVICE_SPOOL, buffer_slice(&bytes), OBJECT_STREAM, read_from,
        world_now(n->world) + timer_duration(TIMER_OUTBOX_RESEND));
    buffer_free(&bytes);
}

/* What memory does not hold any more comes from the spool. */
static void resend(struct node *n, uint64_t stored)
{
    const struct outbox_event *oldest =
        list_empty(&n->outbox) ? NULL : list_entry(n->outbox.next, struct outbox_event, link);
    if (stored >= n->stream_number)
        return;
    if (oldest != NULL && oldest->number <= stored + 1)
        publish_from(n, stored);
    else
        ask_spool(n, stored + 1, 0);
}

static void stored(struct node *n, uint64_t number)
{
    unsigned forgotten = 0;
    if (number <= n->stored_number || number > n->stream_number)
        return;
    n->stored_number = number;
    node__core_changed(n);
    while (!list_empty(&n->outbox) && forgotten++ < TRIMMED) {
        struct outbox_event *e = list_entry(n->outbox.next, struct outbox_event, link);
        if (e->number > number)
            break;
        forget(n, e);
    }
    if (forgotten > TRIMMED)
        world_again(n->world, number);
    ask_spool(n, 0, number);
}

static void told_stored(struct node *n, struct slice bytes)
{
    const Tandem__StreamStored *s = pack_read(&tandem__stream_stored__descriptor, bytes, &n->arena);
    if (s == NULL || strcmp(s->node, n->pair) != 0)
        return;
    stored(n, s->number);
    if (s->has_resend && s->resend)
        resend(n, s->number);
}

static void control(struct node *n, const struct input *in)
{
    if (in->token == TOKEN_STORED) {
        told_stored(n, in->bytes);
        return;
    }
    const Tandem__Snapshot *ask = pack_read(&tandem__snapshot__descriptor, in->bytes, &n->arena);
    if (ask != NULL)
        live_snapshot(n, ask->reply_to);
}

/* ---- beginning ---- */

/* With nothing: what a dead process of this member has written and nobody stored yet is in the spool. */
void node__stream_begin(struct node *n)
{
    ask_spool(n, 1, 0);
}

static void begin_with(struct node *n, const Tandem__SpoolAnswer *a)
{
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    uint64_t first_of_life = n->life << LIFE_SHIFT | 1;
    uint64_t previous = a != NULL ? a->last : 0;
    n->stored_number = a != NULL && a->first != 0 ? a->first - 1 : 0;
    n->stream_number = previous >= first_of_life ? previous + 1 : first_of_life;
    e.kind = TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED;
    e.has_previous = true;
    e.previous = previous;
    emit(n, &e);
    n->ready = true;
    subscribe(n);
    node__peers_listen(n);
}

void node__stream_resume(struct node *n)
{
    n->ready = true;
    subscribe(n);
    node__peers_listen(n);
}

static void spool_answer(struct node *n, const struct input *in)
{
    const Tandem__SpoolAnswer *a = NULL;
    if (in->answer == ANSWER_YES)
        a = pack_read(&tandem__spool_answer__descriptor, in->bytes, &n->arena);
    if (!n->ready) {
        if (a == NULL)
            LOG(LOG_ERROR, "node",
                "the spool does not answer (%s); call events of an earlier run may be missing",
                error_symbol(in->error));
        begin_with(n, a);
        return;
    }
    for (size_t i = 0; in->token != 0 && a != NULL && i < a->n_records; i++)
        publish(n, pack_slice(a->records[i]->bytes));
}

bool node__stream_input(struct node *n, const struct input *in)
{
    if (in->kind == INPUT_ANSWER && in->object == OBJECT_STREAM) {
        spool_answer(n, in);
    } else if (in->kind == INPUT_BUS && in->token >= TOKEN_CONTROL && in->token <= TOKEN_STORED) {
        control(n, in);
    } else if (in->kind == INPUT_AGAIN) {
        uint64_t number = n->stored_number;
        n->stored_number = 0;
        stored(n, number);
    } else if (in->kind == INPUT_TIMER && in->object == OBJECT_STREAM) {
        resend(n, n->stored_number);
        node__stream_arm(n, world_now(n->world) + timer_duration(TIMER_OUTBOX_RESEND));
    } else {
        return false;
    }
    return true;
}

void node__stream_free(struct node *n)
{
    world_timer_clear(&n->resend_timer);
    list_for_each_safe (link, next, &n->outbox) {
        struct outbox_event *e = list_entry(link, struct outbox_event, link);
        buffer_free(&e->bytes);
        mem_free(e);
    }
    list_init(&n->outbox);
    map_free(&n->outbox_index);
}
