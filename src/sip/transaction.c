#include "sip/transaction_int.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

#define MAGIC SLICE("z9hG4bK")

void sip_transactions_open(struct sip_transactions *ts, struct world *w, const struct sip_handlers *handlers,
    void *user, uint8_t object_kind)
{
    *ts =
        (struct sip_transactions){.world = w, .handlers = handlers, .user = user, .object_kind = object_kind};
    pool_init(&ts->pool, "transaction", sizeof(struct sip_transaction));
}

static void release(struct sip_transaction *t)
{
    struct sip_transactions *ts = t->table;
    world_timer_clear(&t->deadline_timer);
    world_timer_clear(&t->resend_timer);
    map_remove_number(&ts->by_id, t->id);
    if (map_get(&ts->by_key, t->key) == t)
        map_remove(&ts->by_key, t->key);
    buffer_free(&t->message);
    buffer_free(&t->request);
    mem_free((void *)(uintptr_t)t->key.data);
    pool_give(&ts->pool, t);
}

void sip_transactions_close(struct sip_transactions *ts)
{
    struct sip_transaction *t;
    map_for_each (t, &ts->by_id)
        release(t);
    map_free(&ts->by_id);
    map_free(&ts->by_key);
    pool_free(&ts->pool);
    arena_free(&ts->scratch);
}

bool sip_target_equal(const struct sip_target *a, const struct sip_target *b)
{
    return strcmp(a->name, b->name) == 0 && a->flow == b->flow && address_equal(&a->address, &b->address);
}

/* ---- what the machines' actions use ---- */

void transaction__changed(struct sip_transaction *t)
{
    if (t->table->handlers->changed != NULL)
        t->table->handlers->changed(t->table->user, t);
}

void transaction__send(struct sip_transaction *t)
{
    t->table->handlers->send(t->table->user, &t->target, buffer_slice(&t->message));
}

static void set_timer(struct sip_transaction *t, struct world_timer *timer, uint32_t id, int64_t at)
{
    if (at == 0)
        world_timer_clear(timer);
    else
        world_timer_set(t->table->world, timer, OBJECT(t->table->object_kind, t->id), id, at);
}

void transaction__set_deadline(struct sip_transaction *t, int64_t at)
{
    t->deadline = at;
    set_timer(t, &t->deadline_timer, TRANSACTION_TIMER_DEADLINE, at);
}

void transaction__set_resend(struct sip_transaction *t, int64_t interval)
{
    t->interval = interval;
    t->resend_at = interval != 0 ? world_now(t->table->world) + interval : 0;
    set_timer(t, &t->resend_timer, TRANSACTION_TIMER_RESEND, t->resend_at);
}

void transaction__event(struct sip_transaction *t, uint8_t event, const void *input)
{
    const struct fsm *machine = sip_transaction_machines[t->kind];
    if (fsm_input(machine, &t->state, t, event, input) == 0)
        transaction__changed(t);
    if (!machine->states[t->state].final)
        return;
    t->table->handlers->over(t->table->user, t);
    transaction__changed(t);
    release(t);
}

struct sip_transaction *transaction__add(
    struct sip_transactions *ts, uint64_t id, enum sip_transaction_kind kind, struct slice key)
{
    struct sip_transaction *t = pool_take(&ts->pool);
    t->id = id;
    t->table = ts;
    t->kind = kind;
    t->key = slice_of(mem_copy(key.data, key.length), key.length);
    map_put_number(&ts->by_id, id, t);
    map_put(&ts->by_key, t->key, t);
    return t;
}

/* ---- keys (RFC 3261 17.1.3, 17.2.3) ---- */

static struct slice client_key(struct arena *a, enum sip_method method, struct slice branch)
{
    char *key = arena_alloc(a, branch.length + 2);
    key[0] = 'c';
    key[1] = (char)('A' + method);
    slice_put(key + 2, branch);
    return slice_of(key, branch.length + 2);
}

static struct slice server_key(struct arena *a, enum sip_method method, const struct sip_message *m)
{
    struct buffer key = {.limit = SIP_MESSAGE_LIMIT};
    buffer_add_byte(&key, 's');
    buffer_add_byte(&key, (char)('A' + (method == SIP_ACK ? SIP_INVITE : method)));
    buffer_add(&key, m->via.branch);
    buffer_add_byte(&key, '|');
    buffer_add(&key, m->via.host);
    buffer_add_byte(&key, ':');
    buffer_add_u64(&key, m->via.port);
    if (!slice_starts(m->via.branch, MAGIC)) { /* an RFC 2543 client */
        buffer_add(&key, m->call_id);
        buffer_add_byte(&key, '|');
        buffer_add(&key, m->from_tag);
        buffer_add_byte(&key, '|');
        buffer_add_u64(&key, m->cseq);
    }
    struct slice copy = arena_copy(a, buffer_slice(&key));
    buffer_free(&key);
    return copy;
}

