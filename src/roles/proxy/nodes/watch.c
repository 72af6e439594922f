/* OPTIONS to each pair, and what follows from its answer or silence. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/nodes/nodes_int.h"
#include "sip/peer.h"

#define LATE 3 /* answers to one of the last so many questions count */

static const char *const state_names[NODE_STATES] = {"new", "in service", "draining", "out of service"};

const char *node_state_name(enum node_state s)
{
    return state_names[s];
}

void nodes_open(struct proxy *p)
{
    p->nodes = mem_zero(sizeof *p->nodes);
    p->nodes->ticked_at = world_now(p->world);
    world_timer_set(p->world, &p->nodes->timer, OBJECT(PROXY_OBJECT_NODES, 0), 0,
        world_now(p->world) + timer_duration(TIMER_NODE_WATCH));
}

static void forget(struct proxy *p, struct node_watch *w)
{
    map_remove(&p->nodes->watches, slice_text(w->name));
    nodes__busy_free(w);
    mem_free(w);
}

void nodes_close(struct proxy *p)
{
    struct node_watch *w;
    map_for_each (w, &p->nodes->watches)
        forget(p, w);
    map_free(&p->nodes->watches);
    world_timer_clear(&p->nodes->timer);
    mem_free(p->nodes);
}

struct node_watch *nodes__watch(struct proxy *p, struct slice pair)
{
    struct node_watch *w = map_get(&p->nodes->watches, pair);
    if (w != NULL || pair.length >= sizeof w->name ||
        config_pair(world_configuration(p->world), pair) == NULL)
        return w;
    w = mem_zero(sizeof *w);
    slice_put(w->name, pair);
    w->heard_at = world_now(p->world);
    map_put(&p->nodes->watches, slice_text(w->name), w);
    return w;
}

enum node_state nodes_state(struct proxy *p, struct slice pair)
{
    const struct node_watch *w = nodes__watch(p, pair);
    return w != NULL ? (enum node_state)w->state : NODE_OUT;
}

static void set_state(struct proxy *p, struct node_watch *w, enum node_state state, const char *why)
{
    if (w->state == state)
        return;
    LOG(state == NODE_OUT ? LOG_WARNING : LOG_NOTICE, "proxy", "%s is %s%s%s", w->name, state_names[state],
        why[0] != '\0' ? ": " : "", why);
    w->state = (uint8_t)state;
    world_count(p->world, COUNTER_NODE_CHANGES, 1);
}

/* No transaction: a question that was lost is followed by the next one. */
static void ask(struct proxy *p, struct node_watch *w)
{
    struct sip_target to = {.flow = 0};
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    if (!proxy__inside_connected(p, w->name))
        return;
    strcpy(to.name, w->name);
    w->asked++;
    buffer_add_format(&out, "OPTIONS sip:%s" PAIR_HOST " SIP/2.0\r\n", w->name);
    buffer_add_format(
        &out, "Via: SIP/2.0/TCP %s" PROXY_HOST ";branch=" SIP_WATCH_BRANCH "%x\r\n", p->name, w->asked);
    buffer_add_format(&out,
        "Max-Forwards: 0\r\nFrom: <sip:%s" PROXY_HOST ">;tag=watch\r\nTo: <sip:%s" PAIR_HOST ">\r\n", p->name,
        w->name);
    buffer_add_format(&out, "Call-ID: watch@%s\r\nCSeq: %u OPTIONS\r\n", p->name, w->asked & INT32_MAX);
    sip_add_body(&out, SLICE(""), SLICE(""));
    proxy__send(p, &to, buffer_slice(&out));
    buffer_free(&out);
}

void nodes_greeted(struct proxy *p, struct slice pair)
{
    struct node_watch *w = nodes__watch(p, pair);
    if (w != NULL)
        ask(p, w);
}

