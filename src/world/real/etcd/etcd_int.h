/* Inside the registry on etcd.
 *
 *     loop's thread                     │ etcd's thread
 *     ask, watch ──> command ───────────┼─> job ──> transfer (curl) ──> endpoint, proved to be ours
 *     real_answer  <────────────────────┼── job
 *     watchers     <── news ────────────┼── view <── stream of events, look each second
 *
 * Which thread owns what is said at struct etcd. Nothing of the other side is looked at without the lock. */
#ifndef TANDEM_WORLD_REAL_ETCD_INT_H
#define TANDEM_WORLD_REAL_ETCD_INT_H

#include "world/real/engines_int.h"
#include "world/real/etcd/endpoint.h"
#include "world/real/etcd/operation.h"
#include "world/real/etcd/transfer.h"
#include "world/real/etcd/view.h"

#define ETCD_ENDPOINTS 16

struct etcd_job {
    struct list link;
    struct etcd *etcd;
    struct etcd_operation operation;
    uint64_t handle; /* 0: the look of follow.c */
    int64_t deadline, retry_at;
    int64_t patience; /* when nobody can be asked, it waits so long for somebody */
    struct etcd_transfer *transfer;
    unsigned tried;                       /* endpoints, one bit each, since somebody answered */
    struct etcd_endpoint *pin;            /* it waits for another proved connection there, */
    unsigned pin_proofs;                  /* the one after so many */
    void (*done_h)(struct etcd_job *job); /* look at the operation; then the job is freed */
};

struct etcd_command {
    struct list link;
    enum { ETCD_ASK, ETCD_WATCH, ETCD_LEAVE } kind;
    uint64_t number;    /* handle, or of the watcher */
    int64_t deadline;   /* monotonic */
    struct slice bytes; /* request or prefix; behind the struct */
};

/* One that watches, as the thread knows it. */
struct etcd_watch {
    struct list link;
    uint64_t number;
    bool told;           /* what was there at the beginning */
    bool covered;        /* by the look under way, which began after it had come */
    struct slice prefix; /* behind the struct */
};

struct etcd {
    /* set at the beginning, then only read */
    struct real_engines *engines;
    struct real_loop *loop;
    char *cluster_name, *user, *password_file, *authority, *certificate, *key, *identity_file;
    struct slice cluster;
    pthread_t thread;
    bool runs;
    CURLM *multi;

    /* under the lock */
    pthread_mutex_t lock;
    struct list commands;
    bool ends;

    /* the loop's */
    struct map watchers; /* by number */
    uint64_t last_watcher;

    /* the thread's: endpoint.c */
    struct etcd_endpoint endpoints[ETCD_ENDPOINTS];
    unsigned endpoint_count, preferred;
    uint64_t identity;     /* etcd's number of our cluster; 0: not known yet */
    uint64_t revision;     /* the latest one that was heard of */
    char token[256];       /* of the log-in */
    bool away, doors_open; /* doors_open: etcd wants no log-in */
    char why[ETCD_WHY];    /* as last told */
    /* transfer.c */
    struct list transfers, idle;
    unsigned idle_count;
    /* job.c */
    struct list jobs;
    /* follow.c */
    struct etcd_view view;
    struct list watches;
    struct etcd_job *look;
    int64_t look_at, stream_at, stream_until;
    struct etcd_transfer *stream;
    bool stream_runs;      /* etcd has said that it begins */
    unsigned stream_avoid; /* one bit: rather another endpoint */
    unsigned swallowed;    /* looks in a row that found what the stream should have said */
    struct list news;
    bool busy; /* something is to be done at once */
};

int64_t etcd__now(void); /* µs, monotonic */

/* ---- job.c ---- */
void etcd__job_ask(struct etcd *e, const struct etcd_command *c);
struct etcd_job *etcd__job_new(struct etcd *e, int64_t deadline, void (*done_h)(struct etcd_job *job));
void etcd__jobs_tick(struct etcd *e, int64_t now);
int64_t etcd__jobs_next(const struct etcd *e);
void etcd__jobs_free(struct etcd *e);

/* ---- follow.c ---- */
void etcd__follow_open(struct etcd *e);
void etcd__follow_watch(struct etcd *e, const struct etcd_command *c);
void etcd__follow_leave(struct etcd *e, uint64_t number);
void etcd__follow_tick(struct etcd *e, int64_t now);
int64_t etcd__follow_next(const struct etcd *e);
void etcd__follow_free(struct etcd *e);

/* ---- news.c: what watchers are told, on its way to the loop ---- */
void etcd__news_add(struct etcd *e, uint64_t watcher, const struct etcd_entry *entry);
void etcd__news_post(struct etcd *e);
void etcd__news_free(struct list *news);

/* ---- thread.c ---- */
void *etcd__thread_h(void *etcd);
void etcd__command(struct etcd *e, int kind, uint64_t number, int64_t deadline, struct slice bytes);

#endif
