/* A question on its way: to a proved member, to the next one when it cannot have been carried out, until it
 * is answered or its time is over. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/etcd/etcd_int.h"

struct etcd_job *etcd__job_new(struct etcd *e, int64_t deadline, void (*done_h)(struct etcd_job *job))
{
    struct etcd_job *job = mem_zero(sizeof *job);
    job->etcd = e;
    int64_t now = etcd__now(), patience = (deadline - now) * 3 / 4;
    job->deadline = deadline;
    job->patience =
        now +
        (patience < timer_duration(TIMER_REGISTRY_PROOF) ? patience : timer_duration(TIMER_REGISTRY_PROOF));
    job->done_h = done_h;
    list_append(&e->jobs, &job->link);
    e->busy = true;
    return job;
}

static void free_job(struct etcd_job *job)
{
    if (job->transfer != NULL)
        etcd__transfer_release(job->transfer);
    list_remove(&job->link);
    etcd__operation_free(&job->operation);
    mem_free(job);
}

static void finish(struct etcd_job *job)
{
    job->done_h(job);
    free_job(job);
}

static void answer(struct etcd_job *job)
{
    struct etcd_operation *o = &job->operation;
    if (o->answer == ANSWER_NO && o->error == ERROR_DENIED && o->key.length != 0)
        LOG(LOG_WARNING, "world", "registry: the key %.*s may not be used by us", SLICE_ARG(o->key));
    real_answer(job->etcd->loop, job->handle, o->answer, o->error, buffer_slice(&o->bytes));
}

void etcd__job_ask(struct etcd *e, const struct etcd_command *c)
{
    struct etcd_job *job = etcd__job_new(e, c->deadline, answer);
    job->handle = c->number;
    if (!etcd__operation_read(&job->operation, e->cluster, c->bytes))
        finish(job);
}

/* ---- what came ---- */

static void go_on(struct etcd_job *job, enum etcd_next next)
{
    if (next == ETCD_DONE) {
        finish(job);
        return;
    }
    if (next == ETCD_AGAIN)
        job->retry_at = etcd__now() + timer_duration(TIMER_REGISTRY_PACE);
    else
        job->tried = 0;
    job->etcd->busy = true;
}

static enum etcd_next arrived(struct etcd_job *job, struct etcd_endpoint *p, long status, struct slice body)
{
    struct etcd *e = job->etcd;
    struct etcd_answer a;
    etcd__answer_read(&a, status, body);
    enum etcd_next next;
    if (etcd__endpoint_trusted(p, &a)) {
        next = etcd__operation_answer(&job->operation, &a);
        /* What a read or a decision says of the revision has gone through a majority. */
        if (a.tone == ETCD_SAID && a.revision > e->revision && next != ETCD_AGAIN)
            e->revision = a.revision;
    } else if (a.tone == ETCD_REFUSED && a.error == ERROR_DENIED) {
        next = etcd__operation_answer(&job->operation, &a);
    } else {
        /* Another cluster has taken nothing from us, for what changes something goes over proved connections;
         * who wants a log-in has not looked at the question. */
        next = etcd__operation_lost(&job->operation, a.tone == ETCD_SAID);
    }
    if (next == ETCD_AGAIN)
        job->tried |= 1U << (p - e->endpoints);
    etcd__answer_free(&a);
    return next;
}

static void transfer_done(struct etcd_transfer *t, CURLcode code, long status)
{
    struct etcd_job *job = t->owner;
    struct etcd_endpoint *p = t->endpoint;
    char why[ETCD_WHY];
    enum etcd_next next;
    job->transfer = NULL;
    if (code == CURLE_OK) {
        next = arrived(job, p, status, buffer_slice(&t->answer));
    } else if (t->too_large) {
        next = etcd__operation_too_large(&job->operation);
    } else if (t->barred && !t->sent) {
        job->pin = p;
        job->pin_proofs = p->proofs;
        etcd__endpoint_want(p);
        next = ETCD_MORE;
    } else {
        etcd__why_lost(why, t, code);
        etcd__endpoint_lost(p, why);
        job->tried |= 1U << (p - job->etcd->endpoints);
        next = etcd__operation_lost(&job->operation, t->sent);
    }
    etcd__transfer_release(t);
    go_on(job, next);
}

/* ---- the way out ---- */

static void carry(struct etcd_job *job, struct etcd_endpoint *p, int64_t now)
{
    struct etcd *e = job->etcd;
    struct etcd_transfer *t = etcd__transfer_new(e, p);
    int64_t longest = timer_duration(TIMER_REGISTRY_TRY);
    if (job->deadline - now < longest)
        longest = job->deadline - now;
    const char *path = etcd__operation_ask(&job->operation, &t->body, e->revision);
    t->writes = etcd__operation_writes(&job->operation);
    t->owner = job;
    t->done_h = transfer_done;
    job->transfer = t;
    job->pin = NULL;
    etcd__transfer_begin(t, path, longest > 1000 ? longest : 1000, false);
}

static void tick(struct etcd_job *job, int64_t now)
{
    struct etcd *e = job->etcd;
    if (job->transfer != NULL) /* it is cut off at the deadline by itself */
        return;
    if (now >= job->deadline) {
        etcd__operation_give_up(&job->operation);
        finish(job);
        return;
    }
    if (job->retry_at > now || (job->pin != NULL && job->pin->proved && job->pin->proofs == job->pin_proofs))
        return;
    struct etcd_endpoint *p = etcd__endpoint_choose(e, job->tried);
    if (p != NULL) {
        carry(job, p, now);
    } else if (etcd__endpoints_hopeless(e, job->tried)) {
        bool unproved = etcd__endpoints_hopeless(e, 0);
        if (unproved && !job->operation.unsure && now >= job->patience) {
            etcd__operation_give_up(&job->operation); /* nobody has been asked */
            finish(job);
            return;
        }
        job->tried = 0; /* all of them once more */
        job->retry_at = now + timer_duration(TIMER_REGISTRY_PACE);
    }
}

void etcd__jobs_tick(struct etcd *e, int64_t now)
{
    list_for_each_safe (link, next, &e->jobs)
        tick(list_entry(link, struct etcd_job, link), now);
}

int64_t etcd__jobs_next(const struct etcd *e)
{
    int64_t next = INT64_MAX, now = etcd__now();
    list_for_each (link, &e->jobs) {
        const struct etcd_job *job = list_entry(link, struct etcd_job, link);
        if (job->transfer != NULL)
            continue;
        if (job->deadline < next)
            next = job->deadline;
        if (job->retry_at > now && job->retry_at < next)
            next = job->retry_at;
    }
    return next;
}

void etcd__jobs_free(struct etcd *e)
{
    struct list *first;
    while ((first = list_first(&e->jobs)) != NULL)
        free_job(list_entry(first, struct etcd_job, link));
}
