/* Transactions that are over but for what may come again: of one kind, in the order of their end, which one
 * timer waits for (transaction_over.c). */
#ifndef TANDEM_SIP_OVER_H
#define TANDEM_SIP_OVER_H

#include "world/world.h"

struct sip_over;

struct sip_overs {
    struct list list; /* struct sip_over */
    size_t count;
    struct world_timer timer;
};

#endif
