/* For tests: requests and answers of a store in a few words. */
#ifndef TANDEM_ENGINE_STORE_STORE_FIXTURE_H
#define TANDEM_ENGINE_STORE_STORE_FIXTURE_H

#include "engine/store/store.h"

#define NOTHING INT64_MIN /* as an integer: NULL */

/* A request that grows: one statement after the other. */
struct store_fixture {
    struct store *store;
    struct buffer request; /* packed StoreRequest: packed messages simply follow each other */
    int error;
    char text[4096]; /* the answer: values with spaces, rows with ";" , results with "|" */
};

/* types: i (long long), t (const char *, NULL permitted), b (const char *) */
void store_fixture_add(struct store_fixture *f, const char *name, const char *types, ...);
enum answer store_fixture_run(struct store_fixture *f);
/* One statement: its answer as text, or the error's symbol. */
#define STORE_FIXTURE_ASK(f, ...) (store_fixture_add(f, __VA_ARGS__), store_fixture_text(f))
const char *store_fixture_text(struct store_fixture *f);
void store_fixture_end(struct store_fixture *f); /* closes the store too */

#endif
