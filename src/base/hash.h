/* SipHash-2-4 (Aumasson, Bernstein 2012): keyed, so that strangers cannot choose what collides. */
#ifndef TANDEM_BASE_HASH_H
#define TANDEM_BASE_HASH_H

#include "base/slice.h"

struct hash_key {
    uint64_t k0, k1;
};

uint64_t hash_bytes(struct hash_key key, struct slice s);

/* The key of this process's tables. Set once at the start (from the system's chance, or by a test that wants
 * to show that nothing depends on it). */
extern struct hash_key hash_process_key;

/* A fixed, unkeyed hash for what must be equal everywhere and for ever (slots, content addresses, the hash of
 * a run). */
uint64_t hash_stable(struct slice s);
/* The same, fed piece by piece: begin with 0. */
uint64_t hash_stable_add(uint64_t so_far, struct slice s);

/* Mixes a number well; for tables keyed by number. */
static inline uint64_t hash_number(uint64_t number)
{
    number ^= number >> 32;
    number *= 0xd6e8feb86659fd93U;
    number ^= number >> 32;
    number *= 0xd6e8feb86659fd93U;
    return number ^ (number >> 32);
}

#endif
