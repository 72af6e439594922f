#include "base/utf8.h"

/* The first byte of a character: how many follow, and what the first of them may be. */
static bool begin(struct utf8 *u, uint8_t byte)
{
    u->low = 0x80;
    u->high = 0xbf;
    if (byte < 0x80) {
        u->needed = 0;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
        u->needed = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        u->needed = 2;
        if (byte == 0xe0)
            u->low = 0xa0; /* shorter forms exist */
        if (byte == 0xed)
            u->high = 0x9f; /* surrogates */
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        u->needed = 3;
        if (byte == 0xf0)
            u->low = 0x90;
        if (byte == 0xf4)
            u->high = 0x8f; /* past U+10FFFF */
    } else {
        return false;
    }
    return true;
}

static bool step(struct utf8 *u, uint8_t byte)
{
    if (u->needed == 0)
        return begin(u, byte);
    if (byte < u->low || byte > u->high)
        return false;
    u->needed--;
    u->low = 0x80;
    u->high = 0xbf;
    return true;
}

bool utf8_feed(struct utf8 *u, struct slice bytes)
{
    size_t i = 0;
    while (i < bytes.length) {
        uint64_t word;
        if (u->needed == 0 && bytes.length - i >= sizeof word) {
            memcpy(&word, bytes.data + i, sizeof word);
            if ((word & 0x8080808080808080U) == 0) {
                i += sizeof word;
                continue;
            }
        }
        if (!step(u, (uint8_t)bytes.data[i++]))
            return false;
    }
    return true;
}

bool utf8_valid(struct slice text)
{
    struct utf8 u = {0};
    return utf8_feed(&u, text) && utf8_complete(&u);
}

size_t utf8_character(struct slice text, size_t *skip)
{
    struct utf8 u = {0};
    for (size_t i = 0; i < text.length; i++) {
        if (!step(&u, (uint8_t)text.data[i])) {
            *skip = i != 0 ? i : 1;
            return 0;
        }
        if (u.needed == 0)
            return i + 1;
    }
    *skip = text.length;
    return 0;
}
