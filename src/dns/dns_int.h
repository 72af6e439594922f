/* Inside the room. */
#ifndef TANDEM_DNS_DNS_INT_H
#define TANDEM_DNS_DNS_INT_H

#include "dns/resolver.h"

/* locate.c: something has been answered; who waited looks again. */
void dns__wake(struct dns_resolver *r);
void dns__dead_free(struct dns_resolver *r);

/* order.c: RFC 2782 and RFC 3263 4.1. Indices into the answer's records, in the order in which they are
 * tried. */
void dns__order_srv(size_t *order, const struct dns_answer *a, struct world *w);
void dns__order_naptr(size_t *order, const struct dns_answer *a);

#endif
