/* A tower: two controls of a location in the simulated world, each on a machine of its own, and processes
 * that report what the test has them say. */
#ifndef TANDEM_ROLES_CONTROL_CONTROL_FIXTURE_H
#define TANDEM_ROLES_CONTROL_CONTROL_FIXTURE_H

#include "config/builder.h"
#include "health/report.h"
#include "roles/control/control_int.h"
#include "world/sim/sim.h"
#include "world/world_int.h"

#define TOWER_PROCESSES 3
#define TOWER_INSTANCES 3

/* A process that reports each second while it lives. */
struct tower_process {
    struct sim_instance *instance;
    struct world *world;
    struct world_timer timer;
    const char *name, *version;
    int64_t started_at, clock; /* µs that its clock is wrong */
    struct world worlds[TOWER_INSTANCES];
    struct health_instance instances[TOWER_INSTANCES];
    size_t count;
    struct health_part parts[3];
    uint64_t disk_size, disk_free, configuration;
    int64_t certificate_until;
};

struct tower {
    struct sim *sim;
    struct configuration *configuration;
    struct sim_instance *controls[2], *person;
    struct tower_process processes[TOWER_PROCESSES];
    unsigned told; /* single alarms that were published: raised, cleared, acknowledged */
    unsigned status, answers;
    struct buffer body;     /* of the first answer */
    struct buffer question; /* of the person, until it is asked */
    struct world_timer timer;
};

/* Site 1: control-1, and host-1 with it, proxy-1 and node-1a. Site 2: control-2, and host-2 with it, node-1b
 * and history-1. Site 3: host-3 with proxy-2. All is well, and known to be after tower_open. */
void tower_open(struct tower *t, uint64_t seed, uint32_t faults);
void tower_close(struct tower *t);
void tower_run(struct tower *t, int64_t microseconds);

/* What the instance says of itself from now on. */
struct world *tower_world(struct tower *t, const char *instance);
void tower_say(struct tower *t, const char *instance, enum world_state state, const char *why);

/* A question of somebody with this role to all controls; the first answer stands in status and body. */
void tower_ask(struct tower *t, const char *role, const char *method, const char *path);
bool tower_said(const struct tower *t, const char *text);

/* The control that leads; NULL: none does. */
struct control *tower_leader(const struct tower *t);
/* The alarm as the leader knows it, when it is raised; NULL: it is not. */
const struct control_alarm *tower_alarm(
    const struct tower *t, enum control_alarm_kind kind, const char *object);
unsigned tower_raised(const struct tower *t); /* how many are */
/* Rows of the store: those of this name and object; with `open` only those that are not cleared. */
unsigned tower_rows(struct tower *t, const char *name, const char *object, bool open);
/* What is kept makes sense: nothing is raised twice before it is cleared. How many rows there are. */
unsigned tower_check_rows(struct tower *t);

#endif
