/* A count of a nonce is good once (RFC 7616 3.4.5): who overheard credentials cannot send them again here.
 * Memory is bounded; of too many nonces those are forgotten first that are the oldest. Another proxy of the
 * location does not know of it: there an overheard answer is good until the nonce's end. */
#include "base/hash.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"

#define SETS 16384U
#define WAYS 4U
#define WINDOW 64U /* counts below the highest that may still come: requests overtake each other */

struct replay_nonce {
    uint64_t hash; /* of nonce and user; 0: none */
    uint64_t seen; /* bit n: the count `highest` - n was used */
    int64_t used_at;
    uint32_t highest;
};

struct replays {
    struct replay_nonce nonces[SETS][WAYS];
};

static struct replay_nonce *find(struct proxy *p, uint64_t hash)
{
    struct replay_nonce *set = p->replays->nonces[hash % SETS], *oldest = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (set[i].used_at < oldest->used_at)
            oldest = &set[i];
    }
    *oldest = (struct replay_nonce){.hash = hash};
    return oldest;
}

bool proxy__replay_is_new(struct proxy *p, struct slice nonce, struct slice user, uint32_t count)
{
    uint64_t hash = hash_stable_add(hash_stable(nonce), user) | 1; /* of one moment all have one nonce */
    if (count == 0)
        return true; /* of old: without counts */
    if (p->replays == NULL)
        p->replays = mem_zero(sizeof *p->replays);
    struct replay_nonce *n = find(p, hash);
    n->used_at = world_now(p->world);
    if (count > n->highest) {
        uint32_t by = count - n->highest;
        n->seen = by < WINDOW ? n->seen << by | 1 : 1;
        n->highest = count;
        return true;
    }
    uint32_t behind = n->highest - count;
    if (behind >= WINDOW || (n->seen >> behind & 1) != 0)
        return false;
    n->seen |= UINT64_C(1) << behind;
    return true;
}

void proxy__replays_close(struct proxy *p)
{
    mem_free(p->replays);
    p->replays = NULL;
}
