#include "world/sim/chance.h"

#include "base/hash.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

void chance_seed(struct chance *c, uint64_t seed, struct slice name, uint64_t number)
{
    uint64_t state = hash_stable_add(seed, name) + number * 0xd1342543de82ef95U;
    for (int i = 0; i < 4; i++)
        c->s[i] = splitmix(&state);
}
