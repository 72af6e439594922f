/* The bus on NATS, from the inside.
 *
 *     the loop's thread            the carrier's thread             the library's threads
 *     publish, subscribe ──orders──> queue ──> one write             connecting: a thread for each attempt
 *     real_deliver <──one mail── batch of messages <───────────────── delivery (one for all subscriptions)
 *                                  reads and writes the socket ────> timers, errors
 *
 * The library holds a lock of its own while it connects, so the loop's thread never calls it. It does not
 * reconnect by itself either: it would give up after two refusals and keeps silent about the reasons. So a
 * `line` is one connection; the carrier makes the next one when a line is lost, subscribes everything again,
 * and goes on with the queue. */
#ifndef TANDEM_WORLD_REAL_NATS_CARRIER_INT_H
#define TANDEM_WORLD_REAL_NATS_CARRIER_INT_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>

#include "world/real/engines_int.h"
#include "world/real/nats/line.h"

#define CARRIER_OUT ((size_t)16 << 20)  /* bytes that wait for the server; past that the bus loses */
#define CARRIER_IN ((size_t)64 << 20)   /* bytes that wait for the loop, likewise */
#define CARRIER_ROOM ((size_t)64 << 10) /* bytes given to the library before they are on the socket */

/* Before the bytes of each message: who published it and which of its messages it is. A server that stood
 * still hands on what it had when it goes on, after its clients have gone elsewhere: what comes late or twice
 * is known by this and dropped, so that one publisher is heard in order and each message at most once. */
struct envelope {
    uint8_t origin[8]; /* [0] is ENVELOPE_VERSION; chance, of this life of the process */
    uint8_t number[8]; /* big endian, from 1 */
};
#define ENVELOPE_VERSION 1
#define CARRIER_ORIGINS 4096 /* an ear knows so many publishers; the one known longest gives way */

struct carrier;

struct origin {
    struct list link; /* in order of acquaintance */
    uint64_t id, last;
};

/* One subscription of an instance. Those who may still come with a message for it count it. */
struct ear {
    struct list link; /* carrier's thread */
    atomic_uint users;
    struct carrier *carrier;
    struct real_instance *instance; /* loop's thread; NULL: it has left */
    uint64_t token;
    struct map origins; /* loop's thread, as the list */
    struct list acquainted;
    uint64_t dropped;        /* under the carrier's lock */
    natsSubscription *heard; /* carrier's thread: on the line in use */
    char pattern[];          /* as the server sees it */
};

/* What the loop wants done, in order: followed by the subject, a NUL, and the bytes. */
struct order {
    struct ear *begin, *end; /* both NULL: publish */
    int64_t at;              /* µs, monotonic */
    uint32_t subject, bytes; /* lengths: without the NUL; with the envelope */
};

struct message {
    struct ear *ear;
    natsMsg *message; /* NULL: only to say that some were dropped */
};

struct carrier {
    struct real_engines *engines;
    struct real_loop *loop;
    struct real_engines_params params;
    char *prefix; /* "tandem." */
    size_t prefix_length;
    int wake;
    pthread_t thread;
    bool started;

    struct map ears; /* loop's thread: by instance and token */
    struct buffer subject;
    uint64_t out_dropped;     /* said so far */
    struct envelope envelope; /* of the last message */
    uint64_t number;

    pthread_mutex_t lock;
    pthread_cond_t quiet;
    bool ends;
    struct buffer orders;
    size_t out, in;     /* bytes that wait: those of orders and queue; those of messages */
    uint64_t out_lost;  /* publishes that were dropped by the carrier's thread */
    unsigned listening; /* subscriptions that the library has not ended yet */
    struct message *messages;
    size_t message_count, message_capacity;
    bool mailed;

    /* the carrier's thread's own */
    struct list all; /* ears */
    struct buffer queue;
    size_t queue_at;
    struct line *line, *attempt;
    struct list closed;  /* lines */
    size_t next, failed; /* server to try; attempts in a row that failed */
    int64_t retry_at, lost_at;
    bool away, ending;
    bool more; /* the queue is done, and orders wait */
    char why[GREETING_WHY];
    struct map complained; /* by subject: said once */
    uint64_t probes;
};

/* hear.c: ears and what comes in */
struct ear *carrier__ear_new(
    struct carrier *c, struct real_instance *instance, uint64_t token, struct slice pattern);
void carrier__ear_release(struct ear *ear);
natsStatus carrier__ear_listen(struct ear *ear, natsConnection *connection);
void carrier__ear_stop(struct ear *ear);
void carrier__hear_end(struct carrier *c); /* waits until the library has ended all subscriptions */

/* thread.c */
void *carrier__run(void *carrier);

#endif
