/* Understanding a request. */
#include <inttypes.h>

#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "config/object.h"
#include "roles/identity/identity_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

#define NAME_MOST 32

static bool refuse(struct errand *e, unsigned status, int error, const char *sentence)
{
    identity__refuse(e, &(struct identity_refusal){status, error, sentence});
    return false;
}

/* Names go into paths, certificates and logs. */
static bool is_name(struct slice s)
{
    if (s.length == 0 || s.length > NAME_MOST || s.data[0] == '.' || s.data[0] == '-')
        return false;
    for (size_t i = 0; i < s.length; i++) {
        char byte = s.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_' && byte != '.')
            return false;
    }
    return true;
}

static bool is_hexadecimal(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (!((s.data[i] >= '0' && s.data[i] <= '9') || (s.data[i] >= 'a' && s.data[i] <= 'f')))
            return false;
    return s.length != 0;
}

/* ---- path and query ---- */

static enum identity_kind kind_of_enrol(struct errand *e, bool posts, struct slice rest)
{
    struct slice id, more = rest;
    if (slice_empty(rest))
        return posts ? IDENTITY_ENROL : IDENTITY_KINDS;
    slice_cut(&more, '/', &id);
    if (!posts && slice_equal(rest, SLICE("authority")))
        return IDENTITY_AUTHORITY;
    if (id.length != IDENTITY_ID || !is_hexadecimal(id))
        return IDENTITY_KINDS;
    e->id = arena_copy(&e->arena, id);
    if (posts)
        return slice_equal(more, SLICE("renew")) ? IDENTITY_RENEW : IDENTITY_KINDS;
    return id.length == rest.length ? IDENTITY_FETCH : IDENTITY_KINDS;
}

static enum identity_kind kind_of_members(struct errand *e, bool posts, struct slice rest)
{
    static const struct {
        struct slice word;
        enum identity_kind kind;
    } words[] = {{SLICE_INIT("trust"), IDENTITY_TRUST}, {SLICE_INIT("revoke"), IDENTITY_REVOKE},
        {SLICE_INIT("code"), IDENTITY_CODE}};
    struct slice name, more = rest;
    if (slice_empty(rest))
        return posts ? IDENTITY_KINDS : IDENTITY_LIST;
    slice_cut(&more, '/', &name);
    if (!posts || !is_name(name))
        return IDENTITY_KINDS;
    e->name = arena_copy(&e->arena, name);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_equal(more, words[i].word))
            return words[i].kind;
    return IDENTITY_KINDS;
}

static bool take_parameter(struct errand *e, struct slice parameter)
{
    struct slice name, value = parameter;
    uint64_t at;
    slice_cut(&value, '=', &name);
    if (slice_equal(name, SLICE("at")) && slice_to_u64(&at, value, INT64_MAX) == 0) {
        e->at = (int64_t)at;
        return true;
    }
    if (slice_equal(name, SLICE("signature")) && is_hexadecimal(value)) {
        e->signature = arena_copy(&e->arena, value);
        return true;
    }
    if (!slice_equal(name, SLICE("after")) || !is_name(value))
        return false;
    e->after = arena_copy(&e->arena, value);
    return true;
}

static bool take_path(struct errand *e, const char *method, struct slice path)
{
    struct slice query = path, parameter;
    bool posts = strcmp(method, "POST") == 0;
    enum identity_kind kind = IDENTITY_KINDS;
    slice_cut(&query, '?', &path);
    while (slice_cut(&query, '&', &parameter))
        if (!take_parameter(e, parameter))
            return refuse(
                e, 400, ERROR_SYNTAX, "the query takes at=NUMBER, signature=HEXADECIMAL, after=NAME");
    if (slice_equal(path, SLICE("/api/enrol")) || slice_starts(path, SLICE("/api/enrol/")))
        kind = kind_of_enrol(e, posts, slice_from(path, path.length > 10 ? 11 : 10));
    else if (slice_equal(path, SLICE("/api/members")) || slice_starts(path, SLICE("/api/members/")))
        kind = kind_of_members(e, posts, slice_from(path, path.length > 12 ? 13 : 12));
    if (kind == IDENTITY_KINDS)
        return refuse(e, 404, ERROR_MISSING, "there is nothing at this path; see the reference");
    e->kind = (uint8_t)kind;
    return true;
}

/* ---- body ---- */

static bool take_text(struct errand *e, const json_t *body, const char *field, size_t most, struct slice *out)
{
    const json_t *value = json_object_get(body, field);
    if (value == NULL || json_is_null(value))
        return true;
    struct slice text = identity__text(body, field);
    if (!json_is_string(value) || text.length > most)
        return refuse(e, 400, ERROR_SYNTAX, "a field of the body is no text, or too long; see the reference");
    *out = arena_copy(&e->arena, text);
    return true;
}

