/* What is left of a transaction that only waits for what may come again: a hash of its key, and of the answer
 * what cannot be built again from the request. Nobody saves it, so a proxy, whose registrations and calls are
 * over thousands of times a second, keeps little of each for half a minute. The user has been told that it is
 * over; a 2xx of an INVITE that comes again is reported with a transaction that knows only id and owner. All
 * of a kind wait equally long, so they lie in the order of their end, and one timer does for each kind.
 *
 * Keys are compared by 64 bits of a keyed hash: strangers cannot choose what collides, and with a million of
 * them in memory chance does it to one request in 10^13. */
#include "base/hash.h"
#include "base/mem.h"
#include "sip/transaction_int.h"

struct sip_over {
    uint64_t hash;
    int64_t until;
    uint8_t kind, reason, tag; /* reason, tag: lengths of what stands first in the bytes */
    bool headless;             /* the head of the answer is that of the request */
    uint16_t status;
    uint32_t length; /* of all bytes */
    /* Servers: reason, tag, the answer or its rest. Clients of an INVITE: id and owner. */
    char bytes[];
};

struct sip_ids {
    uint64_t id, owner;
};

/* A refused INVITE still answers (ACK) or is answered; an accepted one of a server is what its user sends
 * the 2xx of another branch by. */
bool transaction__may_be_over(const struct sip_transaction *t)
{
    if (t->table->handlers->changed != NULL)
        return false;
    if (t->kind == SIP_ICT)
        return t->state == SIP_ST_ACCEPTED;
    return (t->kind == SIP_NIST || t->kind == SIP_NICT) && t->state == SIP_ST_COMPLETED && !t->reliable;
}

static uint64_t hash_of(struct slice key)
{
    return hash_bytes(hash_process_key, key);
}

static bool same_h(const void *object, const void *key)
{
    return ((const struct sip_over *)object)->hash == *(const uint64_t *)key;
}

const struct sip_over *transaction__over_find(const struct sip_transactions *ts, struct slice key)
{
    if (ts->by_hash.count == 0)
        return NULL;
    uint64_t hash = hash_of(key);
    return index_find(&ts->by_hash, (uint32_t)hash, same_h, &hash);
}

static void set_timer(struct sip_transactions *ts, unsigned kind, int64_t at)
{
    world_timer_set(
        ts->world, &ts->overs[kind].timer, OBJECT(ts->object_kind, 0), TRANSACTION_TIMER_OVER + kind, at);
}

static struct sip_over *add(struct sip_transactions *ts, enum sip_transaction_kind kind,
    enum sip_transaction_state state, struct slice key, size_t length)
{
    struct sip_overs *all = &ts->overs[kind];
    enum timer wait = sip_transaction_machines[kind]->states[state].timer;
    struct sip_over *o = fifo_add(&all->fifo, sizeof *o + length);
    *o = (struct sip_over){.hash = hash_of(key),
        .until = world_now(ts->world) + timer_duration(wait),
        .kind = (uint8_t)kind,
        .length = (uint32_t)length};
    index_add(&ts->by_hash, (uint32_t)o->hash, o);
    if (all->count++ == 0)
        set_timer(ts, kind, o->until);
    return o;
}

void transaction__bury(struct sip_transaction *t)
{
    struct sip_transactions *ts = t->table;
    struct slice answer = t->kind == SIP_NIST ? t->message : slice_of("", 0);
    struct sip_ids ids = {t->id, t->owner};
    ts->handlers->over(ts->user, t);
    if (t->kind == SIP_ICT)
        answer = slice_of(&ids, sizeof ids);
    struct sip_over *o = add(ts, t->kind, t->state, t->key, answer.length);
    slice_put(o->bytes, answer);
    transaction__release(t);
}

void transaction__bury_answer(struct sip_transaction *t, const struct sip_answer *a)
{
    struct slice rest = slice_from(buffer_slice(&a->message), a->head);
    struct sip_over *o =
        add(t->table, t->kind, t->state, t->key, a->reason.length + a->to_tag.length + rest.length);
    o->headless = true;
    o->status = a->status;
    o->reason = (uint8_t)a->reason.length;
    o->tag = (uint8_t)a->to_tag.length;
    slice_put(o->bytes, a->reason);
    slice_put(o->bytes + o->reason, a->to_tag);
    slice_put(o->bytes + o->reason + o->tag, rest);
}

static void answer_again(struct sip_transactions *ts, const struct sip_over *o, const struct sip_target *from,
    const struct sip_message *m)
{
    if (!o->headless) {
        ts->handlers->send(ts->user, from, slice_of(o->bytes, o->length));
        return;
    }
    struct slice bytes = slice_of(o->bytes, o->length);
    struct buffer out = sip_spare_take(ts);
    sip_add_response_head(
        &out, m, o->status, slice_first(bytes, o->reason), slice_first(slice_from(bytes, o->reason), o->tag));
    buffer_add(&out, slice_from(bytes, (size_t)o->reason + o->tag));
    if (!out.overflowed)
        ts->handlers->send(ts->user, from, buffer_slice(&out));
    sip_spare_give(ts, &out);
}

void transaction__over_input(struct sip_transactions *ts, const struct sip_over *o,
    const struct sip_target *from, const struct sip_message *m)
{
    struct sip_ids ids;
    if (o->kind == SIP_NIST) {
        answer_again(ts, o, from, m);
    } else if (o->kind == SIP_ICT && m->status >= 200 && m->status < 300) {
        memcpy(&ids, o->bytes, sizeof ids);
        struct sip_transaction again = {.id = ids.id,
            .table = ts,
            .kind = SIP_ICT,
            .state = SIP_ST_ACCEPTED,
            .method = SIP_INVITE,
            .status = m->status,
            .target = *from,
            .owner = ids.owner};
        ts->handlers->response(ts->user, &again, m);
    }
}

static void drop(struct sip_transactions *ts, struct sip_overs *all, const struct sip_over *o)
{
    index_remove(&ts->by_hash, (uint32_t)o->hash, o);
    all->count--;
    fifo_drop(&all->fifo, sizeof *o + o->length);
}

void transaction__over_timer(struct sip_transactions *ts, uint32_t timer)
{
    unsigned kind = timer - TRANSACTION_TIMER_OVER;
    struct sip_overs *all = &ts->overs[kind];
    int64_t now = world_now(ts->world), next = now + timer_duration(TIMER_SIP_OVER);
    const struct sip_over *o;
    while ((o = fifo_first(&all->fifo)) != NULL) {
        if (o->until > now) {
            set_timer(ts, kind, o->until > next ? o->until : next);
            return;
        }
        drop(ts, all, o);
    }
}

void transaction__over_close(struct sip_transactions *ts)
{
    for (int kind = 0; kind < SIP_TRANSACTION_KINDS; kind++) {
        fifo_free(&ts->overs[kind].fifo);
        world_timer_clear(&ts->overs[kind].timer);
    }
    index_free(&ts->by_hash);
}
