#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/values.h"

#define REDIRECTS 5U /* of one call: phones may name each other */

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
    buffer_free(&c->attributes);
    buffer_free(&c->carried);
    buffer_free(&c->carried_back);
    buffer_free(&c->parts);
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

void node__call_reason(struct call *c, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_reason_value said;
    struct slice value;
    if (c->reason[0] != '\0' || !sip_next_value(m, SIP_HEADER_REASON, &at, &value) ||
        value.length >= sizeof c->reason || sip_reason_parse(&said, value) != 0)
        return;
    memcpy(c->reason, value.data, value.length);
    c->reason[value.length] = '\0';
    node__call_changed(c);
}

/* Where no phone has said why, we say what we know: nothing, when a person hung up. */
struct slice node__call_why(const struct call *c, char room[CALL_REASON])
{
    static const struct {
        const char *cause;
        unsigned status;
    } own[] = {{"no answer", 408}, {"longest time reached", 408}, {"no PRACK", 504}};
    if (c->reason[0] != '\0')
        return slice_text(c->reason);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i].cause, c->cause) == 0)
            return slice_of(room,
                (size_t)snprintf(room, CALL_REASON, "SIP;cause=%u;text=\"%s\"", own[i].status, own[i].cause));
    return SLICE("");
}

void node__call_add_reason(struct buffer *out, const struct call *c)
{
    char room[CALL_REASON];
    struct slice why = node__call_why(c, room);
    if (!slice_empty(why))
        sip_add_header(out, SIP_HEADER_REASON, why);
}

/* A phone names another one to be called (RFC 3261 8.1.3.4): one of ours is called instead; elsewhere is for
 * the dial plan to decide, not for a phone. */
void node__call_redirect(struct call *c, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice contact;
    c->redirect[0] = '\0';
    while (c->redirects < REDIRECTS && sip_next_value(m, SIP_HEADER_CONTACT, &at, &contact))
        if (sip_name_address_parse(&a, contact) == 0 && !a.star &&
            node__knows_user(c->node, c->redirect, a.uri))
            return;
    c->redirect[0] = '\0';
    c->status = 480; /* a caller could do nothing with the address */
}

static bool call_another(struct call *c, struct slice caller)
{
    char dn[NODE_NAME];
    if (c->redirect[0] == '\0' || c->caller == NULL || c->state >= CALL_ST_ESTABLISHED)
        return false;
    memcpy(dn, c->redirect, sizeof dn);
    c->redirect[0] = '\0';
    c->reason[0] = '\0';
    c->redirects++;
    LOG(LOG_INFO, "node", "the phone names %s; that is called", dn);
    node__invite_callee(c, dn, caller);
    return true;
}

void node__call_leg_gone(struct call *c, struct leg *l)
{
    struct node *n = c->node;
    uint64_t id = c->id;
    struct slice caller = arena_copy(&n->arena, l->dialog.local);
    bool callee = l == c->callee;
    uint8_t event = c->state >= CALL_ST_ESTABLISHED ? CALL_EV_HUNG_UP
                    : l == c->caller                ? CALL_EV_GIVEN_UP
                                                    : CALL_EV_REFUSED;
    if (l == c->caller)
        c->caller = NULL;
    else
        c->callee = NULL;
    node__leg_free(l);
    if (callee && call_another(c, caller))
        return;
    node__call_event(c, event);
    c = map_get_number(&n->calls, id);
    if (c != NULL && c->caller == NULL && c->callee == NULL)
        node__call_event(c, CALL_EV_GONE);
}