/* The number in the branch of an answer; false: it is not one to our OPTIONS. */
static bool read_number(uint32_t *number, const struct sip_message *m)
{
    struct slice digits = slice_from(m->via.branch, sizeof SIP_WATCH_BRANCH - 1);
    *number = 0;
    if (!slice_starts(m->via.branch, SLICE(SIP_WATCH_BRANCH)) || digits.length == 0 || digits.length > 8)
        return false;
    for (size_t i = 0; i < digits.length; i++) {
        char c = digits.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *number = *number << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

bool nodes_answered(struct proxy *p, const struct sip_target *from, const struct sip_message *m)
{
    uint32_t number;
    struct node_watch *w = from->name[0] != '\0' ? map_get(&p->nodes->watches, slice_text(from->name)) : NULL;
    if (w == NULL || !read_number(&number, m))
        return false;
    if (w->asked - number >= LATE)
        return true;
    w->heard_at = world_now(p->world);
    if (m->status >= 200 && m->status < 300)
        set_state(p, w, NODE_IN_SERVICE, "");
    else if (m->status == 503)
        set_state(p, w, NODE_DRAINING, "it takes no new calls");
    return true;
}

void nodes_heard(struct proxy *p, struct slice pair)
{
    struct node_watch *w = map_get(&p->nodes->watches, pair);
    if (w != NULL)
        w->heard_at = world_now(p->world);
}

/* We have stood still ourselves: what came meanwhile has not been read yet, so nobody is blamed. */
static bool after_a_pause(struct proxy *p, int64_t now)
{
    struct node_watch *w;
    bool paused = now - p->nodes->ticked_at > 2 * timer_duration(TIMER_NODE_WATCH);
    if (paused)
        map_for_each (w, &p->nodes->watches)
            w->heard_at = now;
    p->nodes->ticked_at = now;
    return paused;
}

/* Looks at all that are configured, asks them again. */
static void tick(struct proxy *p)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_pair *pair;
    struct node_watch *w;
    int64_t now = world_now(p->world);
    size_t at = 0;
    proxy__inside_tick(p, after_a_pause(p, now));
    map_for_each (w, &p->nodes->watches)
        if (config_pair(c, slice_text(w->name)) == NULL)
            forget(p, w);
    while ((pair = config_next_pair(c, &at)) != NULL) {
        if ((w = nodes__watch(p, pair->name)) == NULL)
            continue;
        if (now - w->heard_at > timer_duration(TIMER_NODE_SILENT))
            set_state(p, w, NODE_OUT, "it does not answer OPTIONS");
        if (w->state == NODE_OUT)
            proxy__inside_silent(p, w->name);
        ask(p, w);
    }
    world_timer_set(
        p->world, &p->nodes->timer, OBJECT(PROXY_OBJECT_NODES, 0), 0, now + timer_duration(TIMER_NODE_WATCH));
}

bool nodes_input(struct proxy *p, const struct input *in)
{
    if (in->kind != INPUT_TIMER || OBJECT_KIND(in->object) != PROXY_OBJECT_NODES)
        return false;
    tick(p);
    return true;
}

/* ---- what others see ---- */

void nodes_gauge(struct proxy *p)
{
    uint64_t counts[NODE_STATES] = {0};
    const struct node_watch *w;
    map_for_each (w, &p->nodes->watches)
        counts[w->state]++;
    world_gauge(p->world, GAUGE_NODES_IN_SERVICE, counts[NODE_IN_SERVICE]);
    world_gauge(p->world, GAUGE_NODES_DRAINING, counts[NODE_DRAINING]);
    world_gauge(p->world, GAUGE_NODES_OUT, counts[NODE_OUT]);
}

const char *nodes_trouble(struct proxy *p)
{
    const struct config_location *own =
        config_location(world_configuration(p->world), slice_text(p->location));
    const struct node_watch *w;
    unsigned others = 0;
    for (size_t i = 0; own != NULL && i < own->pairs.count; i++)
        if (nodes_state(p, own->pairs.items[i]) != NODE_OUT)
            return NULL;
    map_for_each (w, &p->nodes->watches)
        others += w->state == NODE_IN_SERVICE ? 1 : 0;
    return others != 0 ? "no pair of nodes of its location is in service; calls go to other locations"
                       : "no pair of nodes is in service";
}

void nodes_audit(struct proxy *p, struct buffer *out)
{
    const struct node_watch *w;
    map_for_each (w, &p->nodes->watches)
        buffer_add_format(out, "node %s %s\n", w->name, state_names[w->state]);
}
