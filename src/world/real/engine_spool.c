/* The spool: written as turns are committed (so a killed process loses nothing that it promised), synced in
 * groups by a thread (so a machine that stops loses at most the last moment). What the disk does not take is
 * kept and tried again, in order. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/engines_int.h"

#define HELD_MOST ((size_t)16 << 20) /* bytes of appends that wait for the disk */

struct held {
    struct list link;
    uint64_t number;
    struct slice instance, stream, bytes;
    char room[];
};

/* ---- syncing ---- */

static void sync_soon(struct real_engines *g, enum timer when)
{
    if (!wheel_runs(&g->spool_sync.wheel))
        real__timer_set(g->loop, &g->spool_sync, when);
}

static void synced_h(struct real_loop *l, void *engines)
{
    struct real_engines *g = engines;
    struct spool_sync *sync = g->syncing;
    (void)l;
    g->syncing = NULL;
    if (spool_sync_end(g->spool, sync) != 0)
        sync_soon(g, TIMER_DISK_AGAIN);
}

static void sync_work_h(void *engines, bool dropped)
{
    struct real_engines *g = engines;
    (void)dropped; /* at the end as well */
    spool_sync_run(g->syncing);
    real_post(g->loop, synced_h, g);
}

static void sync_h(struct real_timer *t)
{
    struct real_engines *g = list_entry(t, struct real_engines, spool_sync);
    if (g->syncing != NULL) { /* the disk is slow: what came meanwhile goes with the next group */
        sync_soon(g, TIMER_DISK_SYNC);
        return;
    }
    g->syncing = spool_sync_begin(g->spool);
    if (g->syncing != NULL && real_pool_run(g->spool_thread, sync_work_h, g) != 0)
        sync_work_h(g, false); /* without a thread the loop waits */
}

/* ---- appending ---- */

static void hold(
    struct real_engines *g, struct slice instance, struct slice stream, uint64_t number, struct slice bytes)
{
    size_t size = instance.length + stream.length + bytes.length;
    if (size > HELD_MOST - g->held_bytes) {
        LOG(LOG_ERROR, "world",
            "record %llu of %.*s/%.*s is lost: the spool's disk takes nothing and memory is full",
            (unsigned long long)number, SLICE_ARG(instance), SLICE_ARG(stream));
        return;
    }
    struct held *h = mem_zero(sizeof *h + size);
    h->number = number;
    h->instance = slice_of(slice_put(h->room, instance), instance.length);
    h->stream = slice_of(slice_put(h->room + instance.length, stream), stream.length);
    h->bytes = slice_of(h->room + instance.length + stream.length, bytes.length);
    slice_put(h->room + instance.length + stream.length, bytes);
    list_append(&g->held, &h->link);
    g->held_bytes += size;
    if (!wheel_runs(&g->spool_again.wheel))
        real__timer_set(g->loop, &g->spool_again, TIMER_DISK_AGAIN);
}

static void release(struct real_engines *g, struct held *h)
{
    list_remove(&h->link);
    g->held_bytes -= h->instance.length + h->stream.length + h->bytes.length;
    mem_free(h);
}

/* False: the disk does not take it now. What no second attempt will change is logged and given up. */
static bool append(
    struct real_engines *g, struct slice instance, struct slice stream, uint64_t number, struct slice bytes)
{
    int error = spool_append(g->spool, instance, stream, number, bytes);
    if (error == ERROR_DISK)
        return false;
    if (error != 0)
        LOG(LOG_ERROR, "world", "record %llu of %.*s/%.*s is refused by the spool: %s",
            (unsigned long long)number, SLICE_ARG(instance), SLICE_ARG(stream), error_sentence(error));
    else
        sync_soon(g, TIMER_DISK_SYNC);
    return true;
}

static void append_held(struct real_engines *g)
{
    struct list *link;
    while ((link = list_first(&g->held)) != NULL) {
        struct held *h = list_entry(link, struct held, link);
        if (!append(g, h->instance, h->stream, h->number, h->bytes))
            break;
        release(g, h);
    }
}

static void again_h(struct real_timer *t)
{
    struct real_engines *g = list_entry(t, struct real_engines, spool_again);
    append_held(g);
    if (!list_empty(&g->held))
        real__timer_set(g->loop, t, TIMER_DISK_AGAIN);
}

void real__append(
    void *engines, struct real_instance *i, struct slice stream, uint64_t number, struct slice bytes)
{
    struct real_engines *g = engines;
    struct slice instance = real_instance_name(i);
    if (!list_empty(&g->held) || !append(g, instance, stream, number, bytes))
        hold(g, instance, stream, number, bytes);
}

/* ---- asking, beginning, end ---- */

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    struct real_engines *g = self;
    int error = 0;
    (void)deadline;
    buffer_clear(&g->answer);
    enum answer answer =
        spool_ask(&g->answer, &error, g->spool, real_instance_name(real_asker(l, handle)), request);
    real_answer(l, handle, answer, error, buffer_slice(&g->answer));
}

int real__spool_open(struct real_engines *g, const char *data)
{
    char folder[4096];
    g->spool_sync.due_h = sync_h;
    g->spool_again.due_h = again_h;
    if (snprintf(folder, sizeof folder, "%s/spool", data) >= (int)sizeof folder)
        return ERROR_LIMIT;
    int error = files_open_real(&g->spool_files, folder);
    if (error == 0)
        error = spool_check(g->spool_files);
    if (error != 0)
        return error;
    g->spool = spool_open(g->spool_files);
    g->spool_thread = real_pool_open(1);
    real_set_service(g->loop, SERVICE_SPOOL, (struct real_service){g, ask_h});
    return 0;
}

static void sync_all(struct real_engines *g)
{
    append_held(g);
    struct spool_sync *sync = spool_sync_begin(g->spool);
    if (sync != NULL) {
        spool_sync_run(sync);
        if (spool_sync_end(g->spool, sync) != 0)
            LOG(LOG_WARNING, "world", "the last records of the spool may not be on the disk");
    }
}

void real__spool_close(struct real_engines *g)
{
    if (g->spool_thread != NULL)
        real_pool_close(g->spool_thread);
    real_run_mail(g->loop); /* what the thread has posted is ours */
    if (g->spool != NULL)
        sync_all(g);
    real__timer_clear(g->loop, &g->spool_sync);
    real__timer_clear(g->loop, &g->spool_again);
    while (!list_empty(&g->held))
        release(g, list_entry(g->held.next, struct held, link));
    if (g->spool != NULL)
        spool_close(g->spool);
    if (g->spool_files != NULL)
        files_close(g->spool_files);
}
