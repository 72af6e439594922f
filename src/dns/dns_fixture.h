/* For tests: name servers in the simulated world that answer, lie, cut or keep silent, and a client that
 * locates. */
#ifndef TANDEM_DNS_DNS_FIXTURE_H
#define TANDEM_DNS_DNS_FIXTURE_H

#include "dns/locate.h"
#include "world/sim/sim.h"

enum dns_habit {
    DNS_HABIT_GOOD,
    DNS_HABIT_SILENT,
    DNS_HABIT_FAILS,  /* SERVFAIL */
    DNS_HABIT_CUTS,   /* over UDP: truncated; over TCP the answer */
    DNS_HABIT_SHUT,   /* the same, but TCP is closed at once */
    DNS_HABIT_GARBLE, /* half of the answer */
    DNS_HABIT_WRONG,  /* a wrong number, a wrong question and other letters first, each with a lie; then the
                         answer */
    DNS_HABIT_POISON, /* the answer, and more that nobody asked for */
    DNS_HABIT_LOWERS, /* gives the question back in lower case */
};

/* A record as in a zone: "example.com A 192.0.2.1", "... SRV 10 5 5060 host", "... NAPTR 10 20 s SIP+D2U
 * name",
 * "... CNAME name"; each with its TTL behind the name: "example.com 60 A 192.0.2.1". */
struct dns_fixture_server {
    enum dns_habit habit;
    const char *const *zone; /* NULL at the end */
    unsigned asked, streams; /* questions; those over TCP */
    unsigned kinds[64];      /* by type */
    struct world *world;     /* set by the fixture, as all below */
    uint64_t socket;
    struct buffer in;
};

#define DNS_FIXTURE_SERVERS 2

struct dns_fixture {
    struct sim *sim;
    struct sim_instance *client;
    struct dns_fixture_server servers[DNS_FIXTURE_SERVERS];
    struct dns_resolver resolver;
    unsigned located; /* times that the handler was called */
};

void dns_fixture_open(struct dns_fixture *f, uint64_t seed, const char *const *zone);
void dns_fixture_close(struct dns_fixture *f);
/* Everything that locates to, as "udp 192.0.2.1:5060, tcp ..." in order, then "." or the error's symbol. */
const char *dns_fixture_locate(struct dns_fixture *f, const struct locate_wish *wish);
void dns_fixture_pass(struct dns_fixture *f, int64_t microseconds);

#endif
