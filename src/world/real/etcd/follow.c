/* Keeps the view of all keys current, and tells those who watch: a stream of events, and each second a look
 * at everything, which finds what the stream did not say. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/registry.h"
#include "world/real/etcd/etcd_int.h"
#include "world/real/etcd/request.h"

#define SWALLOWED_MOST 2 /* looks in a row that found something while the stream said nothing */
#define LOOK_SHARE 1000  /* for each so many keys, looks are an interval further apart */

static void change_h(void *argument, const struct etcd_entry *entry)
{
    struct etcd *e = argument;
    list_for_each (link, &e->watches) {
        const struct etcd_watch *w = list_entry(link, struct etcd_watch, link);
        if (w->told && slice_starts(entry->key, w->prefix))
            etcd__news_add(e, w->number, entry);
    }
}

void etcd__follow_open(struct etcd *e)
{
    list_init(&e->watches);
    e->view.change_h = change_h;
    e->view.argument = e;
}

/* ---- the look ---- */

struct beginner {
    struct etcd *etcd;
    uint64_t number;
};

static void beginner_h(void *argument, const struct etcd_entry *entry)
{
    const struct beginner *b = argument;
    etcd__news_add(b->etcd, b->number, entry);
}

/* What they watched was asked for after they had come: nothing that was decided before is missing. */
static void tell_beginners(struct etcd *e)
{
    list_for_each (link, &e->watches) {
        struct etcd_watch *w = list_entry(link, struct etcd_watch, link);
        if (w->told || !w->covered)
            continue;
        struct beginner b = {e, w->number};
        w->told = true;
        etcd__view_tell(&e->view, w->prefix, beginner_h, &b);
    }
}

static void end_stream(struct etcd *e, int64_t again)
{
    if (e->stream == NULL)
        return;
    e->stream_avoid = 1U << (e->stream->endpoint - e->endpoints);
    etcd__transfer_release(e->stream);
    e->stream = NULL;
    e->stream_runs = false;
    e->stream_at = again;
    e->busy = true;
}

static void compare(struct etcd *e, const struct etcd_operation *o)
{
    bool first = e->view.revision == 0;
    size_t differences = etcd__view_look(&e->view, o->entries, o->count, o->revision);
    if (differences == 0 || first || !e->stream_runs) {
        e->swallowed = differences == 0 ? 0 : e->swallowed;
        return;
    }
    if (++e->swallowed < SWALLOWED_MOST)
        return;
    LOG(LOG_WARNING, "world", "registry: the stream of changes from %s is silent; another one is begun",
        e->stream->endpoint->url);
    e->swallowed = 0;
    end_stream(e, 0);
}

static void look_done(struct etcd_job *job)
{
    struct etcd *e = job->etcd;
    const struct etcd_operation *o = &job->operation;
    bool good = o->answer == ANSWER_YES;
    e->look = NULL;
    if (good) {
        compare(e, o);
        tell_beginners(e);
    } else if (o->error == ERROR_LIMIT) {
        LOG(LOG_ERROR, "world", "registry: more than %d keys, or too large ones, begin with \"%s/\"",
            REGISTRY_KEYS, e->cluster_name);
    }
    bool waits = false;
    list_for_each (link, &e->watches)
        waits = waits || !list_entry(link, struct etcd_watch, link)->told;
    int64_t pause = timer_duration(TIMER_REGISTRY_LOOK) * (int64_t)(1 + e->view.count / LOOK_SHARE);
    if (!good)
        pause = timer_duration(TIMER_REGISTRY_AGAIN);
    e->look_at = good && waits ? 0 : etcd__now() + pause;
    e->busy = true;
}

static void look(struct etcd *e, int64_t now)
{
    e->look = etcd__job_new(e, now + timer_duration(TIMER_ASK), look_done);
    etcd__operation_look(&e->look->operation, e->cluster);
    list_for_each (link, &e->watches)
        list_entry(link, struct etcd_watch, link)->covered = true;
}

/* ---- the stream ---- */

/* All events of a line, or none. */
static bool read_events(struct etcd *e, const json_t *list, struct arena *arena)
{
    size_t count = json_array_size(list);
    struct etcd_entry *events = arena_alloc(arena, count * sizeof *events);
    bool *own = arena_zero(arena, count * sizeof *own);
    uint64_t reached = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *event = json_array_get(list, i), *type = json_object_get(event, "type");
        bool gone = json_is_string(type) && strcmp(json_string_value(type), "DELETE") == 0;
        if (type != NULL && !gone)
            return false;
        if (!etcd__entry_read(&events[i], &own[i], json_object_get(event, "kv"), gone, e->cluster, arena) ||
            events[i].revision < reached)
            return false;
        reached = events[i].revision;
    }
    for (size_t i = 0; i < count; i++)
        if (!own[i])
            etcd__view_event(&e->view, &events[i]);
    etcd__view_reached(&e->view, reached);
    if (count > 0)
        e->swallowed = 0;
    return e->view.count <= REGISTRY_KEYS;
}

