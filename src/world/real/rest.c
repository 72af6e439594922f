/* Under load a loop reads what has come at most so often: a wake-up costs as much as the work for a datagram,
 * and who wakes for each of a thousand a second spends half of its time on waking. The price is that a
 * datagram waits up to that time. Where they come seldom nothing waits. */
#include <time.h>

#include "world/real/real_int.h"

#define QUICK 8U /* rounds with datagrams, each soon after the one before: that is load */

void real__rest_round(struct real_rest *r, int64_t begun)
{
    bool soon = begun - r->begun < 2 * timer_duration(TIMER_LOOP_REST);
    r->quick = soon ? r->quick + 1 : 0;
    r->begun = begun;
}

int64_t real__rest_time(const struct real_rest *r, int64_t now)
{
    int64_t left = r->begun + timer_duration(TIMER_LOOP_REST) - now;
    return r->quick >= QUICK && left > 0 ? left : 0;
}

void real__rest(struct real_loop *l)
{
    int64_t time = real__rest_time(&l->rest, real_now(l));
    if (time != 0)
        nanosleep(&(struct timespec){.tv_nsec = time * 1000}, NULL);
}
