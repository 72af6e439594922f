/* Engines behind a shim: requests and answers travel, get lost, come late; the engines are the embedded ones.
 */
#include "base/error.h"
#include "base/log.h"
#include "engine/bus.h"
#include "engine/registry.h"
#include "engine/spool.h"
#include "engine/store/store.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/sim/sim_int.h"

#define SPOOL_LEAST 20 /* µs for an answer from the local disk */
#define SPOOL_MOST 200
#define JOB_LEAST 500
#define JOB_MOST 5000
#define STORE_LEAST 100
#define STORE_MOST 3000
#define SLOW_MOST 3000000
#define SYNC_AFTER 5000      /* µs: what is appended within is synced together */
#define APPEND_AGAIN 100000  /* µs */
#define NO_DEADLINE 30000000 /* µs: for who asks without */
#define ALWAYS 1000000U      /* per million */
#define LOST 300000U         /* per million, in bad weather */
#define FAILS 500000U

enum loss { LOSS_NONE, LOSS_ANSWER, LOSS_ANSWERED };

int sim__engines_open(struct sim *s)
{
    struct engines *g = &s->engines;
    g->bus = bus_open();
    int error = registry_open(&g->registry, NULL, s->now);
    if (error == 0)
        error = store_open(&g->store, &(struct store_options){.path = ":memory:"});
    return error;
}

void sim__engines_close(struct sim *s)
{
    struct engines *g = &s->engines;
    for (size_t h = 0; h < s->host_count; h++) {
        if (s->hosts[h].files == NULL)
            continue;
        spool_close(s->hosts[h].spool);
        files_close(s->hosts[h].files);
    }
    if (g->store != NULL)
        store_close(g->store);
    if (g->registry != NULL)
        registry_close(g->registry);
    bus_close(g->bus);
    buffer_free(&g->answer);
    arena_free(&g->arena);
}

/* ---- the disk of a host ---- */

static struct spool *spool_of(struct sim *s, unsigned host)
{
    struct host *h = &s->hosts[host];
    if (h->files == NULL) {
        h->files = files_open_memory();
        h->spool = spool_open(h->files);
    }
    return h->spool;
}

/* The spool belongs to the process: what it knew dies with it, what it has written stays, but for what the
 * machine had not synced when it lost its power. */
void sim__end_disk(struct sim *s, unsigned host, bool power)
{
    struct host *h = &s->hosts[host];
    if (h->files == NULL)
        return;
    spool_close(h->spool);
    if (power)
        files_memory_crash(h->files, chance_next(&s->faults));
    h->spool = spool_open(h->files);
}

void sim_disk_full(struct sim *s, struct sim_instance *i, int64_t until)
{
    spool_of(s, i->host);
    files_memory_limit(s->hosts[i->host].files, 1);
    struct event *e = sim__event(s, EVENT_DISK, 0);
    e->to = (uint16_t)i->host;
    sim__push(s, e, until);
}

static void sync_soon(struct sim *s, unsigned host)
{
    if (s->hosts[host].syncing)
        return;
    s->hosts[host].syncing = true;
    struct event *e = sim__event(s, EVENT_SYNC, 0);
    e->to = (uint16_t)host;
    sim__push(s, e, s->now + SYNC_AFTER);
}

static void sync_now(struct sim *s, unsigned host)
{
    struct host *h = &s->hosts[host];
    h->syncing = false;
    struct spool_sync *sync = spool_sync_begin(h->spool);
    if (sync == NULL)
        return;
    spool_sync_run(sync);
    if (spool_sync_end(h->spool, sync) != 0)
        sync_soon(s, host);
}

static int append(struct sim_instance *i, struct slice stream, uint64_t number, struct slice bytes)
{
    int error = spool_append(spool_of(i->sim, i->host), slice_text(i->name), stream, number, bytes);
    if (error == 0)
        sync_soon(i->sim, i->host);
    return error;
}

/* What the disk does not take waits, in order, and dies with the process. */
void sim__append(struct sim_instance *i, const struct effect *e)
{
    struct sim *s = i->sim;
    bool waits = !list_empty(&i->unwritten);
    int error = waits ? 0 : append(i, e->first, e->token, e->second);
    if (!waits && error == 0)
        return;
    if (error == ERROR_DISK)
        s->fault_counts[SIM_FAULT_DISK_FULL]++;
    struct input again = {.token = e->token, .name = e->first, .bytes = e->second};
    list_append(&i->unwritten, &sim__input_event(i, &again)->link);
    if (waits)
        return;
    struct event *retry = sim__event(s, EVENT_APPEND, 0);
    retry->instance = i;
    retry->incarnation = i->incarnation;
    sim__push(s, retry, s->now + APPEND_AGAIN);
}

