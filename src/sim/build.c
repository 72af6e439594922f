/* Builds the cluster: configuration, hosts, instances. */
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
#define TRUNK_EXPIRES 300U /* seconds */
#define TRUNK_OPTIONS 5U

struct slice cluster__text(struct cluster *c, const char *format, ...)
{
    char out[96];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, sizeof out, format, arguments);
    va_end(arguments);
    return arena_copy(&c->texts, slice_of(out, (size_t)length));
}

unsigned cluster__locations(const struct cluster *c)
{
    return c->params->locations > 1 ? 2 : 1;
}

/* Of the so-manieth proxy, pair or phone. */
static struct slice location(const struct cluster *c, unsigned index)
{
    return index % cluster__locations(c) == 0 ? SLICE("home") : SLICE("away");
}

static unsigned node_site(const struct cluster *c, unsigned pair, unsigned member)
{
    return 1 + c->params->proxies + pair * 2 + member;
}

unsigned cluster__history_site(const struct cluster *c)
{
    return 1 + c->params->proxies + c->params->pairs * 2;
}

struct slice cluster__phone_dn(struct cluster *c, unsigned index)
{
    return cluster__text(c, "%u", 10001 + index);
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
    struct slice listen[] = {cluster__text(c, "udp:10.0.%u.1:%u", 1 + k, SIP_PORT),
        cluster__text(c, "tcp:10.0.%u.1:%u", 1 + k, SIP_PORT), cluster__text(c, "tls:10.0.%u.1:5061", 1 + k),
        cluster__text(c, "wss:10.0.%u.1:7443", 1 + k)};
    configure(b,
        &(struct config_application){.name = cluster__text(c, "proxy-%u", k + 1),
            .role = CONFIG_ROLE_PROXY,
            .listen = {.items = listen, .count = sizeof listen / sizeof listen[0]},
            .inside = cluster__text(c, "tls:10.0.%u.1:%u", 1 + k, INSIDE_PORT)},
        location(c, k));
}

static void configure_node(struct cluster *c, struct config_builder *b, unsigned pair, unsigned member)
{
    unsigned site = node_site(c, pair, member);
    configure(b,
        &(struct config_application){.name = cluster__text(c, "node-%u%c", pair + 1, 'a' + (int)member),
            .pair = cluster__text(c, "node-%u", pair + 1),
            .role = CONFIG_ROLE_NODE,
            .link = cluster__text(c, "tls:10.0.%u.1:%u", site, LINK_PORT),
            .inside = cluster__text(c, "tls:10.0.%u.1:%u", site, INSIDE_PORT)},
        location(c, pair));
}

/* Numbers that begin with 0 lead outside, by the first trunk that takes them. */
static void configure_trunks(struct cluster *c, struct config_builder *b)
{
    if (c->params->carriers == 0)
        return;
    config_builder_trunk_group(b, &(struct config_trunk_group){.name = SLICE("outside")});
    for (unsigned k = 0; k < c->params->carriers; k++) {
        const struct carrier_setup *carrier = &c->carrier_setups[k];
        struct slice network = cluster__text(c, "10.0.%u.1/32", cluster__carrier_site(c, k));
        config_builder_trunk(b,
            &(struct config_trunk){.name = carrier->name,
                .host = slice_first(network, network.length - 3),
                .port = SIP_PORT,
                .networks = {.items = &network, .count = 1},
                .domain = cluster__text(c, "%.*s.test", SLICE_ARG(carrier->name)),
                .user = carrier->user,
                .secret = carrier->secret,
                .realms = {.items = &carrier->realm, .count = 1},
                .capacity = carrier->capacity,
                .register_expires = TRUNK_EXPIRES,
                .options_interval = TRUNK_OPTIONS,
                .order = (uint16_t)(k + 1),
                .weight = 1,
                .registers = k % 2 == 0},
            SLICE("home"), SLICE("outside"));
    }
    config_builder_dial_rule(b,
        &(struct config_dial_rule){.name = SLICE("out"),
            .prefix = SLICE(PHONE_DIALS_OUT),
            .strip = sizeof PHONE_DIALS_OUT - 1,
            .longest = 20,
            .out = true,
            .needs = CONFIG_DIAL_NATIONAL},
        SLICE("home"), SLICE(""), SLICE("outside"));
    config_builder_dial_rule(b,
        &(struct config_dial_rule){.name = SLICE("in"),
            .prefix = SLICE(PHONE_DIALS_IN),
            .strip = sizeof PHONE_DIALS_IN - 1,
            .longest = 20},
        SLICE("home"), SLICE(""), SLICE(""));
}

int cluster__configure(struct cluster *c, unsigned more)
{
    struct configuration *before = c->configuration;
    struct config_builder *b = config_builder_new();
    struct buffer complaint = {.data = NULL};
    config_builder_location(b, &(struct config_location){.name = SLICE("home"),
                                   .realm = SLICE("tandem.test"),
                                   .dial = CONFIG_DIAL_ALL,
                                   .trace = {.memory = 1}});
    if (cluster__locations(c) > 1)
        config_builder_location(
            b, &(struct config_location){.name = SLICE("away"), .realm = SLICE("tandem.test")});
    for (unsigned k = 0; k < c->params->proxies; k++)
        configure_proxy(c, b, k);
    configure_trunks(c, b);
    for (unsigned pair = 0; pair < c->params->pairs; pair++)
        for (unsigned member = 0; member < 2; member++)
            configure_node(c, b, pair, member);
    config_builder_application(b,
        &(struct config_application){.name = SLICE("history-1"), .role = CONFIG_ROLE_HISTORY}, SLICE("home"));
    for (unsigned i = 0; i < c->params->phones; i++)
        config_builder_dn(b, cluster__phone_dn(c, i), location(c, i), cluster__text(c, "secret %u", i));
    for (unsigned i = 0; i < c->params->storm; i++) {
        char dn[CROWD_DN_TEXT], secret[CROWD_DN_TEXT];
        config_builder_dn(b, crowd_dn(dn, i), SLICE("home"), crowd_secret(secret, i));
    }
    for (unsigned i = 0; i < more; i++)
        config_builder_dn(b, cluster__text(c, "7%07u", i), SLICE("home"), cluster__text(c, "none %u", i));
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
                .instance = start(c, node, cluster__text(c, "node-%u%c", pair + 1, 'a' + (int)member),
                    node_site(c, pair, member), cluster__text(c, "node-%u", pair + 1), location(c, pair))};
    for (unsigned k = 0; k < p->proxies; k++)
        c->proxies[k] =
            start(c, proxy, cluster__text(c, "proxy-%u", k + 1), 1 + k, SLICE("proxies"), location(c, k));
    c->history = start(c, p->history != NULL ? p->history : &history_role, SLICE("history-1"),
        cluster__history_site(c), SLICE("history"), SLICE("home"));
}

int cluster__build(struct cluster *c)
{
    cluster__town(c);
    int error = cluster__configure(c, 0);
    if (error != 0)
        return error;
    start_servers(c);
    cluster__people(c);
    return 0;
}
