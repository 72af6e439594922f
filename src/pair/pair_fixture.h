/* Two members of a pair, a registry and a link that misbehave on demand, and a role that counts.
 *
 * Work is a number: the role keeps it as a record and tells it to the outside. What leaves a member is
 * checked at once: whoever is primary by the registry's record must know it. */
#ifndef TANDEM_PAIR_PAIR_FIXTURE_H
#define TANDEM_PAIR_PAIR_FIXTURE_H

#include "config/config.h"
#include "pair/pair_int.h"
#include "wire/engine.pb-c.h"
#include "world/world_int.h"

enum registry_mode {
    REGISTRY_UP,
    REGISTRY_DOWN,    /* nothing is done, nobody answers */
    REGISTRY_AWAY,    /* nothing is done, and that is said at once */
    REGISTRY_UNKNOWN, /* done, and the answer is lost */
    REGISTRY_MODES
};

#define WORK 20000U

struct fixture;

struct host {
    struct fixture *fixture;
    unsigned index;
    struct world world;
    void *pair; /* NULL: dead */
    uint64_t incarnation;
    bool stopped, stop_before_send, held; /* held: what it was about to send waits in `unsent` */
    struct buffer unsent;
    enum registry_mode registry;
    bool listens, watches;
    uint64_t listen_flow;
    uint64_t paused, inner_listener; /* flows that are paused at the moment */
    unsigned told, appended;
};

struct delivery {
    int64_t at;
    uint64_t order;
    int host; /* -1: a question to the registry, of host `asker` */
    unsigned asker;
    uint64_t life;
    int64_t deadline;
    struct input input;
    struct buffer bytes, name;
};

struct connection {
    uint64_t flow[2];
    bool open[2], ending[2]; /* ending: the other side has closed, and this one has not heard it yet */
    struct buffer pending[2];
};

struct registry_key {
    char name[64];
    struct buffer value;
    uint64_t revision, lease;
};

struct fixture {
    struct configuration *configuration;
    struct wheel wheel;
    int64_t now;
    struct host hosts[2];
    bool towards[2]; /* the link delivers to this host */
    struct delivery queue[512];
    size_t queued;
    uint64_t order;
    struct connection *connections;
    size_t connection_count;
    struct registry_key keys[8];
    size_t key_count;
    uint64_t revision;
    struct {
        uint64_t id;
        int64_t ends_at;
    } leases[64];
    size_t lease_count;
    uint64_t last_lease;
    /* May change the answer on its way; NULL: it stays. */
    void (*lie)(struct fixture *f, enum answer *answer, struct buffer *bytes);
    uint64_t work_interval; /* ms between two pieces of work; 0: none */
    uint64_t next_work;
    bool told[WORK];        /* numbers that left a member */
    int teller[64];         /* by view: which host has let something out; 0: none, else host + 1 */
    bool state_may_be_lost; /* the state may legitimately begin anew */
    size_t most_held;       /* bytes, over both */
    bool resuming;
};

void fixture_begin(struct fixture *f, bool pair_of_two);
void fixture_end(struct fixture *f);
void fixture_start(struct fixture *f, unsigned host);
void fixture_kill(struct fixture *f, unsigned host); /* its peers hear of it where the link delivers */
void fixture_run(struct fixture *f, int64_t milliseconds);
void fixture_link(struct fixture *f, bool towards_first, bool towards_second);
void fixture_registry(struct fixture *f, unsigned host, enum registry_mode mode);
void fixture_resume(struct fixture *f, unsigned host); /* of a stopped host */
struct pair *fixture_pair(struct fixture *f, unsigned host);
int fixture_primary(struct fixture *f); /* the host whose pair has the inner role; -1: none or both */
bool fixture_in_step(struct fixture *f);
size_t fixture_known(struct fixture *f, unsigned host); /* numbers in its inner role or shadow */
void fixture_input(struct fixture *f, unsigned host, const struct input *in);

/* Between the fixture's files. What is to be given to a host (-1: to the registry) at that time: */
#define LATENCY 1000 /* µs */
struct delivery *fixture__later(struct fixture *f, int host, const struct input *in, int64_t at);
struct registry_key *fixture__key(struct fixture *f, const char *name);
void fixture__watch(
    struct fixture *f, unsigned host, const char *name, struct slice value, uint64_t revision, bool gone);
void fixture__expire(struct fixture *f); /* leases that ran out */
void fixture__ask(struct host *h, const struct effect *e);
void fixture__answer(struct fixture *f, const struct delivery *question);

#endif
