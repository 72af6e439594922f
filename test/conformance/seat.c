#include "base/mem.h"
#include "conformance.h"

static void input_h(void *self, const struct input *in)
{
    struct seat *s = self;
    if (in->kind == INPUT_ANSWER) {
        struct reply *r = mem_zero(sizeof *r + in->bytes.length);
        int64_t *asked = map_get_number(&s->asked, in->token);
        *r = (struct reply){.token = in->token, .answer = in->answer, .error = in->error};
        r->after = asked != NULL ? world_now(s->world) - *asked : 0;
        r->bytes = slice_of(slice_put(r + 1, in->bytes), in->bytes.length);
        list_append(&s->replies, &r->link);
    }
    if (in->kind != INPUT_WATCH && in->kind != INPUT_BUS)
        return;
    struct note *n = mem_zero(sizeof *n + in->name.length + in->bytes.length);
    char *at = (char *)(n + 1);
    *n = (struct note){.kind = in->kind, .answer = in->answer, .token = in->token, .revision = in->revision};
    n->name = slice_of(slice_put(at, in->name), in->name.length);
    at += in->name.length;
    n->bytes = slice_of(slice_put(at, in->bytes), in->bytes.length);
    list_append(&s->notes, &n->link);
    s->note_count++;
}

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    struct seat *s = setup->main;
    s->world = world;
    *self = s;
    return 0;
}

static void close_h(void *self)
{
    (void)self;
}

struct seat *seat_open(struct stage *stage, const char *name)
{
    static const struct role role = {.name = "seat", .open = open_h, .close = close_h, .input = input_h};
    CHECK(stage->seat_count < STAGE_SEATS);
    struct seat *s = mem_zero(sizeof *s);
    s->stage = stage;
    snprintf(s->name, sizeof s->name, "%s", name);
    list_init(&s->replies);
    list_init(&s->notes);
    stage->seats[stage->seat_count++] = s;
    struct role_setup setup = {.name = slice_text(s->name), .main = s};
    CHECK_SAME(real_add_instance(&s->instance, stage->loop, &role, &setup, NULL), 0);
    return s;
}

void seat_close(struct seat *s)
{
    struct stage *stage = s->stage;
    for (size_t i = 0; i < stage->seat_count; i++)
        if (stage->seats[i] == s)
            stage->seats[i] = stage->seats[--stage->seat_count];
    if (s->instance != NULL)
        real_remove_instance(s->instance);
    list_for_each_safe (link, next, &s->replies)
        mem_free(list_entry(link, struct reply, link));
    list_for_each_safe (link, next, &s->notes)
        mem_free(list_entry(link, struct note, link));
    int64_t *asked;
    map_for_each (asked, &s->asked)
        mem_free(asked);
    map_free(&s->asked);
    mem_free(s);
}

static void begin(struct seat *s)
{
    world_turn_begin(s->world, real_now(s->stage->loop));
}

uint64_t seat_send(
    struct seat *s, enum service service, const ProtobufCMessage *request, int64_t milliseconds)
{
    struct buffer packed = {.data = NULL};
    uint64_t token = ++s->last_token;
    pack_add(&packed, request);
    begin(s);
    int64_t *asked = mem_alloc(sizeof *asked);
    *asked = world_now(s->world);
    map_put_number(&s->asked, token, asked);
    world_ask(s->world, service, buffer_slice(&packed), OBJECT(1, 1), token,
        world_now(s->world) + milliseconds * 1000);
    world_turn_end(s->world);
    buffer_free(&packed);
    return token;
}

const struct reply *seat_reply(const struct seat *s, uint64_t token)
{
    list_for_each (link, &s->replies) {
        const struct reply *r = list_entry(link, struct reply, link);
        if (r->token == token)
            return r;
    }
    return NULL;
}

const struct reply *seat_ask(
    struct seat *s, enum service service, const ProtobufCMessage *request, int64_t milliseconds)
{
    uint64_t token = seat_send(s, service, request, milliseconds);
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, milliseconds + STAGE_PATIENCE);
    return seat_reply(s, token);
}

void seat_watch(struct seat *s, const char *prefix, uint64_t token)
{
    begin(s);
    world_watch(s->world, slice_text(prefix), token);
    world_turn_end(s->world);
}

void seat_subscribe(struct seat *s, const char *pattern, uint64_t token)
{
    begin(s);
    world_subscribe(s->world, slice_text(pattern), token);
    world_turn_end(s->world);
}

void seat_publish(struct seat *s, const char *subject, struct slice bytes)
{
    begin(s);
    world_publish(s->world, slice_text(subject), bytes);
    world_turn_end(s->world);
}

const struct note *seat_note(const struct seat *s, size_t index)
{
    list_for_each (link, &s->notes)
        if (index-- == 0)
            return list_entry(link, struct note, link);
    return NULL;
}

const struct note *seat_last(const struct seat *s, const char *name)
{
    const struct note *last = NULL;
    list_for_each (link, &s->notes) {
        const struct note *n = list_entry(link, struct note, link);
        if (slice_equal(n->name, slice_text(name)))
            last = n;
    }
    return last;
}
