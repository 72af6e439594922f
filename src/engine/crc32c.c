#include "engine/crc32c.h"

#define POLYNOMIAL 0x82f63b78U /* reflected */
#define LANES 8

/* lanes[k][b]: what byte b does when k more bytes follow it. Eight bytes a step need eight lanes. */
static uint32_t lanes[LANES][256];

/* Before main: so no thread ever sees half of it. */
__attribute__((constructor)) static void fill(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? POLYNOMIAL : 0);
        lanes[0][byte] = sum;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int lane = 1; lane < LANES; lane++)
            lanes[lane][byte] = lanes[lane - 1][byte] >> 8 ^ lanes[0][lanes[lane - 1][byte] & 0xff];
}

uint32_t crc32c(struct slice s)
{
    const unsigned char *at = (const unsigned char *)s.data;
    size_t left = s.length;
    uint32_t sum = UINT32_MAX;
    for (; left >= LANES; at += LANES, left -= LANES) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word ^= sum;
        sum = 0;
        for (int lane = 0; lane < LANES; lane++)
            sum ^= lanes[LANES - 1 - lane][word >> (8 * lane) & 0xff];
    }
    for (; left != 0; at++, left--)
        sum = sum >> 8 ^ lanes[0][(sum ^ *at) & 0xff];
    return ~sum;
}
