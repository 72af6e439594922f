#include "world/real/engines.h"

#include "base/error.h"
#include "base/mem.h"
#include "world/real/engines_int.h"

static void offer(struct real_engines *g)
{
    real_set_engine(g->loop, &(struct real_engine){.self = g,
                                 .publish = real__publish,
                                 .subscribe = real__subscribe,
                                 .watch = real__watch,
                                 .append = real__append,
                                 .gone = real__leave});
}

int real_engines_open(struct real_engines **out, struct real_loop *l, const char *data)
{
    struct real_engines *g = mem_zero(sizeof *g);
    g->loop = l;
    list_init(&g->held);
    int error = real__registry_open(g, data);
    if (error == 0)
        error = real__spool_open(g, data);
    if (error == 0)
        error = real__store_open(g, data);
    if (error != 0) {
        real_engines_close(g);
        return error;
    }
    offer(g);
    *out = g;
    return 0;
}

void real_engines_close(struct real_engines *g)
{
    static const enum service ours[] = {SERVICE_REGISTRY, SERVICE_SPOOL, SERVICE_STORE};
    real_set_engine(g->loop, &(struct real_engine){.self = NULL});
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        real_set_service(g->loop, ours[i], (struct real_service){.self = NULL});
    real__store_close(g);
    real__spool_close(g);
    real__registry_close(g);
    buffer_free(&g->answer);
    arena_free(&g->arena);
    mem_free(g);
}