/* ---- input ---- */

static uint8_t event_of(uint16_t status)
{
    return status < 200 ? SIP_EV_1XX : status < 300 ? SIP_EV_2XX : SIP_EV_REFUSED;
}

static void response_input(
    struct sip_transactions *ts, const struct sip_target *from, const struct sip_message *m)
{
    struct sip_transaction *t = map_get(&ts->by_key, client_key(&ts->scratch, m->method, m->via.branch));
    if (t != NULL)
        transaction__event(t, event_of(m->status), m);
    else
        ts->handlers->stray(ts->user, from, m);
}

static void request_input(
    struct sip_transactions *ts, const struct sip_target *from, bool reliable, const struct sip_message *m)
{
    struct slice key = server_key(&ts->scratch, m->method, m);
    struct sip_transaction *t = map_get(&ts->by_key, key);
    if (t != NULL) {
        t->target = *from; /* the answer goes where the newest copy came from */
        transaction__event(t, m->method == SIP_ACK ? SIP_EV_ACK : SIP_EV_REQUEST, m);
        return;
    }
    if (m->method == SIP_ACK) {
        ts->handlers->ack(ts->user, from, m);
        return;
    }
    t = transaction__add(ts, ++ts->next_id, m->method == SIP_INVITE ? SIP_IST : SIP_NIST, key);
    t->state = m->method == SIP_INVITE ? SIP_ST_PROCEEDING : SIP_ST_TRYING;
    t->method = m->method;
    t->reliable = reliable;
    t->target = *from;
    buffer_add(&t->request, m->text);
    transaction__changed(t);
    ts->handlers->request(ts->user, t, m);
}

void sip_transactions_input(
    struct sip_transactions *ts, const struct sip_target *from, bool reliable, const struct sip_message *m)
{
    if (m->is_request)
        request_input(ts, from, reliable, m);
    else
        response_input(ts, from, m);
    arena_reset(&ts->scratch);
}

void sip_transactions_timer(struct sip_transactions *ts, uint64_t object, uint32_t timer)
{
    struct sip_transaction *t = map_get_number(&ts->by_id, OBJECT_INDEX(object));
    if (t == NULL)
        return;
    if (timer == TRANSACTION_TIMER_RESEND)
        t->resend_at = 0;
    else
        t->deadline = 0;
    transaction__event(t, timer == TRANSACTION_TIMER_RESEND ? SIP_EV_RESEND : SIP_EV_DEADLINE, NULL);
    arena_reset(&ts->scratch);
}

struct sip_transaction *sip_transaction_find(struct sip_transactions *ts, uint64_t id)
{
    return map_get_number(&ts->by_id, id);
}

bool sip_transaction_known(struct sip_transactions *ts, const struct sip_message *m)
{
    bool known = map_get(&ts->by_key, server_key(&ts->scratch, m->method, m)) != NULL;
    arena_reset(&ts->scratch);
    return known;
}

struct sip_transaction *sip_transaction_cancelled(
    struct sip_transactions *ts, const struct sip_message *cancel)
{
    struct slice key = server_key(&ts->scratch, SIP_INVITE, cancel);
    return map_get(&ts->by_key, key);
}

/* ---- output ---- */

struct sip_transaction *sip_request(struct sip_transactions *ts, const struct sip_target *to, bool reliable,
    enum sip_method method, struct slice branch, struct slice message, uint64_t owner)
{
    enum sip_transaction_kind kind = method == SIP_INVITE ? SIP_ICT : SIP_NICT;
    struct sip_transaction *t =
        transaction__add(ts, ++ts->next_id, kind, client_key(&ts->scratch, method, branch));
    t->state = SIP_ST_TRYING;
    t->method = method;
    t->reliable = reliable;
    t->target = *to;
    t->owner = owner;
    buffer_add(&t->message, message);
    transaction__send(t);
    transaction__set_deadline(t, world_now(ts->world) + timer_duration(TIMER_SIP_64_T1));
    if (!reliable)
        transaction__set_resend(t, timer_duration(TIMER_SIP_T1));
    transaction__changed(t);
    return t;
}

void sip_respond(struct sip_transaction *t, uint16_t status, struct slice message)
{
    buffer_clear(&t->message);
    buffer_add(&t->message, message);
    t->status = status;
    transaction__event(t, event_of(status), NULL);
}

void sip_respond_once(struct sip_transaction *t, struct slice message)
{
    t->table->handlers->send(t->table->user, &t->target, message);
    t->table->handlers->over(t->table->user, t);
    t->state = SIP_ST_TERMINATED;
    transaction__changed(t);
    release(t);
}

