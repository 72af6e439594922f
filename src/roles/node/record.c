/* The node's objects as records. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/node/node_int.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

static char *text_of(struct node *n, struct slice s)
{
    return arena_text(&n->arena, s);
}

static void copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

/* ---- core ---- */

static int save_core(struct node *n, struct buffer *out)
{
    Tandem__NodeCore r = TANDEM__NODE_CORE__INIT;
    r.next_object = n->next_object;
    r.stream_number = n->stream_number;
    r.stored_number = n->stored_number;
    r.life = n->life;
    r.next_transaction = n->transactions.next_id;
    pack_add(out, &r.base);
    return 0;
}

static int load_core(struct node *n, struct slice bytes)
{
    const Tandem__NodeCore *r = pack_read(&tandem__node_core__descriptor, bytes, &n->arena);
    if (r == NULL)
        return ERROR_CORRUPT;
    n->next_object = r->next_object;
    n->stream_number = r->stream_number;
    n->stored_number = r->stored_number;
    n->life = r->life;
    n->transactions.next_id = r->next_transaction;
    return 0;
}

/* ---- calls ---- */

static int save_call(struct node *n, uint64_t id, struct buffer *out)
{
    struct call *c = map_get_number(&n->calls, id);
    Tandem__CallRecord r = TANDEM__CALL_RECORD__INIT;
    if (c == NULL)
        return ERROR_MISSING;
    r.id = c->id;
    r.call_id = c->call_id;
    r.state = c->state;
    r.caller = c->caller != NULL ? c->caller->id : 0;
    r.callee = c->callee != NULL ? c->callee->id : 0;
    r.from = c->from;
    r.to = c->to;
    r.started_at = c->started_at;
    r.answered_at = c->answered_at;
    r.result = c->result;
    r.cause = c->cause[0] != '\0' ? c->cause : NULL;
    r.sequence = c->sequence;
    r.deadline = c->deadline;
    r.held = c->held;
    r.sip_call_id = text_of(n, buffer_slice(&c->sip_call_id));
    r.has_progress = c->progress != 0;
    r.progress = c->progress;
    r.reason = c->reason[0] != '\0' ? c->reason : NULL;
    r.has_redirects = c->redirects != 0;
    r.redirects = c->redirects;
    r.has_attributes = c->attributes.length != 0;
    r.attributes = pack_bytes(buffer_slice(&c->attributes));
    r.has_parts = c->parts.length != 0;
    r.parts = pack_bytes(buffer_slice(&c->parts));
    r.has_carried = c->carried.length != 0;
    r.carried = pack_bytes(buffer_slice(&c->carried));
    r.has_carried_back = c->carried_back.length != 0;
    r.carried_back = pack_bytes(buffer_slice(&c->carried_back));
    pack_add(out, &r.base);
    return 0;
}

static int load_call(struct node *n, struct slice bytes)
{
    const Tandem__CallRecord *r = pack_read(&tandem__call_record__descriptor, bytes, &n->arena);
    if (r == NULL || r->state >= CALL_ST_ENDED || map_get_number(&n->calls, r->id) != NULL)
        return ERROR_CORRUPT;
    struct call *c = pool_take(&n->calls_pool);
    c->id = r->id;
    c->node = n;
    c->call_id = r->call_id;
    c->state = (uint8_t)r->state;
    c->caller_key = r->caller;
    c->callee_key = r->callee;
    copy(c->from, sizeof c->from, r->from);
    copy(c->to, sizeof c->to, r->to);
    copy(c->cause, sizeof c->cause, r->cause != NULL ? r->cause : "");
    c->started_at = r->started_at;
    c->answered_at = r->answered_at;
    c->result = (Tandem__CallResult)r->result;
    c->sequence = r->sequence;
    c->deadline = r->deadline;
    c->held = r->held;
    c->progress = (uint16_t)r->progress;
    copy(c->reason, sizeof c->reason, r->reason != NULL ? r->reason : "");
    c->redirects = r->redirects;
    buffer_add(&c->attributes, pack_slice(r->attributes));
    buffer_add(&c->parts, pack_slice(r->parts));
    buffer_add(&c->carried, pack_slice(r->carried));
    buffer_add(&c->carried_back, pack_slice(r->carried_back));
    buffer_add_text(&c->sip_call_id, r->sip_call_id != NULL ? r->sip_call_id : "");
    map_put_number(&n->calls, c->id, c);
    return 0;
}

