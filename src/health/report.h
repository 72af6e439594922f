/* The report of a process about itself and the role instances in it: subject health.<member>.
 *
 *     instance ── world_state, world_count, world_gauge ──> its world ──┐
 *     instance ──────────────────────────────────────────> its world ──┴─> report ── bus ──> control
 */
#ifndef TANDEM_HEALTH_REPORT_H
#define TANDEM_HEALTH_REPORT_H

#include "base/buffer.h"

struct world;

#define HEALTH_SUBJECT "health."

struct health_part {
    const char *what;
    bool away;
    int64_t since;
    const char *why;
};

struct health_instance {
    struct slice name, role, location;
    const struct world *world;
};

struct health_member {
    struct slice name;
    const char *version;
    int64_t started_at, sent_at;
    const struct health_part *parts;
    size_t part_count;
    const struct health_instance *instances;
    size_t instance_count;
    uint64_t disk_size, disk_free; /* bytes; size 0: not known */
    int64_t certificate_until;     /* µs; 0: there is none */
    uint64_t configuration;        /* number of the newest change in the copy; 0: not known */
};

/* Adds a packed HealthReport. */
void health_report(struct buffer *out, const struct health_member *m);
/* Another number when an instance says something new of itself. */
uint64_t health_changes(const struct health_member *m);
/* Every instance is ready, or works as well as it can: for the service manager. */
bool health_ready(const struct health_member *m);

#endif
