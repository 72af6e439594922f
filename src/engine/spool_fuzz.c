/* Any bytes as the file of a stream: it opens or says that it is damaged; what opens can be read through, its
 * numbers grow, it takes appends, and the next opening finds the same. */
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/record.h"
#include "engine/spool.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define INSTANCE SLICE("i")
#define STREAM SLICE("s")

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

/* Reads everything, in answers of a few bytes; returns how many records there are, or an error. */
static int64_t read_all(struct spool *s, uint64_t *last)
{
    struct arena arena = {0};
    int64_t count = 0;
    uint64_t from = 0;
    for (;;) {
        Tandem__SpoolRequest m = TANDEM__SPOOL_REQUEST__INIT;
        struct buffer request = {0}, bytes = {0};
        int error;
        m.stream = (char *)(uintptr_t) "s";
        m.has_read_from = m.has_read_bytes = true;
        m.read_from = from;
        m.read_bytes = 100;
        pack_add(&request, &m.base);
        enum answer answer = spool_ask(&bytes, &error, s, INSTANCE, buffer_slice(&request));
        arena_reset(&arena);
        const Tandem__SpoolAnswer *a =
            pack_read(&tandem__spool_answer__descriptor, buffer_slice(&bytes), &arena);
        buffer_free(&request);
        buffer_free(&bytes);
        if (answer != ANSWER_YES || a == NULL || a->n_records == 0) {
            must(answer == ANSWER_YES || error == ERROR_CORRUPT);
            *last = answer == ANSWER_YES ? a->last : 0;
            arena_free(&arena);
            return answer == ANSWER_YES ? count : error;
        }
        for (size_t i = 0; i < a->n_records; i++) {
            must(a->records[i]->number >= from && a->records[i]->number <= a->last);
            from = a->records[i]->number + 1;
            count++;
        }
    }
}

/* Chance does not find check sums: so the input is a recipe. A byte below 192 makes a good record of up to 63
 * following bytes (from 128 on after a jump of its number), another one copies up to 63 bytes as they are. */
static void cook(struct buffer *out, struct slice recipe, uint64_t number)
{
    while (recipe.length != 0) {
        unsigned char what = (unsigned char)recipe.data[0];
        struct slice bytes = slice_first(slice_from(recipe, 1), what % 64);
        recipe = slice_from(recipe, 1 + bytes.length);
        if (what >= 192) {
            buffer_add(out, bytes);
            continue;
        }
        if (what >= 128)
            number += bytes.length;
        record_add(out, number++, bytes);
    }
}

static void put(struct files *f, const char *name, struct slice bytes)
{
    struct file *file;
    must(files_open(&file, f, slice_text(name), true) == 0);
    must(files_append(file, bytes) == 0);
    files_release(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_of(data, size);
    size_t first = size != 0 ? data[0] * size / 256 : 0;
    struct files *f = files_open_memory();
    struct buffer one = {0}, other = {0};
    uint64_t last, last_again;
    log_set_sink(nothing, NULL);
    cook(&one, slice_first(all, first), 1);
    cook(&other, slice_from(all, first), 9);
    put(f, "i.s.00000000000000000001", buffer_slice(&one));
    if (size % 2 == 0) /* one file or two */
        put(f, "i.s.00000000000000000009", buffer_slice(&other));
    buffer_free(&one);
    buffer_free(&other);
    struct spool *s = spool_open(f);
    int64_t count = read_all(s, &last);
    if (count >= 0) {
        must(spool_append(s, INSTANCE, STREAM, last + 1, SLICE("more")) == 0);
        must(read_all(s, &last_again) == count + 1 && last_again == last + 1);
        spool_close(s);
        s = spool_open(f);
        must(read_all(s, &last_again) == count + 1 && last_again == last + 1);
    }
    spool_close(s);
    files_close(f);
    return 0;
}
