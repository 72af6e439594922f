/* What is left of a transaction that only waits for what may come again: its key and its answer. Nobody saves
 * it, so a proxy, whose calls are over a thousand times a second, keeps little of each for half a minute. The
 * user has been told that it is over; a 2xx of an INVITE that comes again is reported with a transaction that
 * knows only id and owner. All of a kind wait equally long, so one timer does for the list of each. */
#include "base/mem.h"
#include "sip/transaction_int.h"

struct sip_over {
    bool over; /* true */
    uint8_t kind;
    uint32_t key_length;
    struct list link;
    int64_t until;
    uint64_t id, owner;
    struct slice answer; /* servers: sent again when the request comes again; own copy */
    char key[];
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

static struct slice key_of(const struct sip_over *o)
{
    return slice_of(o->key, o->key_length);
}

static void set_timer(struct sip_transactions *ts, unsigned kind, int64_t at)
{
    world_timer_set(
        ts->world, &ts->overs[kind].timer, OBJECT(ts->object_kind, 0), TRANSACTION_TIMER_OVER + kind, at);
}

void transaction__bury(struct sip_transaction *t)
{
    struct sip_transactions *ts = t->table;
    struct sip_overs *all = &ts->overs[t->kind];
    enum timer wait = sip_transaction_machines[t->kind]->states[t->state].timer;
    struct sip_over *o = mem_alloc(sizeof *o + t->key.length);
    ts->handlers->over(ts->user, t);
    *o = (struct sip_over){.over = true,
        .kind = t->kind,
        .key_length = (uint32_t)t->key.length,
        .until = world_now(ts->world) + timer_duration(wait),
        .id = t->id,
        .owner = t->owner};
    slice_put(o->key, t->key);
    if (t->kind == SIP_NIST) {
        o->answer = t->message;
        t->message = (struct slice){0};
    }
    transaction__release(t);
    map_put(&ts->by_key, key_of(o), o);
    if (all->count++ == 0)
        set_timer(ts, o->kind, o->until);
    list_append(&all->list, &o->link);
}

struct sip_transaction *transaction__alive(void *found)
{
    return found == NULL || *(const bool *)found ? NULL : found;
}

void transaction__over_input(
    struct sip_transactions *ts, void *over, const struct sip_target *from, const struct sip_message *m)
{
    const struct sip_over *o = over;
    if (o->kind == SIP_NIST) {
        ts->handlers->send(ts->user, from, o->answer);
    } else if (o->kind == SIP_ICT && m->status >= 200 && m->status < 300) {
        struct sip_transaction again = {.id = o->id,
            .table = ts,
            .kind = SIP_ICT,
            .state = SIP_ST_ACCEPTED,
            .method = SIP_INVITE,
            .status = m->status,
            .target = *from,
            .owner = o->owner};
        ts->handlers->response(ts->user, &again, m);
    }
}

static void drop(struct sip_transactions *ts, struct sip_over *o)
{
    if (map_get(&ts->by_key, key_of(o)) == o)
        map_remove(&ts->by_key, key_of(o));
    list_remove(&o->link);
    ts->overs[o->kind].count--;
    mem_free((void *)(uintptr_t)o->answer.data);
    mem_free(o);
}

void transaction__over_timer(struct sip_transactions *ts, uint32_t timer)
{
    unsigned kind = timer - TRANSACTION_TIMER_OVER;
    int64_t now = world_now(ts->world), next = now + timer_duration(TIMER_SIP_OVER);
    struct list *first;
    while ((first = list_first(&ts->overs[kind].list)) != NULL) {
        struct sip_over *o = list_entry(first, struct sip_over, link);
        if (o->until > now) {
            set_timer(ts, kind, o->until > next ? o->until : next);
            return;
        }
        drop(ts, o);
    }
}

void transaction__over_close(struct sip_transactions *ts)
{
    for (int kind = 0; kind < SIP_TRANSACTION_KINDS; kind++) {
        struct sip_overs *all = &ts->overs[kind];
        struct list *first;
        while (all->count != 0 && (first = list_first(&all->list)) != NULL)
            drop(ts, list_entry(first, struct sip_over, link));
        world_timer_clear(&all->timer);
    }
}
