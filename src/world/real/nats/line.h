/* One connection to one server of the bus. */
#ifndef TANDEM_WORLD_REAL_NATS_LINE_H
#define TANDEM_WORLD_REAL_NATS_LINE_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "base/list.h"
#include "world/real/nats/greeting.h"

struct carrier;

/* One connection, or the attempt at one. Used by the carrier, by the thread that connects and, until it has
 * said that it is closed, by the library. */
enum line_state { LINE_CONNECTING, LINE_CONNECTED, LINE_FAILED };

struct line {
    struct list link;
    atomic_uint users;
    atomic_int state;
    atomic_bool reading, writing, leaving, echoed;
    int fd, wake;  /* the socket; the carrier's event */
    int64_t since; /* µs, monotonic: begin of the attempt, then of the probe */
    bool up;       /* carrier's thread: the probe came back */
    natsConnection *connection;
    natsSubscription *probe;
    pthread_mutex_t lock;
    struct buffer complaints;           /* under the lock: what the server did not permit, as lines */
    char server[64], why[GREETING_WHY]; /* by the thread that connects, before it sets the state */
    char *address, *user, *password_file, *authority, *certificate, *key, *cluster;
};

struct line *carrier__line_begin(struct carrier *c, const char *address);
void carrier__line_release(struct line *l);
void carrier__line_close(struct carrier *c, struct line *l);
/* Forgets the closed lines that only the carrier still uses; `wait`: gives the others a while to end. */
void carrier__lines_sweep(struct carrier *c, bool wait);
void carrier__wake(int event);
int64_t carrier__now(void); /* µs, monotonic */

#endif
