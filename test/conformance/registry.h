/* For the tests of the registry: questions in few words. Each waits for its answer. */
#ifndef TANDEM_TEST_CONFORMANCE_REGISTRY_H
#define TANDEM_TEST_CONFORMANCE_REGISTRY_H

#include "conformance.h"

#define REGISTRY_WAIT 5000 /* ms: deadline of a question where a test names none */
#define NO_LEASE 0

/* Sends only; `value` NULL: delete. */
uint64_t registry_send_set(struct seat *s, const char *key, uint64_t expected, const char *value,
    uint64_t lease, int64_t milliseconds);
/* The new revision, or the error. Fails the test when the answer is unknown. */
int64_t registry_set(struct seat *s, const char *key, uint64_t expected, const char *value, uint64_t lease);
uint64_t registry_grant(struct seat *s, uint64_t milliseconds); /* fails the test when it is not granted */
int registry_renew(struct seat *s, uint64_t lease);             /* 0, or the error */
int registry_revoke(struct seat *s, uint64_t lease);
/* "key=value key=value "; exact: the one key. */
const char *registry_range(struct seat *s, const char *prefix, bool exact);
/* What an answer carries; lives until the next call. */
const Tandem__RegistryAnswer *registry_answer(struct seat *s, const struct reply *r);
/* The revision of a key, 0: it is not there; asked again until it is known. */
uint64_t registry_revision(struct seat *s, const char *key);
/* Notes from `from` on: "token:key=value " or "token:key- ". */
const char *registry_notes(const struct seat *s, size_t from);

#endif
