/* RFC 3263: from a host to targets. */
#include "dns/locate.h"

#include "base/error.h"
#include "base/mem.h"
#include "dns/dns_int.h"

#define SIP_PORT 5060U
#define SIPS_PORT 5061U
#define TRANSPORTS 3U /* UDP, TCP, TLS: the first of enum transport */
#define SERVICES 16U  /* NAPTR records that are followed */
#define ADDRESSES 16U /* of one hop */

enum step { STEP_NAPTR, STEP_SRV, STEP_HOPS };

struct offer { /* a name with SRV records, and the transport that it stands for */
    char name[DNS_NAME];
    uint8_t transport;
};

struct hop { /* a host, its addresses not asked yet */
    char host[DNS_NAME];
    struct address address; /* numeric hosts: without port */
    uint16_t port;
    uint8_t transport;
};

struct locate {
    struct list link; /* in resolver->waiting while it waits */
    struct dns_resolver *resolver;
    uint64_t owner;
    int64_t began_at;
    char host[DNS_NAME];
    uint16_t port;
    uint8_t transport, transports, families;
    bool secure, numeric, unanswered; /* a name server did not answer for something */
    bool again;                       /* the second round: those that are known to be dead as well */
    uint8_t step;                     /* enum step */
    unsigned offer_count, hop_count;
    unsigned hop, address; /* the next ones */
    struct offer offers[SERVICES];
    struct hop *hops; /* LOCATE_HOPS */
};

/* ---- the dead ---- */

struct dead {
    int64_t until;
    char key[ADDRESS_TEXT + 8];
};

static struct slice dead_key(char room[ADDRESS_TEXT + 8], const struct locate_target *t)
{
    struct buffer out = {0};
    buffer_add_format(&out, "%u ", (unsigned)t->transport);
    address_add(&out, &t->address);
    size_t length = out.length < ADDRESS_TEXT + 8 ? out.length : ADDRESS_TEXT + 7;
    memcpy(room, out.data, length);
    room[length] = '\0';
    buffer_free(&out);
    return slice_of(room, length);
}

static void forget(struct dns_resolver *r, struct dead *d)
{
    map_remove(&r->dead, slice_text(d->key));
    mem_free(d);
}

void dns__dead_free(struct dns_resolver *r)
{
    struct dead *d;
    map_for_each (d, &r->dead)
        mem_free(d);
    map_free(&r->dead);
}

/* The map is in the order of insertion: with one life for all, the first entries end first. */
void locate_is_dead(struct dns_resolver *r, const struct locate_target *target)
{
    struct dead *d, *made = mem_zero(sizeof *made);
    int64_t now = world_now(r->world);
    locate_is_alive(r, target);
    map_for_each (d, &r->dead) {
        if (d->until > now && map_count(&r->dead) < DNS_DEAD)
            break;
        forget(r, d);
    }
    made->until = now + timer_duration(TIMER_LOCATE_DEAD);
    map_put(&r->dead, dead_key(made->key, target), made);
}

void locate_is_alive(struct dns_resolver *r, const struct locate_target *target)
{
    char room[ADDRESS_TEXT + 8];
    struct dead *d = map_get(&r->dead, dead_key(room, target));
    if (d != NULL)
        forget(r, d);
}

static bool is_dead(struct dns_resolver *r, const struct locate_target *target)
{
    char room[ADDRESS_TEXT + 8];
    const struct dead *d = map_get(&r->dead, dead_key(room, target));
    return d != NULL && d->until > world_now(r->world);
}

/* ---- begin and end ---- */

static bool usable(const struct locate *l, uint8_t transport)
{
    return (l->transports & LOCATE_TRANSPORT(transport)) != 0 && (!l->secure || transport == TRANSPORT_TLS);
}

static void add_hop(
    struct locate *l, const char *host, const struct address *numeric, uint16_t port, uint8_t transport)
{
    if (l->hop_count == LOCATE_HOPS || !usable(l, transport))
        return;
    struct hop *h = &l->hops[l->hop_count++];
    *h = (struct hop){.port = port, .transport = transport};
    if (numeric != NULL)
        h->address = *numeric;
    else
        strcpy(h->host, host);
}

static uint16_t port_of(const struct locate *l, uint8_t transport)
{
    return l->port != 0 ? l->port : transport == TRANSPORT_TLS ? SIPS_PORT : SIP_PORT;
}

/* RFC 3263 4.1: what is used where nothing says it. */
static uint8_t plain_transport(const struct locate *l)
{
    return l->transport != LOCATE_ANY ? l->transport : l->secure ? TRANSPORT_TLS : TRANSPORT_UDP;
}