/* One that the spool will never take: said loudly, and the others get their chance. */
static bool hopeless(struct sim_instance *i, const struct event *e, int error)
{
    if (error == ERROR_DISK)
        return false;
    LOG(LOG_ERROR, "sim", "%s: append %llu to %.*s is refused: %s", i->name,
        (unsigned long long)e->input.token, (int)e->name_length, e->bytes, error_symbol(error));
    return true;
}

static void append_again(struct sim *s, struct event *retry)
{
    struct sim_instance *i = retry->instance;
    bool current = i->alive && i->incarnation == retry->incarnation;
    while (current && !list_empty(&i->unwritten)) {
        struct event *e = list_entry(i->unwritten.next, struct event, link);
        int error = append(i, slice_of(e->bytes, e->name_length), e->input.token,
            slice_of(e->bytes + e->name_length, e->length));
        if (error != 0 && !hopeless(i, e, error)) {
            sim__push(s, retry, s->now + APPEND_AGAIN);
            return;
        }
        list_remove(&e->link);
        sim__event_free(s, e);
    }
    sim__event_free(s, retry);
}

/* ---- asking ---- */

static enum answer run_job(struct sim *s, int *error, struct slice request)
{
    struct engines *g = &s->engines;
    const Tandem__JobRequest *job = pack_read(&tandem__job_request__descriptor, request, &g->arena);
    for (size_t j = 0; job != NULL && j < s->params.job_count; j++)
        if (strcmp(job->name, s->params.jobs[j].name) == 0)
            return s->params.jobs[j].run(&g->answer, error, request, &g->arena);
    *error = job != NULL ? ERROR_MISSING : ERROR_SYNTAX;
    return ANSWER_NO;
}

/* The answer is added to engines.answer, which is emptied first. */
static enum answer execute(struct sim *s, int *error, enum service service, unsigned host,
    struct slice instance, struct slice request)
{
    struct engines *g = &s->engines;
    buffer_clear(&g->answer);
    *error = 0;
    enum answer answer = ANSWER_NO;
    switch (service) {
    case SERVICE_REGISTRY:
        answer = registry_ask(&g->answer, error, g->registry, request, s->now);
        break;
    case SERVICE_STORE:
        answer = store_run(&g->answer, error, g->store, request);
        break;
    case SERVICE_SPOOL:
        answer = spool_ask(&g->answer, error, spool_of(s, host), instance, request);
        break;
    case SERVICE_JOB:
        answer = run_job(s, error, request);
        break;
    case SERVICE_NAME:
    case SERVICE_COUNT:
        *error = ERROR_MISSING;
        break;
    }
    arena_reset(&g->arena);
    return answer;
}

static void answer_at(
    struct sim_instance *i, const struct event *e, enum answer answer, int error, int64_t at)
{
    struct input input = {.kind = INPUT_ANSWER,
        .object = e->input.object,
        .token = e->input.token,
        .answer = answer,
        .error = error};
    if (answer != ANSWER_UNKNOWN)
        input.bytes = buffer_slice(&i->sim->engines.answer);
    struct event *event = sim__input_event(i, &input);
    event->incarnation = e->incarnation;
    sim__push(i->sim, event, at);
}

/* How long the way there or back takes, with the weather of the service. */
static int64_t travel(struct sim *s, struct sim_instance *i, enum service service, bool back)
{
    switch (service) {
    case SERVICE_REGISTRY:
    case SERVICE_STORE: {
        int64_t at = sim__latency(s, back ? 0 : i->host, back ? i->host : 0);
        if (service == SERVICE_STORE && !back)
            at += chance_between(&s->network, STORE_LEAST, STORE_MOST);
        if (sim__weather(s, service == SERVICE_STORE ? SIM_FAULT_STORE_SLOW : SIM_FAULT_REGISTRY_SLOW, FAILS))
            at += chance_between(&s->faults, 1000, SLOW_MOST);
        return at;
    }
    case SERVICE_JOB:
        return back ? 0 : chance_between(&s->network, JOB_LEAST, JOB_MOST);
    default:
        return back ? 0 : chance_between(&s->network, SPOOL_LEAST, SPOOL_MOST);
    }
}

static bool remote(enum service service)
{
    return service == SERVICE_REGISTRY || service == SERVICE_STORE;
}

