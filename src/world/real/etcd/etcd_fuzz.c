/* Any bytes as the answer to each question, and as a line of the stream: no answer may come of it that its
 * bytes do not say, and the view stays sorted. The first byte chooses the question, the second the status. */
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "wire/pack.h"
#include "world/real/etcd/operation.h"
#include "world/real/etcd/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static struct slice last;

static void sorted_h(void *argument, const struct etcd_entry *e)
{
    (void)argument;
    must(slice_empty(last) || slice_compare(last, e->key) < 0);
    last = e->key;
}

static void look_at(const struct etcd_operation *o)
{
    struct etcd_view v = {.revision = 0};
    etcd__view_look(&v, o->entries, o->count / 2, 1);
    etcd__view_look(&v, o->entries, o->count, o->revision + 1);
    last = SLICE("");
    etcd__view_tell(&v, SLICE(""), sorted_h, NULL);
    must(v.count == o->count);
    etcd__view_free(&v);
}

static void answer(enum etcd_step step, long status, struct slice text)
{
    struct etcd_operation o = {
        .cluster = SLICE("c"), .step = step, .lease = 39, .seconds = 1, .expected = 25};
    struct etcd_answer a;
    struct buffer body = {.data = NULL};
    struct arena arena = {.chunks = NULL};
    o.key = step == ETCD_SET ? SLICE("k") : SLICE("");
    o.has_value = true;
    etcd__operation_ask(&o, &body, 3);
    etcd__answer_read(&a, status, text);
    enum etcd_next next = etcd__operation_answer(&o, &a);
    if (a.tone == ETCD_STRANGE || a.tone == ETCD_FAILED)
        must(next == ETCD_AGAIN || o.answer == ANSWER_UNKNOWN);
    if (next == ETCD_DONE && o.answer == ANSWER_NO)
        must(o.error != 0);
    if (next == ETCD_DONE && o.answer == ANSWER_YES && step == ETCD_LOOK)
        look_at(&o);
    else if (next == ETCD_DONE && o.answer == ANSWER_YES)
        must(pack_read(&tandem__registry_answer__descriptor, buffer_slice(&o.bytes), &arena) != NULL);
    if (next == ETCD_MORE) {
        buffer_clear(&body);
        etcd__operation_ask(&o, &body, 3);
    }
    arena_free(&arena);
    buffer_free(&body);
    etcd__answer_free(&a);
    etcd__operation_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_threshold = LOG_ERROR;
    if (size < 2)
        return 0;
    answer(
        (enum etcd_step)(data[0] % ETCD_STEPS), data[1] % 4 == 0 ? 500 : 200, slice_of(data + 2, size - 2));
    return 0;
}
