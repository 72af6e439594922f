/* Which of several instances leads. A key of the registry with a lease decides; nothing is decided by asking
 * each other.
 *
 *     instance ── grant a lease, set the key where there is none ──> registry ── the key is gone ──> the
 * others <── its revision: the number of this leadership        (lease 3 s, renewed each second)
 *
 * Two never lead at the same time as long as their clocks and the registry's run at the same pace within 10
 * %: a leader counts from the moment it sent the last good renewal and stops before the registry ends the
 * lease. What is under way when a leader stands still may arrive later: so everything that matters carries
 * lead_number and whoever keeps it refuses smaller ones. */
#ifndef TANDEM_LEAD_LEAD_H
#define TANDEM_LEAD_LEAD_H

#include "base/fsm.h"
#include "world/world.h"

#define LEAD_NAME 64

struct lead_setup {
    struct slice key;  /* of the registry: "lead/config"; whoever shares it competes */
    struct slice name; /* of this instance, unique among them */
    uint64_t object;   /* whose questions and timers they are: of nothing else in the role */
    uint64_t token;    /* of the watch */
    /* This instance leads from now on, or no longer: called within lead_input, before the role sees the
     * input. May be NULL. */
    void (*changed)(void *argument, bool leads);
    void *argument;
};

/* Lies in the role's object. Its fields are the room's own. */
struct lead {
    struct world *world;
    char key[LEAD_NAME], name[LEAD_NAME];
    char leader[LEAD_NAME]; /* by the last look; empty: nobody, or not known */
    uint64_t object, token;
    void (*changed)(void *argument, bool leads);
    void *argument;
    uint8_t state;             /* enum lead_state */
    bool told;                 /* what `changed` has heard last */
    uint64_t asked, questions; /* the one whose answer is awaited; 0: none. How many there were */
    int64_t sent;              /* when the lease was granted or renewed last, as far as asked for */
    int64_t until;             /* it surely lasts until then; 0: there is none */
    uint64_t lease, number;
    struct world_timer pace, end;
};

void lead_open(struct lead *l, struct world *w, const struct lead_setup *setup);
/* Ends its timers. The lease runs out by itself. */
void lead_close(struct lead *l);

/* Every input of the role goes here first, also those that do not concern it: a leadership that has lapsed
 * while the process stood still ends before anything else is done. True: it was for the lead and nobody else.
 */
bool lead_input(struct lead *l, const struct input *in);

/* For good: gives the lead back, so that another one need not wait for the lease. */
void lead_resign(struct lead *l);

bool lead_is(const struct lead *l);
uint64_t lead_number(
    const struct lead *l); /* of this leadership: greater than of all before; 0: does not lead */
struct slice lead_leader(const struct lead *l); /* who leads as far as this instance knows; may be empty */

extern const struct fsm lead_machine;

#endif
