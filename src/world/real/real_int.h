/* Inside the real world: the loop, its instances, and what all kinds of flows share. */
#ifndef TANDEM_WORLD_REAL_REAL_INT_H
#define TANDEM_WORLD_REAL_REAL_INT_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "world/peer.h"
#include "world/real/flow.h"
#include "world/real/service.h"
#include "world/world_int.h"

#define REAL_EVENTS 256      /* taken from the kernel at once */
#define REAL_PHASE_TURNS 256 /* of each kind of work in a round */
#define REAL_PHASE_TIME 2000 /* µs, likewise */
#define REAL_SPARES 8        /* send buffers kept for the next flow that sends */

/* A timer of the world itself; those of roles are world_timers, in a wheel of their own. */
struct real_timer {
    struct wheel_timer wheel;
    void (*due_h)(struct real_timer *t);
};

struct real_mail {
    void (*mail_h)(struct real_loop *loop, void *argument);
    void *argument;
};

struct real_mailbox {
    pthread_mutex_t lock;
    struct real_mail *mails;
    size_t count, capacity;
    int fd; /* readable: there is mail, or stop */
};

struct real_clock {
    int64_t last, offset; /* µs */
    int64_t checked;      /* on the monotonic clock: when the offset was last compared */
};

struct real_instance {
    struct list link;
    struct real_loop *loop;
    struct world world;
    const struct role *role;
    void *self;
    struct map flows; /* by number */
    struct peer_table peers;
    char *text; /* what the setup's slices point to */
    struct role_setup setup;
};

struct udp_batch;

struct real_loop {
    struct real_params params;
    int epoll, spare_fd;
    struct real_clock clock;
    struct real_mailbox mailbox;
    atomic_bool stop;
    _Atomic(pthread_t) thread; /* that runs it */
    struct wheel wheel, own_wheel;
    struct list instances, flows;
    struct list flush, failed, inputs, local, grave;
    struct epoll_event events[REAL_EVENTS];
    int event_at, event_count;
    uint64_t rounds, busy; /* busy: µs */
    unsigned turns;        /* of this phase of the round */
    int64_t phase;         /* when it began */
    size_t owed;           /* bytes of the inputs that wait */
    struct map asks;
    uint64_t last_ask;
    uint32_t last_serial; /* of instances */
    struct real_service services[SERVICE_COUNT];
    struct real_engine engine;
    SSL_CTX *tls_server, *tls_client;
    unsigned handshakes;
    struct list held_listeners; /* wait for a handshake to end */
    struct udp_batch *udp;
    char *read;
    struct buffer spares[REAL_SPARES];
    unsigned spare_count;
    uint64_t chance[32]; /* from the system; taken from the end */
    unsigned chance_left;
    struct real_watch *watch;
};

/* clock.c */
void real__clock_open(struct real_clock *c);
int64_t real__clock_read(struct real_clock *c);
int64_t real__clock_at(struct real_clock *c, int64_t monotonic, int64_t wall);

/* loop.c */
void real__round(struct real_loop *l, int64_t longest); /* longest: µs to wait when there is nothing to do */
bool real__spent(const struct real_loop *l);            /* the phase has had its share */
void real__timer_set(struct real_loop *l, struct real_timer *t, enum timer duration);
void real__timer_at(struct real_loop *l, struct real_timer *t, int64_t at);
void real__timer_clear(struct real_loop *l, struct real_timer *t);
uint64_t real__random(void *loop);

/* instance.c */
void real__turn(struct real_instance *i, const struct input *input);
void real__inputs(struct real_loop *l); /* those that were there when it began */
void real__commit(void *loop, struct world *w);

/* mailbox.c */
int real__mailbox_open(struct real_loop *l);
void real__mailbox_close(struct real_loop *l);
void real__mailbox_ready(struct real_loop *l);

/* ask.c */
void real__ask(struct real_instance *i, const struct effect *e);
void real__ask_forget(struct real_instance *i);

/* What was offered under this name; NULL: nothing. */
struct real_pool;
struct real_pool_job;
const struct real_pool_job *real__pool_job(const struct real_pool *pool, const char *name, void **self);

#endif