/* ---- legs ---- */

static void save_dialog(struct node *n, const struct sip_dialog *d, Tandem__DialogRecord *r)
{
    tandem__dialog_record__init(r);
    r->call_id = text_of(n, d->call_id);
    r->local_tag = text_of(n, d->local_tag);
    r->remote_tag = slice_empty(d->remote_tag) ? NULL : text_of(n, d->remote_tag);
    r->local = text_of(n, d->local);
    r->remote = text_of(n, d->remote);
    r->remote_target = text_of(n, d->remote_target);
    r->n_routes = d->route_count;
    r->routes = arena_alloc(&n->arena, d->route_count * sizeof *r->routes);
    for (unsigned i = 0; i < d->route_count; i++)
        r->routes[i] = text_of(n, d->routes[i]);
    r->local_cseq = d->local_cseq;
    r->remote_cseq = d->remote_cseq;
}

static int load_dialog(struct sip_dialog *d, const Tandem__DialogRecord *r)
{
    if (r->n_routes > DIALOG_ROUTES)
        return ERROR_CORRUPT;
    struct sip_dialog texts = {.call_id = slice_text(r->call_id),
        .local_tag = slice_text(r->local_tag),
        .remote_tag = slice_text(r->remote_tag),
        .local = slice_text(r->local),
        .remote = slice_text(r->remote),
        .remote_target = slice_text(r->remote_target),
        .local_cseq = r->local_cseq,
        .remote_cseq = r->remote_cseq,
        .route_count = (unsigned)r->n_routes};
    for (size_t i = 0; i < r->n_routes; i++)
        texts.routes[i] = slice_text(r->routes[i]);
    sip_dialog_copy(d, &texts);
    return 0;
}

/* What is nothing is not written. */
#define SAVE(field, value) (r->has_##field = (value) != 0, r->field = (value))

static void save_early(struct node *n, const struct leg *l, Tandem__LegRecord *r)
{
    SAVE(abilities, l->abilities);
    SAVE(told, l->told);
    SAVE(rseq, l->rseq);
    SAVE(owed_rseq, l->owed_rseq);
    SAVE(update, l->update);
    SAVE(again_at, l->again_at);
    SAVE(invite_sdp, l->invite_sdp);
    SAVE(expires, l->expires);
    SAVE(least_expires, l->least_expires);
    SAVE(refresher, l->refresher);
    SAVE(accepted_cseq, l->accepted_cseq);
    r->has_provisional = l->provisional.length != 0;
    r->provisional = pack_bytes(buffer_slice(&l->provisional));
    r->n_forks = l->fork_count;
    r->forks = arena_alloc(&n->arena, l->fork_count * sizeof *r->forks);
    for (unsigned i = 0; i < l->fork_count; i++) {
        r->forks[i] = arena_alloc(&n->arena, sizeof *r->forks[i]);
        tandem__leg_fork__init(r->forks[i]);
        r->forks[i]->tag = l->forks[i].tag;
        r->forks[i]->rseq = l->forks[i].rseq;
    }
}

static void load_early(struct leg *l, const Tandem__LegRecord *r)
{
    l->abilities = r->abilities % LEG_ABILITIES;
    l->told = (uint16_t)r->told;
    l->rseq = r->rseq;
    l->owed_rseq = r->owed_rseq;
    l->update = r->update;
    l->again_at = r->again_at;
    l->invite_sdp = r->invite_sdp;
    l->expires = r->expires;
    l->least_expires = r->least_expires;
    l->refresher = (uint8_t)(r->refresher <= REFRESH_PHONE ? r->refresher : REFRESH_AUDIT);
    l->accepted_cseq = r->accepted_cseq;
    buffer_add(&l->provisional, pack_slice(r->provisional));
    for (size_t i = 0; i < r->n_forks && i < LEG_FORKS; i++)
        l->forks[l->fork_count++] = (struct leg_fork){r->forks[i]->tag, r->forks[i]->rseq};
}

