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

/* What is being reported borrows key and request from the message. */
static bool is_entered(const struct sip_transaction *t)
{
    return t->table->current != t || t->table->handlers->changed != NULL;
}

static void forget(struct slice *own)
{
    mem_free((void *)(uintptr_t)own->data);
    *own = (struct slice){0};
}

void transaction__keep(struct slice *own, struct slice bytes)
{
    forget(own);
    if (bytes.length != 0)
        *own = slice_of(mem_copy(bytes.data, bytes.length), bytes.length);
}

void transaction__forget_request(struct sip_transaction *t)
{
    if (is_entered(t))
        forget(&t->request);
    t->request = (struct slice){0};
}

void transaction__release(struct sip_transaction *t)
{
    struct sip_transactions *ts = t->table;
    world_timer_clear(&t->timer);
    transaction__forget_request(t);
    forget(&t->message);
    if (is_entered(t)) {
        map_remove_number(&ts->by_id, t->id);
        if (map_get(&ts->by_key, t->key) == t)
            map_remove(&ts->by_key, t->key);
        forget(&t->key);
    }
    if (ts->current == t)
        ts->current = NULL;
    pool_give(&ts->pool, t);
}

void sip_transactions_close(struct sip_transactions *ts)
{
    struct sip_transaction *t;
    map_for_each (t, &ts->by_id)
        transaction__release(t);
    transaction__over_close(ts);
    map_free(&ts->by_id);
    map_free(&ts->by_key);
    buffer_free(&ts->spare);
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
    t->table->handlers->send(t->table->user, &t->target, t->message);
}

void transaction__arm(struct sip_transaction *t)
{
    bool resend = t->resend_at != 0 && (t->deadline == 0 || t->resend_at < t->deadline);
    int64_t at = resend ? t->resend_at : t->deadline;
    uint32_t id = resend ? TRANSACTION_TIMER_RESEND : TRANSACTION_TIMER_DEADLINE;
    if (at == 0)
        world_timer_clear(&t->timer);
    else if (!wheel_runs(&t->timer.wheel) || t->timer.wheel.at != at || t->timer.id != id)
        world_timer_set(t->table->world, &t->timer, OBJECT(t->table->object_kind, t->id), id, at);
}

void transaction__set_deadline(struct sip_transaction *t, int64_t at)
{
    t->deadline = at;
    transaction__arm(t);
}

void transaction__set_resend(struct sip_transaction *t, int64_t interval)
{
    t->interval = interval;
    t->resend_at = interval != 0 ? world_now(t->table->world) + interval : 0;
    transaction__arm(t);
}

void transaction__event(struct sip_transaction *t, uint8_t event, const void *input)
{
    const struct fsm *machine = sip_transaction_machines[t->kind];
    if (fsm_input(machine, &t->state, t, event, input) == 0)
        transaction__changed(t);
    if (machine->states[t->state].final) {
        t->table->handlers->over(t->table->user, t);
        transaction__changed(t);
        transaction__release(t);
    } else if (t->table->current != t && transaction__may_be_over(t)) {
        transaction__bury(t);
    }
}

static void enter(struct sip_transaction *t)
{
    t->key = slice_of(mem_copy(t->key.data, t->key.length), t->key.length);
    map_put_number(&t->table->by_id, t->id, t);
    map_put(&t->table->by_key, t->key, t);
}

static struct sip_transaction *new_transaction(
    struct sip_transactions *ts, uint64_t id, enum sip_transaction_kind kind, struct slice key)
{
    struct sip_transaction *t = pool_take(&ts->pool);
    t->id = id;
    t->table = ts;
    t->kind = kind;
    t->key = key;
    return t;
}

