/* tandem zone [DOMAIN] [--for LOCATION] */
#include "tools/zone.h"

#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "dns/dns.h"
#include "tools/dispatch.h"
#include "tools/objects.h"

#define TTL 300     /* seconds: a proxy that is taken away is forgotten by phones so soon */
#define OTHERS 1000 /* is added to the priority of other locations than the one that asks */
#define PUBLIC 16   /* addresses of a proxy */
#define SERVICES 3U

static const struct service {
    const char *name;    /* of the SRV records */
    const char *service; /* of the NAPTR record (RFC 3263 4.1) */
    enum transport transport;
} services[SERVICES] = {{"_sips._tcp", "SIPS+D2T", TRANSPORT_TLS}, {"_sip._tcp", "SIP+D2T", TRANSPORT_TCP},
    {"_sip._udp", "SIP+D2U", TRANSPORT_UDP}};

struct proxy_of_zone {
    const char *name;
    struct address addresses[PUBLIC];
    unsigned count;
    uint16_t ports[SERVICES]; /* 0: not served */
    long long priority, weight;
};

static const char *text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text != NULL ? text : "";
}

static long long number_of(const json_t *object, const char *field, long long standard)
{
    const json_t *value = json_object_get(object, field);
    return json_is_integer(value) ? (long long)json_integer_value(value) : standard;
}

static const json_t *find(const json_t *objects, const char *name)
{
    const json_t *object;
    size_t at;
    json_array_foreach(objects, at, object)
    {
        if (strcmp(text_of(object, "name"), name) == 0)
            return object;
    }
    return NULL;
}

static bool is_wildcard(const struct address *a)
{
    static const uint8_t none[16];
    return memcmp(a->ip, none, sizeof none) == 0;
}

static void add_address(struct proxy_of_zone *p, struct address a)
{
    a.port = 0;
    for (unsigned i = 0; i < p->count; i++)
        if (address_equal(&p->addresses[i], &a))
            return;
    if (p->count < PUBLIC)
        p->addresses[p->count++] = a;
}

static void read_listen(struct proxy_of_zone *p, const json_t *object, bool *wildcard)
{
    const json_t *list = json_object_get(object, "listen"), *item;
    size_t at;
    json_array_foreach(list, at, item)
    {
        struct endpoint e;
        if (!json_is_string(item) || endpoint_parse(&e, slice_text(json_string_value(item))) != 0 ||
            e.transport == TRANSPORT_LOCAL)
            continue;
        for (unsigned i = 0; i < SERVICES; i++)
            if (services[i].transport == e.transport && p->ports[i] == 0)
                p->ports[i] = e.address.port;
        if (is_wildcard(&e.address))
            *wildcard = true;
        else if (!json_is_array(json_object_get(object, "public")))
            add_address(p, e.address);
    }
}

/* False: it cannot be named in a zone, and why has been said. */
static bool read_proxy(struct proxy_of_zone *p, const json_t *object, struct buffer *complaints)
{
    const json_t *list = json_object_get(object, "public"), *item;
    bool wildcard = false;
    char name[DNS_NAME];
    size_t at;
    *p = (struct proxy_of_zone){.name = text_of(object, "name")};
    read_listen(p, object, &wildcard);
    json_array_foreach(list, at, item)
    {
        struct address a = {.family = 0};
        if (json_is_string(item) && address_parse_ip(&a, slice_text(json_string_value(item))) == 0)
            add_address(p, a);
        else
            buffer_add_format(complaints, "%s: one of its public addresses is none; left out\n", p->name);
    }
    if (dns_name_set(name, slice_text(p->name)) != 0 || strchr(p->name, '.') != NULL)
        buffer_add_format(complaints, "%s: its name cannot stand in DNS; left out\n", p->name);
    else if (p->count == 0 && wildcard)
        buffer_add_format(complaints,
            "%s: it listens on all addresses; say in its field public which phones shall "
            "use; left out\n",
            p->name);
    else if (p->count == 0 || p->ports[0] + p->ports[1] + p->ports[2] == 0)
        buffer_add_format(complaints, "%s: its object does not say where it listens; left out\n", p->name);
    else
        return true;
    return false;
}

/* ---- records ---- */

static void add_addresses(struct buffer *out, const struct proxy_of_zone *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        const struct address *a = &p->addresses[i];
        struct buffer text = {0};
        address_add_ip(&text, a);
        struct slice ip = buffer_slice(&text);
        if (a->family == 6)
            ip = slice_of(ip.data + 1, ip.length - 2); /* without brackets */
        buffer_add_format(out, "%-24s IN %-5s %.*s\n", p->name, a->family == 6 ? "AAAA" : "A", SLICE_ARG(ip));
        buffer_free(&text);
    }
}

static void add_services(
    struct buffer *out, const struct proxy_of_zone *proxies, size_t count, const struct zone *z)
{
    for (unsigned i = 0, order = 10; i < SERVICES; i++) {
        bool served = false;
        for (size_t k = 0; k < count; k++)
            served = served || proxies[k].ports[i] != 0;
        if (served)
            buffer_add_format(out, "%-24s IN NAPTR %u 0 \"s\" \"%s\" \"\" %s.%.*s.\n", "@", order,
                services[i].service, services[i].name, SLICE_ARG(z->domain));
        order += served ? 10 : 0;
    }
    for (unsigned i = 0; i < SERVICES; i++)
        for (size_t k = 0; k < count; k++)
            if (proxies[k].ports[i] != 0)
                buffer_add_format(out, "%-24s IN SRV   %lld %lld %u %s.%.*s.\n", services[i].name,
                    proxies[k].priority, proxies[k].weight, proxies[k].ports[i], proxies[k].name,
                    SLICE_ARG(z->domain));
}

