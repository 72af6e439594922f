/* Transactions as records: saved whole, loaded without effects, resumed when all are there. */
#include "sip/transaction_int.h"

#include "base/error.h"
#include "wire/record.pb-c.h"
#include "wire/pack.h"

int sip_transaction_save(struct sip_transactions *ts, uint64_t id, struct buffer *out)
{
    struct sip_transaction *t = sip_transaction_find(ts, id);
    if (t == NULL)
        return ERROR_MISSING;
    Tandem__SipTarget target = TANDEM__SIP_TARGET__INIT;
    Tandem__TransactionRecord r = TANDEM__TRANSACTION_RECORD__INIT;
    if (t->target.name[0] != '\0')
        target.name = t->target.name;
    target.has_flow = t->target.flow != 0;
    target.flow = t->target.flow;
    target.has_address = t->target.address.family != 0;
    target.address = pack_bytes(slice_of(&t->target.address, sizeof t->target.address));
    r.id = t->id;
    r.kind = t->kind;
    r.state = t->state;
    r.reliable = t->reliable;
    r.target = &target;
    r.key = pack_bytes(t->key);
    r.owner = t->owner;
    r.deadline = t->deadline;
    r.resend_at = t->resend_at;
    r.interval = t->interval;
    r.has_message = t->message.length != 0;
    r.message = pack_bytes(t->message);
    r.has_request = t->request.length != 0;
    r.request = pack_bytes(t->request);
    r.method = t->method;
    r.has_status = t->status != 0;
    r.status = t->status;
    r.has_partner = t->partner != 0;
    r.partner = t->partner;
    pack_add(out, &r.base);
    return 0;
}

static void load_target(struct sip_target *target, const Tandem__SipTarget *r)
{
    *target = (struct sip_target){.flow = r->flow};
    if (r->name != NULL && strlen(r->name) < sizeof target->name)
        strcpy(target->name, r->name);
    if (r->has_address && r->address.len == sizeof target->address)
        memcpy(&target->address, r->address.data, sizeof target->address);
}

/* Only what a table of ours writes: no state that has ended, no interval that could not have grown. */
static bool is_sane(const Tandem__TransactionRecord *r)
{
    return r->kind < SIP_TRANSACTION_KINDS && r->state < SIP_ST_COUNT && r->method < SIP_METHODS &&
           !sip_transaction_machines[r->kind]->states[r->state].final && r->interval >= 0 &&
           r->interval <= 2 * timer_duration(TIMER_SIP_64_T1);
}

int sip_transaction_load(struct sip_transactions *ts, struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__TransactionRecord *r = pack_read(&tandem__transaction_record__descriptor, bytes, &arena);
    bool good = r != NULL && is_sane(r) && sip_transaction_find(ts, r->id) == NULL;
    if (good) {
        struct sip_transaction *t =
            transaction__add(ts, r->id, (enum sip_transaction_kind)r->kind, pack_slice(r->key));
        t->state = (uint8_t)r->state;
        t->reliable = r->reliable;
        t->method = (enum sip_method)r->method;
        t->status = (uint16_t)r->status;
        t->owner = r->owner;
        t->partner = r->partner;
        t->deadline = r->deadline;
        t->resend_at = r->resend_at;
        t->interval = r->interval;
        load_target(&t->target, r->target);
        transaction__keep(&t->message, pack_slice(r->message));
        transaction__keep(&t->request, pack_slice(r->request));
        if (ts->next_id < r->id)
            ts->next_id = r->id;
    }
    arena_free(&arena);
    return good ? 0 : ERROR_CORRUPT;
}

void sip_transactions_resume(struct sip_transactions *ts)
{
    struct sip_transaction *t;
    map_for_each (t, &ts->by_id)
        transaction__arm(t);
}
