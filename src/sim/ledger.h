/* What the simulated phones believe about their calls, for the invariants: an entry per call attempt, told by
 * caller and callee. The number of the entry is the first part of the caller's Call-ID and the session number
 * in its session description, so that everybody who meets a leg of the call finds the entry. */
#ifndef TANDEM_SIM_LEDGER_H
#define TANDEM_SIM_LEDGER_H

#include "base/slice.h"

enum ledger_state { LEDGER_NONE, LEDGER_TRYING, LEDGER_RINGING, LEDGER_ESTABLISHED, LEDGER_ENDED };

enum ledger_end {
    LEDGER_OPEN,
    LEDGER_HUNG_UP,   /* this side said BYE */
    LEDGER_CLEARED,   /* the other side did */
    LEDGER_CANCELLED, /* caller: gave up; callee: was told so */
    LEDGER_REFUSED,   /* a final answer of 300 and more; `status` */
    LEDGER_TIMED_OUT, /* nothing came any more */
    LEDGER_LOST,      /* the connection died before there was an answer */
    LEDGER_ENDS
};

struct ledger_side {
    uint32_t phone; /* UINT32_MAX: not known yet */
    uint8_t state, end;
    bool was_established;
    bool heard; /* a node has spoken: it must be in the history */
    uint16_t status;
    int64_t since; /* of the state */
};

struct ledger_call {
    int64_t started;
    struct ledger_side caller, callee;
    struct ledger_side twin; /* another phone of the DN, which rings as well */
    uint32_t callee_legs;    /* INVITEs of their own that reached callees */
    uint8_t rows;            /* in the history, counted by the check at the end */
    bool beyond;             /* by a trunk */
    bool accepted;           /* credentials were sent, and what came was no challenge */
};

struct ledger {
    struct ledger_call *calls;
    size_t count, capacity;
    size_t open;        /* whose caller has not ended */
    size_t established; /* attempts that were established at both sides */
    size_t ends[LEDGER_ENDS];
};

void ledger_free(struct ledger *l);
uint64_t ledger_begin(struct ledger *l, uint32_t caller, int64_t now); /* the number, from 1 */
struct ledger_call *ledger_at(struct ledger *l, uint64_t number);      /* NULL where there is none */
/* The number at the start of a Call-ID, in hexadecimal before '-'; 0 where it is none of ours. */
uint64_t ledger_number(struct slice call_id);
/* The side of the phone that is called; where the phone is new to the call it takes the free one. NULL: both
 * are taken. */
struct ledger_side *ledger_callee(struct ledger_call *call, uint32_t phone);
struct ledger_side *ledger_take(struct ledger_call *call, uint32_t phone, bool has_twin);
void ledger_move(struct ledger_side *side, enum ledger_state state, int64_t now);
void ledger_end(struct ledger *l, struct ledger_call *call, struct ledger_side *side, enum ledger_end how,
    unsigned status, int64_t now);
const char *ledger_end_name(uint8_t end);

#endif