static bool lost(struct sim *s, enum service service, unsigned from, unsigned to)
{
    if (!remote(service))
        return false;
    return sim__blocked(s, from, to) || sim__stalled_until(s, from, to) > s->now ||
           sim__weather(
               s, service == SERVICE_STORE ? SIM_FAULT_STORE_DOUBTFUL : SIM_FAULT_REGISTRY_UNKNOWN, LOST);
}

void sim__ask(struct sim_instance *i, const struct effect *e)
{
    struct sim *s = i->sim;
    struct event *request = sim__event(s, EVENT_EXECUTE, e->second.length);
    request->instance = i;
    request->incarnation = i->incarnation;
    request->input = (struct input){.object = e->object, .token = e->token};
    request->from = (uint16_t)e->service;
    request->length = (uint32_t)e->second.length;
    if (request->length != 0)
        memcpy(request->bytes, e->second.data, request->length);
    request->deadline = e->time != 0 ? e->time - s->hosts[i->host].skew : s->now + NO_DEADLINE;
    if (request->deadline <= s->now)
        request->deadline = s->now + 1;
    if (lost(s, e->service, i->host, 0)) {
        answer_at(i, request, ANSWER_UNKNOWN, ERROR_TIMEOUT, request->deadline);
        sim__event_free(s, request);
        return;
    }
    int64_t at = s->now + travel(s, i, e->service, false);
    request->side = LOSS_NONE;
    if (lost(s, e->service, 0, i->host))
        request->side = LOSS_ANSWER;
    if (at >= request->deadline) {
        request->side = LOSS_ANSWERED;
        answer_at(i, request, ANSWER_UNKNOWN, ERROR_TIMEOUT, request->deadline);
    }
    sim__push(s, request, at);
}

/* Sees to it that leases end in time. */
static void expire_in_time(struct sim *s)
{
    struct engines *g = &s->engines;
    int64_t next = registry_next_expiry(g->registry);
    if (next == WHEEL_NEVER || (g->expiry != 0 && g->expiry <= next))
        return;
    g->expiry = next;
    sim__push(s, sim__event(s, EVENT_EXPIRE, 0), next);
}

static void execute_request(struct sim *s, const struct event *e)
{
    struct sim_instance *i = e->instance;
    enum service service = (enum service)e->from;
    if (!remote(service) && (!i->alive || i->incarnation != e->incarnation))
        return; /* it would have happened inside the process that is gone */
    enum answer answer = ANSWER_NO;
    int error = ERROR_DISK;
    bool away = service == SERVICE_STORE && sim__weather(s, SIM_FAULT_STORE_AWAY, ALWAYS);
    if (away)
        error = ERROR_UNREACHABLE;
    if (away || (service == SERVICE_STORE && sim__weather(s, SIM_FAULT_STORE_FAILING, FAILS)))
        buffer_clear(&s->engines.answer);
    else
        answer = execute(s, &error, service, i->host, slice_text(i->name), slice_of(e->bytes, e->length));
    if (service == SERVICE_REGISTRY) {
        expire_in_time(s);
        sim__watch_news(s);
    }
    if (e->side == LOSS_ANSWERED)
        return;
    int64_t at = s->now + travel(s, i, service, true);
    if (e->side == LOSS_ANSWER || at > e->deadline)
        answer_at(i, e, ANSWER_UNKNOWN, ERROR_TIMEOUT, e->deadline);
    else
        answer_at(i, e, answer, error, at);
}

void sim__engine_event(struct sim *s, struct event *e)
{
    switch (e->kind) {
    case EVENT_APPEND:
        append_again(s, e);
        return;
    case EVENT_EXECUTE:
        execute_request(s, e);
        break;
    case EVENT_SYNC:
        sync_now(s, e->to);
        break;
    case EVENT_DISK:
        files_memory_limit(s->hosts[e->to].files, 0);
        break;
    default: /* EVENT_EXPIRE */
        s->engines.expiry = 0;
        registry_expire(s->engines.registry, s->now);
        expire_in_time(s);
        sim__watch_news(s);
    }
    sim__event_free(s, e);
}

enum answer sim_ask(
    struct sim *s, struct buffer *answer, enum service service, struct sim_instance *i, struct slice request)
{
    int error;
    unsigned host = i != NULL ? i->host : 0;
    enum answer result =
        execute(s, &error, service, host, i != NULL ? slice_text(i->name) : SLICE(""), request);
    buffer_add(answer, buffer_slice(&s->engines.answer));
    if (service == SERVICE_REGISTRY) {
        expire_in_time(s);
        sim__watch_news(s);
    }
    return result;
}
