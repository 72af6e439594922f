/* Answers by name and type, as long as they are good (RFC 1035 7.4), negative ones as well (RFC 2308).
 * Bounded in bytes; the oldest answer gives way. */
#ifndef TANDEM_DNS_CACHE_H
#define TANDEM_DNS_CACHE_H

#include "base/list.h"
#include "base/map.h"
#include "dns/dns.h"

#define DNS_CACHE_BYTES ((size_t)4 << 20)
#define DNS_TTL_LONGEST 86400 /* seconds that anything is believed */
#define DNS_NO_LONGEST                                                                                       \
    900 /* seconds that "there is none" is believed (RFC 2308 5 permits up to three hours) */
#define DNS_NO_STANDARD 10 /* the same where the answer does not say for how long */
#define DNS_FAILED_FOR 2   /* seconds that nobody is asked again after nobody has answered */

enum dns_found {
    DNS_FOUND,
    DNS_NONE,   /* there is no such name, or nothing of that type */
    DNS_FAILED, /* no name server has answered, or none could */
};

/* One answer with its records of the wanted type: their order is the server's. */
struct dns_answer {
    struct list link;           /* oldest first */
    int64_t received_at, until; /* µs */
    uint16_t type;
    uint8_t found; /* enum dns_found */
    size_t count, size;
    struct slice key;
    struct dns_record *records;
};

struct dns_cache {
    struct map by_key;
    struct list ages;
    size_t bytes;
};

void dns_cache_init(struct dns_cache *c);
void dns_cache_free(struct dns_cache *c);

/* What is good now, or has come since then: who waited for an answer may use it although it says that it must
 * not be kept (a TTL of 0). NULL: ask. Valid until something is put. */
const struct dns_answer *dns_cache_find(
    const struct dns_cache *c, const char *name, enum dns_type type, int64_t now, int64_t since);

/* Copies the records. The shortest TTL among them counts; `seconds` for answers without any. */
void dns_cache_put(struct dns_cache *c, const char *name, enum dns_type type, int64_t now,
    enum dns_found found, const struct dns_record *const *records, size_t count, uint32_t seconds);

#endif
