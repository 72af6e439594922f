/* Chance from a seed: xoshiro256** (Blackman, Vigna 2018) seeded by splitmix64. Each use has a stream of its
 * own, so that more draws of one never shift those of another. */
#ifndef TANDEM_WORLD_SIM_CHANCE_H
#define TANDEM_WORLD_SIM_CHANCE_H

#include "base/slice.h"

struct chance {
    uint64_t s[4];
};

/* A stream of the seed, told apart from the others by name and number. */
void chance_seed(struct chance *c, uint64_t seed, struct slice name, uint64_t number);

static inline uint64_t chance_next(struct chance *c)
{
    uint64_t *s = c->s, x = s[1] * 5, result = (x << 7 | x >> 57) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

/* 0 ... limit - 1, for limits far below 2^32 as good as even. */
static inline uint32_t chance_below(struct chance *c, uint32_t limit)
{
    return (uint32_t)((chance_next(c) >> 32) * limit >> 32);
}

static inline int64_t chance_between(struct chance *c, int64_t least, int64_t most)
{
    return least + (int64_t)chance_below(c, (uint32_t)(most - least + 1));
}

static inline bool chance_happens(struct chance *c, uint32_t per_million)
{
    return per_million != 0 && chance_below(c, 1000000) < per_million;
}

#endif
