/* Any bytes as a request to the registry or the store, and as the registry's journal: an answer comes, a no
 * has an error, and a registry that opens again after a request tells the same. */
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/bus.h"
#include "engine/record.h"
#include "engine/registry.h"
#include "engine/store/store.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static void nothing(void *argument, enum log_level level, const char *line, size_t length)
{
    (void)argument;
    (void)level;
    (void)line;
    (void)length;
}

static void check_answer(enum answer answer, int error)
{
    must((answer == ANSWER_YES) == (error == 0));
    must(error_symbol(error)[0] != '\0');
}

/* Everything that is there, as an answer. */
static struct buffer content(struct registry *r)
{
    struct buffer request = {0}, bytes = {0};
    int error;
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange range = TANDEM__REGISTRY_RANGE__INIT;
    range.prefix = (char *)(uintptr_t) "";
    m.range = &range;
    pack_add(&request, &m.base);
    must(registry_ask(&bytes, &error, r, buffer_slice(&request), 0) == ANSWER_YES);
    buffer_free(&request);
    return bytes;
}

static bool same_entries(struct slice one, struct slice other)
{
    struct arena arena = {0};
    struct buffer packed[2] = {{0}, {0}};
    struct slice both[2] = {one, other};
    for (int i = 0; i < 2; i++) {
        Tandem__RegistryAnswer *a = pack_read(&tandem__registry_answer__descriptor, both[i], &arena);
        a->has_revision = false; /* it jumps at each opening */
        pack_add(&packed[i], &a->base);
    }
    bool same = slice_equal(buffer_slice(&packed[0]), buffer_slice(&packed[1]));
    buffer_free(&packed[0]);
    buffer_free(&packed[1]);
    arena_free(&arena);
    return same;
}

/* The input is cut into requests, each with its length in a byte in front. */
static void ask_registry(struct registry *r, struct slice rest)
{
    static char watcher;
    int64_t now = 0;
    registry_watch(r, &watcher, 1, SLICE("a"));
    while (rest.length > 1) {
        size_t length = (unsigned char)rest.data[0];
        struct buffer bytes = {0};
        struct registry_change change;
        int error;
        rest = slice_from(rest, 1);
        enum answer answer = registry_ask(&bytes, &error, r, slice_first(rest, length), now);
        check_answer(answer, error);
        while (registry_next_change(r, &change))
            must(slice_starts(change.key, SLICE("a")));
        rest = slice_from(rest, length);
        buffer_free(&bytes);
    }
}

static void fuzz_registry(struct slice input)
{
    struct files *f = files_open_memory();
    struct registry *r;
    must(registry_open(&r, f, 0) == 0);
    ask_registry(r, input);
    struct buffer before = content(r);
    registry_close(r);
    must(registry_open(&r, f, 0) == 0);
    struct buffer after = content(r);
    must(same_entries(buffer_slice(&before), buffer_slice(&after)));
    registry_close(r);
    buffer_free(&before);
    buffer_free(&after);
    files_close(f);
}

/* Good records with any content, each with its length in a byte in front. */
static void fuzz_journal(struct slice input)
{
    struct files *f = files_open_memory();
    struct buffer records = {0};
    struct registry *r;
    struct file *file;
    for (uint64_t number = 1; input.length != 0; number++) {
        size_t length = (unsigned char)input.data[0];
        record_add(&records, number, slice_first(slice_from(input, 1), length));
        input = slice_from(input, 1 + length);
    }
    must(files_open(&file, f, SLICE("registry.journal"), true) == 0);
    must(files_append(file, buffer_slice(&records)) == 0);
    files_release(file);
    buffer_free(&records);
    if (registry_open(&r, f, 0) == 0) {
        struct buffer all = content(r);
        buffer_free(&all);
        registry_close(r);
    }
    files_close(f);
}

static void fuzz_store(struct slice input)
{
    static struct store *s; /* opening one costs more than a request */
    struct store_options options = {.path = ":memory:"};
    struct buffer bytes = {0};
    int error;
    if (s == NULL)
        must(store_open(&s, &options) == 0);
    enum answer answer = store_run(&bytes, &error, s, input);
    check_answer(answer, error);
    must(answer != ANSWER_UNKNOWN);
    (void)store_request_reads(input);
    buffer_free(&bytes);
}

static void fuzz_bus(struct slice input)
{
    static char subscriber;
    struct slice pattern;
    const struct bus_hit *hits;
    size_t count;
    uint64_t token = 0;
    struct bus *b = bus_open();
    struct slice rest = input;
    while (slice_cut(&rest, '\n', &pattern) && token < 64)
        (void)bus_subscribe(b, &subscriber, ++token, pattern);
    rest = input;
    while (slice_cut(&rest, '\n', &pattern)) {
        (void)bus_match(&hits, &count, b, pattern);
        for (size_t i = 1; i < count; i++)
            must(hits[i - 1].token < hits[i].token);
    }
    bus_leave(b, &subscriber);
    must(bus_match(&hits, &count, b, SLICE("a.b")) == 0 && count == 0);
    bus_close(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct slice input) = {fuzz_registry, fuzz_journal, fuzz_store, fuzz_bus};
    log_set_sink(nothing, NULL);
    if (size != 0)
        targets[data[0] % 4](slice_of(data + 1, size - 1));
    return 0;
}
