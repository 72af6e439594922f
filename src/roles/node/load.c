/* More new calls than a pair can take are refused by the proxies, before they cost anything here: it tells
 * them which part of what comes they shall refuse (RFC 6357 5.3, 7339: loss-based). What has begun goes on.
 *
 *     proxies ── calls that they let through ──> pair: counts them, and knows what it has asked for
 *             <── frame: refuse so many of 100 ──      so it knows how many there would have been
 *
 * Reckoned when calls and OPTIONS of proxies come, so that nothing has to be armed; what a pair that has
 * fallen silent has asked for runs out at the proxies. */
#include "base/log.h"
#include "base/mem.h"
#include "roles/node/node_int.h"
#include "sip/peer.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define LOSS_MOST 95U /* percent: what comes is the measure of what would come */

struct load {
    int64_t since; /* µs: calls are counted from then on */
    uint32_t count;
    uint32_t loss; /* percent: what the proxies have been asked for */
};

void node__load_open(struct node *n)
{
    n->load = mem_zero(sizeof *n->load);
}

void node__load_close(struct node *n)
{
    mem_free(n->load);
    n->load = NULL;
}

static uint32_t most_of(const struct node *n)
{
    const struct config_location *l = config_location(world_configuration(n->world), slice_text(n->location));
    return l != NULL ? l->guard.node_calls : 0;
}

static void tell(struct node *n)
{
    Tandem__NodeLoad told = TANDEM__NODE_LOAD__INIT;
    struct buffer bytes = {0};
    told.loss = n->load->loss;
    told.validity = (uint32_t)(timer_duration(TIMER_NODE_LOAD) * 4 / 1000);
    told.sequence = (uint64_t)world_now(n->world) / 10;
    pack_add(&bytes, &told.base);
    node__peers_tell(n, SIP_FRAME_LOAD, buffer_slice(&bytes));
    buffer_free(&bytes);
}

/* What would have come, had nobody refused anything, against what may come. */
static uint32_t wanted_loss(const struct load *l, int64_t elapsed, uint32_t most)
{
    uint64_t second = 1000000, came = (uint64_t)l->count * second * 100 / (uint64_t)elapsed;
    uint64_t offered = came / (100 - l->loss); /* calls a second */
    if (most == 0 || offered <= most)
        return 0;
    uint64_t loss = 100 - (uint64_t)most * 100 / offered;
    return loss < LOSS_MOST ? (uint32_t)loss : LOSS_MOST;
}

static void reckon(struct node *n)
{
    struct load *l = n->load;
    int64_t now = world_now(n->world), elapsed = now - l->since;
    if (elapsed < timer_duration(TIMER_NODE_LOAD))
        return;
    uint32_t before = l->loss;
    l->loss = l->since != 0 ? wanted_loss(l, elapsed, most_of(n)) : 0;
    l->since = now;
    l->count = 0;
    if (l->loss != 0 || before != 0)
        tell(n);
    if ((l->loss != 0) != (before != 0))
        LOG(LOG_NOTICE, "node",
            l->loss != 0 ? "more calls than %u a second: proxies refuse some of them"
                         : "not more than %u calls a second any more",
            most_of(n));
}

void node__load_count(struct node *n, uint32_t calls)
{
    reckon(n);
    n->load->count += calls;
}

uint32_t node__load_loss(const struct node *n)
{
    return n->load->loss;
}
