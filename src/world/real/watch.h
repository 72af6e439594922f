/* A thread that looks whether turns end: one that takes longer than permitted is logged while it still runs,
 * with the name of its instance. */
#ifndef TANDEM_WORLD_REAL_WATCH_H
#define TANDEM_WORLD_REAL_WATCH_H

#include "base/slice.h"

struct real_watch;

struct real_watch *real__watch_new(int64_t limit); /* µs */
void real__watch_free(struct real_watch *w);

/* Around the loop's run: the thread lives meanwhile. */
void real__watch_begin(struct real_watch *w);
void real__watch_end(struct real_watch *w);

uint64_t real__watch_late(const struct real_watch *w); /* turns that took longer */

/* Around a turn. The name may be gone afterwards. */
void real__watch_turn(struct real_watch *w, struct slice name);
void real__watch_turned(struct real_watch *w);

#endif