/* A whole zone begins with who serves it. */
static int add_head(struct buffer *out, const struct zone *z)
{
    struct slice rest = z->name_server, name, address = {0};
    struct address a = {.family = 0};
    char good[DNS_NAME];
    buffer_add_format(out, "$ORIGIN %.*s.\n$TTL %d\n", SLICE_ARG(z->domain), TTL);
    if (slice_empty(z->name_server))
        return 0;
    slice_cut(&rest, '=', &name);
    address = rest;
    if (dns_name_set(good, name) != 0 || good[0] == '\0' ||
        (!slice_empty(address) && address_parse_ip(&a, address) != 0))
        return ERROR_SYNTAX;
    buffer_add_format(out, "%-24s IN SOA   %s. hostmaster.%.*s. %u 3600 600 604800 60\n", "@", good,
        SLICE_ARG(z->domain), z->serial);
    buffer_add_format(out, "%-24s IN NS    %s.\n", "@", good);
    if (a.family != 0)
        buffer_add_format(
            out, "%s. IN %s %.*s\n", good, a.family == 6 ? "AAAA" : "A", SLICE_ARG(slice_trim(address)));
    return 0;
}

static long long priority_of(const struct zone *z, const json_t *location, const char *name)
{
    bool others = !slice_empty(z->for_location) && !slice_equal(z->for_location, slice_text(name));
    return number_of(location, "dns_priority", 10) + (others ? OTHERS : 0);
}

int zone_add(struct buffer *out, struct buffer *complaints, const struct zone *z, const json_t *locations,
    const json_t *applications)
{
    char domain[DNS_NAME];
    size_t count = 0, at;
    const json_t *object;
    if (dns_name_set(domain, z->domain) != 0 || strchr(domain, '.') == NULL)
        return ERROR_SYNTAX;
    for (at = 0; at < json_array_size(locations) && !slice_empty(z->for_location); at++)
        if (slice_equal(slice_text(text_of(json_array_get(locations, at), "name")), z->for_location))
            break;
    if (!slice_empty(z->for_location) && at == json_array_size(locations))
        return ERROR_REFERENCE;
    struct proxy_of_zone *proxies = mem_zero((json_array_size(applications) + 1) * sizeof *proxies);
    json_array_foreach(applications, at, object)
    {
        const char *location = text_of(object, "location");
        struct proxy_of_zone *p = &proxies[count];
        if (strcmp(text_of(object, "role"), "proxy") != 0 || !read_proxy(p, object, complaints))
            continue;
        p->priority = priority_of(z, find(locations, location), location);
        p->weight = number_of(find(locations, location), "dns_weight", 100);
        count++;
    }
    int error = count != 0 ? add_head(out, z) : ERROR_MISSING;
    if (error == 0) {
        add_services(out, proxies, count, z);
        for (size_t k = 0; k < count; k++)
            add_addresses(out, &proxies[k]);
    }
    mem_free(proxies);
    return error;
}

/* ---- the command ---- */

/* The realm of the location that asks, or of the first one, when it is a domain. */
static const char *domain_of(const struct options *o, const json_t *locations)
{
    struct slice wanted = options_text(o, OPTION_FOR);
    const json_t *object;
    size_t at;
    if (o->word_count == 1)
        return o->words[0];
    json_array_foreach(locations, at, object)
    {
        const char *realm = text_of(object, "realm");
        if ((slice_empty(wanted) || slice_equal(wanted, slice_text(text_of(object, "name")))) &&
            strchr(realm, '.') != NULL)
            return realm;
    }
    return NULL;
}

static int print_zone(const struct options *o, const json_t *locations, const json_t *applications)
{
    struct buffer out = {0}, complaints = {0};
    const char *domain = domain_of(o, locations);
    if (domain == NULL) {
        command_complain("no realm of a location is a domain; write it as: tandem zone DOMAIN");
        return EXIT_USAGE;
    }
    struct zone z = {.domain = slice_text(domain),
        .for_location = options_text(o, OPTION_FOR),
        .name_server = options_text(o, OPTION_NAME_SERVER),
        .serial = (uint32_t)time(NULL)};
    if (slice_ends(z.domain, SLICE(".")))
        z.domain.length--;
    int error = zone_add(&out, &complaints, &z, locations, applications);
    fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&complaints)));
    if (error == ERROR_SYNTAX)
        command_complain("%.200s: neither a domain, nor --name-server NAME or NAME=ADDRESS", domain);
    else if (error == ERROR_REFERENCE)
        command_complain("there is no location %.*s", SLICE_ARG(slice_first(z.for_location, 64)));
    else if (error != 0)
        command_complain("no proxy can be named in a zone; see their fields listen and public");
    else
        fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    buffer_free(&complaints);
    return error == 0 ? EXIT_DONE : error == ERROR_MISSING ? EXIT_FAILED : EXIT_USAGE;
}

int command_zone(const struct options *o)
{
    json_t *locations = json_array(), *applications = json_array();
    int status = EXIT_FAILED;
    if (objects_pages(o, &kind_location, false, locations) &&
        objects_pages(o, &kind_application, false, applications))
        status = print_zone(o, locations, applications);
    json_decref(locations);
    json_decref(applications);
    return status;
}
