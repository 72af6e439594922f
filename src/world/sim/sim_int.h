/* Inside the simulated world.
 *
 *     sim.c scheduler     queue.c events      instance.c lives, turns, effects     network.c hosts, datagrams
 *     stream.c streams    engine.c asks       bus.c bus and watches                fault.c the plan
 *     trace.c hash, ring */
#ifndef TANDEM_WORLD_SIM_INT_H
#define TANDEM_WORLD_SIM_INT_H

#include "base/map.h"
#include "base/pool.h"
#include "world/peer.h"
#include "world/sim/network.h"
#include "world/world_int.h"

struct sim_instance {
    struct sim *sim;
    struct world world;
    const struct role *role;
    void *self, *given;
    char *name, *pair, *location, *group; /* NUL-terminated copies */
    uint64_t name_hash;
    unsigned host, index;
    bool alive;
    uint64_t incarnation;
    int64_t paused_until; /* 0: it runs */
    struct list held;     /* what came during the pause */
    size_t held_datagrams;
    int64_t stop_until;   /* stands still before it carries out what it tells next; 0: does not */
    struct buffer unsent; /* effects of the turn in which it stood still */
    struct chance chance;
    struct map flows; /* by number */
    struct peer_table peers;
    struct list unwritten; /* records that its disk has not taken yet */
    struct list unseen;    /* changes of the registry that cannot reach it now */
    bool watch_retrying;
    int64_t last_watch;  /* when the latest of them arrives: nothing overtakes */
    size_t memory;       /* bytes that the role has taken and not given back */
    size_t most_effects; /* bytes of effects in one turn, the most so far */
    int64_t busy_until;  /* a fault has struck it; the rest of its group is spared until then */
};

struct engines {
    struct registry *registry;
    struct bus *bus;
    struct store *store;
    int64_t expiry;   /* when EVENT_EXPIRE comes; 0: none is due */
    struct map lanes; /* publisher and subscriber -> struct lane */
    struct buffer answer;
    struct arena arena;
};

struct turn_ring {
    char *half[2];
    size_t used[2];
    int current;
};

struct sim {
    struct sim_params params;
    const struct configuration *configuration;
    int64_t now, plan_until;
    uint64_t dropped; /* datagrams that could not pass a cut */
    uint64_t steps, hash;
    struct queue queue;
    struct wheel **wheels; /* the first is of all hosts without skew */
    int64_t *wheel_skews;
    size_t wheel_count;
    struct host *hosts;
    size_t host_count;
    struct map sockets, listeners; /* by address; struct flow */
    struct map places;             /* listeners by name: `local:` */
    struct list streams;
    struct pool stream_pool, flow_pool;
    bool cut[SIM_SITES][SIM_SITES];
    int64_t stalled_until[SIM_SITES][SIM_SITES];
    int64_t last_datagram[SIM_SITES][SIM_SITES];
    struct sim_instance **instances;
    size_t instance_count;
    struct chance network, faults;
    int64_t weather[SIM_FAULTS]; /* until when */
    int64_t weather_until;       /* the latest of them */
    uint64_t fault_counts[SIM_FAULTS];
    struct engines engines;
    struct turn_ring ring;
    FILE *trace;
};

/* ---- instance.c ---- */
struct event *sim__input_event(struct sim_instance *i, const struct input *input); /* copies the slices */
void sim__give(struct sim_instance *i, const struct input *input);                 /* one turn */
/* Takes the event over: gives it, holds it back while the instance is paused, or drops it. */
void sim__deliver(struct sim *s, struct event *e);
void sim__begin(struct sim_instance *i);
void sim__end(struct sim_instance *i, bool silently);
void sim__resume(struct sim *s, struct sim_instance *i);

/* ---- engine.c ---- */
int sim__engines_open(struct sim *s);
void sim__engines_close(struct sim *s);
void sim__ask(struct sim_instance *i, const struct effect *e);
void sim__append(struct sim_instance *i, const struct effect *e);
void sim__engine_event(struct sim *s, struct event *e); /* EXECUTE, APPEND, SYNC, DISK, EXPIRE */
void sim__end_disk(struct sim *s, unsigned host, bool power);

/* ---- bus.c ---- */
void sim__publish(struct sim_instance *i, const struct effect *e);
void sim__subscribe(struct sim_instance *i, const struct effect *e);
void sim__watch(struct sim_instance *i, const struct effect *e);
void sim__watch_news(struct sim *s);
void sim__watch_event(struct sim *s, struct event *e); /* WATCH, WATCH_RETRY */
void sim__bus_leave(struct sim_instance *i);
void sim__bus_free(struct sim *s);

/* ---- fault.c ---- */
void sim__plan_event(struct sim *s, struct event *e); /* PLAN, HEAL */

/* ---- trace.c ---- */
void sim__trace_turn(struct sim_instance *i, const struct input *input, struct slice effects);
void sim__trace_effect(struct sim_instance *i, const struct effect *e);
void sim__trace_free(struct sim *s);

#endif