static int save_leg(struct node *n, uint64_t id, struct buffer *out)
{
    struct leg *l = map_get_number(&n->legs, id);
    Tandem__LegRecord r = TANDEM__LEG_RECORD__INIT;
    Tandem__DialogRecord dialog;
    if (l == NULL)
        return ERROR_MISSING;
    save_dialog(n, &l->dialog, &dialog);
    r.id = l->id;
    r.call = l->call->id;
    r.state = l->state;
    r.media = l->media;
    r.dialog = &dialog;
    r.proxy = l->proxy;
    r.invite = l->invite;
    r.invite_cseq = l->invite_cseq;
    r.remote_sdp = l->remote_sdp;
    r.local_sdp = l->local_sdp;
    r.offered_sdp = l->offered_sdp;
    r.deadline = l->deadline;
    r.resend_at = l->resend_at;
    r.interval = l->interval;
    r.has_answer = l->answer.length != 0;
    r.answer = pack_bytes(buffer_slice(&l->answer));
    r.has_ack = l->ack.length != 0;
    r.ack = pack_bytes(buffer_slice(&l->ack));
    r.dn = l->dn;
    r.incoming = l->incoming;
    r.attempts = l->attempts;
    r.ack_cseq = l->ack_cseq;
    r.cancelled = l->cancelled;
    save_early(n, l, &r);
    pack_add(out, &r.base);
    return 0;
}

static void fill_leg(struct leg *l, const Tandem__LegRecord *r)
{
    l->id = r->id;
    l->call_key = r->call;
    l->state = (uint8_t)r->state;
    l->media = (uint8_t)r->media;
    copy(l->proxy, sizeof l->proxy, r->proxy);
    copy(l->dn, sizeof l->dn, r->dn);
    l->invite = r->invite;
    l->invite_cseq = r->invite_cseq;
    l->ack_cseq = r->ack_cseq;
    l->remote_sdp = r->remote_sdp;
    l->local_sdp = r->local_sdp;
    l->offered_sdp = r->offered_sdp;
    l->deadline = r->deadline;
    l->resend_at = r->resend_at;
    l->interval = r->interval;
    l->incoming = r->incoming;
    l->cancelled = r->cancelled;
    l->attempts = r->attempts;
    load_early(l, r);
    buffer_add(&l->answer, pack_slice(r->answer));
    buffer_add(&l->ack, pack_slice(r->ack));
}

static int load_leg(struct node *n, struct slice bytes)
{
    const Tandem__LegRecord *r = pack_read(&tandem__leg_record__descriptor, bytes, &n->arena);
    if (r == NULL || r->state >= LEG_ST_CLOSED || r->media > MEDIA_STABLE ||
        map_get_number(&n->legs, r->id) != NULL)
        return ERROR_CORRUPT;
    struct leg *l = pool_take(&n->legs_pool);
    l->node = n;
    fill_leg(l, r);
    int error = load_dialog(&l->dialog, r->dialog);
    map_put_number(&n->legs, l->id, l);
    return error;
}

/* ---- session descriptions ---- */

static int save_sdp(struct node *n, uint64_t id, struct buffer *out)
{
    struct description *s = map_get_number(&n->sdps, id);
    Tandem__SdpRecord r = TANDEM__SDP_RECORD__INIT;
    if (s == NULL)
        return ERROR_MISSING;
    r.text = pack_bytes(buffer_slice(&s->text));
    pack_add(out, &r.base);
    return 0;
}

static int load_sdp(struct node *n, uint64_t id, struct slice bytes)
{
    const Tandem__SdpRecord *r = pack_read(&tandem__sdp_record__descriptor, bytes, &n->arena);
    if (r == NULL || map_get_number(&n->sdps, id) != NULL)
        return ERROR_CORRUPT;
    struct description *s = mem_zero(sizeof *s);
    s->id = id;
    buffer_add(&s->text, pack_slice(r->text));
    map_put_number(&n->sdps, id, s);
    return 0;
}

/* ---- events that are not stored yet ---- */

static int save_outbox(struct node *n, uint64_t number, struct buffer *out)
{
    struct outbox_event *e = map_get_number(&n->outbox_index, number);
    Tandem__OutboxRecord r = TANDEM__OUTBOX_RECORD__INIT;
    if (e == NULL)
        return ERROR_MISSING;
    r.event = pack_bytes(buffer_slice(&e->bytes));
    pack_add(out, &r.base);
    return 0;
}

