#include "roles/config/writer.h"

#include "base/error.h"
#include "base/mem.h"
#include "roles/config/writer_int.h"

#define REQUESTS 1 /* token of the subscription */

static int open_writer(void **self, struct world *world, const struct role_setup *setup)
{
    (void)setup;
    struct writer *w = *self = mem_zero(sizeof *w);
    w->world = world;
    config_load_begin(&w->load);
    w->catalogue = w->load.catalogue;
    w->state = WRITER_ST_LOADING;
    list_init(&w->waiting);
    world_subscribe(world, SLICE("ctl.config"), REQUESTS);
    writer__ask_page(w);
    return 0;
}

static void close_writer(void *self)
{
    struct writer *w = self;
    while (!list_empty(&w->waiting))
        writer__drop(w, writer__current(w));
    world_timer_clear(&w->timer);
    config_load_end(&w->load);
    mem_free(w);
}

static void feed(struct writer *w, enum writer_event event, const struct writer_answer *answer)
{
    /* A refused event is counted by the machine; nothing else follows from it. */
    int error = fsm_input(&writer_machine, &w->state, w, event, answer);
    (void)error;
}

static void take_request(struct writer *w, struct slice bytes)
{
    struct arena arena = {0};
    struct writer_request r;
    if (writer__parse(&r, w, bytes, &arena)) {
        if (r.method == WRITER_GET) {
            writer__get(w, &r);
        } else {
            writer__enqueue(w, &r);
            feed(w, WRITER_EV_CHANGE, NULL);
        }
    }
    arena_free(&arena);
}

static void take_answer(struct writer *w, const struct input *in)
{
    struct writer_answer answer = {in->error, in->bytes};
    if (in->token != w->question)
        return;
    if (in->answer == ANSWER_UNKNOWN)
        answer.error = ERROR_UNKNOWN;
    feed(w,
        in->answer == ANSWER_YES  ? WRITER_EV_YES
        : in->answer == ANSWER_NO ? WRITER_EV_NO
                                  : WRITER_EV_UNKNOWN,
        &answer);
}

static void tell_state(struct writer *w)
{
    world_gauge(w->world, GAUGE_CONFIG_OBJECTS, catalogue_count(w->catalogue));
    if (w->state == WRITER_ST_LOADING)
        world_state(w->world, WORLD_STARTING, "reads all objects from the store");
    else if (w->state == WRITER_ST_CHECKING)
        world_state(w->world, WORLD_DEGRADED, "the store has not said whether a change was made");
    else
        world_state(w->world, WORLD_READY, "");
}

static void input_writer(void *self, const struct input *in)
{
    struct writer *w = self;
    switch (in->kind) {
    case INPUT_BUS:
        take_request(w, in->bytes);
        break;
    case INPUT_ANSWER:
        take_answer(w, in);
        break;
    case INPUT_TIMER:
        feed(w, WRITER_EV_TIMER, NULL);
        break;
    default: /* the configuration's other copies do not concern the one who writes it */
        break;
    }
    tell_state(w);
}

static void audit_writer(void *self, struct buffer *out)
{
    const struct writer *w = self;
    buffer_add_format(out, "writer %s objects %zu waiting %zu\n", writer_machine.states[w->state].name,
        catalogue_count(w->catalogue), w->waiting_count);
}

const struct role writer_role = {
    .name = "config",
    .open = open_writer,
    .close = close_writer,
    .input = input_writer,
    .audit = audit_writer,
};
