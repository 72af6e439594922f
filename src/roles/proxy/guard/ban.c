/* Bans: of sources, automatic, and of networks, by hand. A map for each address masked to each length of
 * prefix that occurs, so that it costs one look-up where all bans are of single addresses and none where
 * there are none. */
#include "base/mem.h"
#include "roles/proxy/guard/guard_int.h"

void guard__bans_open(struct guard_bans *b)
{
    list_init(&b->all);
}

void guard__bans_close(struct guard_bans *b)
{
    while (!list_empty(&b->all))
        guard__ban_remove(b, list_entry(list_first(&b->all), struct guard_ban, link));
    map_free(&b->by_key);
}

static struct address masked(const struct address *a, unsigned bits)
{
    struct address key = {.family = a->family};
    memcpy(key.ip, a->ip, bits / 8);
    if (bits % 8 != 0)
        key.ip[bits / 8] = (uint8_t)(a->ip[bits / 8] & (0xff00U >> bits % 8));
    key.zero[0] = (uint8_t)bits;
    return key;
}

static unsigned *uses(struct guard_bans *b, const struct address *key)
{
    return &b->uses[key->family == 6][key->zero[0]];
}

void guard__ban_remove(struct guard_bans *b, struct guard_ban *ban)
{
    --*uses(b, &ban->key);
    list_remove(&ban->link);
    map_remove(&b->by_key, slice_of(&ban->key, sizeof ban->key));
    mem_free(ban);
}

struct guard_ban *guard__ban_find(struct guard_bans *b, const struct network *n)
{
    struct address key = masked(&n->address, n->bits);
    return map_get(&b->by_key, slice_of(&key, sizeof key));
}

/* The oldest automatic one; NULL: all are by hand. */
static struct guard_ban *oldest(struct guard_bans *b)
{
    list_for_each (link, &b->all) {
        struct guard_ban *ban = list_entry(link, struct guard_ban, link);
        if (!ban->by_hand)
            return ban;
    }
    return NULL;
}

struct guard_ban *guard__ban_put(
    struct guard_bans *b, const struct network *n, bool by_hand, int64_t until, struct slice why)
{
    struct guard_ban *ban = guard__ban_find(b, n);
    if (ban != NULL && ban->by_hand && !by_hand)
        return ban;
    if (ban == NULL) {
        struct guard_ban *gives_way = map_count(&b->by_key) >= GUARD_BANS ? oldest(b) : NULL;
        if (gives_way != NULL)
            guard__ban_remove(b, gives_way);
        else if (map_count(&b->by_key) >= GUARD_BANS)
            return NULL;
        ban = mem_zero(sizeof *ban);
        ban->key = masked(&n->address, n->bits);
        map_put(&b->by_key, slice_of(&ban->key, sizeof ban->key), ban);
        list_append(&b->all, &ban->link);
        ++*uses(b, &ban->key);
    }
    ban->by_hand = by_hand;
    ban->until = until;
    why = slice_first(why, sizeof ban->why - 1);
    slice_put(ban->why, why);
    ban->why[why.length] = '\0';
    return ban;
}

struct guard_ban *guard__banned(struct guard_bans *b, const struct address *plain, int64_t now)
{
    unsigned most = plain->family == 6 ? 128 : 32;
    if (map_count(&b->by_key) == 0)
        return NULL;
    for (unsigned bits = 0; bits <= most; bits++) {
        if (b->uses[plain->family == 6][bits] == 0)
            continue;
        struct address key = masked(plain, bits);
        struct guard_ban *ban = map_get(&b->by_key, slice_of(&key, sizeof key));
        if (ban != NULL && (ban->until == 0 || ban->until > now))
            return ban;
    }
    return NULL;
}