static bool take_fields(struct errand *e, const json_t *body)
{
    if (!take_text(e, body, "request", 8192, &e->request) || !take_text(e, body, "code", 128, &e->code) ||
        !take_text(e, body, "location", NAME_MOST, &e->location) ||
        !take_text(e, body, "fingerprint", 64, &e->fingerprint) ||
        !take_text(e, body, "signature", 2048, &e->signature))
        return false;
    if (e->kind == IDENTITY_ENROL && !take_text(e, body, "name", NAME_MOST, &e->name))
        return false;
    if (e->kind == IDENTITY_RENEW)
        e->at = identity__number(body, "at");
    return true;
}

static bool take_body(struct errand *e, struct slice text)
{
    struct object_complaint c = {0};
    json_t *body = slice_empty(text) ? json_object() : object_parse(text, &c);
    bool good = json_is_object(body) || refuse(e, 400, ERROR_SYNTAX, "the body is no JSON object");
    good = good && take_fields(e, body);
    object_complaint_free(&c);
    json_decref(body);
    return good;
}

static bool is_complete(struct errand *e)
{
    bool enrols = e->kind == IDENTITY_ENROL;
    if (enrols && !is_name(e->name))
        return refuse(e, 400, ERROR_SYNTAX,
            "name must have 1 to 32 letters, digits, '-', '_' and '.', and begin with a letter or digit");
    if (!slice_empty(e->location) && !is_name(e->location))
        return refuse(e, 400, ERROR_SYNTAX, "location is no name of one");
    if ((enrols || e->kind == IDENTITY_RENEW) && slice_empty(e->request))
        return refuse(e, 400, ERROR_SYNTAX, "request must be a certificate request (PKCS #10) as PEM");
    return true;
}

/* ---- who may (SEC-3) ---- */

static bool is_open(const struct errand *e)
{
    return e->kind <= IDENTITY_RENEW;
}

static bool is_permitted(struct errand *e, struct slice role)
{
    bool administrator = slice_equal(role, SLICE("administrator"));
    if (is_open(e) || administrator || (e->kind == IDENTITY_LIST && slice_equal(role, SLICE("supervisor"))))
        return true;
    LOG(LOG_NOTICE, "roles/identity", "refused: %.*s may not say who is a member", SLICE_ARG(e->user));
    return refuse(e, 403, ERROR_DENIED, NULL);
}

/* By the number of the enrolment, which says nothing to whoever does not hold the key. */
static bool find_name(struct errand *e)
{
    const struct config_member *m;
    const struct configuration *c = world_configuration(e->identity->world);
    if (slice_empty(e->id))
        return true;
    for (size_t at = 0; c != NULL && (m = config_next_member(c, &at)) != NULL;)
        if (slice_equal(m->instance_id, e->id)) {
            e->name = arena_copy(&e->arena, m->name);
            return true;
        }
    const struct seen *seen = map_get(&e->identity->seen, e->id);
    if (seen == NULL)
        return refuse(e, 404, ERROR_MISSING, "there is no such enrolment");
    e->name = arena_copy(&e->arena, slice_text(seen->name));
    return true;
}

void identity__take(struct identity *i, struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__ConfigRequest *m = pack_read(&tandem__config_request__descriptor, bytes, &arena);
    struct errand *e = m != NULL ? identity__errand(i, IDENTITY_KINDS) : NULL;
    if (m == NULL)
        LOG(LOG_WARNING, "roles/identity", "a request on ctl.identity is not well-formed");
    if (e == NULL && m != NULL) {
        struct errand busy = {.identity = i, .reply_to = slice_text(m->reply_to), .reply_token = m->token};
        identity__refuse(&busy, &(struct identity_refusal){503, ERROR_OVERLOADED, NULL});
    }
    if (e != NULL) {
        e->reply_to = arena_copy(&e->arena, slice_text(m->reply_to));
        e->reply_token = m->token;
        e->source = arena_copy(&e->arena, slice_first(slice_text(m->source != NULL ? m->source : ""), 63));
        e->user =
            arena_copy(&e->arena, slice_text(m->user != NULL && m->user[0] != '\0' ? m->user : "enrolment"));
        if (take_path(e, m->method, slice_text(m->path)) &&
            is_permitted(e, slice_text(m->role != NULL ? m->role : "")) &&
            take_body(e, m->has_body ? pack_slice(m->body) : (struct slice){0}) && is_complete(e) &&
            find_name(e))
            identity__feed(e, IDENTITY_EV_GO, NULL);
        else
            identity__end(e);
    }
    arena_free(&arena);
}