void sip_respond_saying(struct sip_transaction *t, uint16_t status, struct slice to_tag,
    enum sip_header_id header, struct slice value)
{
    struct sip_message request;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    struct arena arena = {0};
    if (sip_parse(&request, buffer_slice(&t->request), &arena, NULL) == 0) {
        sip_add_response_head(&out, &request, status, SLICE(""), to_tag);
        if (!slice_empty(value))
            sip_add_header(&out, header, value);
        sip_add_body(&out, SLICE(""), SLICE(""));
        sip_respond(t, status, buffer_slice(&out));
    }
    buffer_free(&out);
    arena_free(&arena);
}

void sip_respond_simple(struct sip_transaction *t, uint16_t status, struct slice to_tag)
{
    sip_respond_saying(t, status, to_tag, SIP_HEADER_OTHER, SLICE(""));
}

/* Both CANCEL and the ACK of a refusal repeat the request's line, top Via, From, Call-ID, CSeq number and
 * Routes. */
static void build_like(
    struct buffer *out, const struct sip_message *invite, enum sip_method method, struct slice to)
{
    struct sip_cursor at = {0};
    struct slice route, name = slice_text(sip_method_name(method));
    sip_add_request_line(out, name, invite->uri);
    sip_add_header(out, SIP_HEADER_VIA, sip_header_value(invite, SIP_HEADER_VIA));
    while (sip_next_value(invite, SIP_HEADER_ROUTE, &at, &route))
        sip_add_header(out, SIP_HEADER_ROUTE, route);
    sip_add_header(out, SIP_HEADER_MAX_FORWARDS, SLICE("70"));
    sip_add_header(out, SIP_HEADER_FROM, invite->from);
    sip_add_header(out, SIP_HEADER_TO, to);
    sip_add_header(out, SIP_HEADER_CALL_ID, invite->call_id);
    buffer_add_format(out, "CSeq: %u %.*s\r\n", invite->cseq, SLICE_ARG(name));
    sip_add_body(out, SLICE(""), SLICE(""));
}

void transaction__build_ack(struct sip_transaction *t, const struct sip_message *response)
{
    struct sip_message invite;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    struct arena arena = {0};
    if (sip_parse(&invite, buffer_slice(&t->message), &arena, NULL) == 0)
        build_like(&out, &invite, SIP_ACK, response->to);
    arena_free(&arena);
    buffer_free(&t->message);
    t->message = out;
}

bool sip_may_cancel(const struct sip_transaction *t)
{
    return t->kind == SIP_ICT && t->state <= SIP_ST_PROCEEDING && t->status >= 100 && t->status < 200;
}

void sip_cancel(struct sip_transactions *ts, struct sip_transaction *invite)
{
    struct sip_message m;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    struct arena arena = {0};
    if (sip_parse(&m, buffer_slice(&invite->message), &arena, NULL) == 0) {
        build_like(&out, &m, SIP_CANCEL, m.to);
        sip_request(ts, &invite->target, invite->reliable, SIP_CANCEL, m.via.branch, buffer_slice(&out), 0);
    }
    buffer_free(&out);
    arena_free(&arena);
}

void sip_transactions_resend(struct sip_transactions *ts, struct slice peer)
{
    struct sip_transaction *t;
    map_for_each (t, &ts->by_id) {
        bool waits = t->kind <= SIP_NICT && t->state <= SIP_ST_PROCEEDING;
        if (waits && slice_equal(peer, slice_text(t->target.name)))
            transaction__send(t);
    }
}

/* An INVITE stays: its phone may have it already, and must not get it by two ways (RFC 3261 8.2.2.2); so does
 * a CANCEL, which goes the way of its INVITE. */
void sip_transactions_move(struct sip_transactions *ts, struct slice from, struct slice to)
{
    struct sip_transaction *t;
    map_for_each (t, &ts->by_id) {
        bool waits = t->kind == SIP_NICT && t->state == SIP_ST_TRYING && t->method != SIP_CANCEL;
        if (!waits || !slice_equal(from, slice_text(t->target.name)) || to.length >= SIP_TARGET_NAME)
            continue;
        slice_put(t->target.name, to);
        t->target.name[to.length] = '\0';
        transaction__changed(t);
        transaction__send(t);
    }
}

void sip_transactions_repeat(struct sip_transactions *ts)
{
    struct sip_transaction *t;
    map_for_each (t, &ts->by_id) {
        bool waits = t->kind > SIP_NICT || t->state <= SIP_ST_PROCEEDING;
        if (waits && t->message.length != 0)
            transaction__send(t);
    }
}
