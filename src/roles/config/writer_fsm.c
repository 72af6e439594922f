/* The writer's machine: what it waits for. */
#include "base/error.h"
#include "base/log.h"
#include "config/load.h"
#include "roles/config/writer_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

#define NEXT_CHANGE                                                                                          \
    (FSM_CHOICE(WRITER_ST_READY) | FSM_CHOICE(WRITER_ST_HASHING) | FSM_CHOICE(WRITER_ST_WRITING))

static void retry_later(struct writer *w)
{
    world_timer_set(w->world, &w->timer, 0, 0, world_now(w->world) + timer_duration(TIMER_CONFIG_RETRY));
}

/* ---- loading ---- */

static int load_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    if (config_load_take(&w->load, a->bytes) != 0) {
        LOG(LOG_ERROR, "roles/config",
            "the store's answer is no list of objects; restore the database from a backup");
        retry_later(w);
        return WRITER_ST_LOADING;
    }
    if (!w->load.done) {
        writer__ask_page(w);
        return WRITER_ST_LOADING;
    }
    LOG(LOG_INFO, "roles/config", "%zu objects read", catalogue_count(w->catalogue));
    return WRITER_ST_READY;
}

static int load_failed_h(void *object, const void *input)
{
    const struct writer_answer *a = input;
    LOG(LOG_WARNING, "roles/config", "the objects cannot be read: %s; trying again",
        error_sentence(a->error));
    retry_later(object);
    return 0;
}

static int load_again_h(void *object, const void *input)
{
    (void)input;
    writer__ask_page(object);
    return 0;
}

/* ---- the end of a change ---- */

static void publish_change(struct writer *w, const struct writer_change *change)
{
    const struct writer_request *r = &change->request;
    Tandem__ConfigChanged m = TANDEM__CONFIG_CHANGED__INIT;
    struct arena arena = {0};
    struct buffer subject = {0}, packed = {0};
    m.kind = arena_text(&arena, slice_text(r->kind->name));
    m.name = arena_text(&arena, r->name);
    m.version = change->body != NULL ? change->expected + 1 : change->expected;
    m.has_deleted = m.deleted = change->body == NULL;
    buffer_add_format(&subject, "cfg.%s", r->kind->name);
    pack_add(&packed, &m.base);
    world_publish(w->world, buffer_slice(&subject), buffer_slice(&packed));
    buffer_free(&subject);
    buffer_free(&packed);
    arena_free(&arena);
}

static void answer_done(struct writer *w, const struct writer_change *change)
{
    const struct writer_request *r = &change->request;
    json_t *shown = change->body != NULL ? object_show(r->kind, change->body, change->expected + 1, false)
                                         : json_pack("{sI}", "version", (json_int_t)change->expected);
    if (change->body == NULL)
        json_object_set_new(shown, "deleted", json_true());
    writer__answer(w, r, change->body != NULL && change->expected == 0 ? 201 : 200, shown);
    json_decref(shown);
}

static int done(struct writer *w)
{
    struct writer_change *change = writer__current(w);
    const struct writer_request *r = &change->request;
    if (change->body != NULL)
        catalogue_put(w->catalogue,
            &(struct object){r->kind, r->name, buffer_slice(&change->text), change->expected + 1});
    else
        catalogue_remove(w->catalogue, r->kind, r->name);
    LOG(LOG_NOTICE, "roles/config", "%.*s %s %s %.*s", SLICE_ARG(r->user),
        change->body != NULL ? "wrote" : "deleted", r->kind->name, SLICE_ARG(r->name));
    publish_change(w, change);
    answer_done(w, change);
    writer__drop(w, change);
    return writer__begin(w);
}

static int failed(struct writer *w, int error)
{
    struct writer_change *change = writer__current(w);
    writer__refuse(w, &change->request, writer__status(error), error, (struct slice){0}, (struct slice){0});
    writer__drop(w, change);
    return writer__begin(w);
}

/* ---- hashing a password ---- */

static int hashed_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    struct writer_change *change = writer__current(w);
    struct arena arena = {0};
    struct slice hash = writer__hash(a->bytes, &arena);
    bool good = !slice_empty(hash);
    if (good) {
        object_set_password(change->request.kind, change->body, hash);
        buffer_clear(&change->text);
        object_dump(&change->text, change->body);
        writer__ask_write(w, change);
    }
    arena_free(&arena);
    return good ? WRITER_ST_WRITING : failed(w, ERROR_UNSUPPORTED);
}

static int hash_failed_h(void *object, const void *input)
{
    const struct writer_answer *a = input;
    return failed(object, a->error == ERROR_UNKNOWN ? ERROR_TIMEOUT : a->error);
}

/* ---- writing ---- */

static int begin_h(void *object, const void *input)
{
    (void)input;
    return writer__begin(object);
}

static int written_h(void *object, const void *input)
{
    (void)input;
    return done(object);
}

