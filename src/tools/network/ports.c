#include "tools/network/ports.h"

#include <stdio.h>

#include "base/error.h"
#include "tools/dispatch.h"
#include "world/address.h"

enum protocol { UDP, TCP };
enum zone { INSIDE, DMZ, PUBLIC, ZONES };

static const char *const protocol_names[] = {"udp", "tcp"};
static const char *const zone_names[] = {"inside", "dmz", "public"};

static const struct port {
    struct slice who;
    const char *where;
    unsigned number;
    enum protocol protocol;
    enum zone zone;
    const char *why;
} ports[] = {
#define PORT(who, where, number, protocol, zone, why) {SLICE_INIT(who), where, number, protocol, zone, why},
#include "tools/network/port.def"
#undef PORT
};
#define PORTS (sizeof ports / sizeof ports[0])

/* ---- what was asked for ---- */

static bool is_listed(struct slice list, struct slice word)
{
    struct slice part;
    while (slice_cut(&list, ',', &part))
        if (slice_equal(part, word))
            return true;
    return false;
}

static bool concerns(const struct port *p, struct slice roles)
{
    return slice_empty(roles) || slice_equal(p->who, SLICE("every")) || is_listed(roles, p->who);
}

/* Roles that listen nowhere are roles too. */
static int check_roles(struct slice roles, struct buffer *complaint)
{
    static const struct slice silent = SLICE_INIT("history,config,control");
    struct slice role;
    while (slice_cut(&roles, ',', &role)) {
        bool known = is_listed(silent, role);
        for (size_t i = 0; i < PORTS; i++)
            known |= slice_equal(ports[i].who, role) && !slice_equal(role, SLICE("every"));
        if (!known) {
            buffer_add_format(complaint,
                "\"%.*s\" is neither a role nor one of etcd, nats, postgresql; see tandem reference ports",
                SLICE_ARG(role));
            return ERROR_SYNTAX;
        }
    }
    return 0;
}

/* "192.0.2.0/24", "2001:db8::/32", "192.0.2.7". */
static bool is_network(struct slice text, int *family)
{
    struct address a;
    uint64_t bits = 0;
    struct slice ip;
    slice_cut(&text, '/', &ip);
    if (address_parse_ip(&a, ip) != 0)
        return false;
    *family = a.family;
    return slice_empty(text) || slice_to_u64(&bits, text, a.family == 4 ? 32 : 128) == 0;
}

static int check_networks(const struct slice *networks, size_t count, struct buffer *complaint)
{
    for (size_t i = 0; i < count; i++) {
        struct slice rest = networks[i], zone;
        int family;
        slice_cut(&rest, '=', &zone);
        bool known = slice_equal(zone, SLICE("inside")) || slice_equal(zone, SLICE("dmz"));
        if (!known || !is_network(rest, &family)) {
            buffer_add_format(complaint,
                "\"%.*s\" is no network; write inside=192.0.2.0/24 or dmz=198.51.100.0/24",
                SLICE_ARG(networks[i]));
            return ERROR_SYNTAX;
        }
    }
    return 0;
}

/* ---- rules ---- */

/* One set for each zone and family: empty ones match nobody. */
static void add_set(
    struct buffer *out, enum zone zone, int family, const struct slice *networks, size_t count)
{
    const char *separator = "";
    buffer_add_format(out, "\tset %s%d {\n\t\ttype ipv%d_addr\n\t\tflags interval\n\t\tauto-merge\n",
        zone_names[zone], family, family);
    for (size_t i = 0; i < count; i++) {
        struct slice rest = networks[i], name;
        int its = 0;
        slice_cut(&rest, '=', &name);
        bool inner = slice_equal(name, SLICE("inside")); /* may do what the DMZ may */
        if (!is_network(rest, &its) || its != family || (zone == INSIDE && !inner))
            continue;
        buffer_add_format(
            out, "%s%.*s", separator[0] == '\0' ? "\t\telements = { " : separator, SLICE_ARG(rest));
        separator = ", ";
    }
    buffer_add_text(out, separator[0] != '\0' ? " }\n\t}\n" : "\t}\n");
}

