/* The store: requests that write go to one thread, in order; requests that only read to another one, so that
 * no question waits behind a long write. */
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "world/real/engines_int.h"

#define WAITING_MOST ((size_t)32 << 20) /* bytes of requests that wait */

struct request {
    struct real_engines *engines;
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
    atomic_fetch_sub(&r->engines->store_bytes, r->length);
    real_answer(r->engines->loop, r->handle, answer, error, buffer_slice(&bytes));
    buffer_free(&bytes);
    mem_free(r);
}

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    struct real_engines *g = self;
    bool reads = store_request_reads(request);
    (void)deadline;
    if (atomic_load(&g->store_bytes) + request.length > WAITING_MOST) {
        real_answer(l, handle, ANSWER_NO, ERROR_OVERLOADED, (struct slice){0});
        return;
    }
    struct request *r = mem_alloc(sizeof *r + request.length);
    *r = (struct request){
        .engines = g, .store = reads ? g->reader : g->writer, .handle = handle, .length = request.length};
    slice_put(r->bytes, request);
    atomic_fetch_add(&g->store_bytes, r->length);
    int error = real_pool_run(reads ? g->reader_thread : g->writer_thread, work_h, r);
    if (error == 0)
        return;
    atomic_fetch_sub(&g->store_bytes, r->length);
    mem_free(r);
    real_answer(l, handle, ANSWER_NO, error, (struct slice){0});
}

int real__store_open(struct real_engines *g, const char *data)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/store.db", data) >= (int)sizeof path)
        return ERROR_LIMIT;
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

enum answer real_engines_store(struct real_engines *g, struct buffer *bytes, int *error, struct slice request)
{
    return store_run(bytes, error, g->writer, request);
}

/* Requests that wait are answered with no: they were not done. */
void real__store_close(struct real_engines *g)
{
    if (g->writer_thread != NULL)
        real_pool_close(g->writer_thread);
    if (g->reader_thread != NULL)
        real_pool_close(g->reader_thread);
    if (g->reader != NULL)
        store_close(g->reader);
    if (g->writer != NULL)
        store_close(g->writer);
}
