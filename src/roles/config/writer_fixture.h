/* A writer on a bench: its world notes what it asks and says; its store is a catalogue that can be told to
 * fail. */
#ifndef TANDEM_ROLES_CONFIG_WRITER_FIXTURE_H
#define TANDEM_ROLES_CONFIG_WRITER_FIXTURE_H

#include "base/arena.h"
#include "config/load.h"
#include "engine/store/store.h"
#include "roles/config/writer.h"
#include "world/world_int.h"

struct bench {
    struct world world;
    struct wheel wheel;
    void *self;
    int64_t now;
    struct store *store;
    bool asked; /* a question is open */
    enum service service;
    uint64_t token;
    struct buffer request; /* of that question */
    unsigned status;       /* of the last answer */
    struct buffer body;
    struct buffer changes; /* "dn 1001 3;" for each message on cfg.>, "!" behind it: deleted */
};

void bench_open(struct bench *b, bool loaded);
void bench_close(struct bench *b);
/* Into the store, behind the writer's back. */
void bench_put(struct bench *b, const char *kind, const char *name, const char *text);
/* What the store has; false: nothing. */
bool bench_stored(
    struct bench *b, struct buffer *body, uint64_t *version, const char *kind, const char *name);
unsigned bench_audits(struct bench *b); /* rows of the audit log */
/* A request of an administrator, or of somebody else. */
void bench_ask(struct bench *b, const char *method, const char *path, const char *body);
void bench_ask_as(struct bench *b, const char *role, const char *method, const char *path, const char *body);

/* Carries the open question out and gives the answer. */
void bench_answer(struct bench *b);
/* Answers so without doing it, or (`done`) after doing it. */
void bench_fail(struct bench *b, enum answer answer, int error, bool done);
void bench_wait(struct bench *b, int64_t microseconds); /* for timers */

#endif
