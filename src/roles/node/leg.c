#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

struct leg *node__leg_new(struct node *n, struct call *c, bool incoming)
{
    struct leg *l = pool_take(&n->legs_pool);
    l->id = node__object(n);
    l->node = n;
    l->call = c;
    l->incoming = incoming;
    l->state = incoming ? LEG_ST_INVITED : LEG_ST_CALLING;
    map_put_number(&n->legs, l->id, l);
    node__leg_changed(l);
    return l;
}

/* A request of the phone that is still open has to be answered by somebody. */
static void refuse_open(struct leg *l)
{
    struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->update);
    if (t != NULL && t->kind == SIP_NIST && t->request.length != 0)
        sip_respond_simple(t, 481, SLICE(""));
}

void node__leg_free(struct leg *l)
{
    struct node *n = l->node;
    refuse_open(l);
    node__busy_ended(l);
    world_dirty(n->world, NODE_KIND_LEG, l->id);
    world_timer_clear(&l->deadline_timer);
    world_timer_clear(&l->resend_timer);
    world_timer_clear(&l->again_timer);
    node__sdp_set(l, &l->remote_sdp, 0);
    node__sdp_set(l, &l->local_sdp, 0);
    node__sdp_set(l, &l->offered_sdp, 0);
    node__sdp_set(l, &l->invite_sdp, 0);
    sip_dialog_free(&l->dialog);
    buffer_free(&l->answer);
    buffer_free(&l->ack);
    buffer_free(&l->provisional);
    map_remove_number(&n->legs, l->id);
    pool_give(&n->legs_pool, l);
}

void node__leg_changed(struct leg *l)
{
    world_dirty(l->node->world, NODE_KIND_LEG, l->id);
}

/* Our tag names the leg, so that requests find it without a table; chance in it keeps strangers from
 * guessing. It ends with the call, so that proxies know which dialogs belong together (tandem trace). */
void node__leg_tag(struct leg *l, char tag[NODE_NAME])
{
    snprintf(tag, NODE_NAME, "%llx-%08x-%016llx", (unsigned long long)l->id,
        (unsigned)world_random(l->node->world), (unsigned long long)l->call->call_id);
}

struct leg *node__leg_by_tag(struct node *n, struct slice tag)
{
    uint64_t id = 0;
    size_t i = 0;
    for (; i < tag.length && i < 16 && tag.data[i] != '-'; i++) {
        char c = tag.data[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return NULL;
        id = id << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    struct leg *l = map_get_number(&n->legs, id);
    return l != NULL && slice_equal(l->dialog.local_tag, tag) ? l : NULL;
}

static void set_timer(struct leg *l, struct world_timer *t, uint32_t event, int64_t at)
{
    if (at == 0)
        world_timer_clear(t);
    else
        world_timer_set(l->node->world, t, OBJECT(NODE_KIND_LEG, l->id), event, at);
}

void node__leg_set_deadline(struct leg *l, int64_t at)
{
    l->deadline = at;
    set_timer(l, &l->deadline_timer, LEG_EV_DEADLINE, at);
}

void node__leg_set_resend(struct leg *l, int64_t interval)
{
    l->interval = interval;
    l->resend_at = interval != 0 ? world_now(l->node->world) + interval : 0;
    set_timer(l, &l->resend_timer, LEG_EV_RESEND, l->resend_at);
}

void node__leg_set_again(struct leg *l, int64_t wait)
{
    l->again_at = wait != 0 ? world_now(l->node->world) + wait : 0;
    set_timer(l, &l->again_timer, LEG_EV_AGAIN, l->again_at);
}

void node__leg_event(struct leg *l, uint8_t event, const void *input)
{
    struct node *n = l->node;
    uint64_t id = l->id;
    char call[17];
    snprintf(call, sizeof call, "%016llx", (unsigned long long)l->call->call_id);
    log_scope.call = slice_text(call);
    log_scope.leg = l->incoming ? SLICE("caller") : SLICE("callee");
    (void)!fsm_input(&node_leg_machine, &l->state, l, event, input); /* the leg may be gone now */
    world_dirty(n->world, NODE_KIND_LEG, id);
    log_scope.call = log_scope.leg = SLICE("");
}

void node__leg_hang_up(struct leg *l, uint16_t status)
{
    node__leg_event(l, LEG_EV_HANG_UP, &status);
}