/* The service names of the transports, in our own order of preference. */
static void add_services(struct locate *l)
{
    static const char *const prefixes[TRANSPORTS] = {"_sip._udp.", "_sip._tcp.", "_sips._tcp."};
    l->offer_count = 0;
    for (uint8_t t = 0; t < TRANSPORTS; t++) {
        struct offer *s = &l->offers[l->offer_count];
        if (!usable(l, t) || (l->transport != LOCATE_ANY && l->transport != t) ||
            strlen(prefixes[t]) + strlen(l->host) >= DNS_NAME)
            continue;
        strcpy(stpcpy(s->name, prefixes[t]), l->host);
        s->transport = t;
        l->offer_count++;
    }
}

struct locate *locate_begin(struct dns_resolver *r, const struct locate_wish *wish, uint64_t owner)
{
    struct locate *l = mem_zero(sizeof *l);
    struct address numeric = {.family = 0};
    l->resolver = r;
    l->owner = owner;
    l->began_at = world_now(r->world);
    l->port = wish->port;
    l->secure = wish->secure;
    l->transports = wish->transports != 0 ? wish->transports : (1U << TRANSPORTS) - 1;
    l->families = wish->families != 0 ? wish->families : LOCATE_IPV4 | LOCATE_IPV6;
    l->transport = wish->secure && wish->transport == TRANSPORT_TCP ? TRANSPORT_TLS : wish->transport;
    l->hops = mem_zero(LOCATE_HOPS * sizeof *l->hops);
    uint8_t transport = plain_transport(l);
    if (address_parse_ip(&numeric, wish->host) == 0) {
        l->numeric = true;
        l->step = STEP_HOPS;
        add_hop(l, NULL, &numeric, port_of(l, transport), transport);
    } else if (dns_name_set(l->host, wish->host) != 0 || l->host[0] == '\0') {
        l->step = STEP_HOPS; /* no name at all: nowhere */
    } else if (l->port != 0) {
        l->step = STEP_HOPS;
        add_hop(l, l->host, NULL, l->port, transport);
    } else if (l->transport != LOCATE_ANY) {
        l->step = STEP_SRV;
        add_services(l);
    }
    return l;
}

void locate_end(struct locate *l)
{
    if (l == NULL)
        return;
    list_remove(&l->link);
    mem_free(l->hops);
    mem_free(l);
}

/* ---- steps ---- */

static const struct dns_answer *ask(struct locate *l, const char *name, enum dns_type type)
{
    const struct dns_answer *a = dns_ask(l->resolver, name, type, l->began_at);
    if (a != NULL && a->found == DNS_FAILED)
        l->unanswered = true;
    return a;
}

/* The transport that a NAPTR service stands for (RFC 3263 4.1), or LOCATE_ANY. */
static uint8_t service_transport(const struct dns_record *d)
{
    static const char *const services[TRANSPORTS] = {"sip+d2u", "sip+d2t", "sips+d2t"};
    for (uint8_t t = 0; t < TRANSPORTS; t++)
        if (strcmp(d->service, services[t]) == 0 && strcmp(d->flags, "s") == 0)
            return t;
    return LOCATE_ANY;
}

static int naptr_step(struct locate *l)
{
    size_t order[DNS_RECORDS];
    const struct dns_answer *a = ask(l, l->host, DNS_TYPE_NAPTR);
    if (a == NULL)
        return ERROR_AGAIN;
    dns__order_naptr(order, a);
    for (size_t i = 0; i < a->count && l->offer_count < SERVICES; i++) {
        const struct dns_record *d = &a->records[order[i]];
        uint8_t transport = service_transport(d);
        if (transport == LOCATE_ANY || !usable(l, transport) || d->target[0] == '\0')
            continue;
        struct offer *s = &l->offers[l->offer_count++];
        strcpy(s->name, d->target);
        s->transport = transport;
    }
    if (l->offer_count == 0)
        add_services(l);
    l->step = STEP_SRV;
    return 0;
}

static void add_srv_hops(struct locate *l, const struct offer *s, const struct dns_answer *a)
{
    size_t order[DNS_RECORDS];
    dns__order_srv(order, a, l->resolver->world);
    for (size_t i = 0; i < a->count; i++) {
        const struct dns_record *d = &a->records[order[i]];
        if (d->target[0] != '\0' && d->port != 0) /* ".": decidedly not offered (RFC 2782) */
            add_hop(l, d->target, NULL, d->port, s->transport);
    }
}