/* False: this stream is not to be followed any longer. */
static bool read_line(struct etcd *e, struct slice line)
{
    struct etcd_answer a;
    struct arena arena = {.chunks = NULL};
    etcd__answer_read(&a, 200, line);
    bool good = etcd__endpoint_trusted(e->stream->endpoint, &a) && a.tone == ETCD_SAID &&
                !etcd__true(a.said, "canceled");
    if (good && etcd__true(a.said, "created"))
        e->stream_runs = true;
    good = good && read_events(e, json_object_get(a.said, "events"), &arena);
    arena_free(&arena);
    etcd__answer_free(&a);
    return good;
}

static void stream_done(struct etcd_transfer *t, CURLcode code, long status)
{
    struct etcd *e = t->etcd;
    char why[ETCD_WHY];
    (void)status;
    if (code != CURLE_OK && !t->too_large) {
        etcd__why_lost(why, t, code);
        etcd__endpoint_lost(t->endpoint, why);
    }
    end_stream(e, etcd__now() + timer_duration(TIMER_REGISTRY_PACE));
}

static void data_h(struct etcd_transfer *t)
{
    t->etcd->busy = true; /* taken in the next tick: curl must not be called from here */
}

static void begin_stream(struct etcd *e, int64_t now)
{
    struct etcd_endpoint *p = etcd__endpoint_choose(e, e->stream_avoid);
    if (p == NULL)
        p = etcd__endpoint_choose(e, 0);
    if (p == NULL)
        return;
    e->stream = etcd__transfer_new(e, p);
    e->stream->done_h = stream_done;
    e->stream->data_h = data_h;
    e->stream_until = now + timer_duration(TIMER_REGISTRY_PROOF);
    e->stream_avoid = 0;
    etcd__watch_body(&e->stream->body, e->cluster, e->view.revision + 1);
    etcd__transfer_begin(e->stream, "/v3/watch", 0, false);
}

static void follow_stream(struct etcd *e, int64_t now)
{
    struct buffer *in = &e->stream->answer;
    struct slice rest = buffer_slice(in);
    for (ptrdiff_t end; (end = slice_find(rest, '\n')) >= 0; rest = slice_from(rest, (size_t)end + 1)) {
        if (read_line(e, slice_first(rest, (size_t)end)))
            continue;
        e->look_at = 0; /* what it would have said is found that way, and the next one begins behind it */
        end_stream(e, now + timer_duration(TIMER_REGISTRY_PACE));
        return;
    }
    buffer_consume(in, in->length - rest.length);
    if (!e->stream->endpoint->proved || (!e->stream_runs && now >= e->stream_until))
        end_stream(e, 0);
}

/* ---- called by the thread ---- */

void etcd__follow_watch(struct etcd *e, const struct etcd_command *c)
{
    struct etcd_watch *w = mem_zero(sizeof *w + c->bytes.length);
    w->number = c->number;
    w->prefix = slice_of(slice_put(w + 1, c->bytes), c->bytes.length);
    list_append(&e->watches, &w->link);
    e->look_at = 0;
}

void etcd__follow_leave(struct etcd *e, uint64_t number)
{
    list_for_each_safe (link, next, &e->watches) {
        struct etcd_watch *w = list_entry(link, struct etcd_watch, link);
        if (w->number != number)
            continue;
        list_remove(&w->link);
        mem_free(w);
    }
}

void etcd__follow_tick(struct etcd *e, int64_t now)
{
    if (e->stream != NULL)
        follow_stream(e, now);
    if (e->look == NULL && e->look_at <= now)
        look(e, now);
    if (e->stream == NULL && e->view.revision != 0 && e->look_at != 0 && e->stream_at <= now)
        begin_stream(e, now);
}

int64_t etcd__follow_next(const struct etcd *e)
{
    int64_t next = INT64_MAX, now = etcd__now();
    const int64_t times[] = {e->look == NULL ? e->look_at : 0, e->stream == NULL ? e->stream_at : 0,
        e->stream != NULL && !e->stream_runs ? e->stream_until : 0};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i] > now && times[i] < next)
            next = times[i];
    return next;
}

void etcd__follow_free(struct etcd *e)
{
    struct list *first;
    while ((first = list_first(&e->watches)) != NULL) {
        list_remove(first);
        mem_free(list_entry(first, struct etcd_watch, link));
    }
    etcd__view_free(&e->view);
}
