/* A role in a pair. The inner role lives on the primary only; the backup keeps its records as bytes.
 *
 *        proxies, bus, store                       proxies, bus, store
 *              ▲  only after the receipt                 (nothing)
 *        ┌─────┴─────┐    batches: records, promises   ┌──────────┐
 *        │ inner role│ ──────────────────────────────> │ shadow   │
 *        │  primary  │ <────────────────────────────── │ backup   │
 *        └─────┬─────┘            receipts             └────┬─────┘
 *              └────────────> registry: pair/NAME <─────────┘      (view, primary, alone | in step)
 *
 * One compare-and-set on the pair's record decides who is primary; what is not known is not acted on. */
#ifndef TANDEM_PAIR_PAIR_H
#define TANDEM_PAIR_PAIR_H

#include "base/fsm.h"
#include "world/role.h"

int pair_open(void **self, struct world *w, const struct role_setup *setup, const struct role *inner)
    __attribute__((warn_unused_result));
void pair_close(void *self);
void pair_input(void *self, const struct input *in);
void pair_audit(void *self, struct buffer *out);

/* Defines the role `symbol`: `inner_role` in a pair. Its setup names the pair; the configuration the members.
 */
#define PAIR_ROLE(symbol, role_name, inner_role)                                                             \
    static int symbol##_open(void **self, struct world *w, const struct role_setup *setup)                   \
    {                                                                                                        \
        return pair_open(self, w, setup, &(inner_role));                                                     \
    }                                                                                                        \
    const struct role symbol = {.name = role_name,                                                           \
        .open = symbol##_open,                                                                               \
        .close = pair_close,                                                                                 \
        .input = pair_input,                                                                                 \
        .audit = pair_audit}

/* For the simulator and tests: the inner role's object while this member is primary, otherwise NULL; the
 * view. */
void *pair_inner(void *self, uint64_t *view);
/* Test 1, roulette: saves every record, forgets the inner role, loads it again. Between turns only. */
int pair_reload(void *self) __attribute__((warn_unused_result));

/* One of the two is primary and the other could take over without losing anything. */
bool pair_in_step(void *one, void *other);
/* Where both members are in step: the first record that the backup holds otherwise than the primary would
 * save it (kind 0: it has others). A turn changed something without world_dirty. */
bool pair_differs(void *primary, void *backup, struct record_id *which);

extern const struct fsm pair_machine;

#endif
