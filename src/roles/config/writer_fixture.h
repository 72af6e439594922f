/* A writer on a bench: its world notes what it asks and says; its store is a catalogue that can be told to
 * fail. */
#ifndef TANDEM_ROLES_CONFIG_WRITER_FIXTURE_H
#define TANDEM_ROLES_CONFIG_WRITER_FIXTURE_H

#include "base/arena.h"
#include "config/load.h"
#include "engine/store/store_fixture.h"
#include "roles/config/writer.h"
#include "world/world_int.h"

struct bench_question {
    enum service service;
    uint64_t object, token;
    struct buffer request;
};
#define BENCH_QUESTIONS 16

struct bench {
    struct world world;
    struct registry *registry;
    struct wheel wheel;
    void *self;
    int64_t now;
    struct store *store;
    struct bench_question
        questions[BENCH_QUESTIONS]; /* open ones, the oldest first; not those to the registry */
    size_t question_count;
    uint64_t agains[64]; /* cursors of turns that are wanted */
    size_t again_count, turns;
    unsigned status, answers; /* of the last answer; how many there were */
    uint64_t wanted, drawn;
    struct buffer body;
    struct buffer changes; /* "dn 1001 3;" for each message on cfg.>, "!" behind it: deleted */
    uint64_t number;       /* of the last of them */
};

/* loaded: it leads, and is ready. */
void bench_open(struct bench *b, bool loaded);
void bench_close(struct bench *b);
/* Into the store, behind the writer's back: what another writer does. */
void bench_put(struct bench *b, const char *kind, const char *name, const char *text);
/* What the store has; false: nothing. */
bool bench_stored(
    struct bench *b, struct buffer *body, uint64_t *version, const char *kind, const char *name);
/* A request of an administrator, or of somebody else. */
void bench_ask(struct bench *b, const char *method, const char *path, const char *body);
void bench_ask_as(struct bench *b, const char *role, const char *method, const char *path, const char *body);

/* One part of a body of `length`. */
void bench_part(struct bench *b, const char *path, struct slice part, uint64_t offset, uint64_t length);

/* Carries the oldest open question out and gives the answer. */
void bench_answer(struct bench *b);
void bench_step(struct bench *b);   /* a turn that is wanted, or else an answer */
void bench_settle(struct bench *b); /* ... all of them, and the turns that are wanted */
bool bench_asked(const struct bench *b);
/* Answers so without doing it, or (`done`) after doing it. */
void bench_fail(struct bench *b, enum answer answer, int error, bool done);
/* A request that was lost reaches the store now. */
void bench_late(struct bench *b, struct slice request);
void bench_wait(struct bench *b, int64_t microseconds); /* for timers */

#endif
