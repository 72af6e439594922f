/* The world: everything a role may ask of the outside. There are two: the real one (real/: event loop,
 * sockets, TLS, engines) and the simulated one (sim/: virtual time, seeded chance, a network and disks that
 * fail on purpose). A role cannot tell which one it lives in.
 *
 *            input ──> role ──> effects of the turn, dirty records ──> commit ──> carried out
 *                                                    (pairs: after the other member's receipt)
 *
 * Whatever is asked here is noted in the turn and carried out after it; nothing is answered by a callback. */
#ifndef TANDEM_WORLD_WORLD_H
#define TANDEM_WORLD_WORLD_H

#include "base/counter.h"
#include "base/measure.h"
#include "base/timer.h"
#include "base/wheel.h"
#include "world/effect.h"
#include "world/role.h"

struct configuration; /* config/config.h */

enum service { SERVICE_REGISTRY, SERVICE_STORE, SERVICE_SPOOL, SERVICE_JOB, SERVICE_NAME, SERVICE_COUNT };

/* ---- time and chance ---- */
int64_t world_now(const struct world *w); /* µs since the epoch; constant within a turn */
uint64_t world_random(struct world *w);

/* A timer lies in the object that it belongs to; zeroed memory is one that does not run. */
struct world_timer {
    struct wheel_timer wheel;
    struct list siblings;
    struct world *world;
    uint64_t object;
    uint32_t id;
};
/* At an absolute time; comes as INPUT_TIMER (object, id). Set anew when it runs. */
void world_timer_set(struct world *w, struct world_timer *t, uint64_t object, uint32_t id, int64_t at);
void world_timer_clear(struct world_timer *t);

/* ---- network ---- */
/* Returns the flow: for UDP the socket to send from; for streams a number that only world_close takes. What
 * is wrong with it (address in use, ...) comes as INPUT_CLOSED. */
uint64_t world_listen(struct world *w, struct slice endpoint, uint64_t token);
uint64_t world_open(
    struct world *w, struct slice endpoint, uint64_t token); /* then INPUT_OPENED or INPUT_CLOSED */
void world_close(struct world *w, uint64_t flow);            /* no INPUT_CLOSED follows */
/* Queues; a peer that does not read until the flow's limit is closed: INPUT_CLOSED with ERROR_OVERLOADED. */
void world_send(struct world *w, uint64_t flow, struct slice bytes);
void world_send_to(struct world *w, uint64_t flow, const struct address *peer, struct slice bytes);
void world_read_pause(struct world *w, uint64_t flow, bool pause);
/* Of a stream whose peer may wait less for than others': so many bytes, then it is closed as above. */
void world_bound(struct world *w, uint64_t flow, size_t bytes);

/* Gives a flow the name of its peer; the newest flow of a name replaces the older. What is told to a name
 * without a flow waits for one, within bounds of bytes and time, so that a peer that comes back meets nothing
 * missing. */
void world_name(struct world *w, uint64_t flow, struct slice name);
void world_tell(struct world *w, struct slice name, struct slice bytes);

/* ---- engines ---- */
/* Exactly one INPUT_ANSWER (object, token) follows, at the deadline at the latest. */
void world_ask(struct world *w, enum service service, struct slice request, uint64_t object, uint64_t token,
    int64_t deadline);
void world_publish(
    struct world *w, struct slice subject, struct slice bytes); /* at most once, ordered per publisher */
void world_subscribe(struct world *w, struct slice pattern, uint64_t token);
void world_watch(
    struct world *w, struct slice prefix, uint64_t token); /* first all that is there, then changes */
/* To the append-only stream of this instance; numbers grow by one, the caller keeps them; a known number is
 * ignored. */
void world_append(struct world *w, struct slice stream, uint64_t number, struct slice bytes);

/* ---- the turn ---- */
void world_dirty(struct world *w, uint8_t kind, uint64_t id); /* this record changed, came or went */
void world_again(struct world *w, uint64_t cursor);           /* more to do: INPUT_AGAIN in a later turn */
void world_count(struct world *w, enum counter counter, uint64_t by);
void world_gauge(struct world *w, enum gauge gauge, uint64_t value);
/* Numbers of one thing among several alike: all are said anew after world_measures_clear. */
void world_measures_clear(struct world *w);
void world_measure(struct world *w, enum measure m, const char *of, const char *second, uint64_t value);
const struct configuration *world_configuration(const struct world *w);

/* ---- what the instance says of itself, for those who watch over it ---- */
enum world_state {
    WORLD_STARTING, /* what it needs is not there yet: it does nothing for others */
    WORLD_READY,
    WORLD_DEGRADED, /* works, but somebody should look */
    WORLD_DRAINING, /* told to end: said by the world, whatever the role says */
};
#define WORLD_WHY 128

/* Begins as starting. `why`: a few words for people, cut at WORLD_WHY, or "". Inside a pair it is the pair
 * that says it. */
void world_state(struct world *w, enum world_state state, const char *why);
const char *world_state_name(enum world_state state); /* "ready" */
enum world_state world_condition(const struct world *w);

#endif
