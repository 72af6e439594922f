/* What etcd's JSON gateway has answered, mistrusted: numbers are strings or integers, what is nought, false
 * or empty is left out, and whatever stands between may have cut it short. So nothing is concluded from what
 * is missing: questions are put in such a way that each true answer says something. */
#ifndef TANDEM_WORLD_REAL_ETCD_ANSWER_H
#define TANDEM_WORLD_REAL_ETCD_ANSWER_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"

#define ETCD_BODY ((size_t)8 << 20) /* largest answer that is read at all */

enum etcd_tone {
    ETCD_SAID,    /* it has a header: cluster, term */
    ETCD_REFUSED, /* an error that etcd knows: not done, `error` */
    ETCD_FAILED,  /* an error that does not say whether it was done */
    ETCD_STRANGE, /* not understood, perhaps not etcd at all */
};

struct etcd_answer {
    enum etcd_tone tone;
    int error;      /* of a refusal */
    char text[160]; /* what etcd said, or what is strange */
    uint64_t cluster, term, revision;
    json_t *root; /* owned; of a streamed answer its "result" */
    const json_t *said;
};

/* Always gives an answer; free it. `status`: of HTTP. */
void etcd__answer_read(struct etcd_answer *a, long status, struct slice body);
void etcd__answer_free(struct etcd_answer *a);

/* A member that is a whole number; false when it is not there or no such number. */
bool etcd__number(int64_t *number, const json_t *object, const char *name);
bool etcd__true(const json_t *object, const char *name);

struct etcd_entry {
    struct slice key, value; /* without the cluster's name; without the lease and the sign before it */
    uint64_t revision, lease;
    bool gone; /* of an event */
};

/* Keys that begin so are etcd-side book-keeping and no entries. */
#define ETCD_OWN '.'

/* Of one "kv": false where something is missing or wrong. `own`: one of ours, not to be shown. `gone`: of a
 * key that was deleted, which has no value. */
bool etcd__entry_read(
    struct etcd_entry *e, bool *own, const json_t *kv, bool gone, struct slice cluster, struct arena *arena);
/* A "response_range" or the answer to a range: at least one, in order, none missing by its own count, none
 * outside `prefix`. `last`: the key of the last one, ours too; `more`: others are behind it. With NULL for
 * `more` only a whole answer will do. */
bool etcd__entries_read(struct etcd_entry **entries, size_t *count, bool *more, struct slice *last,
    const json_t *range, struct slice cluster, struct slice prefix, struct arena *arena);

#endif
