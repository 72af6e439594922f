/* The hash of a run, and what is kept of its last turns for the printout after a violation. */
#include "base/hash.h"
#include "base/mem.h"
#include "world/sim/sim_int.h"

#define RING ((size_t)4 << 20) /* bytes of each half: some thousand turns */
#define SHOWN 160U             /* bytes kept of an input */

/* One turn in the ring; what is kept of its input and then its effects follow. */
struct turn {
    uint64_t step;
    int64_t now;
    struct input input;
    uint32_t instance, shown, effects, size;
};

static const char *const inputs[] = {"timer", "accepted", "opened", "closed", "datagram", "data", "answer",
    "bus", "watch", "again", "config", "drain"};

static void keep(struct sim_instance *i, const struct input *input, struct slice effects)
{
    struct sim *s = i->sim;
    struct turn t = {
        .step = s->steps, .now = s->now, .instance = i->index, .effects = (uint32_t)effects.length};
    struct slice shown = {0};
    if (input != NULL) {
        t.input = *input;
        shown = slice_first(input->bytes, SHOWN);
    }
    t.shown = (uint32_t)shown.length;
    size_t size = sizeof t + shown.length + effects.length;
    size += -size & 7;
    if (size > RING)
        return;
    t.size = (uint32_t)size;
    struct turn_ring *r = &s->ring;
    if (r->used[r->current] + size > RING) {
        r->current = !r->current;
        r->used[r->current] = 0;
    }
    if (r->half[r->current] == NULL)
        r->half[r->current] = mem_alloc(RING);
    char *at = r->half[r->current] + r->used[r->current];
    memcpy(at, &t, sizeof t);
    slice_put(at + sizeof t, shown);
    slice_put(at + sizeof t + shown.length, effects);
    r->used[r->current] += size;
}

void sim__trace_turn(struct sim_instance *i, const struct input *input, struct slice effects)
{
    struct sim *s = i->sim;
    keep(i, input, effects);
    if (effects.length == 0)
        return;
    uint64_t head[2] = {(uint64_t)s->now, i->name_hash};
    s->hash = hash_stable_add(s->hash, slice_of(head, sizeof head));
    s->hash = hash_stable_add(s->hash, effects);
}

static void add_place(struct buffer *out, int64_t now, const char *name)
{
    buffer_add_format(out, "%llu.%06llu %-12s ", (unsigned long long)(now / 1000000 % 1000000),
        (unsigned long long)(now % 1000000), name);
}

static void write_line(FILE *out, struct buffer *line)
{
    fprintf(out, "%.*s\n", SLICE_ARG(buffer_slice(line)));
    buffer_clear(line);
}

void sim__trace_effect(struct sim_instance *i, const struct effect *e)
{
    struct buffer line = {0};
    add_place(&line, i->sim->now, i->name);
    effect_describe(&line, e);
    write_line(i->sim->trace, &line);
    buffer_free(&line);
}

void sim_trace(struct sim *s, FILE *out)
{
    s->trace = out;
}

void sim__trace_free(struct sim *s)
{
    mem_free(s->ring.half[0]);
    mem_free(s->ring.half[1]);
}

/* ---- the printout ---- */

struct printout {
    struct sim *sim;
    FILE *out;
    const struct sim_interest *interest;
    size_t skip, seen; /* effects that match; the first `skip` are not shown */
    bool counting;
};

static bool wanted(const struct printout *p, const char *name, const struct effect *e)
{
    bool all = p->interest->text.length == 0;
    for (size_t n = 0; n < sizeof p->interest->names / sizeof p->interest->names[0]; n++) {
        if (p->interest->names[n].length == 0)
            continue;
        all = false;
        if (slice_equal(p->interest->names[n], slice_text(name)))
            return true;
    }
    return all || (p->interest->text.length != 0 && slice_find_slice(e->second, p->interest->text) >= 0);
}

static void print_input(
    const struct printout *p, const struct turn *t, struct slice shown, struct buffer *line)
{
    const struct input *in = &t->input;
    add_place(line, t->now, p->sim->instances[t->instance]->name);
    buffer_add_format(line, "step %llu <- %s", (unsigned long long)t->step, inputs[in->kind]);
    if (in->kind == INPUT_TIMER)
        buffer_add_format(line, " %u of %02x:%llx", in->timer, OBJECT_KIND(in->object),
            (unsigned long long)OBJECT_INDEX(in->object));
    if (in->kind == INPUT_ANSWER)
        buffer_add_format(line, " %s to %llu",
            in->answer == ANSWER_YES  ? "yes"
            : in->answer == ANSWER_NO ? "no"
                                      : "unknown",
            (unsigned long long)in->token);
    if (in->flow != 0)
        buffer_add_format(line, " flow=%llu", (unsigned long long)in->flow);
    buffer_add_byte(line, ' ');
    for (size_t b = 0; b < shown.length && shown.data[b] != '\r'; b++)
        buffer_add_byte(line, shown.data[b] >= 0x20 && shown.data[b] < 0x7f ? shown.data[b] : '.');
    write_line(p->out, line);
}

/* The lines behind the first, which stands beside the effect. */
static void print_bytes(FILE *out, struct slice bytes, struct buffer *text)
{
    struct slice line;
    for (bool first = true; slice_cut(&bytes, '\n', &line); first = false) {
        for (size_t b = 0; !first && b < line.length; b++)
            if (line.data[b] >= 0x20 && line.data[b] < 0x7f)
                buffer_add_byte(text, line.data[b]);
        if (!first)
            fprintf(out, "%40s| %.*s\n", "", SLICE_ARG(buffer_slice(text)));
        buffer_clear(text);
    }
}

static void print_turn(struct printout *p, const char *at, const struct turn *t, struct buffer *line)
{
    struct slice shown = slice_of(at + sizeof *t, t->shown),
                 rest = slice_of(shown.data + t->shown, t->effects);
    const char *name = p->sim->instances[t->instance]->name;
    struct effect e;
    bool input_shown = t->input.kind == INPUT_TIMER && t->input.object == 0; /* there was none: it opened */
    while (effect_next(&rest, &e)) {
        if (!wanted(p, name, &e) || p->seen++ < p->skip || p->counting)
            continue;
        if (!input_shown)
            print_input(p, t, shown, line);
        input_shown = true;
        add_place(line, t->now, name);
        buffer_add_text(line, "  ");
        effect_describe(line, &e);
        write_line(p->out, line);
        if (p->interest->whole)
            print_bytes(p->out, e.second, line);
    }
}

static void walk(struct printout *p, struct buffer *line)
{
    struct turn_ring *r = &p->sim->ring;
    for (int h = 1; h >= 0; h--) {
        int half = h == 1 ? !r->current : r->current;
        for (size_t at = 0; at < r->used[half];) {
            struct turn t;
            memcpy(&t, r->half[half] + at, sizeof t);
            print_turn(p, r->half[half] + at, &t, line);
            at += t.size;
        }
    }
}

void sim_print(struct sim *s, FILE *out, const struct sim_interest *interest, size_t count)
{
    struct buffer line = {0};
    struct printout p = {.sim = s, .out = out, .interest = interest, .counting = true};
    walk(&p, &line);
    p = (struct printout){
        .sim = s, .out = out, .interest = interest, .skip = p.seen > count ? p.seen - count : 0};
    walk(&p, &line);
    buffer_free(&line);
}