static int srv_step(struct locate *l)
{
    const struct dns_answer *answers[SERVICES];
    bool waits = false, any = false;
    for (unsigned i = 0; i < l->offer_count; i++)
        waits = ask(l, l->offers[i].name, DNS_TYPE_SRV) == NULL || waits;
    if (waits)
        return ERROR_AGAIN;
    for (unsigned i = 0; i < l->offer_count; i++) { /* a question that fails at once may have moved others */
        answers[i] = ask(l, l->offers[i].name, DNS_TYPE_SRV);
        any = any || (answers[i] != NULL && answers[i]->count != 0);
        if (answers[i] != NULL)
            add_srv_hops(l, &l->offers[i], answers[i]);
    }
    if (!any)
        add_hop(l, l->host, NULL, port_of(l, plain_transport(l)), plain_transport(l));
    l->step = STEP_HOPS;
    return 0;
}

static void add_addresses(
    struct address *addresses, unsigned *count, const struct dns_answer *a, uint16_t port)
{
    for (size_t i = 0; a != NULL && i < a->count && *count < ADDRESSES; i++) {
        addresses[*count] = a->records[i].address;
        addresses[(*count)++].port = port;
    }
}

/* All addresses of a hop, IPv6 first (RFC 6724). */
static int hop_addresses(
    struct address addresses[ADDRESSES], unsigned *count, struct locate *l, const struct hop *h)
{
    const struct dns_answer *six = NULL, *four = NULL;
    *count = 0;
    if (h->host[0] == '\0') {
        addresses[0] = h->address;
        addresses[(*count)++].port = h->port;
        return 0;
    }
    bool wants_six = (l->families & LOCATE_IPV6) != 0, wants_four = (l->families & LOCATE_IPV4) != 0;
    if (wants_six)
        six = ask(l, h->host, DNS_TYPE_AAAA);
    if (wants_four)
        four = ask(l, h->host, DNS_TYPE_A);
    if ((wants_six && six == NULL) || (wants_four && four == NULL))
        return ERROR_AGAIN;
    if (wants_six) /* the second question may have moved the first answer */
        six = ask(l, h->host, DNS_TYPE_AAAA);
    add_addresses(addresses, count, six, h->port);
    add_addresses(addresses, count, four, h->port);
    return 0;
}

/* 0: the next target; ERROR_MISSING: this round has no more. */
static int hop_step(struct locate_target *target, struct locate *l)
{
    while (l->hop < l->hop_count) {
        struct address addresses[ADDRESSES];
        unsigned count;
        const struct hop *h = &l->hops[l->hop];
        int error = hop_addresses(addresses, &count, l, h);
        if (error != 0)
            return error;
        while (l->address < count) {
            *target = (struct locate_target){.transport = (enum transport)h->transport};
            target->address = addresses[l->address++];
            if (h->transport == TRANSPORT_TLS && !l->numeric)
                strcpy(target->domain, l->host);
            if (is_dead(l->resolver, target) == l->again)
                return 0;
        }
        l->hop++;
        l->address = 0;
    }
    return ERROR_MISSING;
}

static int next(struct locate_target *target, struct locate *l)
{
    int error = 0;
    if (l->step == STEP_NAPTR)
        error = naptr_step(l);
    if (error == 0 && l->step == STEP_SRV)
        error = srv_step(l);
    if (error == 0)
        error = hop_step(target, l);
    if (error != ERROR_MISSING || l->again)
        return error;
    l->again = true; /* none of them is said to live: perhaps one does again */
    l->hop = l->address = 0;
    return hop_step(target, l);
}

int locate_next(struct locate_target *target, struct locate *l)
{
    int error = next(target, l);
    list_remove(&l->link);
    if (error == ERROR_AGAIN)
        list_append(&l->resolver->waiting, &l->link);
    return error == ERROR_MISSING && l->unanswered ? ERROR_TIMEOUT : error;
}

/* Who is called may begin and end locates as it likes: so those that wait now are taken one by one, and who
 * waits again stands behind them. */
void dns__wake(struct dns_resolver *r)
{
    struct list woken;
    list_init(&woken);
    while (!list_empty(&r->waiting)) {
        struct list *first = list_first(&r->waiting);
        list_remove(first);
        list_append(&woken, first);
    }
    while (!list_empty(&woken)) {
        struct locate *l = list_entry(list_first(&woken), struct locate, link);
        list_remove(&l->link);
        r->located(r->user, l, l->owner);
    }
}
