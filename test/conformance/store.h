/* For the tests of the store: requests and answers in few words. */
#ifndef TANDEM_TEST_CONFORMANCE_STORE_H
#define TANDEM_TEST_CONFORMANCE_STORE_H

#include "conformance.h"

#define STORE_WAIT 15000  /* ms: deadline of a question where a test names none */
#define NOTHING INT64_MIN /* as an integer: NULL */

/* A process on a database of its own. The stage that the test was given has none. */
struct stage *store_stage(struct stage *given);

/* A request that grows, one statement after the other. types: i (long long), t (const char *, NULL
 * permitted), b (const char *). */
void store_add(struct seat *s, const char *name, const char *types, ...);
struct buffer store_taken(void); /* what was added, for other uses; free it */
/* Sends what was added. */
uint64_t store_send(struct seat *s, int64_t milliseconds);
/* Sends and waits. The answer: values with spaces, rows with ";", results with "|"; or the error's symbol,
 * "?" before it where it is unknown. */
const char *store_text(struct seat *s);
const char *store_reply_text(struct seat *s, const struct reply *r);
#define STORE_ASK(seat, ...) (store_add(seat, __VA_ARGS__), store_text(seat))
#define STORE_SAYS(seat, expected, ...)                                                                      \
    do {                                                                                                     \
        const char *said_ = STORE_ASK(seat, __VA_ARGS__);                                                    \
        if (strcmp(said_, expected) != 0)                                                                    \
            stage_fail(__FILE__, __LINE__, "it said \"%s\", not \"%s\"", said_, expected);                   \
    } while (0)

/* Asks until the answer is that, for so long as something may be away. */
void store_until(struct seat *s, const char *expected, int64_t milliseconds, const char *name,
    const char *types, const char *text);
const struct real_condition *store_condition(struct stage *s);

#endif