struct sip_transaction *transaction__add(
    struct sip_transactions *ts, uint64_t id, enum sip_transaction_kind kind, struct slice key)
{
    struct sip_transaction *t = new_transaction(ts, id, kind, key);
    enter(t);
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
    const char head[] = {'s', (char)('A' + (method == SIP_ACK ? SIP_INVITE : method))};
    bool old = !slice_starts(m->via.branch, MAGIC); /* an RFC 2543 client */
    struct slice parts[] = {slice_of(head, sizeof head), m->via.branch, SLICE("|"), m->via.host,
        slice_of((const char *)&m->via.port, sizeof m->via.port), m->call_id, SLICE("|"), m->from_tag,
        slice_of((const char *)&m->cseq, sizeof m->cseq)};
    size_t count = old ? sizeof parts / sizeof parts[0] : 5, length = 0;
    for (size_t i = 0; i < count; i++)
        length += parts[i].length;
    char *key = arena_alloc(a, length), *at = key;
    for (size_t i = 0; i < count; i++) {
        slice_put(at, parts[i]);
        at += parts[i].length;
    }
    return slice_of(key, length);
}

/* ---- input ---- */

uint8_t transaction__event_of(uint16_t status)
{
    return status < 200 ? SIP_EV_1XX : status < 300 ? SIP_EV_2XX : SIP_EV_REFUSED;
}

static void response_input(
    struct sip_transactions *ts, const struct sip_target *from, const struct sip_message *m)
{
    struct slice key = client_key(&ts->scratch, m->method, m->via.branch);
    struct sip_transaction *t = map_get(&ts->by_key, key);
    const struct sip_over *over = t == NULL ? transaction__over_find(ts, key) : NULL;
    if (t != NULL)
        transaction__event(t, transaction__event_of(m->status), m);
    else if (over != NULL)
        transaction__over_input(ts, over, from, m);
    else
        ts->handlers->stray(ts->user, from, m);
}

/* Tells the user of a new request. Where nothing is saved, it gets into the maps only afterwards, when it was
 * not answered at once. */
static void report(struct sip_transactions *ts, struct sip_transaction *t, const struct sip_message *m)
{
    ts->current = t;
    ts->request = m;
    ts->handlers->request(ts->user, t, m);
    ts->request = NULL;
    if (ts->current != t)
        return; /* it is gone */
    if (t->answered) {
        ts->handlers->over(ts->user, t);
        transaction__release(t);
    } else if (transaction__may_be_over(t)) {
        transaction__bury(t);
    } else if (ts->handlers->changed == NULL) {
        struct slice request = t->request;
        t->request = (struct slice){0};
        transaction__keep(&t->request, request);
        enter(t);
    }
    ts->current = NULL;
}

static void request_input(
    struct sip_transactions *ts, const struct sip_target *from, bool reliable, const struct sip_message *m)
{
    struct slice key = server_key(&ts->scratch, m->method, m);
    struct sip_transaction *t = map_get(&ts->by_key, key);
    const struct sip_over *over = t == NULL ? transaction__over_find(ts, key) : NULL;
    if (over != NULL) {
        transaction__over_input(ts, over, from, m);
        return;
    }
    if (t != NULL) {
        t->target = *from; /* the answer goes where the newest copy came from */
        transaction__event(t, m->method == SIP_ACK ? SIP_EV_ACK : SIP_EV_REQUEST, m);
        return;
    }
    if (m->method == SIP_ACK) {
        ts->handlers->ack(ts->user, from, m);
        return;
    }
    t = new_transaction(ts, ++ts->next_id, m->method == SIP_INVITE ? SIP_IST : SIP_NIST, key);
    t->state = m->method == SIP_INVITE ? SIP_ST_PROCEEDING : SIP_ST_TRYING;
    t->method = m->method;
    t->reliable = reliable;
    t->target = *from;
    t->request = m->text;
    if (ts->handlers->changed != NULL) {
        t->request = slice_of(mem_copy(m->text.data, m->text.length), m->text.length);
        enter(t);
        transaction__changed(t);
    }
    report(ts, t, m);
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
    if (timer >= TRANSACTION_TIMER_OVER) {
        transaction__over_timer(ts, timer);
        return;
    }
    struct sip_transaction *t = map_get_number(&ts->by_id, OBJECT_INDEX(object));
    if (t == NULL)
        return;
    if (timer == TRANSACTION_TIMER_RESEND)
        t->resend_at = 0;
    else
        t->deadline = 0;
    transaction__arm(t);
    transaction__event(t, timer == TRANSACTION_TIMER_RESEND ? SIP_EV_RESEND : SIP_EV_DEADLINE, NULL);
    arena_reset(&ts->scratch);
}

