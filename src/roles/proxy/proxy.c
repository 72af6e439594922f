#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trace/trace.h"
#include "roles/proxy/trunk/trunk.h"

static void copy_name(char *to, size_t size, struct slice name)
{
    size_t length = name.length < size - 1 ? name.length : size - 1;
    if (length != 0)
        memcpy(to, name.data, length);
    to[length] = '\0';
}

static void proxy_close(void *self)
{
    struct proxy *p = self;
    proxy__edge_close(p);
    nodes_close(p);
    names_close(p);
    guard_close(p);
    proxy__inside_close(p);
    proxy__relays_close(p);
    proxy__bindings_close(p);
    proxy__replays_close(p);
    digest_hashes_free(&p->hashes);
    trunk_close(p);
    sip_transactions_close(&p->transactions);
    world_timer_clear(&p->start_timer);
    trace_close(p);
    arena_free(&p->arena);
    mem_free(p);
}

static int proxy_open(void **self, struct world *w, const struct role_setup *setup)
{
    const struct configuration *c = world_configuration(w);
    const struct config_location *location = config_location(c, setup->location);
    if (location == NULL || config_application(c, setup->name) == NULL) {
        LOG(LOG_ERROR, "proxy", "the configuration has no application %.*s in location %.*s; create them",
            SLICE_ARG(setup->name), SLICE_ARG(setup->location));
        return ERROR_REFERENCE;
    }
    struct proxy *p = mem_zero(sizeof *p);
    *self = p;
    p->world = w;
    p->incarnation = setup->incarnation;
    copy_name(p->name, sizeof p->name, setup->name);
    copy_name(p->location, sizeof p->location, setup->location);
    copy_name(p->realm, sizeof p->realm, location->realm);
    pool_init(&p->relay_pool, "relay", sizeof(struct relay));
    sip_transactions_open(&p->transactions, w, &proxy__sip_handlers, p, PROXY_OBJECT_TRANSACTION);
    guard_open(p);
    trace_open(p);
    proxy__edge_open(p);
    nodes_open(p);
    names_open(p);
    proxy__bindings_open(p);
    proxy__questions_open(p);
    trunk_open(p);
    proxy__start(p);
    return 0;
}

static void tell_state(struct proxy *p)
{
    world_gauge(p->world, GAUGE_REGISTRATIONS, p->binding_count);
    world_gauge(p->world, GAUGE_REGISTRATIONS_UNSAVED, p->unsaved_count);
    world_gauge(p->world, GAUGE_REGISTRATIONS_REMOVED, p->gone_count);
    world_gauge(p->world, GAUGE_RELAYS, map_count(&p->relays));
    nodes_gauge(p);
    guard_gauge(p);
    world_gauge(p->world, GAUGE_TRANSACTIONS, sip_transactions_count(&p->transactions));
    if (!p->listening)
        world_state(p->world, WORLD_STARTING,
            p->key_known ? "reads the registrations from the store"
                         : "asks the registry for the key of nonces");
    else if (p->deaf)
        world_state(p->world, WORLD_DEGRADED, "cannot listen on all of its endpoints; see its log");
    else if (p->greeted_pairs == 0)
        world_state(p->world, WORLD_DEGRADED, "no pair of nodes can be reached");
    else if (nodes_trouble(p) != NULL)
        world_state(p->world, WORLD_DEGRADED, nodes_trouble(p));
    else
        world_state(p->world, WORLD_READY, "");
}

/* Another realm means other digests: whoever is challenged from here on answers for them. */
static void follow_realm(struct proxy *p)
{
    const struct config_location *location =
        config_location(world_configuration(p->world), slice_text(p->location));
    if (location != NULL)
        copy_name(p->realm, sizeof p->realm, location->realm);
}

static void proxy_input(void *self, const struct input *in)
{
    struct proxy *p = self;
    if (in->kind == INPUT_CONFIG) {
        follow_realm(p);
        trunk_follow(p);
        trace_follow(p);
    }
    if (trunk_input(p, in) || trace_input(p, in)) {
        tell_state(p);
        arena_reset(&p->arena);
        return;
    }
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_TRANSACTION)
        sip_transactions_timer(&p->transactions, in->object, in->timer);
    else if (OBJECT_KIND(in->object) == PROXY_OBJECT_START)
        proxy__start_input(p, in);
    else if (!guard_input(p, in) && !nodes_input(p, in) && !names_input(p, in) && !proxy__edge_input(p, in) &&
             !proxy__inside_input(p, in) && !proxy__questions_input(p, in))
        (void)proxy__bindings_input(p, in);
    proxy__bindings_flush(p);
    tell_state(p);
    arena_reset(&p->arena);
}

static void proxy_audit(void *self, struct buffer *out)
{
    struct proxy *p = self;
    buffer_add_format(out, "counts bindings=%zu relays=%zu transactions=%zu\n", p->binding_count,
        map_count(&p->relays), sip_transactions_count(&p->transactions));
    proxy__bindings_audit(p, out);
    trunk_audit(p, out);
    nodes_audit(p, out);
}

const struct role role_proxy = {
    .name = "proxy", .open = proxy_open, .close = proxy_close, .input = proxy_input, .audit = proxy_audit};
