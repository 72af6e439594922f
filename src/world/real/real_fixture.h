/* What the tests of the real world share: a role that notes what comes to it, and a loop to run it in. */
#ifndef TANDEM_WORLD_REAL_REAL_FIXTURE_H
#define TANDEM_WORLD_REAL_REAL_FIXTURE_H

#include "unit.h"
#include "world/real/real_int.h"

struct probe {
    struct real_instance *instance;
    struct world *world;
    bool echo;  /* sends back what comes */
    bool close; /* closes what it accepts */
    unsigned counts[INPUT_DRAIN + 1];
    uint64_t flow;             /* of the last that was opened or accepted */
    struct input last;         /* without its slices */
    char name[64], serial[64]; /* of the last input; of the peer that came last */
    struct buffer data;        /* all bytes that came on streams, and the last datagram's, answer's, ... */
    void (*input_h)(struct probe *p, const struct input *input); /* besides; may be NULL */
    void *argument;
};

/* An instance with this name; it must be zeroed memory. */
void probe_open(struct probe *p, struct real_loop *l, const char *name);
void probe_free(struct probe *p); /* after the loop is closed */

/* Within a turn of the probe's. */
uint64_t probe_listen(struct probe *p, const char *endpoint);
uint64_t probe_connect(struct probe *p, const char *endpoint);
uint64_t probe_connect_to(struct probe *p, const char *transport, struct address to, const char *suffix);
void probe_send(struct probe *p, uint64_t flow, struct slice bytes);
void probe_send_to(struct probe *p, uint64_t flow, struct address to, struct slice bytes);
void probe_close(struct probe *p, uint64_t flow);
struct address probe_address(const struct probe *p, uint64_t flow);

struct real_loop *fixture_loop(const struct real_params *params);

/* Rounds until it is so; fails the test when it does not become so in a generous time. */
#define UNTIL(loop, condition)                                                                               \
    do {                                                                                                     \
        int64_t until_ = real_now(loop) + 20000000;                                                          \
        while (!(condition)) {                                                                               \
            if (real_now(loop) > until_)                                                                     \
                fail_msg("it never was so: %s", #condition);                                                 \
            real__round(loop, 5000);                                                                         \
        }                                                                                                    \
    } while (0)

#endif
