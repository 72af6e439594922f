/* One set of tests for each interface of the engines, run against every implementation of it.
 *
 *     test/conformance/run ──starts──> servers, proxies that lie
 *            │   ^
 *       done │   │ fault kill leader, passed NAME, failed NAME: why
 *            v   │
 *     build/conformance PART IMPLEMENTATION ADDRESS... ──> stage (loop, engines, seats) ──> the engine
 *
 * A test sees what a role sees: it asks through a world and notes what comes. A test that is not for an
 * implementation says so by `stage_not_here`. */
#ifndef TANDEM_TEST_CONFORMANCE_H
#define TANDEM_TEST_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/engines.h"
#include "world/real/real_int.h"

#define STAGE_SEATS 16
#define STAGE_PATIENCE 20000 /* ms: what does not come within is not going to come */

/* What came to a seat on its own account: INPUT_WATCH, INPUT_BUS. */
struct note {
    struct list link;
    enum input_kind kind;
    enum answer answer;
    uint64_t token, revision;
    struct slice name, bytes; /* behind the struct */
};

/* An answer, kept until the seat is removed. */
struct reply {
    struct list link;
    uint64_t token;
    enum answer answer;
    int error;
    int64_t after; /* µs from the question to the answer */
    struct slice bytes;
};

/* An instance of a role that notes what comes to it. */
struct seat {
    struct stage *stage;
    struct real_instance *instance;
    struct world *world;
    char name[64];
    uint64_t last_token;
    struct map asked; /* when, by token */
    struct list replies, notes;
    size_t note_count;
};

/* A process of the cluster: a loop with its engines. The first one belongs to the test; more by
 * stage_another. */
struct stage {
    struct stage *others;
    struct real_loop *loop;
    struct real_engines *engines;
    struct seat *seats[STAGE_SEATS];
    size_t seat_count;
    char data[64];
    struct arena arena;
};

/* ---- the process ---- */
extern struct real_engines_params stage_params; /* from the command line; `data` is each stage's own */
extern const char *stage_implementation;        /* "embedded", "etcd", ... */

struct stage *stage_another(struct stage *s); /* with a data folder of its own, on the same servers */
void stage_restart(struct stage *s);          /* ends it and begins again on its data; no seats */
void stage_run(struct stage *s, int64_t milliseconds); /* all stages */
bool stage_is(const char *implementation);
/* Asks the runner for a fault, waits until it is done. False: it cannot be had here. */
bool stage_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
void stage_not_here(const char *why) __attribute__((noreturn));
void stage_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

#define CHECK(condition)                                                                                     \
    ((condition) ? (void)0 : stage_fail(__FILE__, __LINE__, "it is not so: %s", #condition))
/* Two numbers; says both. */
#define CHECK_SAME(left, right)                                                                              \
    do {                                                                                                     \
        long long left_ = (long long)(left), right_ = (long long)(right);                                    \
        if (left_ != right_)                                                                                 \
            stage_fail(__FILE__, __LINE__, "%s is %lld, not %lld (%s)", #left, left_, right_, #right);       \
    } while (0)
#define STAGE_UNTIL(stage, condition, milliseconds)                                                          \
    do {                                                                                                     \
        int64_t until_ = real_now((stage)->loop) + (milliseconds)*1000;                                      \
        while (!(condition)) {                                                                               \
            if (real_now((stage)->loop) > until_)                                                            \
                stage_fail(__FILE__, __LINE__, "it never was so: %s", #condition);                           \
            stage_run(stage, 2);                                                                             \
        }                                                                                                    \
    } while (0)

/* ---- seats ---- */
struct seat *seat_open(struct stage *s, const char *name);
void seat_close(struct seat *s);
/* Within a turn of its own. */
uint64_t seat_send(
    struct seat *s, enum service service, const ProtobufCMessage *request, int64_t milliseconds);
const struct reply *seat_reply(const struct seat *s, uint64_t token); /* NULL: not yet */
/* Sends and waits. */
const struct reply *seat_ask(
    struct seat *s, enum service service, const ProtobufCMessage *request, int64_t milliseconds);
void seat_watch(struct seat *s, const char *prefix, uint64_t token);
void seat_subscribe(struct seat *s, const char *pattern, uint64_t token);
void seat_publish(struct seat *s, const char *subject, struct slice bytes);
const struct note *seat_note(const struct seat *s, size_t index); /* NULL: not that many */
/* The last note about this name; NULL: none. */
const struct note *seat_last(const struct seat *s, const char *name);

/* ---- registration ---- */
struct conformance_test {
    const char *name;
    void (*run)(struct stage *s);
};
void conformance_register(const char *part, const struct conformance_test *tests, size_t count);
#define CONFORMANCE(part, ...)                                                                               \
    static const struct conformance_test conformance_tests_[] = {__VA_ARGS__};                               \
    __attribute__((constructor)) static void conformance_announce_(void)                                     \
    {                                                                                                        \
        conformance_register(                                                                                \
            part, conformance_tests_, sizeof conformance_tests_ / sizeof conformance_tests_[0]);             \
    }
#define CONFORMANCE_TEST(name)                                                                               \
    {                                                                                                        \
#name, name                                                                                          \
    }

/* Around a test. */
struct stage *stage__begin(void);
void stage__end(void);
extern jmp_buf stage__out; /* STAGE_FAILED, STAGE_NOT_HERE */
extern char stage__why[512];
enum { STAGE_FAILED = 1, STAGE_NOT_HERE };

#endif
