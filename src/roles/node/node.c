#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "pair/pair.h"
#include "roles/node/node_int.h"

uint64_t node__object(struct node *n)
{
    node__core_changed(n);
    return ++n->next_object;
}

void node__core_changed(struct node *n)
{
    world_dirty(n->world, NODE_KIND_CORE, 0);
}

static void copy_name(char to[NODE_NAME], struct slice name)
{
    size_t length = name.length < NODE_NAME - 1 ? name.length : NODE_NAME - 1;
    if (length != 0)
        memcpy(to, name.data, length);
    to[length] = '\0';
}

static void node_close(void *self)
{
    struct node *n = self;
    struct call *c;
    map_for_each (c, &n->calls)
        node__call_free(c);
    struct leg *l;
    map_for_each (l, &n->legs)
        node__leg_free(l);
    struct description *s;
    map_for_each (s, &n->sdps) {
        buffer_free(&s->text);
        mem_free(s);
    }
    node__busy_free(n);
    node__stream_free(n);
    node__peers_close(n);
    node__places_close(n);
    node__load_close(n);
    sip_transactions_close(&n->transactions);
    map_free(&n->calls);
    map_free(&n->legs);
    map_free(&n->sdps);
    pool_free(&n->calls_pool);
    pool_free(&n->legs_pool);
    arena_free(&n->arena);
    mem_free(n);
}

static int node_open(void **self, struct world *w, const struct role_setup *setup)
{
    const struct config_location *location = config_location(world_configuration(w), setup->location);
    if (location == NULL) {
        LOG(LOG_ERROR, "node", "the location %.*s does not exist; create it", SLICE_ARG(setup->location));
        return ERROR_REFERENCE;
    }
    struct node *n = mem_zero(sizeof *n);
    *self = n;
    n->world = w;
    n->view = n->life = setup->incarnation;
    copy_name(n->name, setup->name);
    copy_name(n->pair, setup->pair);
    copy_name(n->location, setup->location);
    copy_name(n->realm, location->realm);
    list_init(&n->outbox);
    pool_init(&n->calls_pool, "call", sizeof(struct call));
    pool_init(&n->legs_pool, "leg", sizeof(struct leg));
    sip_transactions_open(&n->transactions, w, &node__sip_handlers, n, NODE_KIND_TRANSACTION);
    node__peers_open(n);
    node__places_open(n);
    node__load_open(n);
    if (!setup->resumed)
        node__stream_begin(n);
    return 0;
}

static void timer_input(struct node *n, const struct input *in)
{
    uint64_t index = OBJECT_INDEX(in->object);
    struct leg *l;
    struct call *c;
    switch (OBJECT_KIND(in->object)) {
    case NODE_KIND_TRANSACTION:
        sip_transactions_timer(&n->transactions, in->object, in->timer);
        break;
    case NODE_KIND_LEG:
        l = map_get_number(&n->legs, index);
        if (l != NULL)
            node__leg_event(l, (uint8_t)in->timer, NULL);
        break;
    case NODE_KIND_CALL:
        c = map_get_number(&n->calls, index);
        if (c != NULL)
            node__call_event(c, CALL_EV_DEADLINE);
        break;
    default:
        break;
    }
}

static void node_input(void *self, const struct input *in)
{
    struct node *n = self;
    uint64_t transactions = n->transactions.next_id;
    if (in->kind == INPUT_DRAIN)
        n->draining = true;
    if (node__stream_input(n, in)) {
        /* about the call stream */
    } else if (in->kind == INPUT_TIMER) {
        timer_input(n, in);
    } else {
        (void)node__peers_input(n, in);
    }
    node__busy_flush(n);
    if (transactions != n->transactions.next_id)
        node__core_changed(n);
    world_gauge(n->world, GAUGE_CALLS, map_count(&n->calls));
    world_gauge(n->world, GAUGE_LEGS, map_count(&n->legs));
    world_gauge(n->world, GAUGE_TRANSACTIONS, map_count(&n->transactions.by_id));
    world_gauge(n->world, GAUGE_NODE_LOSS, node__load_loss(n));
    world_gauge(n->world, GAUGE_PLACES, node__places_count(n));
    world_gauge(n->world, GAUGE_OUTBOX, map_count(&n->outbox_index));
    arena_reset(&n->arena);
    log_scope.call = SLICE("");
}

/* One line a call: what the simulator compares with what phones believe. */
static void node_audit(void *self, struct buffer *out)
{
    struct node *n = self;
    struct call *c;
    map_for_each (c, &n->calls)
        buffer_add_format(out, "call %016llx %s %s %s %.*s\n", (unsigned long long)c->call_id,
            node_call_machine.states[c->state].name, c->from, c->to,
            SLICE_ARG(buffer_slice(&c->sip_call_id)));
    buffer_add_format(out, "counts calls=%zu legs=%zu transactions=%zu sdps=%zu outbox=%zu\n",
        map_count(&n->calls), map_count(&n->legs), map_count(&n->transactions.by_id), map_count(&n->sdps),
        map_count(&n->outbox_index));
}

/* What belongs to the process, not to the pair, when the same process loads its records again. */
struct local {
    struct peers *peers;
    struct places *places;
    struct load *load;
    uint64_t live_number;
    int64_t resend_at;
};

static void *node_detach(void *self)
{
    struct node *n = self;
    struct local *l = mem_alloc(sizeof *l);
    *l = (struct local){.peers = n->peers,
        .places = n->places,
        .load = n->load,
        .live_number = n->live_number,
        .resend_at = node__stream_resend_at(n)};
    n->peers = NULL;
    n->places = NULL;
    n->load = NULL;
    return l;
}

static void node_attach(void *self, void *local)
{
    struct node *n = self;
    struct local *l = local;
    node__peers_close(n);
    n->peers = l->peers;
    node__places_close(n);
    n->places = l->places;
    node__load_close(n);
    n->load = l->load;
    n->live_number = l->live_number;
    node__stream_arm(n, l->resend_at);
    mem_free(l);
}

static const struct role node_inner = {.name = "node",
    .open = node_open,
    .close = node_close,
    .input = node_input,
    .save = node__save,
    .load = node__load,
    .resume = node__resume,
    .detach = node_detach,
    .attach = node_attach,
    .audit = node_audit};

PAIR_ROLE(role_node, "node", node_inner);
