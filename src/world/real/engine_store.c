/* The store in the process: requests that write go to one thread, in order; requests that only read to
 * another one, so that no question waits behind a long write. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/engines_int.h"

#define WAITING_MOST ((size_t)32 << 20) /* bytes of requests that wait */

struct embedded {
    struct real_loop *loop;
    struct store *writer, *reader;
    struct real_pool *writer_thread, *reader_thread;
    _Atomic size_t bytes; /* of requests that wait or run */
};

struct request {
    struct embedded *of;
    struct store *store;
    uint64_t handle;
    size_t length;
    char bytes[];
};

static void work_h(void *argument, bool dropped)
{
    struct request *r = argument;
    struct buffer bytes = {.data = NULL};
    int error = ERROR_CLOSED;
    enum answer answer = ANSWER_NO;
    if (!dropped)
        answer = store_run(&bytes, &error, r->store, slice_of(r->bytes, r->length));
    atomic_fetch_sub(&r->of->bytes, r->length);
    real_answer(r->of->loop, r->handle, answer, error, buffer_slice(&bytes));
    buffer_free(&bytes);
    mem_free(r);
}

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    struct embedded *g = self;
    bool reads = store_request_reads(request);
    (void)deadline;
    if (atomic_load(&g->bytes) + request.length > WAITING_MOST) {
        real_answer(l, handle, ANSWER_NO, ERROR_OVERLOADED, (struct slice){0});
        return;
    }
    struct request *r = mem_alloc(sizeof *r + request.length);
    *r = (struct request){
        .of = g, .store = reads ? g->reader : g->writer, .handle = handle, .length = request.length};
    slice_put(r->bytes, request);
    atomic_fetch_add(&g->bytes, r->length);
    int error = real_pool_run(reads ? g->reader_thread : g->writer_thread, work_h, r);
    if (error == 0)
        return;
    atomic_fetch_sub(&g->bytes, r->length);
    mem_free(r);
    real_answer(l, handle, ANSWER_NO, error, (struct slice){0});
}

static enum answer now_h(void *self, struct buffer *bytes, int *error, struct slice request)
{
    return store_run(bytes, error, ((struct embedded *)self)->writer, request);
}

/* Requests that wait are answered with no: they were not done. */
static void close_h(void *self)
{
    struct embedded *g = self;
    if (g->writer_thread != NULL)
        real_pool_close(g->writer_thread);
    if (g->reader_thread != NULL)
        real_pool_close(g->reader_thread);
    if (atomic_load(&g->bytes) != 0)
        LOG(LOG_ERROR, "world", "%zu bytes of questions to the store were never answered; report this",
            g->bytes);
    if (g->reader != NULL)
        store_close(g->reader);
    if (g->writer != NULL)
        store_close(g->writer);
    mem_free(g);
}

int real__store_embedded(
    struct real_store *out, struct real_engines *engines, const struct real_engines_params *p)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/store.db", p->data) >= (int)sizeof path)
        return ERROR_LIMIT;
    struct embedded *g = mem_zero(sizeof *g);
    *out = (struct real_store){g, now_h, close_h};
    g->loop = engines->loop;
    int error = store_open(&g->writer, &(struct store_options){.path = path, .full_sync = true});
    if (error == 0)
        error = store_open(&g->reader, &(struct store_options){.path = path, .read_only = true});
    if (error != 0)
        return error;
    g->writer_thread = real_pool_open(1);
    g->reader_thread = real_pool_open(1);
    real_set_service(g->loop, SERVICE_STORE, (struct real_service){g, ask_h});
    return 0;
}