/* Somebody else has written to the store: what is there has to be seen first. */
static int refused_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    if (a->error != ERROR_CONFLICT && a->error != ERROR_EXISTS)
        return failed(w, a->error);
    writer__ask_object(w, writer__current(w));
    return WRITER_ST_CHECKING;
}

static int doubtful_h(void *object, const void *input)
{
    (void)input;
    writer__ask_object(object, writer__current(object));
    return 0;
}

/* ---- looking at what the store has ---- */

static bool is_done(const struct writer_change *change, const struct object *o)
{
    if (change->body == NULL)
        return o == NULL;
    return o != NULL && o->version == change->expected + 1 &&
           slice_equal(o->body, buffer_slice(&change->text));
}

static int found_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    struct writer_change *change = writer__current(w);
    const struct writer_request *r = &change->request;
    if (config_load_one(w->catalogue, r->kind, r->name, a->bytes) != 0) {
        retry_later(w);
        return WRITER_ST_CHECKING;
    }
    const struct object *o = catalogue_get(w->catalogue, r->kind, r->name);
    if (is_done(change, o))
        return done(w);
    return failed(w, (o != NULL ? o->version : 0) == change->expected ? ERROR_TIMEOUT : ERROR_CONFLICT);
}

static int not_found_out_h(void *object, const void *input)
{
    (void)input;
    retry_later(object);
    return 0;
}

static int look_again_h(void *object, const void *input)
{
    (void)input;
    writer__ask_object(object, writer__current(object));
    return 0;
}

/* ---- the table ---- */

static const struct fsm_state states[] = {
    [WRITER_ST_LOADING] = {"loading", TIMER_NONE, false},
    [WRITER_ST_READY] = {"ready", TIMER_NONE, false},
    [WRITER_ST_HASHING] = {"hashing", TIMER_NONE, false},
    [WRITER_ST_WRITING] = {"writing", TIMER_NONE, false},
    [WRITER_ST_CHECKING] = {"checking", TIMER_NONE, false},
};

static const char *const events[] = {"yes", "no", "unknown", "change", "timer"};

static const struct fsm_row rows[] = {
    {WRITER_ST_LOADING, WRITER_EV_YES, WRITER_ST_READY, FSM_CHOICE(WRITER_ST_LOADING), load_h},
    {WRITER_ST_LOADING, WRITER_EV_NO, FSM_STAY, 0, load_failed_h},
    {WRITER_ST_LOADING, WRITER_EV_UNKNOWN, FSM_STAY, 0, load_failed_h},
    {WRITER_ST_LOADING, WRITER_EV_TIMER, FSM_STAY, 0, load_again_h},
    {WRITER_ST_READY, WRITER_EV_CHANGE, WRITER_ST_READY, NEXT_CHANGE, begin_h},
    {WRITER_ST_HASHING, WRITER_EV_CHANGE, FSM_STAY, 0, NULL},
    {WRITER_ST_HASHING, WRITER_EV_YES, WRITER_ST_WRITING, NEXT_CHANGE, hashed_h},
    {WRITER_ST_HASHING, WRITER_EV_NO, WRITER_ST_READY, NEXT_CHANGE, hash_failed_h},
    {WRITER_ST_HASHING, WRITER_EV_UNKNOWN, WRITER_ST_READY, NEXT_CHANGE, hash_failed_h},
    {WRITER_ST_WRITING, WRITER_EV_CHANGE, FSM_STAY, 0, NULL},
    {WRITER_ST_WRITING, WRITER_EV_YES, WRITER_ST_READY, NEXT_CHANGE, written_h},
    {WRITER_ST_WRITING, WRITER_EV_NO, WRITER_ST_READY, NEXT_CHANGE | FSM_CHOICE(WRITER_ST_CHECKING),
        refused_h},
    {WRITER_ST_WRITING, WRITER_EV_UNKNOWN, WRITER_ST_CHECKING, 0, doubtful_h},
    {WRITER_ST_CHECKING, WRITER_EV_CHANGE, FSM_STAY, 0, NULL},
    {WRITER_ST_CHECKING, WRITER_EV_YES, WRITER_ST_READY, NEXT_CHANGE | FSM_CHOICE(WRITER_ST_CHECKING),
        found_h},
    {WRITER_ST_CHECKING, WRITER_EV_NO, FSM_STAY, 0, not_found_out_h},
    {WRITER_ST_CHECKING, WRITER_EV_UNKNOWN, FSM_STAY, 0, not_found_out_h},
    {WRITER_ST_CHECKING, WRITER_EV_TIMER, FSM_STAY, 0, look_again_h},
};

static void refused(void *object)
{
    struct writer *w = object;
    world_count(w->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm writer_machine = {
    .name = "writer",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = FSM_COUNT(states),
    .event_count = FSM_COUNT(events),
    .row_count = FSM_COUNT(rows),
    .refused = refused,
};