static int load_outbox(struct node *n, uint64_t number, struct slice bytes)
{
    const Tandem__OutboxRecord *r = pack_read(&tandem__outbox_record__descriptor, bytes, &n->arena);
    if (r == NULL)
        return ERROR_CORRUPT;
    node__outbox_load(n, number, pack_slice(r->event));
    return 0;
}

/* ---- all of them ---- */

int node__save(void *self, struct record_id id, struct buffer *out)
{
    struct node *n = self;
    switch (id.kind) {
    case NODE_KIND_CORE:
        return save_core(n, out);
    case NODE_KIND_CALL:
        return save_call(n, id.id, out);
    case NODE_KIND_LEG:
        return save_leg(n, id.id, out);
    case NODE_KIND_TRANSACTION:
        return sip_transaction_save(&n->transactions, id.id, out);
    case NODE_KIND_SDP:
        return save_sdp(n, id.id, out);
    case NODE_KIND_OUTBOX:
        return save_outbox(n, id.id, out);
    default:
        return ERROR_MISSING;
    }
}

int node__load(void *self, struct record_id id, struct slice bytes)
{
    struct node *n = self;
    switch (id.kind) {
    case NODE_KIND_CORE:
        return load_core(n, bytes);
    case NODE_KIND_CALL:
        return load_call(n, bytes);
    case NODE_KIND_LEG:
        return load_leg(n, bytes);
    case NODE_KIND_TRANSACTION:
        return sip_transaction_load(&n->transactions, bytes);
    case NODE_KIND_SDP:
        return load_sdp(n, id.id, bytes);
    case NODE_KIND_OUTBOX:
        return load_outbox(n, id.id, bytes);
    default:
        return ERROR_UNSUPPORTED;
    }
}

/* ---- when all are there ---- */

static void count_reference(struct node *n, uint64_t *id)
{
    struct description *s = *id != 0 ? map_get_number(&n->sdps, *id) : NULL;
    if (s != NULL)
        s->references++;
    else
        *id = 0;
}

static void resume_leg(struct leg *l)
{
    struct world *w = l->node->world;
    count_reference(l->node, &l->remote_sdp);
    count_reference(l->node, &l->local_sdp);
    count_reference(l->node, &l->offered_sdp);
    count_reference(l->node, &l->invite_sdp);
    if (l->deadline != 0)
        world_timer_set(w, &l->deadline_timer, OBJECT(NODE_KIND_LEG, l->id), LEG_EV_DEADLINE, l->deadline);
    if (l->again_at != 0)
        world_timer_set(w, &l->again_timer, OBJECT(NODE_KIND_LEG, l->id), LEG_EV_AGAIN, l->again_at);
    if (l->resend_at != 0)
        world_timer_set(w, &l->resend_timer, OBJECT(NODE_KIND_LEG, l->id), LEG_EV_RESEND, l->resend_at);
}

static void resume_call(struct call *c)
{
    struct node *n = c->node;
    c->caller = map_get_number(&n->legs, c->caller_key);
    c->callee = map_get_number(&n->legs, c->callee_key);
    if (c->caller != NULL && c->caller->call != NULL)
        c->caller = NULL; /* a leg belongs to one call, in one part */
    if (c->caller != NULL)
        c->caller->call = c;
    if (c->callee != NULL && c->callee->call != NULL)
        c->callee = NULL;
    if (c->callee != NULL)
        c->callee->call = c;
    if (c->deadline != 0)
        world_timer_set(n->world, &c->deadline_timer, OBJECT(NODE_KIND_CALL, c->id), 0, c->deadline);
}

void node__resume(void *self)
{
    struct node *n = self;
    struct call *c;
    struct leg *l;
    map_for_each (l, &n->legs)
        resume_leg(l);
    map_for_each (c, &n->calls)
        resume_call(c);
    map_for_each (l, &n->legs) {
        if (l->call != NULL)
            continue;
        LOG(LOG_ERROR, "node", "leg %llx of a call that is lost; dropped", (unsigned long long)l->id);
        node__leg_free(l);
    }
    node__busy_resume(n);
    sip_transactions_resume(&n->transactions);
    sip_transactions_repeat(&n->transactions);
    map_for_each (l, &n->legs)
        node__leg_ack_again(l);
    if (n->stream_number != 0)
        node__stream_resume(n);
    else
        node__stream_begin(n); /* the member before us died before it had begun */
    arena_reset(&n->arena);
}
