/* The embedded bus: carries. It only knows who hears what; the world takes the bytes there.
 *
 * Subjects are tokens with dots between them ("call.node-1"). In a pattern `*` stands for one token and `>`,
 * at the end, for one or more. Order of everything: the order of subscription. */
#ifndef TANDEM_ENGINE_BUS_H
#define TANDEM_ENGINE_BUS_H

#include "base/slice.h"

#define BUS_SUBJECT 255 /* bytes */
#define BUS_TOKENS 16

/* Whether it is one, within the bounds, without empty tokens, spaces and control characters. */
bool bus_subject_valid(struct slice subject);
bool bus_pattern_valid(struct slice pattern);

struct bus;

struct bus_hit {
    void *subscriber; /* known by its address, which is never looked into */
    uint64_t token;
};

struct bus *bus_open(void);
void bus_close(struct bus *b);

/* ERROR_SYNTAX: no pattern. The same subscriber and token again replaces the older subscription. */
int bus_subscribe(struct bus *b, void *subscriber, uint64_t token, struct slice pattern)
    __attribute__((warn_unused_result));
void bus_unsubscribe(struct bus *b, void *subscriber, uint64_t token);
void bus_leave(struct bus *b, void *subscriber); /* all of its subscriptions */

/* Who hears this subject; a subscriber once for each matching subscription. The hits are valid until the next
 * call. ERROR_SYNTAX: no subject. */
int bus_match(const struct bus_hit **hits, size_t *count, struct bus *b, struct slice subject)
    __attribute__((warn_unused_result));

#endif
