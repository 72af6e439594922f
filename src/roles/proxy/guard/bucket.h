/* A bucket of tokens in one number: the moment, in ns, until which what was taken is paid for (the virtual
 * scheduling of ITU-T I.371, "GCRA"). Zeroed memory is a full bucket. */
#ifndef TANDEM_ROLES_PROXY_GUARD_BUCKET_H
#define TANDEM_ROLES_PROXY_GUARD_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_SECOND INT64_C(1000000000) /* ns */

struct bucket_rate {
    int64_t interval; /* ns that a token costs; 0: no limit */
    int64_t depth;    /* ns: how far ahead of time it may be used */
};

/* `tokens` in `period` µs, `burst` of them at once. */
static inline struct bucket_rate bucket_rate(uint64_t tokens, int64_t period, uint64_t burst)
{
    if (tokens == 0)
        return (struct bucket_rate){0, 0};
    int64_t interval = period * 1000 / (int64_t)tokens;
    interval = interval > 0 ? interval : 1;
    return (struct bucket_rate){interval, interval * (int64_t)(burst != 0 ? burst : 1)};
}

/* Whether a token is there while `percent` of the depth may be used. */
static inline bool bucket_has(int64_t paid, struct bucket_rate r, int64_t now, int percent)
{
    int64_t ahead = paid - now * 1000;
    return r.interval == 0 || (ahead > 0 ? ahead : 0) + r.interval <= r.depth * percent / 100;
}

static inline void bucket_pay(int64_t *paid, struct bucket_rate r, int64_t now)
{
    if (*paid < now * 1000)
        *paid = now * 1000;
    *paid += r.interval;
}

/* `now` in µs. */
static inline bool bucket_takes(int64_t *paid, struct bucket_rate r, int64_t now)
{
    bool has = bucket_has(*paid, r, now, 100);
    if (has && r.interval != 0)
        bucket_pay(paid, r, now);
    return has;
}

#endif
