/* What each kind of errand goes through, and what it takes from each answer. */
#include "base/error.h"
#include "base/log.h"
#include "roles/identity/identity_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define STEPS 4

static const uint8_t steps[IDENTITY_KINDS][STEPS + 1] = {
    [IDENTITY_ENROL] = {IDENTITY_ST_CHECKING, IDENTITY_ST_READING, IDENTITY_ST_WRITING},
    [IDENTITY_AUTHORITY] = {IDENTITY_ST_GIVING},
    [IDENTITY_FETCH] = {IDENTITY_ST_READING, IDENTITY_ST_VERIFYING, IDENTITY_ST_GIVING},
    [IDENTITY_RENEW] = {IDENTITY_ST_READING, IDENTITY_ST_VERIFYING, IDENTITY_ST_CHECKING,
        IDENTITY_ST_WRITING},
    [IDENTITY_LIST] = {IDENTITY_ST_READING},
    [IDENTITY_TRUST] = {IDENTITY_ST_READING, IDENTITY_ST_WRITING},
    [IDENTITY_REVOKE] = {IDENTITY_ST_READING, IDENTITY_ST_WRITING},
    [IDENTITY_CODE] = {IDENTITY_ST_MAKING, IDENTITY_ST_READING, IDENTITY_ST_WRITING},
    [IDENTITY_SELF] = {IDENTITY_ST_MAKING, IDENTITY_ST_READING, IDENTITY_ST_WRITING},
    [IDENTITY_SIGN] = {IDENTITY_ST_READING, IDENTITY_ST_SIGNING, IDENTITY_ST_WRITING},
};

/* ---- answers ---- */

/* What everybody may see who may see members: no requests, no certificates, no codes. */
static json_t *shown(const json_t *member)
{
    static const char *const fields[] = {"name", "location", "state", "instance_id", "fingerprint", "address",
        "requested_at", "serial", "ends_at", "code_ends_at"};
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        json_t *value = json_object_get(member, fields[i]);
        if (value != NULL && !json_is_null(value))
            json_object_set(out, fields[i], value);
    }
    return out;
}

static void answer_list(struct errand *e)
{
    json_t *list = json_array(), *item, *next = json_object_get(e->member, "next");
    size_t at;
    json_array_foreach(json_object_get(e->member, "objects"), at, item)
        json_array_append_new(list, shown(item));
    json_t *body = json_pack("{so, sI}", "members", list, "now", (json_int_t)world_now(e->identity->world));
    if (next != NULL)
        json_object_set(body, "next", next);
    identity__answer(e, 200, body);
}

static void answer_member(struct errand *e, unsigned status)
{
    json_t *body = shown(e->member);
    json_object_set_new(body, "now", json_integer((json_int_t)world_now(e->identity->world)));
    identity__answer(e, status, body);
}

static void answer_code(struct errand *e)
{
    json_t *body = shown(e->member);
    json_object_set(body, "code", json_object_get(e->made, "text"));
    identity__answer(e, 200, body);
}

/* All that a member needs to start. */
static void answer_fetch(struct errand *e)
{
    if (e->made == NULL) {
        answer_member(e, 202);
        return;
    }
    json_t *body = shown(e->member);
    json_object_update(body, e->made);
    json_object_set(body, "certificate", json_object_get(e->member, "certificate"));
    json_object_set_new(body, "now", json_integer((json_int_t)world_now(e->identity->world)));
    identity__answer(e, 200, body);
}

