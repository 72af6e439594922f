/* The inside of a world's instance: for those who make worlds (real, sim, pair), not for roles. */
#ifndef TANDEM_WORLD_WORLD_INT_H
#define TANDEM_WORLD_WORLD_INT_H

#include "world/world.h"

/* What differs between worlds. Timers live in a wheel that the maker gives. */
struct world_backend {
    uint64_t (*random)(void *maker);
    /* The turn is over: take w->effects and w->dirty and empty them (world_turn_clear). */
    void (*commit)(void *maker, struct world *w);
};

/* What the instance last said of itself. */
struct world_condition {
    enum world_state state;
    int64_t since;    /* of the state; 0: since it was opened */
    uint32_t changes; /* grows when state or sentence do */
    char why[WORLD_WHY];
};

struct world {
    const struct world_backend *backend;
    void *maker;
    void *owner;         /* of the maker's choice: the instance */
    struct world *outer; /* a role inside a role (pair): the world of the outer one; otherwise NULL */
    struct wheel *wheel;
    int64_t now;
    uint32_t serial;    /* of the instance, given by the maker: orders timers that are due together */
    uint64_t next_flow; /* the last flow number given out */
    bool closing;       /* asks nothing any more: effects are dropped */
    struct slice name;  /* for log lines */
    const struct configuration *configuration;
    struct list timers; /* those that run */
    struct buffer effects;
    struct record_id *dirty; /* each once, in order of first mention */
    size_t dirty_count, dirty_capacity;
    struct counter_set counters;
    struct gauge_set gauges;
    struct measure_set measures;
    struct world_condition condition;
};

void world_init(struct world *w, const struct world_backend *backend, void *maker, struct wheel *wheel);
/* Stops its timers and frees what it holds. */
void world_end(struct world *w);

/* One turn: sets the time and the log's scope, gives the input to the role, commits. */
void world_turn(struct world *w, const struct role *role, void *self, const struct input *input, int64_t now);
/* The same around role->open and other calls that are no inputs. */
void world_turn_begin(struct world *w, int64_t now);
void world_turn_end(struct world *w);
void world_turn_clear(struct world *w);

/* The input that a due timer stands for, and the (outermost) world whose role gets it. */
struct input world_timer_input(struct wheel_timer *due, struct world **world);

#endif