static void add_rules(struct buffer *out, enum zone zone, enum protocol protocol, struct slice roles)
{
    bool done[PORTS] = {false}, any = false;
    struct buffer numbers = {0};
    for (size_t i = 0; i < PORTS; i++) {
        const struct port *p = &ports[i];
        for (size_t k = 0; k < i; k++)
            done[i] |= done[k] && ports[k].number == p->number;
        if (done[i] || p->zone != zone || p->protocol != protocol || !concerns(p, roles))
            continue;
        buffer_add_format(&numbers, "%s%u", any ? ", " : "", p->number);
        done[i] = any = true;
    }
    const char *z = zone_names[zone], *t = protocol_names[protocol];
    if (any) {
        buffer_add_format(
            out, "\t\tip saddr != @%s4 %s dport { %.*s } drop\n", z, t, SLICE_ARG(buffer_slice(&numbers)));
        buffer_add_format(
            out, "\t\tip6 saddr != @%s6 %s dport { %.*s } drop\n", z, t, SLICE_ARG(buffer_slice(&numbers)));
    }
    buffer_free(&numbers);
}

int ports_firewall(struct buffer *out, struct slice roles, const struct slice *networks, size_t count,
    struct buffer *complaint)
{
    int error = check_roles(roles, complaint);
    if (error == 0)
        error = check_networks(networks, count, complaint);
    if (error != 0)
        return error;
    buffer_add_text(out, "#!/usr/sbin/nft -f\n# Made by `tandem firewall`. Closes what is not for everybody "
                         "to other networks than those of its\n"
                         "# zone; other ports are left as they are. Ports that were configured otherwise: "
                         "see tandem reference ports.\n"
                         "table inet tandem\ndelete table inet tandem\ntable inet tandem {\n");
    for (int zone = INSIDE; zone < PUBLIC; zone++) {
        add_set(out, (enum zone)zone, 4, networks, count);
        add_set(out, (enum zone)zone, 6, networks, count);
    }
    buffer_add_text(out, "\tchain input {\n\t\ttype filter hook input priority filter; policy "
                         "accept;\n\t\tiif lo accept\n\t\tct state established,related accept\n");
    for (int zone = INSIDE; zone < PUBLIC; zone++) {
        add_rules(out, (enum zone)zone, TCP, roles);
        add_rules(out, (enum zone)zone, UDP, roles);
    }
    buffer_add_text(out, "\t}\n}\n");
    return 0;
}

int command_firewall(const struct options *options)
{
    struct buffer out = {0}, complaint = {0};
    struct slice networks[OPTION_WORDS], roles = {0};
    size_t count = 0, at = 0;
    if (slice_find(slice_text(options->words[0]), '=') < 0)
        roles = slice_text(options->words[at++]);
    while (at < options->word_count)
        networks[count++] = slice_text(options->words[at++]);
    int error = ports_firewall(&out, roles, networks, count, &complaint);
    if (error == 0)
        fwrite(out.data, 1, out.length, stdout);
    else
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&out);
    buffer_free(&complaint);
    return error == 0 ? EXIT_DONE : EXIT_USAGE;
}

/* ---- for readers ---- */

void ports_reference(struct buffer *out)
{
    buffer_add_text(out, "# Ports\n\nWho listens, where that is set, and from which zone it must be "
                         "reachable. *inside*: members and engines of the "
                         "cluster, in all locations; *dmz*: phones and agents of the house, session border "
                         "controllers, and *inside*; "
                         "*public*: everybody. All connections are opened by the side that is named under "
                         "\"from\"; answers come back on "
                         "them. `tandem firewall` prints rules for nftables.\n\n"
                         "| who listens | set by | port | transport | zone | from, and how |\n| --- | --- | "
                         "--- | --- | --- | --- |\n");
    for (size_t i = 0; i < PORTS; i++)
        buffer_add_format(out, "| %.*s | %s | %u | %s | %s | %s |\n", SLICE_ARG(ports[i].who), ports[i].where,
            ports[i].number, protocol_names[ports[i].protocol], zone_names[ports[i].zone], ports[i].why);
    buffer_add_text(out, "\nEvery process opens connections to names (DNS, 53) and wants a clock that is "
                         "kept right (NTP, 123).\n\n"
                         "## Never public\n\n- etcd, NATS and PostgreSQL: whoever writes there owns the "
                         "cluster. NATS 2.9 has known holes for whoever "
                         "reaches it, see the [guide](../guide/bus.md).\n- `inside` and `link`: they trust "
                         "the certificates of members.\n"
                         "- metrics: there is no log-in.\n- SIP: there is no bound yet on what strangers may "
                         "send; put a session border "
                         "controller before it.\n");
}
