/* Builds the cluster: configuration, hosts, instances, phones. */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "roles/history/history.h"
#include "roles/node/node.h"
#include "roles/proxy/proxy.h"
#include "sim/cluster_int.h"

#define SIP_PORT 5060U
#define INSIDE_PORT 7000U
#define LINK_PORT 7001U
#define PHONE_SITE 32U
#define PHONE_SITES 4U
#define TCP_EACH 10U     /* one phone of so many */
#define PHONE_LOSS 2000U /* per million, where datagrams may be lost */
#define SETTLE 8000000   /* µs until the first call */

static struct slice text(struct cluster *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct slice text(struct cluster *c, const char *format, ...)
{
    char out[96];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, sizeof out, format, arguments);
    va_end(arguments);
    return arena_copy(&c->texts, slice_of(out, (size_t)length));
}

static unsigned locations(const struct cluster *c)
{
    return c->params->locations > 1 ? 2 : 1;
}

/* Of the so-manieth proxy, pair or phone. */
static struct slice location(const struct cluster *c, unsigned index)
{
    return index % locations(c) == 0 ? SLICE("home") : SLICE("away");
}

static unsigned node_site(const struct cluster *c, unsigned pair, unsigned member)
{
    return 1 + c->params->proxies + pair * 2 + member;
}

static unsigned history_site(const struct cluster *c)
{
    return 1 + c->params->proxies + c->params->pairs * 2;
}

static struct slice phone_dn(struct cluster *c, unsigned index)
{
    return text(c, "%u", 10001 + index);
}

/* Each application is the process of a member of its own; its certificate is what the simulated TLS says. */
static void configure(struct config_builder *b, struct config_application *a, struct slice where)
{
    a->member = a->name;
    config_builder_member(b,
        &(struct config_member){.name = a->name, .serial = SLICE("01"), .state = CONFIG_MEMBER_TRUSTED},
        where);
    config_builder_application(b, a, where);
}

static void configure_proxy(struct cluster *c, struct config_builder *b, unsigned k)
{
    struct slice listen[] = {text(c, "udp:10.0.%u.1:%u", 1 + k, SIP_PORT),
        text(c, "tcp:10.0.%u.1:%u", 1 + k, SIP_PORT), text(c, "tls:10.0.%u.1:5061", 1 + k),
        text(c, "wss:10.0.%u.1:7443", 1 + k)};
    configure(b,
        &(struct config_application){.name = text(c, "proxy-%u", k + 1),
            .role = CONFIG_ROLE_PROXY,
            .listen = {.items = listen, .count = sizeof listen / sizeof listen[0]},
            .inside = text(c, "tls:10.0.%u.1:%u", 1 + k, INSIDE_PORT)},
        location(c, k));
}

static void configure_node(struct cluster *c, struct config_builder *b, unsigned pair, unsigned member)
{
    unsigned site = node_site(c, pair, member);
    configure(b,
        &(struct config_application){.name = text(c, "node-%u%c", pair + 1, 'a' + (int)member),
            .pair = text(c, "node-%u", pair + 1),
            .role = CONFIG_ROLE_NODE,
            .link = text(c, "tls:10.0.%u.1:%u", site, LINK_PORT),
            .inside = text(c, "tls:10.0.%u.1:%u", site, INSIDE_PORT)},
        location(c, pair));
}

int cluster__configure(struct cluster *c, unsigned more)
{
    struct configuration *before = c->configuration;
    struct config_builder *b = config_builder_new();
    struct buffer complaint = {.data = NULL};
    config_builder_location(
        b, &(struct config_location){
               .name = SLICE("home"), .realm = SLICE("tandem.test"), .trace = {.memory = 1}});
    if (locations(c) > 1)
        config_builder_location(
            b, &(struct config_location){.name = SLICE("away"), .realm = SLICE("tandem.test")});
    for (unsigned k = 0; k < c->params->proxies; k++)
        configure_proxy(c, b, k);
    for (unsigned pair = 0; pair < c->params->pairs; pair++)
        for (unsigned member = 0; member < 2; member++)
            configure_node(c, b, pair, member);
    config_builder_application(b,
        &(struct config_application){.name = SLICE("history-1"), .role = CONFIG_ROLE_HISTORY}, SLICE("home"));
    for (unsigned i = 0; i < c->params->phones; i++)
        config_builder_dn(b, phone_dn(c, i), location(c, i), text(c, "secret %u", i));
    for (unsigned i = 0; i < more; i++)
        config_builder_dn(b, text(c, "7%07u", i), SLICE("home"), text(c, "none %u", i));
    int error = config_builder_end(&c->configuration, b, &complaint);
    if (error != 0 && c->params->report != NULL)
        fprintf(c->params->report, "the cluster cannot be configured: %.*s\n",
            SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&complaint);
    if (error == 0)
        sim_configure(c->sim, c->configuration);
    config_release(before);
    return error;
}

