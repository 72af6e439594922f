/* A request on its way: read, checked, sent, answered once. */
#ifndef TANDEM_WORLD_REAL_POSTGRES_QUESTION_H
#define TANDEM_WORLD_REAL_POSTGRES_QUESTION_H

#include <pthread.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/list.h"
#include "engine/store/statement.h"
#include "wire/engine.pb-c.h"
#include "world/input.h"

/* Somebody who waits for one answer without a loop. */
struct postgres_waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool answered;
    enum answer answer;
    int error;
    struct buffer *bytes;
};

struct postgres_question {
    struct list link;
    uint64_t handle;
    struct postgres_waiter *waiter; /* instead of a handle */
    int64_t deadline;               /* µs, monotonic */
    const Tandem__StoreRequest *request;
    const struct store_statement **statements; /* of the request */
    Tandem__StoreAnswer answer;
    struct arena arena;  /* holds all of them */
    size_t at;           /* the statement whose result comes next */
    size_t result_bytes; /* of the rows so far */
    size_t capacity;     /* of rows, in the result at hand */
    int error;           /* what the server refused */
    bool guarded;        /* begun by BEGIN; COMMIT is sent when the answer is known to be small enough */
    bool began;          /* and BEGIN was answered */
    bool committing;     /* its end is on the way: without an answer it is in doubt */
    size_t length;
    char bytes[];
};

/* Reads the request and checks it against the statements. */
int postgres__read(struct postgres_question *q) __attribute__((warn_unused_result));

#endif
