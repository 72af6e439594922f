/* Transactions that are over but for what may come again: of one kind, in the order of their end, which one
 * timer waits for (transaction_over.c). */
#ifndef TANDEM_SIP_OVER_H
#define TANDEM_SIP_OVER_H

#include "base/fifo.h"
#include "base/index.h"
#include "world/world.h"

struct sip_overs {
    struct fifo fifo; /* struct over */
    size_t count;
    struct world_timer timer;
};

#endif
