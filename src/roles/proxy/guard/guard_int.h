/* The inside of the room. */
#ifndef TANDEM_ROLES_PROXY_GUARD_GUARD_INT_H
#define TANDEM_ROLES_PROXY_GUARD_GUARD_INT_H

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "config/config.h"
#include "roles/proxy/guard/ban.h"
#include "roles/proxy/guard/bucket.h"
#include "roles/proxy/guard/guard.h"

/* Most that is remembered; what was seen least recently gives way. */
#define GUARD_SOURCES 16384U
#define GUARD_PHONES 65536U
#define GUARD_NUMBERS 4096U
#define GUARD_NUMBER 64
#define GUARD_TAG "guard" /* of our stateless answers */
#define GUARD_LATE OBJECT(PROXY_OBJECT_GUARD, 1)

/* An address without port (IPv6: its /64), or with it: a phone that has shown good credentials. */
struct guard_source {
    struct list age; /* the one that was seen least recently stands first */
    struct address key;
    int64_t messages, work, credentials, malformed, unanswered; /* buckets */
    unsigned streams;
};

struct guard_table {
    struct map by_key;
    struct list age;
    struct pool pool;
    size_t most;
};

/* What a number does that it should not; SEC-6. */
enum guard_anomaly { GUARD_GUESSED, GUARD_ROAMING, GUARD_DIALLING, GUARD_ANOMALIES };
#define GUARD_ADDRESSES 16

struct guard_number {
    struct list age;
    char name[GUARD_NUMBER];
    int64_t failures, calls; /* buckets */
    struct {
        struct address address; /* without port */
        int64_t at;
    } seen[GUARD_ADDRESSES];
    int64_t until[GUARD_ANOMALIES]; /* it counts as one so long */
};

enum guard_rate {
    GUARD_RATE_STRANGER,
    GUARD_RATE_STRANGERS,
    GUARD_RATE_PHONE,
    GUARD_RATE_WORK,
    GUARD_RATE_CREDENTIALS,
    GUARD_RATE_MALFORMED,
    GUARD_RATE_UNANSWERED,
    GUARD_RATE_CALLS,
    GUARD_RATE_REJECTIONS,
    GUARD_RATE_FAILURES,
    GUARD_RATE_DIALS,
    GUARD_RATES
};

struct guard {
    struct config_guard limits;
    struct bucket_rate rates[GUARD_RATES];
    struct address peer; /* of the message that is being worked on */
    bool active;         /* there is anything to look at before a message is parsed */
    struct guard_table sources, phones;
    struct guard_bans bans;
    int64_t strangers, calls, rejections; /* buckets of all together */
    struct map numbers;
    struct list numbers_age;
    struct map pairs; /* struct guard_pair by name: what they ask for, RFC 7339 */
    struct list late; /* struct late_answer: another proxy may know more */
    unsigned late_count;
    struct world_timer timer, late_timer;
};

/* source.c */
void guard__table_open(struct guard_table *t, const char *name, size_t most);
void guard__table_close(struct guard_table *t);
struct guard_source *guard__source(struct guard_table *t, const struct address *key, bool make);
void guard__forget(struct guard_table *t, const struct address *key);
struct address guard__plain(const struct address *peer);      /* IPv4 inside IPv6 is that IPv4 */
struct address guard__source_key(const struct address *peer); /* and without port; IPv6: its /64 */

/* limit.c */
void guard__follow(struct proxy *p); /* the configuration */
bool guard__trusts(struct proxy *p, const struct address *peer);
static inline bool guard__takes(struct guard *g, int64_t *bucket, enum guard_rate rate, int64_t now)
{
    return bucket_takes(bucket, g->rates[rate], now);
}

/* offence.c */
void guard__offence_timer(struct proxy *p); /* tells own bans again, drops those that are long over */
void guard__rest(struct proxy *p);          /* arms it */

/* scanner.c */
bool guard__is_scanner(const struct proxy *p, const struct sip_message *m);
bool guard__is_local(const struct proxy *p, const struct sip_message *m); /* its Request-URI */

/* number.c */
void guard__number_saw(
    struct proxy *p, struct slice number, enum guard_anomaly what, const struct address *peer);
void guard__numbers_close(struct guard *g);
void guard__numbers_count(struct proxy *p);

/* news.c */
void guard__news_open(struct proxy *p);
void guard__tell(struct proxy *p, const struct guard_ban *b);
bool guard__lift(struct proxy *p, const struct network *n); /* an automatic one; false: there is none */
void guard__hear(struct proxy *p, struct slice bytes);

/* loop.c */
bool guard__loop_free(struct proxy *p, const struct sip_message *m);

/* pair.c */
void guard__pairs_close(struct guard *g);

/* question.c */
void guard__late_due(struct proxy *p);
void guard__late_close(struct guard *g);

/* admit.c */
bool guard__is_emergency(const struct sip_message *m);
void guard__pay(struct proxy *p, const struct sip_message *m);
bool guard__has_room(
    struct proxy *p, const struct sip_target *from, const struct sip_message *m, bool phone, bool trusted);

#endif
