/* bench-registry SECONDS FOLDER ADDRESS...: one role that decides one thing after the other by
 * compare-and-set on etcd. Prints the median and the 99th percentile in ms, the longest time without a
 * decision in ms, CPU per decision in µs, and how many there were. A line on standard input begins what is
 * measured anew. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/engines.h"
#include "world/real/real_int.h"

#define KEY "bench"
#define MOST 1000000

static struct {
    struct world *world;
    uint64_t token, revision;
    bool sets;
    int64_t asked, last, silence; /* µs */
    int64_t *waits;
    size_t count;
    struct real_loop *loop;
} bench;

static void ask(const Tandem__RegistryRequest *m)
{
    struct buffer packed = {.data = NULL};
    pack_add(&packed, &m->base);
    bench.asked = real_now(bench.loop);
    world_ask(bench.world, SERVICE_REGISTRY, buffer_slice(&packed), OBJECT(1, 1), ++bench.token,
        bench.asked + 1000000);
    buffer_free(&packed);
}

static void read_again(void)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange r = TANDEM__REGISTRY_RANGE__INIT;
    r.prefix = (char *)(uintptr_t)KEY;
    r.has_exact = r.exact = true;
    m.range = &r;
    bench.sets = false;
    ask(&m);
}

static void decide(void)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet s = TANDEM__REGISTRY_SET__INIT;
    s.key = (char *)(uintptr_t)KEY;
    s.expected_revision = bench.revision;
    s.has_value = true;
    s.value = pack_bytes(SLICE("view 17, primary node-1a, in step"));
    m.set = &s;
    bench.sets = true;
    ask(&m);
}

static void answered(const struct input *in)
{
    struct arena arena = {.chunks = NULL};
    int64_t now = real_now(bench.loop);
    const Tandem__RegistryAnswer *a = pack_read(&tandem__registry_answer__descriptor, in->bytes, &arena);
    if (in->answer == ANSWER_YES && bench.sets && bench.count < MOST) {
        bench.waits[bench.count++] = now - bench.asked;
        if (now - bench.last > bench.silence)
            bench.silence = now - bench.last;
        bench.last = now;
        bench.revision = a->revision;
        decide();
    } else if (in->answer == ANSWER_YES && !bench.sets) {
        bench.revision = a->n_entries == 1 ? a->entries[0]->revision : 0;
        decide();
    } else {
        read_again();
    }
    arena_free(&arena);
}

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    (void)setup;
    *self = &bench;
    bench.world = world;
    return 0;
}

static void close_h(void *self)
{
    (void)self;
}

static void input_h(void *self, const struct input *in)
{
    (void)self;
    if (in->kind == INPUT_ANSWER && in->token == bench.token)
        answered(in);
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static bool asked_to_begin(void)
{
    char line[64];
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&in, 1, 0) == 1 && read(STDIN_FILENO, line, sizeof line) > 0;
}

static double begin(void)
{
    bench.last = real_now(bench.loop);
    bench.silence = 0;
    bench.count = 0;
    return cpu();
}

int main(int argc, char **argv)
{
    static const struct real_params none;
    static const struct role role = {.name = "bench", .open = open_h, .close = close_h, .input = input_h};
    static struct slice addresses[16];
    struct real_engines *engines;
    struct real_instance *instance;
    if (argc < 4 || argc > 19)
        return 2;
    struct real_engines_params params = {.data = argv[2], .cluster = "bench"};
    for (int i = 3; i < argc; i++)
        addresses[i - 3] = slice_text(argv[i]);
    params.registry = (struct real_server){.addresses = addresses, .count = (size_t)argc - 3};
    bench.waits = calloc(MOST, sizeof *bench.waits);
    if (real_open(&bench.loop, &none) != 0 || real_engines_open(&engines, bench.loop, &params) != 0)
        return 2;
    if (real_add_instance(&instance, bench.loop, &role, &(struct role_setup){.name = SLICE("bench")}, NULL) !=
        0)
        return 2;
    world_turn_begin(bench.world, real_now(bench.loop));
    read_again();
    world_turn_end(bench.world);
    while (bench.count < 20) /* connections are there */
        real__round(bench.loop, 1000);
    double used = begin();
    int64_t end = real_now(bench.loop) + atoll(argv[1]) * 1000000;
    while (real_now(bench.loop) < end) {
        real__round(bench.loop, 1000);
        if (asked_to_begin())
            used = begin();
    }
    used = cpu() - used;
    if (real_now(bench.loop) - bench.last > bench.silence)
        bench.silence = real_now(bench.loop) - bench.last;
    qsort(bench.waits, bench.count, sizeof *bench.waits, by_size);
    printf("%.3f %.3f %.1f %.1f %zu\n", (double)bench.waits[bench.count / 2] / 1000,
        (double)bench.waits[bench.count * 99 / 100] / 1000, (double)bench.silence / 1000,
        used / (double)(bench.count != 0 ? bench.count : 1), bench.count);
    real_engines_close(engines);
    real_close(bench.loop);
    return 0;
}
