/* Who lives in a cluster: phones, and carriers with the phones behind them. */
#include "base/mem.h"
#include "sim/cluster_int.h"

#define SIP_PORT 5060U
#define PHONE_SITE 32U
#define PHONE_SITES 4U
#define TCP_EACH 10U         /* one phone of so many */
#define OUTBOUND_EACH 2U     /* of those on streams: two flows */
#define TWIN_EACH 20U        /* one phone of so many has the DN of another one, */
#define TWIN 6U              /* this one of them */
#define TWIN_BEHIND 4U       /* that of the one so many before it */
#define OUTSIDE_EACH 10U     /* one phone outside for so many of ours */
#define CAPACITY 4U          /* calls of the first trunk; the others take twice as many */
#define PHONE_LOSS 2000U     /* per million, where datagrams may be lost */
#define SETTLE 8000000       /* µs until the first call */
#define STORM_AFTER 10000000 /* µs from the first call to the storm */
#define STORM_WITHIN 60      /* seconds */

/* Whoever such faults strike is gone at once for all others, and nothing else gets lost. */
#define CARRIERS_ONLY                                                                                        \
    (SIM_FAULT_BIT(SIM_FAULT_CARRIER_BUSY) | SIM_FAULT_BIT(SIM_FAULT_CARRIER_SLOW) |                         \
        SIM_FAULT_BIT(SIM_FAULT_CARRIER_SILENT))
#define LOUD                                                                                                 \
    (SIM_FAULT_BIT(SIM_FAULT_KILL) | SIM_FAULT_BIT(SIM_FAULT_RESTART) | SIM_FAULT_BIT(SIM_FAULT_SPLIT) |     \
        SIM_FAULT_BIT(SIM_FAULT_DUPLICATE) | SIM_FAULT_BIT(SIM_FAULT_REORDER) |                              \
        SIM_FAULT_BIT(SIM_FAULT_REPEAT) | SIM_FAULT_BIT(SIM_FAULT_DISK_FULL) |                               \
        SIM_FAULT_BIT(SIM_FAULT_STORE_SLOW) | CARRIERS_ONLY)

unsigned cluster__carrier_site(const struct cluster *c, unsigned index)
{
    return cluster__history_site(c) + 1 + index;
}

static void complain(void *argument, struct slice who, struct slice call_id, const char *sentence)
{
    cluster__violation(argument, call_id, who, "%.*s: %s", SLICE_ARG(who), sentence);
}

static bool strikes(void *argument, unsigned fault, unsigned carrier)
{
    struct cluster *c = argument;
    return sim_weather_strikes(c->sim, (enum sim_fault)fault, carrier, c->params->carriers);
}

static struct address server_address(unsigned site)
{
    return (struct address){.ip = {10, 0, (uint8_t)site, 1}, .port = SIP_PORT, .family = 4};
}

static void set_up_carrier(struct cluster *c, unsigned k)
{
    c->carrier_setups[k] = (struct carrier_setup){.town = &c->town,
        .index = k,
        .name = cluster__text(c, "carrier-%u", k + 1),
        .user = cluster__text(c, "trunk-%u", k + 1),
        .secret = cluster__text(c, "trunk secret %u", k),
        .realm = cluster__text(c, "carrier-%u", k + 1),
        .own = server_address(cluster__carrier_site(c, k)),
        .challenges = k % 2 == 0,
        .capacity = k == 0 ? CAPACITY : 2 * CAPACITY};
}

void cluster__town(struct cluster *c)
{
    const struct cluster_params *p = c->params;
    struct town *t = &c->town;
    t->count = p->phones;
    t->outside = p->carriers != 0 ? (p->phones + OUTSIDE_EACH - 1) / OUTSIDE_EACH : 0;
    c->phone_count = (unsigned)(t->count + t->outside);
    t->phones = mem_zero(c->phone_count * sizeof *t->phones);
    t->registered_since = mem_zero(c->phone_count * sizeof *t->registered_since);
    c->phones = mem_zero(c->phone_count * sizeof(struct sim_instance *));
    c->unknown_since = mem_zero(c->phone_count * sizeof *c->unknown_since);
    t->proxy_count = p->proxies;
    t->locations = cluster__locations(c);
    t->carriers = p->carriers;
    t->carrier_setups = c->carrier_setups;
    t->carrier_states = c->carrier_states;
    for (unsigned k = 0; k < p->proxies; k++)
        t->proxies[k] = server_address(1 + k);
    for (unsigned k = 0; k < p->carriers; k++)
        set_up_carrier(c, k);
    t->calls_left = p->calls;
    t->rest_most = p->rest_most;
    t->strict = p->faults == 0 && !p->lenient;
    t->sure = (p->faults & ~LOUD) == 0 && !p->lenient;
    t->steady = (p->faults & ~CARRIERS_ONLY) == 0 && !p->lenient;
    t->complain = complain;
    t->strikes = strikes;
    t->argument = c;
}

