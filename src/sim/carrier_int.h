/* Inside a simulated carrier: carrier.c what it hears and answers, carrier_pass.c what goes on. */
#ifndef TANDEM_SIM_CARRIER_INT_H
#define TANDEM_SIM_CARRIER_INT_H

#include "base/list.h"
#include "sim/carrier.h"
#include "sip/message.h"
#include "world/world.h"

struct carrier {
    struct world *world;
    const struct carrier_setup *setup;
    struct town *town;
    uint64_t socket;
    char nonce[20];
    struct list held; /* messages that have to wait */
    size_t held_count;
    uint64_t next_held;
    struct arena arena;
    struct buffer out;
};

bool carrier__is_proxy(const struct carrier *c, const struct address *peer);
void carrier__send(struct carrier *c, const struct address *to); /* what stands in `out` */
/* `more`: header lines. */
void carrier__answer(struct carrier *c, const struct sip_message *m, const struct address *peer,
    uint16_t status, struct slice more);

/* ---- carrier_pass.c ---- */
void carrier__pass_on(struct carrier *c, const struct sip_message *m, const struct address *peer);
void carrier__pass_back(struct carrier *c, const struct sip_message *m);

#endif
