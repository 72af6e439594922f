#include "base/hash.h"

struct hash_key hash_process_key = {0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t read_u64(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value); /* the machines we run on are little-endian, as SipHash reads */
    return value;
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

uint64_t hash_bytes(struct hash_key key, struct slice s)
{
    uint64_t v[4] = {key.k0 ^ 0x736f6d6570736575U, key.k1 ^ 0x646f72616e646f6dU, key.k0 ^ 0x6c7967656e657261U,
        key.k1 ^ 0x7465646279746573U};
    size_t whole = s.length & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = read_u64(s.data + i);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)s.length << 56;
    for (size_t i = whole; i < s.length; i++)
        last |= (uint64_t)(unsigned char)s.data[i] << (8 * (i - whole));
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_stable_add(uint64_t so_far, struct slice s)
{
    return hash_bytes((struct hash_key){so_far, 0x74616e64656d2e31U}, s);
}

uint64_t hash_stable(struct slice s)
{
    return hash_stable_add(0, s);
}
