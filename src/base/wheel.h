/* Timer wheel: setting and clearing cost the same however many timers there are. Times are microseconds;
 * timers come due on whole milliseconds, never early, ordered by (time, order): the order is a property of
 * the timer's object, not of when it was set, so that an object that was resumed elsewhere behaves as if it
 * had stayed. */
#ifndef TANDEM_BASE_WHEEL_H
#define TANDEM_BASE_WHEEL_H

#include <stdint.h>

#include "base/list.h"

#define WHEEL_LEVELS 5
#define WHEEL_SLOTS 256
#define WHEEL_NEVER INT64_MAX

struct wheel_timer {
    struct list link;  /* linked: the timer runs */
    int64_t at;        /* µs */
    uint64_t order[2]; /* the caller's: decides between timers of the same time */
};

struct wheel {
    int64_t tick; /* ms: everything before it has been handed out */
    size_t count;
    struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
    struct list due; /* collected, sorted, not handed out yet */
};

void wheel_init(struct wheel *w, int64_t now);
/* Stops whatever still runs (and takes it off the count of open timers). */
void wheel_close(struct wheel *w);

void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t at); /* sets it anew when it runs */
/* Set anew for its own time, but not due before `until`: whoever owns it stands still. */
void wheel_postpone(struct wheel *w, struct wheel_timer *t, int64_t until);
void wheel_clear(struct wheel *w, struct wheel_timer *t);

static inline bool wheel_runs(const struct wheel_timer *t)
{
    return list_linked(&t->link);
}

/* The next timer due at `now`, taken off the wheel; NULL when there is none. */
struct wheel_timer *wheel_due(struct wheel *w, int64_t now);

/* When to look again: not later than the earliest timer is due (it may be earlier); WHEEL_NEVER without
 * timers. */
int64_t wheel_next(const struct wheel *w);

/* Timers that run now in all wheels of the process: for the tests' leak check. */
size_t wheel_open_timers(void);

#endif
