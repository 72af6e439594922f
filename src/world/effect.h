/* Effects: what a turn wants done, as one list of bytes in order. The list can be held back, shipped to the
 * other member of a pair, hashed, and carried out later by any world. */
#ifndef TANDEM_WORLD_EFFECT_H
#define TANDEM_WORLD_EFFECT_H

#include "base/buffer.h"
#include "world/input.h"

enum effect_kind {
#define EFFECT(symbol, name, waits, repeats) EFFECT_##symbol,
#include "world/effect.def"
#undef EFFECT
    EFFECT_COUNT
};

/* Which fields mean what:
 * SEND      flow, [address: UDP peer], second = bytes
 * TELL      first = peer's name, second = bytes
 * PUBLISH   first = subject, second = bytes
 * APPEND    first = stream, token = number, second = bytes
 * ASK       service, object, token, time = deadline, second = request
 * LISTEN    flow, token, first = endpoint text
 * OPEN      flow, token, first = endpoint text
 * CLOSE     flow
 * NAME      flow, first = name
 * PAUSE     flow, token = 1 to pause, 0 to go on
 * BOUND     flow, token = bytes that may wait for its peer
 * SUBSCRIBE token, first = pattern ("dn.home.*", "call.>")
 * WATCH     token, first = prefix of keys
 * AGAIN     token = cursor                                                                         */
struct effect {
    enum effect_kind kind;
    uint32_t service;
    uint64_t flow, object, token;
    int64_t time;
    struct address address;
    struct slice first, second;
};

const char *effect_name(enum effect_kind kind);
bool effect_waits(enum effect_kind kind);
bool effect_repeats(enum effect_kind kind);

void effect_add(struct buffer *list, const struct effect *e);

/* Takes the next one off `*rest`; its slices point into the list. False at the end or where the bytes are
 * damaged. */
bool effect_next(struct slice *rest, struct effect *e);

/* One line of text for people: traces, the printout after a violation. */
void effect_describe(struct buffer *out, const struct effect *e);

#endif
