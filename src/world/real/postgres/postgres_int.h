/* Inside the store on PostgreSQL.
 *
 *     loop ── ask ──> line WRITER: waiting ──> flight (a pipeline) ──> one connection ──┐
 *        │                                                                              ├── the server that
 *        └─── ask ──> line READER: waiting ──> flight             ──> one connection ──┘   takes writes
 *
 * A line is a thread. Only its queue `arrived` is shared. */
#ifndef TANDEM_WORLD_REAL_POSTGRES_POSTGRES_INT_H
#define TANDEM_WORLD_REAL_POSTGRES_POSTGRES_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "world/real/engines_int.h"
#include "world/real/postgres/login.h"
#include "world/real/postgres/place.h"
#include "world/real/postgres/question.h"

#define POSTGRES_WAITING_MOST ((size_t)32 << 20) /* bytes of requests that wait */
#define POSTGRES_FLIGHT 32                       /* transactions under way */
#define POSTGRES_FLIGHT_BYTES ((size_t)4 << 20)
#define POSTGRES_PLACES 16 /* servers */

/* µs */
#define POSTGRES_CONNECT 3000000   /* longest attempt at one server */
#define POSTGRES_STATEMENT 5000000 /* longest statement; the server ends it */
#define POSTGRES_LOCK 2000000      /* longest wait for somebody else's lock */
#define POSTGRES_SILENT 8000000    /* a server without an answer for so long is left */
#define POSTGRES_PATIENCE                                                                                    \
    3000000 /* questions wait so long for a server that went away; then they are refused */
#define POSTGRES_AGAIN_FIRST 100000
#define POSTGRES_AGAIN_MOST 2000000
#define POSTGRES_MIGRATION 600000000 /* longest change of the schema, with the wait for those who make it */

enum postgres_kind { POSTGRES_WRITER, POSTGRES_READER, POSTGRES_LINES };

struct postgres;

struct postgres_line {
    struct postgres *of;
    enum postgres_kind kind;
    pthread_t thread;
    bool runs;
    int wake;      /* eventfd */
    char name[48]; /* at the server */

    pthread_mutex_t lock;
    struct list arrived; /* under the lock */

    /* The thread's own. */
    struct list waiting, flight;
    size_t flight_count, flight_bytes;
    PGconn *connection;
    unsigned at_place;    /* of the connection */
    bool again_elsewhere; /* the server takes no writes any more */
    int backend;          /* process of the last connection; 0: none, or it is known to be gone */
    int64_t heard;        /* when the oldest transaction under way made progress */
    int64_t away_since;   /* 0: connected */
    int away_error;       /* why */
    char away[160];
    bool gathers; /* reasons why none of the servers would do */
    int gathered; /* what the best of them is worth; -1: none */
    int reason_error;
    char reason[160];
    struct buffer answer;
};

struct postgres {
    struct real_engines *engines;
    struct real_loop *loop;
    struct postgres_place places[POSTGRES_PLACES];
    unsigned place_count;
    _Atomic unsigned place; /* where the writer is */
    /* A transaction of the writer may still be running on the server: nobody reads until it is known to have
     * ended. */
    _Atomic bool doubt, ends;
    _Atomic int writer;   /* 0: the writing line is connected; else why not */
    _Atomic size_t bytes; /* of requests that wait or run */
    struct postgres_login login;
    char name[40]; /* of this process at the server */
    struct postgres_line lines[POSTGRES_LINES];
    pthread_mutex_t lock; /* of what follows */
    bool away[POSTGRES_LINES];
};

int64_t postgres__now(void); /* µs, monotonic */

/* ---- service.c ---- */
/* Gives the answer and frees the question, which is in no list. */
void postgres__answer(struct postgres_line *line, struct postgres_question *q, enum answer answer, int error,
    struct slice bytes);

/* ---- line.c ---- */
/* Waits for the connection's socket or a wake-up; takes in what arrived, refuses what cannot wait longer. */
enum { POSTGRES_READ = 1, POSTGRES_WRITE = 2 };
int postgres__wait(struct postgres_line *line, int events, int64_t until);
/* The reason why the line has no server; told to the engines, or gathered while servers are tried. */
void postgres__away(struct postgres_line *line, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *postgres__line_h(void *line);

/* ---- connect.c ---- */
/* A connection that is ready for pipelines, at the writer's server, or why there is none: postgres__away was
 * called. */
int postgres__connect(struct postgres_line *line) __attribute__((warn_unused_result));
/* Runs SQL outside of a pipeline and waits for it: NULL when the line is lost or ends. Clear it. */
PGresult *postgres__execute(struct postgres_line *line, const char *sql, int64_t until);
/* The limits of a session. */
int postgres__session(struct postgres_line *line) __attribute__((warn_unused_result));
void postgres__notice_h(void *line, const char *message);
/* The first line of what the server said, without its prefix. */
void postgres__said(char *text, size_t size, const char *message);

/* ---- login.c ---- */
/* Begins a connection, or makes it and waits. An error: the password cannot be read. */
int postgres__start(PGconn **out, const struct postgres_login *login, const struct postgres_place *place,
    const char *name, bool wait) __attribute__((warn_unused_result));

/* ---- schema.c ---- */
/* The schema is there and suits this program; the writer brings it up to date where it may. */
int postgres__schema(struct postgres_line *line) __attribute__((warn_unused_result));

/* ---- send.c ---- */
/* Puts it into the pipeline. False: the connection is lost. */
bool postgres__send(struct postgres_line *line, struct postgres_question *q);
bool postgres__send_end(struct postgres_line *line, bool commit);

/* ---- result.c ---- */
/* Takes what has come; answers what is complete. False: the connection is lost. */
bool postgres__results(struct postgres_line *line);

#endif
