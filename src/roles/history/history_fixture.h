/* A small world for one history: a store that is real and misbehaves on demand, and what the role told nodes.
 */
#ifndef TANDEM_ROLES_HISTORY_HISTORY_FIXTURE_H
#define TANDEM_ROLES_HISTORY_HISTORY_FIXTURE_H

#include "engine/store/store_fixture.h"
#include "roles/history/history.h"
#include "wire/event.pb-c.h"
#include "world/world_int.h"

/* What happens to a question. */
enum fate {
    FATE_ANSWER,
    FATE_REFUSE,       /* the store is away: no, nothing done */
    FATE_DONE_UNKNOWN, /* done, and the answer was lost */
    FATE_LOST_UNKNOWN, /* not done, and nobody knows */
};

#define QUESTIONS 32

struct question {
    uint64_t object, token;
    struct buffer request;
};

struct told {
    char node[32];
    uint64_t number;
    bool resend;
};

struct history_fixture {
    struct world world;
    struct wheel wheel;
    int64_t now;
    void *role;
    struct store_fixture store;
    struct question questions[QUESTIONS];
    size_t question_count;
    struct told told; /* the last one */
    unsigned told_count;
    void (*on_told)(struct history_fixture *f, const struct told *told); /* may be NULL */
};

void history_fixture_begin(struct history_fixture *f); /* with a store in memory, the role not started */
void history_fixture_end(struct history_fixture *f);
void history_fixture_start(struct history_fixture *f);
void history_fixture_kill(struct history_fixture *f); /* its questions are forgotten */
/* The oldest question meets its fate. */
void history_fixture_answer(struct history_fixture *f, enum fate fate);
void history_fixture_pass(struct history_fixture *f, int64_t microseconds); /* timers come due */
void history_fixture_bus(struct history_fixture *f, const char *subject, struct slice bytes);
void history_fixture_event(struct history_fixture *f, const Tandem__CallEvent *event);
/* The rows of the history, oldest last: see history_page. */
const char *history_fixture_rows(struct history_fixture *f);

#endif
