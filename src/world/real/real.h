/* The real world: event loops that carry instances of roles.
 *
 *     main ── real_open ──> loop (one thread) ──┬── instance = world + role
 *       │                     │  epoll, timers  ├── instance
 *       └─ real_post ─────> mailbox             └── flows: udp, tcp, tls, local
 *
 * Everything but real_post, real_stop and real_answer (service.h) belongs to the loop's thread; before
 * real_run that is the thread that opened it. */
#ifndef TANDEM_WORLD_REAL_REAL_H
#define TANDEM_WORLD_REAL_REAL_H

#include "world/role.h"

struct configuration;
struct real_loop;
struct real_instance;

struct real_params {
    size_t send_limit;       /* bytes that may wait in one stream; 0: 4 MiB */
    unsigned listener_flows; /* connections of one listener at a time; 0: 20000 */
    unsigned handshakes;     /* TLS handshakes under way; 0: 256. More wait in the listener's backlog */
    int64_t turn_limit;      /* µs: a turn that takes longer is reported; 0: TIMER_WORLD_TURN */
    /* PEM files. Without a certificate no TLS listener, without an authority the system's authorities. The
     * strings are copied. */
    const char *certificate, *key, *authority;
};

/* 0, or an error that has been logged with its reason. */
int real_open(struct real_loop **out, const struct real_params *params) __attribute__((warn_unused_result));
/* After real_run: removes the instances, closes all flows, runs what is in the mailbox. */
void real_close(struct real_loop *loop);

/* Runs until real_stop, which may be called from any thread and from signal handlers. */
void real_run(struct real_loop *loop);
void real_stop(struct real_loop *loop);

/* Has the function called in the loop's thread, between turns. A batch of posts costs one wake-up. What is
 * still there at real_close is called then. */
void real_post(
    struct real_loop *loop, void (*mail_h)(struct real_loop *loop, void *argument), void *argument);

/* Gives the role its world and opens it in a turn. The setup is copied; the configuration stays the caller's
 * and must outlive its use: until real_set_configuration has returned with another one. Not within a turn. */
int real_add_instance(struct real_instance **out, struct real_loop *loop, const struct role *role,
    const struct role_setup *setup, const struct configuration *configuration)
    __attribute__((warn_unused_result));
void real_remove_instance(struct real_instance *instance);

/* Every instance has the new copy and has had its INPUT_CONFIG when this returns. Not within a turn. */
void real_set_configuration(struct real_loop *loop, const struct configuration *configuration);
/* INPUT_DRAIN to every instance. Not within a turn. */
void real_drain(struct real_loop *loop);

/* ---- for those who watch over instances; in the loop's thread ---- */
/* In order of their start; begin with NULL, NULL at the end. */
struct real_instance *real_next_instance(const struct real_loop *loop, const struct real_instance *after);
const struct role *real_instance_role(const struct real_instance *instance);
const struct role_setup *real_instance_setup(const struct real_instance *instance);
const struct world *real_instance_world(const struct real_instance *instance);

struct real_measures {
    uint64_t rounds, busy, late; /* busy: µs that the loop did not wait; late: turns that took too long */
    uint64_t inputs, output;     /* bytes that wait: for instances, for peers */
    uint64_t flows, questions;
};
void real_measure(const struct real_loop *loop, struct real_measures *m);

/* Nothing waits: no bytes for a peer, no input for an instance, no question for its answer. */
bool real_settled(const struct real_loop *loop);
/* Runs what is in the mailbox now. */
void real_run_mail(struct real_loop *loop);

/* Reads certificate, key and authority again; connections that are open keep the old ones. On an error the
 * old ones stay in use. */
int real_tls_reload(struct real_loop *loop) __attribute__((warn_unused_result));

/* The address that a listening flow really has (port 0 was asked for): ERROR_MISSING when there is no such
 * flow. */
int real_flow_address(const struct real_instance *instance, uint64_t flow, struct address *address)
    __attribute__((warn_unused_result));

#endif