struct sip_transaction *sip_transaction_find(struct sip_transactions *ts, uint64_t id)
{
    if (ts->current != NULL && ts->current->id == id)
        return ts->current;
    return map_get_number(&ts->by_id, id);
}

bool sip_transaction_known(struct sip_transactions *ts, const struct sip_message *m)
{
    struct slice key = server_key(&ts->scratch, m->method, m);
    bool known = map_get(&ts->by_key, key) != NULL || transaction__over_find(ts, key) != NULL;
    if (ts->current == NULL) /* whose key lies there */
        arena_reset(&ts->scratch);
    return known;
}

size_t sip_transactions_count(const struct sip_transactions *ts)
{
    size_t count = map_count(&ts->by_id);
    for (int kind = 0; kind < SIP_TRANSACTION_KINDS; kind++)
        count += ts->overs[kind].count;
    return count;
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
    transaction__keep(&t->message, message);
    transaction__send(t);
    t->deadline = world_now(ts->world) + timer_duration(TIMER_SIP_64_T1);
    if (reliable)
        transaction__arm(t);
    else
        transaction__set_resend(t, timer_duration(TIMER_SIP_T1));
    transaction__changed(t);
    return t;
}

/* Both CANCEL and the ACK of a refusal repeat the request's line, top Via, From, Call-ID, CSeq number and
 * Routes. */
static void build_like(struct buffer *out, const struct sip_message *invite, enum sip_method method,
    struct slice to, struct slice reason)
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
    if (!slice_empty(reason))
        sip_add_header(out, SIP_HEADER_REASON, reason);
    sip_add_body(out, SLICE(""), SLICE(""));
}

void transaction__build_ack(struct sip_transaction *t, const struct sip_message *response)
{
    struct sip_message invite;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    struct arena arena = {0};
    if (sip_parse(&invite, t->message, &arena, NULL) == 0)
        build_like(&out, &invite, SIP_ACK, response->to, SLICE(""));
    arena_free(&arena);
    transaction__keep(&t->message, buffer_slice(&out));
    buffer_free(&out);
}

bool sip_may_cancel(const struct sip_transaction *t)
{
    return t->kind == SIP_ICT && t->state <= SIP_ST_PROCEEDING && t->status >= 100 && t->status < 200;
}

void sip_cancel(struct sip_transactions *ts, struct sip_transaction *invite)
{
    sip_cancel_saying(ts, invite, SLICE(""));
}

void sip_cancel_saying(struct sip_transactions *ts, struct sip_transaction *invite, struct slice reason)
{
    struct sip_message m;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    struct arena arena = {0};
    if (sip_parse(&m, invite->message, &arena, NULL) == 0) {
        build_like(&out, &m, SIP_CANCEL, m.to, reason);
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

/* What is found first is failed afterwards: what comes of it may make new transactions. */
void sip_transactions_lost(struct sip_transactions *ts, uint64_t flow)
{
    struct sip_transaction *t;
    struct buffer ids = {0};
    map_for_each (t, &ts->by_id) {
        bool waits = t->kind <= SIP_NICT && t->state <= SIP_ST_PROCEEDING;
        if (waits && t->target.name[0] == '\0' && t->target.address.family == 0 && t->target.flow == flow)
            buffer_add(&ids, slice_of(&t->id, sizeof t->id));
    }
    for (size_t at = 0; at + sizeof t->id <= ids.length; at += sizeof t->id) {
        uint64_t id;
        memcpy(&id, ids.data + at, sizeof id);
        t = sip_transaction_find(ts, id);
        if (t == NULL)
            continue;
        t->status = 503;
        transaction__event(t, SIP_EV_DEADLINE, NULL);
    }
    buffer_free(&ids);
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
