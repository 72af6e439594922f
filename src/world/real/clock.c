/* Time of day that never runs backwards. It is the clock since boot (which nobody can set, and which counts
 * suspension) plus an offset. When somebody sets the wall clock, the offset follows slowly: at most an eighth
 * of the time that passes, so that timers run at most 12.5 % fast or slow meanwhile and none of them fires
 * in a heap. */
#include <time.h>

#include "world/real/real_int.h"

#define SLEW 8 /* the part of passing time by which the offset may move */

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void real__clock_open(struct real_clock *c)
{
    int64_t monotonic = read_clock(CLOCK_BOOTTIME);
    *c = (struct real_clock){.offset = read_clock(CLOCK_REALTIME) - monotonic, .checked = monotonic};
}

int64_t real__clock_at(struct real_clock *c, int64_t monotonic, int64_t wall)
{
    int64_t most = (monotonic - c->checked) / SLEW;
    int64_t wrong = wall - monotonic - c->offset;
    c->offset += wrong > most ? most : wrong < -most ? -most : wrong;
    c->checked = monotonic;
    int64_t now = monotonic + c->offset;
    if (now > c->last)
        c->last = now;
    return c->last;
}

int64_t real__clock_read(struct real_clock *c)
{
    int64_t monotonic = read_clock(CLOCK_BOOTTIME);
    if (monotonic - c->checked >= 100000)
        return real__clock_at(c, monotonic, read_clock(CLOCK_REALTIME));
    int64_t now = monotonic + c->offset;
    if (now > c->last)
        c->last = now;
    return c->last;
}