/* ---- phones ---- */

static void start_phone(struct cluster *c, unsigned i, uint32_t ip)
{
    struct phone_setup *setup = &c->town.phones[i];
    setup->town = &c->town;
    setup->index = i;
    setup->own =
        (struct address){.ip = {10, 1, (uint8_t)(ip >> 8), (uint8_t)ip}, .port = SIP_PORT, .family = 4};
    setup->description = c->params->description;
    struct slice name = setup->dn;
    if (i < c->town.count && !slice_equal(name, cluster__phone_dn(c, i)))
        name = cluster__text(c, "%.*s-twin", SLICE_ARG(name));
    unsigned host = sim_host(c->sim, ip, PHONE_SITE + i % PHONE_SITES);
    c->phones[i] = sim_start(
        c->sim, &(struct sim_start){.role = &phone_role, .name = name, .host = host, .self = setup});
}

static uint32_t phone_ip(unsigned i)
{
    return 0x0a010001U + (i / 250 << 8) + i % 250;
}

static bool roams(const struct cluster *c, unsigned i)
{
    return c->params->roaming != 0 && c->town.locations > 1 && i / 2 % c->params->roaming == 0;
}

static void start_own(struct cluster *c, unsigned i)
{
    static const enum transport streams[] = {TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_WSS};
    const struct cluster_params *p = c->params;
    bool lossy = (p->faults & SIM_FAULT_BIT(SIM_FAULT_DROP)) != 0;
    bool tcp = p->tcp_only || (!p->udp_only && i % TCP_EACH == TCP_EACH - 1);
    unsigned first = i % TWIN_EACH == TWIN ? i - TWIN_BEHIND : i; /* whose DN it has */
    bool twin = first != i || (i + TWIN_BEHIND < p->phones && (i + TWIN_BEHIND) % TWIN_EACH == TWIN);
    c->town.phones[i] = (struct phone_setup){.dn = cluster__phone_dn(c, first),
        .secret = cluster__text(c, "secret %u", first),
        .twin = twin,
        .home = (i + (first != i ? c->town.locations : 0) + roams(c, i)) % p->proxies,
        .tcp = tcp,
        .stream = streams[i / TCP_EACH % 3],
        .outbound = tcp && p->proxies > c->town.locations && i / TCP_EACH / 3 % OUTBOUND_EACH == 0,
        .loss = lossy ? PHONE_LOSS : 0};
    start_phone(c, i, phone_ip(i));
}

/* Phones outside are dealt out to the carriers. */
static void start_outside(struct cluster *c, unsigned i)
{
    unsigned index = i - (unsigned)c->town.count;
    c->town.phones[i] = (struct phone_setup){
        .dn = cluster__text(c, "555%04u", index), .outside = true, .carrier = index % c->params->carriers};
    start_phone(c, i, phone_ip(i));
}

static void start_crowd(struct cluster *c)
{
    const struct cluster_params *p = c->params;
    int64_t within = p->within != 0 ? p->within : STORM_WITHIN;
    if (p->storm == 0)
        return;
    c->crowd_setup = (struct crowd_setup){.town = &c->town,
        .count = p->storm,
        .begin_at = c->town.begin_at + STORM_AFTER,
        .within = within * 1000000};
    c->crowd = sim_start(c->sim, &(struct sim_start){.role = &crowd_role,
                                     .name = SLICE("crowd"),
                                     .host = sim_host(c->sim, 0x0a400000U, PHONE_SITE + PHONE_SITES),
                                     .self = &c->crowd_setup});
}

void cluster__people(struct cluster *c)
{
    c->town.begin_at = sim_now(c->sim) + SETTLE;
    for (unsigned k = 0; k < c->params->carriers; k++) {
        unsigned site = cluster__carrier_site(c, k);
        c->carriers[k] = sim_start(c->sim, &(struct sim_start){.role = &carrier_role,
                                               .name = c->carrier_setups[k].name,
                                               .host = sim_host(c->sim, 0x0a000001U + (site << 8), site),
                                               .group = SLICE("carriers"),
                                               .self = &c->carrier_setups[k]});
    }
    for (unsigned i = 0; i < c->phone_count; i++)
        if (i < c->town.count)
            start_own(c, i);
        else
            start_outside(c, i);
    start_crowd(c);
}