static void conclude(struct errand *e)
{
    switch (e->kind) {
    case IDENTITY_ENROL:
        LOG(LOG_NOTICE, "roles/identity", "%.*s at %.*s asks to join; key %.16s..., %.*s", SLICE_ARG(e->name),
            SLICE_ARG(e->source), json_string_value(json_object_get(e->member, "fingerprint")),
            SLICE_ARG(identity__text(e->member, "state")));
        identity__remember(e);
        answer_member(e, 201);
        break;
    case IDENTITY_AUTHORITY:
        identity__answer(e, 200, json_incref(e->made));
        break;
    case IDENTITY_FETCH:
        answer_fetch(e);
        break;
    case IDENTITY_LIST:
        answer_list(e);
        break;
    case IDENTITY_CODE:
        answer_code(e);
        break;
    case IDENTITY_SELF:
    case IDENTITY_SIGN:
        if (e->changed)
            LOG(LOG_NOTICE, "roles/identity", "%.*s has a certificate, number %.*s", SLICE_ARG(e->name),
                SLICE_ARG(identity__text(e->member, "serial")));
        break;
    default:
        answer_member(e, e->kind == IDENTITY_RENEW ? 202 : 200);
    }
}

/* ---- going on ---- */

/* Steps before which it is decided whether they are to be taken at all. */
static bool is_decisive(const struct errand *e, uint8_t state)
{
    return state == IDENTITY_ST_WRITING || state == IDENTITY_ST_SIGNING ||
           (state == IDENTITY_ST_GIVING && e->kind == IDENTITY_FETCH);
}

/* False: the errand ends here, with what is said. */
static bool prepare(struct errand *e, uint8_t state)
{
    struct world *w = e->identity->world;
    struct identity_refusal r = {0};
    bool good = true;
    if (state == IDENTITY_ST_VERIFYING) {
        good = identity__timely(e, world_now(w), &r);
    } else if (is_decisive(e, state)) {
        uint64_t chance[2];
        chance[0] = world_random(w); /* one after the other: initialisers have no order */
        chance[1] = world_random(w);
        e->changed = false;
        good = identity__decide(e, world_now(w), chance, &r);
        if (good && !e->changed) {
            conclude(e);
            return false;
        }
    }
    if (!good)
        identity__refuse(e, &r);
    return good;
}

int identity__advance(struct errand *e)
{
    uint8_t state = steps[e->kind][e->step];
    world_timer_clear(&e->timer);
    if (e->kind == IDENTITY_SELF && state == IDENTITY_ST_READING) {
        e->name = identity__text(e->made, "name");
        if (slice_empty(e->name))
            return IDENTITY_ST_DONE; /* it is no member of a cluster */
    }
    if (state == IDENTITY_ST_NEW) { /* behind the last */
        conclude(e);
        return IDENTITY_ST_DONE;
    }
    e->step++;
    if (!prepare(e, state))
        return IDENTITY_ST_DONE;
    identity__ask(e, state);
    return state;
}

/* ---- taking ---- */

static json_t *job_result(struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__JobAnswer *a = pack_read(&tandem__job_answer__descriptor, bytes, &arena);
    json_t *json = NULL;
    if (a != NULL && a->n_results == 1)
        json = json_loadb((const char *)a->results[0].data, a->results[0].len, 0, NULL);
    arena_free(&arena);
    return json;
}

/* None is one that has no field but its name. */
static int take_member(struct errand *e, const struct identity_answer *a)
{
    json_decref(e->member);
    e->member = a->status == 404 ? json_pack("{ss%}", "name", e->name.data, e->name.length)
                                 : json_loadb(a->bytes.data, a->bytes.length, 0, NULL);
    if (!json_is_object(e->member))
        return ERROR_CORRUPT;
    if (e->kind == IDENTITY_LIST)
        return 0;
    e->version = a->status == 404 ? 0 : (uint64_t)identity__number(e->member, "version");
    return 0;
}

int identity__took(struct errand *e, const struct identity_answer *a)
{
    json_t **kept = e->state == IDENTITY_ST_CHECKING ? &e->checked : &e->made;
    switch (e->state) {
    case IDENTITY_ST_READING:
        return take_member(e, a);
    case IDENTITY_ST_VERIFYING:
        identity__remember(e);
        return 0;
    case IDENTITY_ST_WRITING:
        return 0;
    default:
        json_decref(*kept);
        *kept = job_result(a->bytes);
        return json_is_object(*kept) ? 0 : ERROR_CORRUPT;
    }
}
