/* Where a SIP request goes (RFC 3263): from a host, and a port and transport where they are said, to targets
 * in the order in which they are tried.
 *
 *     NAPTR ──> transports in order ──> SRV ──> hosts by priority and weight ──> A, AAAA ──> target, target,
 * ... (numeric hosts, a port, a transport: the steps before are left out, RFC 3263 4.1, 4.2)
 *
 *     struct locate *l = locate_begin(resolver, &wish, owner);
 *     switch (locate_next(&target, l)) {
 *     case 0:             send it there; it failed (RFC 3263 4.3)? locate_is_dead(), and locate_next() again
 *     case ERROR_AGAIN:   names are being asked: located(user, l, owner) will be called, then again
 *     default:            there is none (more): ERROR_MISSING, or ERROR_TIMEOUT when no name server answered
 *     }
 *     locate_end(l);      at any time; the caller owns it */
#ifndef TANDEM_DNS_LOCATE_H
#define TANDEM_DNS_LOCATE_H

#include "dns/resolver.h"

#define LOCATE_ANY TRANSPORT_COUNT /* no transport is said */
#define LOCATE_TRANSPORT(t) (1U << (t))
enum { LOCATE_IPV4 = 1, LOCATE_IPV6 = 2 };
#define LOCATE_HOPS 32 /* hosts of one locate that are tried */

struct locate_wish {
    struct slice host;  /* of the URI: a name, 192.0.2.1, [2001:db8::1] */
    uint16_t port;      /* 0: not said */
    uint8_t transport;  /* enum transport, or LOCATE_ANY */
    bool secure;        /* sips: TLS to everywhere (RFC 3261 26.2.2) */
    uint8_t transports; /* LOCATE_TRANSPORT bits that the caller can use; 0: UDP, TCP and TLS */
    uint8_t families;   /* LOCATE_IPV4, LOCATE_IPV6 that the caller can use; 0: both */
};

struct locate_target {
    enum transport transport; /* UDP, TCP or TLS */
    struct address address;   /* with port */
    char domain[DNS_NAME];    /* TLS: what the certificate must name (RFC 5922 4); "": a numeric host */
};

struct locate *locate_begin(struct dns_resolver *r, const struct locate_wish *wish, uint64_t owner);
int locate_next(struct locate_target *target, struct locate *l) __attribute__((warn_unused_result));
void locate_end(struct locate *l); /* NULL is fine */

/* A target that did not answer is tried after all others for TIMER_LOCATE_DEAD; one that did is good again.
 */
void locate_is_dead(struct dns_resolver *r, const struct locate_target *target);
void locate_is_alive(struct dns_resolver *r, const struct locate_target *target);

#endif
