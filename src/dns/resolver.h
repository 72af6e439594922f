/* Asks name servers: over UDP with an own socket (so a port by chance), number and letter case by chance for
 * each question (RFC 5452), again and at the next server when one is silent or cannot say, over TCP when the
 * answer was cut (RFC 7766). An answer that does not fit is counted and waited past.
 *
 *     locate ──asks──> question ──datagram──> server 1 ── silence ──> server 2 ── ... ──> cache ──> locates
 *
 * Belongs to one instance. Its owner gives it the inputs with its token and timers of its object kind. */
#ifndef TANDEM_DNS_RESOLVER_H
#define TANDEM_DNS_RESOLVER_H

#include "dns/cache.h"
#include "world/world.h"

#define DNS_SERVERS 4
#define DNS_QUESTIONS 1024 /* open ones; past that a question fails at once */
#define DNS_DEAD 1024      /* places that are known to be dead */

struct locate;

struct dns_resolver {
    struct world *world;
    uint64_t token;      /* of its flows */
    uint8_t object_kind; /* of its timers */
    void *user;
    void (*located)(void *user, struct locate *l, uint64_t owner); /* see locate.h */
    struct address servers[DNS_SERVERS];
    unsigned server_count, preferred; /* the one that has answered last */
    uint64_t next_question;
    struct map questions, by_key, by_flow; /* struct dns_question by number, by name and type, by flow */
    struct dns_cache cache;
    struct map dead;     /* places: until when; locate.c */
    struct list waiting; /* locates that wait for answers */
    struct arena arena;  /* of one message */
};

struct dns_resolver_params {
    uint64_t token;
    uint8_t object_kind;
    void *user;
    void (*located)(void *user, struct locate *l, uint64_t owner);
};

void dns_resolver_open(struct dns_resolver *r, struct world *w, const struct dns_resolver_params *params);
void dns_resolver_close(struct dns_resolver *r); /* locates are freed by their owners, before */

/* Who is asked from now on: "127.0.0.1" or "[::1]:5353", as many as there is room for; what is no address is
 * left out. How many are known then; with none every question fails. */
unsigned dns_resolver_servers(struct dns_resolver *r, const struct slice *servers, size_t count);

bool dns_resolver_input(struct dns_resolver *r, const struct input *in); /* false: not for it */

/* The answer that is there already; or NULL, and it is asked: locates that wait are woken. `since`: see
 * dns_cache_find. */
const struct dns_answer *dns_ask(struct dns_resolver *r, const char *name, enum dns_type type, int64_t since);

#endif
