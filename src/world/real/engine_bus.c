/* The bus in the process: a table of who hears what; what is published is delivered at once. */
#include "base/log.h"
#include "base/mem.h"
#include "world/real/engines_int.h"

/* Bytes that wait for the instances of a loop; past that the bus loses. */
#define BUS_MOST ((size_t)64 << 20)

struct embedded {
    struct real_loop *loop;
    struct bus *bus;
};

static void publish_h(void *self, struct real_instance *from, struct slice subject, struct slice bytes)
{
    struct embedded *g = self;
    const struct bus_hit *hits;
    size_t count;
    if (bus_match(&hits, &count, g->bus, subject) != 0) {
        LOG(LOG_ERROR, "world", "%.*s publishes on \"%.*s\", which is no subject; report this",
            SLICE_ARG(real_instance_name(from)), SLICE_ARG(subject));
        return;
    }
    for (size_t h = 0; h < count; h++) {
        if (g->loop->owed > BUS_MOST) {
            from->world.counters.values[COUNTER_BUS_DROPPED]++;
            continue;
        }
        struct input input = {.kind = INPUT_BUS, .token = hits[h].token, .name = subject, .bytes = bytes};
        real_deliver(hits[h].subscriber, &input);
    }
}

static void subscribe_h(void *self, struct real_instance *i, uint64_t token, struct slice pattern)
{
    struct embedded *g = self;
    if (bus_subscribe(g->bus, i, token, pattern) != 0)
        LOG(LOG_ERROR, "world", "%.*s subscribes to \"%.*s\", which is no pattern; report this",
            SLICE_ARG(real_instance_name(i)), SLICE_ARG(pattern));
}

static void leave_h(void *self, struct real_instance *i)
{
    bus_leave(((struct embedded *)self)->bus, i);
}

static void close_h(void *self)
{
    struct embedded *g = self;
    bus_close(g->bus);
    mem_free(g);
}

int real__bus_embedded(
    struct real_bus *out, struct real_engines *engines, const struct real_engines_params *p)
{
    struct embedded *g = mem_zero(sizeof *g);
    (void)p;
    *g = (struct embedded){engines->loop, bus_open()};
    *out = (struct real_bus){g, publish_h, subscribe_h, leave_h, close_h};
    return 0;
}
