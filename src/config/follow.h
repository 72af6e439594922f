/* A copy that follows the store: all objects at first, later what changed since, in pages, each within its
 * bounds. Bytes go out and come in, so main can do it before its loop runs and its keeper afterwards.
 *
 *     follow_begin(&f, local)                        or follow_from(&f, copy of the last run)
 *       ┌─> follow_request ──> store ──> follow_take ─┬─> FOLLOW_MORE: the next page, or all again
 *       └─────────────────────────────────────────────┘
 *                                                     ├─> FOLLOW_CHANGED: follow_copy() is another one
 *                                                     └─> FOLLOW_SAME
 *
 * Nobody has to be told what changed: each object remembers the number of the transaction that changed it
 * last, and the copy says up to which number it is right. A notice only says that it is time to look. */
#ifndef TANDEM_CONFIG_FOLLOW_H
#define TANDEM_CONFIG_FOLLOW_H

#include "config/builder.h"

#define FOLLOW_PAGE 256U /* objects of a turn */

enum follow_result { FOLLOW_SAME, FOLLOW_CHANGED, FOLLOW_MORE };

struct config_follow {
    struct configuration *copy;     /* NULL until all was read once */
    struct config_builder *builder; /* of the next one, while pages come */
    struct config_local local;
    uint64_t number; /* of the last transaction that the copy has */
    uint64_t cursor; /* of the last row that came: number, kind, name */
    struct buffer kind, name;
    const struct kind *loading; /* all objects are being read, these now; NULL: what changed */
    uint64_t loaded_from;       /* the last number when that began */
    bool all;                   /* the next copy has nothing of this one */
    unsigned page;              /* objects asked for */
};

/* What `local` points to outlives the follower. */
void follow_begin(struct config_follow *f, const struct config_local *local);
/* Goes on from a copy, which it takes over. */
void follow_from(struct config_follow *f, const struct config_local *local, struct configuration *copy);
void follow_end(struct config_follow *f); /* the copy too */

/* Adds the StoreRequest for the next page. */
void follow_request(const struct config_follow *f, struct buffer *out);
/* Takes the StoreAnswer. ERROR_CORRUPT, ERROR_REFERENCE, ... and a complaint: the copy stays as it was, and
 * the next request begins anew. */
int follow_take(enum follow_result *result, struct config_follow *f, struct slice answer,
    struct buffer *complaint) __attribute__((warn_unused_result));
/* The store refused or is away: the next request begins anew. True: only the page was too large
 * (ERROR_LIMIT), and the next one is smaller. */
bool follow_refused(struct config_follow *f, int error);

/* All pages, where the store can be asked at once. The errors of `ask`, and of follow_take. */
int follow_all(struct config_follow *f,
    int (*ask)(void *argument, struct slice request, struct buffer *answer), void *argument,
    struct buffer *complaint) __attribute__((warn_unused_result));

#endif