static struct sim_instance *start(struct cluster *c, const struct role *role, struct slice name,
    unsigned site, struct slice group, struct slice where)
{
    unsigned host = sim_host(c->sim, 0x0a000001U + (site << 8), site);
    return sim_start(c->sim, &(struct sim_start){.role = role,
                                 .name = name,
                                 .pair = role == c->params->node || role == &role_node ? group : SLICE(""),
                                 .location = where,
                                 .host = host,
                                 .group = group});
}

static void start_servers(struct cluster *c)
{
    const struct cluster_params *p = c->params;
    const struct role *proxy = p->proxy != NULL ? p->proxy : &role_proxy;
    const struct role *node = p->node != NULL ? p->node : &role_node;
    for (unsigned pair = 0; pair < p->pairs; pair++)
        for (unsigned member = 0; member < 2; member++)
            c->members[c->member_count++] = (struct member){.pair = pair,
                .instance = start(c, node, text(c, "node-%u%c", pair + 1, 'a' + (int)member),
                    node_site(c, pair, member), text(c, "node-%u", pair + 1), location(c, pair))};
    for (unsigned k = 0; k < p->proxies; k++)
        c->proxies[k] = start(c, proxy, text(c, "proxy-%u", k + 1), 1 + k, SLICE("proxies"), location(c, k));
    c->history = start(c, p->history != NULL ? p->history : &history_role, SLICE("history-1"),
        history_site(c), SLICE("history"), SLICE("home"));
}

static void complain(
    void *argument, const struct phone_setup *phone, struct slice call_id, const char *sentence)
{
    cluster__violation(argument, call_id, phone->dn, "%.*s: %s", SLICE_ARG(phone->dn), sentence);
}

static void start_phones(struct cluster *c)
{
    static const enum transport streams[] = {TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_WSS};
    const struct cluster_params *p = c->params;
    bool lossy = (p->faults & SIM_FAULT_BIT(SIM_FAULT_DROP)) != 0;
    c->town.phones = mem_zero(p->phones * sizeof *c->town.phones);
    c->phones = mem_zero(p->phones * sizeof(struct sim_instance *));
    c->unknown_since = mem_zero(p->phones * sizeof *c->unknown_since);
    c->town.count = p->phones;
    c->town.proxy_count = p->proxies;
    c->town.locations = locations(c);
    for (unsigned k = 0; k < p->proxies; k++)
        c->town.proxies[k] =
            (struct address){.ip = {10, 0, (uint8_t)(1 + k), 1}, .port = SIP_PORT, .family = 4};
    c->town.calls_left = p->calls;
    c->town.begin_at = sim_now(c->sim) + SETTLE;
    c->town.rest_most = p->rest_most;
    c->town.strict = p->faults == 0 && !p->lenient;
    c->town.complain = complain;
    c->town.argument = c;
    for (unsigned i = 0; i < p->phones; i++) {
        uint32_t ip = 0x0a010001U + (i / 250 << 8) + i % 250;
        struct phone_setup *setup = &c->town.phones[i];
        *setup = (struct phone_setup){.town = &c->town,
            .index = i,
            .dn = phone_dn(c, i),
            .secret = text(c, "secret %u", i),
            .own = {.ip = {10, 1, (uint8_t)(ip >> 8), (uint8_t)ip}, .port = SIP_PORT, .family = 4},
            .home = i % p->proxies,
            .tcp = p->tcp_only || (!p->udp_only && i % TCP_EACH == TCP_EACH - 1),
            .stream = streams[i / TCP_EACH % 3],
            .description = p->description,
            .loss = lossy ? PHONE_LOSS : 0};
        unsigned host = sim_host(c->sim, ip, PHONE_SITE + i % PHONE_SITES);
        c->phones[i] = sim_start(
            c->sim, &(struct sim_start){.role = &phone_role, .name = setup->dn, .host = host, .self = setup});
    }
}

int cluster__build(struct cluster *c)
{
    int error = cluster__configure(c, 0);
    if (error != 0)
        return error;
    start_servers(c);
    start_phones(c);
    return 0;
}
