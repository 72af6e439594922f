/* Inside of `tandem run`. */
#ifndef TANDEM_RUN_RUN_INT_H
#define TANDEM_RUN_RUN_INT_H

#include <pthread.h>

#include "config/follow.h"
#include "health/metrics.h"
#include "run/log_file.h"
#include "run/run.h"
#include "tools/authority.h"
#include "tools/identity/jobs.h"
#include "tools/operator.h"
#include "tools/secret_key.h"
#include "world/real/engines.h"

#define RUN_INSTANCES 64
#define RUN_SENTENCE 1024

/* What is logged while nothing runs yet. A start that fails says one sentence and no more. */
struct start_log {
    pthread_mutex_t mutex; /* the store's threads log too */
    struct buffer lines;
    char why[RUN_SENTENCE]; /* the last error among them, without its head */
};

struct run_instance {
    struct real_instance *instance;
    struct buffer name, place; /* of its application, as it was started with */
};

struct run {
    const struct options *options;
    struct start_log log;
    struct log_file *log_file; /* NULL: standard error */
    struct config_local local;
    char data[AUTHORITY_PATH];
    char token_sha256[OPERATOR_TOKEN_HEX];
    uint8_t secret_key[SECRET_KEY];
    int lock; /* descriptor of DATA/lock */
    struct authority authority;
    char web[ADDRESS_TEXT]; /* where the page is served: a name of the certificate */
    const char *names[1];
    struct real_loop *loop;
    struct real_engines *engines;
    struct real_pool *pool;
    struct identity_jobs identity;
    char member[65];             /* our name in the cluster, or empty */
    struct config_follow follow; /* the copy that is up to date; the loop's instances get it between turns */
    struct configuration *configuration;
    struct last_copy *copy; /* on disk */
    bool from_copy;         /* it was started with that one, since the store was away */
    struct run_instance instances[RUN_INSTANCES];
    size_t instance_count, kept_count; /* the first ones are no applications and stay */
    uint64_t incarnation;              /* the last one given out; 0: not read yet */
    struct arena texts;                /* of the engines' places */
    struct notify *notify;             /* the service manager; NULL: none */
    int64_t started_at, certificate_until;
};

/* ground.c: each complains in one line and returns an error */
int run__data(struct run *r);
int run__ports(const struct run *r);
int run__ports_of_options(const struct run *r); /* of a first start, before anything is written */
void run__random(void *bytes, size_t length);

/* identity.c */
void run__identity_jobs(struct run *r);       /* to the pool */
const char *run__member(struct run *r);       /* its name; NULL: it is no member of a cluster */
bool run__has_authority(const struct run *r); /* then the role identity runs here */

/* start_log.c */
void run__log_hold(struct run *r);
int run__log_open(struct run *r); /* as the options say, and held; complains */
void run__log_close(struct run *r);
void run__log_release(struct run *r, bool show); /* and to where it belongs from here on */
/* "tandem: WHAT: why", the reason being what was logged, or else what the error says. */
void run__complain(struct run *r, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

void run__log_levels(const struct run *r); /* as the cluster says, for each module */

/* incarnation.c */
int run__incarnation(struct run *r, uint64_t *number) __attribute__((warn_unused_result)); /* logs */

/* resolvers.c: the name servers of this machine */
struct config_list run__resolvers(struct run *r);
struct config_list run__resolvers_read(struct slice text, struct slice *items, size_t most);

/* engines.c */
int run__engines(struct run *r); /* complains */
/* One that is beside the process: it may be away for a while, and is waited for. */
bool run__store_is_beside(const struct run *r);

/* place.c */
struct slice run__name(const struct run *r); /* of this member; "local" outside of a cluster */
bool run__is_ours(const struct run *r, const struct config_application *a);
int run__place_first(struct run *r); /* complains */
/* Everybody gets the new copy, which is taken over; what belongs here runs afterwards. Between turns. */
void run__configure(struct run *r, struct configuration *next);
void run__stop_all(struct run *r);

/* keeper.c: the role that hears of changes */
extern const struct role run__keeper;
/* health.c: what this process knows of itself */
struct run_health {
    struct health_instance instances[RUN_INSTANCES];
    struct health_part parts[REAL_PARTS];
    struct health_member member;
};
void run__health(struct run_health *h, const struct run *r);
void run__health_disk(struct run_health *h, const struct run *r);
void run__health_process(struct health_process *p, const struct run *r);
int64_t run__certificate_until(const char *path); /* µs; 0: there is none */

/* reporter.c, metrics.c: the roles that say how this process is */
extern const struct role run__reporter, run__metrics;

/* load.c: the first copy of the configuration; complains */
int run__load(struct run *r);

/* last_copy.c */
int run__copy_open(struct run *r);
void run__copy_changed(struct run *r); /* there is another configuration to be written */
void run__copy_close(struct run *r);   /* what waits is written first */
/* ERROR_MISSING, or an error and what is wrong with the file */
int run__copy_read(const struct run *r, struct configuration **out, struct buffer *complaint);

#endif
