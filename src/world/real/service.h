/* For those who answer what roles ask of the real world: services, engines, and threads for slow work. */
#ifndef TANDEM_WORLD_REAL_SERVICE_H
#define TANDEM_WORLD_REAL_SERVICE_H

#include "world/real/real.h"
#include "world/world.h"

/* One kind of question (world_ask). `ask` is called in the loop's thread, copies what it keeps, and answers
 * by real_answer, at once or later. Zeroed: not offered, each question gets no, UNSUPPORTED. */
struct real_service {
    void *self;
    void (*ask)(void *self, struct real_loop *loop, uint64_t handle, struct slice request, int64_t deadline);
};
void real_set_service(struct real_loop *loop, enum service service, struct real_service with);

/* From any thread. The world sees to it that a role gets exactly one answer: at the deadline it is "unknown",
 * TIMEOUT; a second answer, a late one, and one for an instance that is gone are dropped. */
void real_answer(struct real_loop *loop, uint64_t handle, enum answer answer, int error, struct slice bytes);

/* What carries and keeps: bus, registry watch, spool. Called in the loop's thread as a turn is committed;
 * they give inputs by real_deliver. */
struct real_engine {
    void *self;
    void (*publish)(void *self, struct real_instance *from, struct slice subject, struct slice bytes);
    void (*subscribe)(void *self, struct real_instance *instance, uint64_t token, struct slice pattern);
    void (*watch)(void *self, struct real_instance *instance, uint64_t token, struct slice prefix);
    void (*append)(
        void *self, struct real_instance *instance, struct slice stream, uint64_t number, struct slice bytes);
    void (*gone)(void *self, struct real_instance *instance); /* the instance is being removed */
};
void real_set_engine(struct real_loop *loop, const struct real_engine *engine); /* copied */

/* Queues an input for the instance, in the loop's thread; it comes in a turn of its own. Copies the slices.
 */
void real_deliver(struct real_instance *instance, const struct input *input);

/* The asker of a question that is open; NULL when it is not open any more. */
struct real_instance *real_asker(const struct real_loop *loop, uint64_t handle);

struct real_loop *real_instance_loop(const struct real_instance *instance);
struct slice real_instance_name(const struct real_instance *instance);
int64_t real_now(struct real_loop *loop); /* µs since the epoch, never backwards */

/* ---- threads for slow work, shared by all loops of a process ---- */
struct real_pool;

struct real_pool *real_pool_open(unsigned threads);
/* Waits for what runs; what has not begun is given to its function with `dropped`. */
void real_pool_close(struct real_pool *pool);
/* ERROR_OVERLOADED: the queue is full; the function is not called then. */
int real_pool_run(struct real_pool *pool, void (*work_h)(void *argument, bool dropped), void *argument)
    __attribute__((warn_unused_result));

struct real_service real_pool_jobs(struct real_pool *pool); /* SERVICE_JOB: JobRequest, JobAnswer */
/* One job here and now, its result as plain bytes: for a main before its loop runs. */
enum answer real_job(struct buffer *result, int *error, const char *name, const struct slice *arguments,
    size_t argument_count);

/* A job beside those of the world itself. Called in one of the pool's threads: 0 and its result in `out`, or
 * the error that becomes the answer no; then `out` may have a sentence, which the asker gets as well. */
struct real_pool_job {
    const char *name;
    size_t arguments; /* at most 6 */
    int (*run_h)(void *self, const struct slice *arguments, struct buffer *out);
};
/* Before the first question; all of it must outlive the pool. */
void real_pool_offer(struct real_pool *pool, const struct real_pool_job *jobs, size_t count, void *self);
struct real_service real_pool_names(struct real_pool *pool); /* SERVICE_NAME: a name; addresses as lines */

#endif
