/* What can come to a role. An answer of the world is an input like any other: it names the object that asked.
 */
#ifndef TANDEM_WORLD_INPUT_H
#define TANDEM_WORLD_INPUT_H

#include "world/address.h"

/* Objects are named by number: the kind in the top byte, an index or a hash of the name below. */
#define OBJECT(kind, index) ((uint64_t)(kind) << 56 | ((uint64_t)(index)&0x00ffffffffffffffU))
#define OBJECT_KIND(object) ((uint8_t)((object) >> 56))
#define OBJECT_INDEX(object) ((object)&0x00ffffffffffffffU)

enum answer {
    ANSWER_YES,     /* done; `bytes` say more */
    ANSWER_NO,      /* refused or impossible, and not done; `error` says why */
    ANSWER_UNKNOWN, /* it may or may not have been done */
};

enum input_kind {
    INPUT_TIMER,    /* object, timer */
    INPUT_ACCEPTED, /* flow, token (of the listener), peer, name (TLS: the peer's, verified), bytes (TLS: the
                       serial number of its certificate, hexadecimal) */
    INPUT_OPENED,   /* the same of what was opened */
    INPUT_CLOSED,   /* flow, token, error: also when it could not be opened, or overflowed. Nothing follows on
                       it */
    INPUT_DATAGRAM, /* flow, token, peer, bytes */
    INPUT_DATA,     /* flow, token, bytes: some of the stream */
    INPUT_ANSWER,   /* object, token, answer, error, bytes: exactly one for each ask */
    INPUT_BUS,      /* token (of the subscription), name (the subject), bytes */
    INPUT_WATCH,    /* token, name (the key), revision, bytes (the value); answer: NO when the key is gone */
    INPUT_AGAIN,    /* token: the cursor */
    INPUT_CONFIG,   /* world_configuration() is another copy now */
    INPUT_DRAIN,    /* take no new work; say ROLE_EMPTY when the old is done */
};

struct input {
    enum input_kind kind;
    enum answer answer;
    int error;
    uint32_t timer;
    uint64_t object, token, flow, revision;
    struct address peer;
    struct slice name, bytes; /* valid during the turn only */
};

#endif
