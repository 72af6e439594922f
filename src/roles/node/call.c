#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "roles/node/node_int.h"

/* Unique in time and over the cluster: the pair, the life of its state, a number. */
static uint64_t new_call_id(struct node *n)
{
    uint64_t pair = hash_stable(slice_text(n->pair)) & 0xffff;
    return pair << 48 | (n->life & 0xffff) << 32 | (n->next_object & 0xffffffff);
}

struct call *node__call_new(struct node *n)
{
    struct call *c = pool_take(&n->calls_pool);
    c->id = node__object(n);
    c->node = n;
    c->call_id = new_call_id(n);
    c->started_at = world_now(n->world);
    map_put_number(&n->calls, c->id, c);
    node__call_set_deadline(c, c->started_at + timer_duration(TIMER_CALL_RING));
    node__call_changed(c);
    world_count(n->world, COUNTER_CALLS, 1);
    return c;
}

void node__call_free(struct call *c)
{
    struct node *n = c->node;
    node__call_changed(c);
    world_timer_clear(&c->deadline_timer);
    buffer_free(&c->sip_call_id);
    map_remove_number(&n->calls, c->id);
    pool_give(&n->calls_pool, c);
}

void node__call_changed(struct call *c)
{
    world_dirty(c->node->world, NODE_KIND_CALL, c->id);
}

void node__call_set_deadline(struct call *c, int64_t at)
{
    c->deadline = at;
    if (at == 0)
        world_timer_clear(&c->deadline_timer);
    else
        world_timer_set(c->node->world, &c->deadline_timer, OBJECT(NODE_KIND_CALL, c->id), 0, at);
}

struct leg *node__call_other(const struct call *c, const struct leg *l)
{
    return l == c->caller ? c->callee : c->caller;
}

void node__call_event(struct call *c, uint8_t event)
{
    struct node *n = c->node;
    uint64_t id = c->id;
    (void)!fsm_input(&node_call_machine, &c->state, c, event, NULL); /* the call may be gone now */
    world_dirty(n->world, NODE_KIND_CALL, id);
}

void node__call_result(struct call *c, Tandem__CallResult result, const char *cause)
{
    if (c->result != TANDEM__CALL_RESULT__RESULT_OPEN)
        return;
    c->result = result;
    snprintf(c->cause, sizeof c->cause, "%s", cause);
}

void node__call_leg_gone(struct call *c, struct leg *l)
{
    struct node *n = c->node;
    uint64_t id = c->id;
    uint8_t event = c->state >= CALL_ST_ESTABLISHED ? CALL_EV_HUNG_UP
                    : l == c->caller                ? CALL_EV_GIVEN_UP
                                                    : CALL_EV_REFUSED;
    if (l == c->caller)
        c->caller = NULL;
    else
        c->callee = NULL;
    node__leg_free(l);
    node__call_event(c, event);
    c = map_get_number(&n->calls, id);
    if (c != NULL && c->caller == NULL && c->callee == NULL)
        node__call_event(c, CALL_EV_GONE);
}
