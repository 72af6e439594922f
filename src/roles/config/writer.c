#include "roles/config/writer.h"

#include "base/error.h"
#include "base/mem.h"
#include "roles/config/writer_int.h"

#define INDEX_TURN 256 /* objects */

void writer__feed(struct writer *w, enum writer_event event, const struct writer_answer *answer)
{
    /* A refused event is counted by the machine; nothing else follows from it. */
    int error = fsm_input(&writer_machine, &w->state, w, (uint8_t)event, answer);
    (void)error;
}

static void changed_h(void *argument, bool leads)
{
    struct writer *w = argument;
    writer__feed(w, leads ? WRITER_EV_LEAD : WRITER_EV_LOST, NULL);
}

void writer__follow(struct writer *w)
{
    w->follows = true;
    lead_open(&w->lead, w->world,
        &(struct lead_setup){
            .key = SLICE("lead/config"),
            .name = slice_text(w->name),
            .object = OBJECT(WRITER_OBJECT_LEAD, 0),
            .token = WRITER_TOKEN_LEAD,
            .changed = changed_h,
            .argument = w,
        });
}

/* Some objects more whose references are counted. False: these were all. */
bool writer__index(struct writer *w)
{
    const struct object *list[INDEX_TURN];
    size_t at = (size_t)w->index.number;
    const struct kind *k = kind_next(&at);
    if (k == NULL)
        return false;
    size_t count = catalogue_list(list, INDEX_TURN, w->catalogue, k, buffer_slice(&w->index.name));
    for (size_t i = 0; i < count; i++)
        uses_count(&w->uses, list[i], 1);
    buffer_clear(&w->index.name);
    if (count == INDEX_TURN)
        buffer_add(&w->index.name, list[count - 1]->name);
    else
        w->index.number = at;
    return true;
}

static int open_writer(void **self, struct world *world, const struct role_setup *setup)
{
    struct writer *w = *self = mem_zero(sizeof *w);
    struct slice name = slice_first(setup->name, sizeof w->name - 1);
    slice_put(w->name, name);
    w->world = world;
    config_load_begin(&w->load);
    w->catalogue = w->load.catalogue;
    w->state = WRITER_ST_NUMBERING;
    list_init(&w->waiting);
    list_init(&w->held);
    list_init(&w->uploads);
    list_init(&w->pasts);
    list_init(&w->walks);
    list_init(&w->results);
    world_subscribe(world, SLICE("ctl.config"), WRITER_TOKEN_REQUESTS);
    writer__ask_number(w);
    return 0;
}

static void close_writer(void *self)
{
    struct writer *w = self;
    writer__drop_all(w, 0, NULL);
    writer__inbox_free(w);
    writer__past_free(w);
    writer__walks_free(w);
    writer__results_free(w);
    if (w->follows)
        lead_close(&w->lead);
    world_timer_clear(&w->timer);
    uses_free(&w->uses);
    buffer_free(&w->cursor.kind);
    buffer_free(&w->cursor.name);
    buffer_free(&w->index.name);
    config_load_end(&w->load);
    mem_free(w);
}

static void take_answer(struct writer *w, const struct input *in)
{
    struct writer_answer answer = {in->error, in->bytes};
    if (OBJECT_KIND(in->object) == WRITER_OBJECT_READ) {
        writer__past_answer(w, in);
        return;
    }
    if (in->token != w->question)
        return;
    w->question = 0;
    if (in->answer == ANSWER_UNKNOWN)
        answer.error = ERROR_UNKNOWN;
    writer__feed(w,
        in->answer == ANSWER_YES  ? WRITER_EV_YES
        : in->answer == ANSWER_NO ? WRITER_EV_NO
                                  : WRITER_EV_UNKNOWN,
        &answer);
}

static void tell_state(struct writer *w)
{
    world_gauge(w->world, GAUGE_CONFIG_OBJECTS, catalogue_count(w->catalogue));
    world_gauge(w->world, GAUGE_CONFIG_CHANGE, w->number);
    if (w->state < WRITER_ST_FOLLOWING)
        world_state(w->world, WORLD_STARTING, "reads all objects from the store");
    else if (w->state == WRITER_ST_SETTLING || w->state == WRITER_ST_TAKING)
        world_state(w->world, WORLD_DEGRADED, "the store has not said whether a change was made");
    else
        world_state(w->world, WORLD_READY, "");
}

static void take_timer(struct writer *w, const struct input *in)
{
    switch (OBJECT_KIND(in->object)) {
    case WRITER_OBJECT_INBOX:
        writer__inbox_timer(w);
        break;
    case WRITER_OBJECT_TRANSACTION:
        writer__takes_longer(w, OBJECT_INDEX(in->object));
        break;
    default:
        writer__feed(w, WRITER_EV_TIMER, NULL);
        break;
    }
}

static void input_writer(void *self, const struct input *in)
{
    struct writer *w = self;
    bool done = w->follows && lead_input(&w->lead, in);
    if (!done && in->kind == INPUT_BUS)
        writer__receive(w, in->bytes);
    else if (!done && in->kind == INPUT_ANSWER)
        take_answer(w, in);
    else if (!done && in->kind == INPUT_TIMER)
        take_timer(w, in);
    else if (in->kind == INPUT_AGAIN && in->token == WRITER_AGAIN_WALK)
        writer__walk(w);
    else if (in->kind == INPUT_AGAIN)
        writer__feed(w, WRITER_EV_AGAIN, NULL);
    else if (in->kind == INPUT_DRAIN && w->follows)
        lead_resign(&w->lead);
    writer__inbox_lead(w);
    tell_state(w);
}

static void audit_writer(void *self, struct buffer *out)
{
    const struct writer *w = self;
    buffer_add_format(out, "writer %s number %llu objects %zu waiting %zu\n",
        writer_machine.states[w->state].name, (unsigned long long)w->number, catalogue_count(w->catalogue),
        w->waiting_count);
}

const struct role writer_role = {
    .name = "config",
    .open = open_writer,
    .close = close_writer,
    .input = input_writer,
    .audit = audit_writer,
};
