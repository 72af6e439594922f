/* Who is shut out: sources by the program, networks by hand. */
#ifndef TANDEM_ROLES_PROXY_GUARD_BAN_H
#define TANDEM_ROLES_PROXY_GUARD_BAN_H

#include "base/list.h"
#include "base/map.h"
#include "world/network.h"

#define GUARD_BANS 8192U /* the oldest automatic one gives way */
#define GUARD_WHY 64

/* A source, or (by hand) a network. */
struct guard_ban {
    struct list link;   /* in order of arrival */
    struct address key; /* masked; the length of the prefix in zero[0] */
    int64_t until;      /* µs; 0: until it is lifted */
    bool by_hand, own;
    uint8_t times; /* how often, of this one */
    char why[GUARD_WHY];
};

struct guard_bans {
    struct map by_key;
    struct list all;
    unsigned uses[2][129]; /* IPv4, IPv6: how many there are of each length of prefix */
};

void guard__bans_open(struct guard_bans *b);
void guard__bans_close(struct guard_bans *b);
/* Adds one or replaces that of the same network; by hand goes before automatic. NULL: there are too many. */
struct guard_ban *guard__ban_put(
    struct guard_bans *b, const struct network *n, bool by_hand, int64_t until, struct slice why);
struct guard_ban *guard__ban_find(struct guard_bans *b, const struct network *n);
void guard__ban_remove(struct guard_bans *b, struct guard_ban *ban);
/* The one that holds for this address now. Those that are over stay for a while: who comes back is banned for
 * longer. */
struct guard_ban *guard__banned(struct guard_bans *b, const struct address *plain, int64_t now);

#endif
