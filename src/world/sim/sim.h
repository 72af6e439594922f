/* The simulated world: one scheduler, a virtual clock in µs, one seed. Instances live on hosts of a simulated
 * network and use simulated engines (the embedded ones behind a shim that fails).
 *
 *     timers (wheels) ──┐                           ┌─> network: datagrams, streams, `local:`
 *     events (heap) ────┴─> one input ─> instance ──┼─> engines: registry, bus, store, spool, jobs
 *                            (time, sequence)       └─> hash of the run, ring of the last turns
 *
 * Everything follows from the seed: network, faults and each instance draw from streams of their own. */
#ifndef TANDEM_WORLD_SIM_SIM_H
#define TANDEM_WORLD_SIM_SIM_H

#include <stdio.h>

#include "base/arena.h"
#include "world/sim/chance.h"
#include "world/world.h"

struct sim;
struct sim_instance;

enum sim_fault {
#define FAULT(symbol, name, text) SIM_FAULT_##symbol,
#include "world/sim/fault.def"
#undef FAULT
    SIM_FAULTS
};
#define SIM_FAULT_BIT(fault) (1U << (fault))
#define SIM_FAULT_ALL ((1U << SIM_FAULTS) - 1)

/* A slow piece of work by name; adds a JobAnswer. */
struct sim_job {
    const char *name;
    enum answer (*run)(struct buffer *answer, int *error, struct slice request, struct arena *arena);
};

struct sim_params {
    uint64_t seed;
    uint32_t faults; /* SIM_FAULT_BITs that may happen */
    const struct sim_job *jobs;
    size_t job_count;
    void *argument;
    /* Each effect as it is carried out; each turn after its effects. They may be NULL. */
    void (*effect)(void *argument, struct sim_instance *i, const struct effect *e);
    void (*after_turn)(void *argument, struct sim_instance *i, const struct input *input);
    /* True: this input is the last that the instance reads; its process is killed before the turn's end, so
     * that nothing of the turn remains. NULL: never. */
    bool (*eats)(void *argument, struct sim_instance *i, const struct input *input);
    /* May the plan strike this one now? NULL: always. */
    bool (*may_strike)(void *argument, struct sim_instance *i);
};

int sim_create(struct sim **sim, const struct sim_params *params) __attribute__((warn_unused_result));
void sim_free(struct sim *s);

/* Every instance has the new copy from now on, and those that run get INPUT_CONFIG. The caller keeps it. */
void sim_configure(struct sim *s, const struct configuration *configuration);

/* ---- hosts and instances ---- */
/* A host with its IPv4 address (host order). Hosts of one site are near each other and are cut off together.
 * Sites are 0 to SIM_SITES - 1; 0 is where the engines are. */
#define SIM_SITES 48
unsigned sim_host(struct sim *s, uint32_t ip, unsigned site);

struct sim_start {
    const struct role *role;
    struct slice name, pair, location;
    unsigned host;
    /* Faults strike one member of a group at a time; an empty name: never. */
    struct slice group;
    /* What *self is when role->open is called: for models that need more than their name. */
    void *self;
};
struct sim_instance *sim_start(struct sim *s, const struct sim_start *start);

struct world *sim_world(struct sim_instance *i);
void *sim_self(struct sim_instance *i); /* NULL while it does not run */
struct slice sim_name(const struct sim_instance *i);
const struct role *sim_role(const struct sim_instance *i);
size_t sim_memory(const struct sim_instance *i);       /* bytes that the role holds now */
size_t sim_most_effects(const struct sim_instance *i); /* bytes of the largest turn in all its lives */

/* ---- running ---- */
bool sim_step(struct sim *s, int64_t until); /* one event, or false when there is none until then */
void sim_run(struct sim *s, int64_t until);  /* all events until then; the clock stands there afterwards */
int64_t sim_now(const struct sim *s);
uint64_t sim_steps(const struct sim *s);
size_t sim_waiting(const struct sim *s); /* events in the queue, without timers */
uint64_t sim_hash(const struct sim *s);  /* over all effects carried out, in order, with time and instance */

/* ---- faults, by hand or by the plan ---- */
void sim_kill(struct sim *s, struct sim_instance *i, bool power); /* power: the host, silently */
void sim_restart(struct sim *s, struct sim_instance *i); /* starts a dead one; ends a living one first */
void sim_pause(struct sim *s, struct sim_instance *i, int64_t until);
/* The same, but in the middle: its next turn that tells somebody something ends, and what it lets out leaves
 * only when the process goes on. */
void sim_pause_unsent(struct sim_instance *i, int64_t until);
void sim_cut(struct sim *s, unsigned from, unsigned to, bool cut); /* sites; one direction */
void sim_stall(struct sim *s, unsigned site, unsigned other, int64_t until);
void sim_disk_full(struct sim *s, struct sim_instance *i, int64_t until);
void sim_plan(struct sim *s, int64_t until); /* faults happen by themselves, drawn from the seed */
void sim_weather(
    struct sim *s, enum sim_fault fault, int64_t until); /* lossy network, failing engines, ... */
/* Weather that only one of `count` models has at a time: whether it is this one's now, counted. */
bool sim_weather_strikes(struct sim *s, enum sim_fault fault, unsigned index, unsigned count);
uint64_t sim_fault_count(const struct sim *s, enum sim_fault fault); /* how often it really happened */
const char *sim_fault_name(enum sim_fault fault);
int sim_fault_parse(uint32_t *bits, struct slice list)
    __attribute__((warn_unused_result)); /* "kill,drop", "all" */

/* ---- looking at it ---- */
void sim_trace(struct sim *s, FILE *out); /* every effect as a line from now on; NULL: none */
/* The last `count` effects of these instances, or that contain the text. Empty: of all. */
struct sim_interest {
    struct slice names[4], text;
    bool whole; /* with all the bytes that are text */
};
void sim_print(struct sim *s, FILE *out, const struct sim_interest *interest, size_t count);
/* Asks an engine at once and without faults: for what a test wants to know. The instance (NULL: none) is
 * whose spool is meant. */
enum answer sim_ask(
    struct sim *s, struct buffer *answer, enum service service, struct sim_instance *i, struct slice request);

#endif
