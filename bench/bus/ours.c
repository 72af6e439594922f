/* The bus as roles use it, on NATS: ours publish|answer|ask ADDRESS FOLDER COUNT
 *
 * publish  COUNT messages of 200 bytes; prints the CPU seconds of the whole process for them
 * answer   gives back on "answer" what comes on "ask", until it is killed; prints a line when it listens
 * ask      COUNT questions, one after the other; prints the median of the round trips in ms */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "world/real/nats/carrier_int.h"
#include "world/real/real_int.h"

#define BYTES 200
#define BATCH 20 /* messages of a turn */

static struct world *world;
static size_t heard, wanted;
static bool answers;

static int open_h(void **self, struct world *w, const struct role_setup *setup)
{
    (void)setup;
    *self = world = w;
    return 0;
}

static void close_h(void *self)
{
    (void)self;
}

static void input_h(void *self, const struct input *input)
{
    (void)self;
    if (input->kind != INPUT_BUS)
        return;
    heard++;
    if (answers)
        world_publish(world, SLICE("answer"), input->bytes);
}

static const struct role role = {.name = "bench", .open = open_h, .close = close_h, .input = input_h};

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static size_t waiting(struct real_engines *g)
{
    struct carrier *c = g->bus.self;
    pthread_mutex_lock(&c->lock);
    size_t out = c->out;
    pthread_mutex_unlock(&c->lock);
    return out;
}

static void publish(struct real_loop *l, const char *subject, size_t count)
{
    static char bytes[BYTES];
    world_turn_begin(world, real_now(l));
    for (size_t i = 0; i < count; i++)
        world_publish(world, slice_text(subject), slice_of(bytes, sizeof bytes));
    world_turn_end(world);
}

static void subscribe(struct real_loop *l, const char *pattern)
{
    world_turn_begin(world, real_now(l));
    world_subscribe(world, slice_text(pattern), 1);
    world_turn_end(world);
}

/* One message to ourselves is back: everything before it has been done. */
static void settle(struct real_loop *l, const char *subject)
{
    for (size_t before = heard, i = 0; heard == before; i++) {
        if (i % 100 == 0)
            publish(l, subject, 1);
        real__round(l, 1000);
    }
}

static void run_publish(struct real_loop *l, struct real_engines *g, size_t count)
{
    settle(l, "bench.self");
    double before = cpu();
    for (size_t i = 0; i < count; i += BATCH) {
        publish(l, "bench.count", BATCH);
        if (i % 2000 == 0)
            for (real__round(l, 0); waiting(g) > CARRIER_OUT / 4;)
                real__round(l, 200);
    }
    while (waiting(g) > 0)
        real__round(l, 1000);
    printf("%.4f\n", cpu() - before);
}

static int by_size(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return first < second ? -1 : first > second;
}

static void run_ask(struct real_loop *l, size_t count)
{
    int64_t *times = malloc(count * sizeof *times);
    settle(l, "ask");
    for (int i = 0; i < 50; i++)
        real__round(l, 2000);
    for (size_t i = 0; i < count; i++) {
        size_t before = heard;
        int64_t begun = carrier__now();
        publish(l, "ask", 1);
        while (heard == before)
            real__round(l, 100000);
        times[i] = carrier__now() - begun;
    }
    qsort(times, count, sizeof *times, by_size);
    printf("%.4f\n", (double)times[count / 2] / 1e3);
    free(times);
}

int main(int argc, char **argv)
{
    static const struct real_params none;
    struct real_loop *l;
    struct real_engines *g;
    struct real_instance *instance;
    if (argc != 5)
        return 2;
    log_threshold = LOG_WARNING;
    struct slice address = slice_text(argv[2]);
    struct real_engines_params params = {
        .data = argv[3], .bus = {.addresses = &address, .count = 1}, .cluster = "tandem"};
    struct role_setup setup = {.name = slice_text(argv[1])};
    if (real_open(&l, &none) != 0 || real_engines_open(&g, l, &params) != 0 ||
        real_add_instance(&instance, l, &role, &setup, NULL) != 0)
        return 1;
    wanted = strtoul(argv[4], NULL, 10);
    if (strcmp(argv[1], "publish") == 0) {
        subscribe(l, "bench.self");
        run_publish(l, g, wanted);
    } else if (strcmp(argv[1], "ask") == 0) {
        subscribe(l, "answer");
        run_ask(l, wanted);
    } else {
        subscribe(l, "ask");
        settle(l, "ask");
        answers = true;
        puts("listens");
        fflush(stdout);
        for (;;)
            real__round(l, 100000);
    }
    real_engines_close(g);
    real_close(l);
    return 0;
}
