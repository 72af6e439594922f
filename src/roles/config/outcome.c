/* What became of a transaction: for the requester, and for everybody. */
#include "base/error.h"
#include "base/log.h"
#include "config/object.h"
#include "roles/config/writer_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

static const char *const action_names[] = {"create", "change", "delete", "same"};

static json_t *show(const struct kind *k, struct slice body, uint64_t version)
{
    if (slice_empty(body))
        return json_null();
    json_t *json = json_loadb(body.data, body.length, 0, NULL);
    json_t *shown = object_show(k, json, version, false);
    json_decref(json);
    return shown;
}

/* Names of secret fields that differ: their values are not shown. */
static json_t *changed_secrets(const struct kind *k, struct slice before, struct slice after)
{
    json_t *one = json_loadb(before.data != NULL ? before.data : "", before.length, 0, NULL);
    json_t *other = json_loadb(after.data != NULL ? after.data : "", after.length, 0, NULL);
    json_t *names = json_array();
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if (f->type != FIELD_PASSWORD && (f->flags & FIELD_SECRET) == 0)
            continue;
        const json_t *was = json_object_get(one, f->name), *is = json_object_get(other, f->name);
        if ((was == NULL) != (is == NULL) || (was != NULL && !json_equal(was, is)))
            json_array_append_new(names, json_string(f->name));
    }
    json_decref(one);
    json_decref(other);
    if (json_array_size(names) != 0)
        return names;
    json_decref(names);
    return NULL;
}

json_t *writer__show_change(const struct kind *k, struct slice name, const char *action, struct slice before,
    struct slice after, uint64_t version)
{
    bool deleted = slice_empty(after);
    if (action == NULL)
        action = action_names[deleted ? ACTION_DELETE : slice_empty(before) ? ACTION_CREATE : ACTION_CHANGE];
    json_t *change =
        json_pack("{ss, so, ss, so, so, sI}", "kind", k->name, "name", json_stringn(name.data, name.length),
            "action", action, "before", show(k, before, strcmp(action, "same") == 0 ? version : version - 1),
            "after", show(k, after, version), "version", (json_int_t)version);
    json_t *secrets = changed_secrets(k, before, after);
    if (secrets != NULL)
        json_object_set_new(change, "changed_secrets", secrets);
    return change;
}

/* The version that it has now, or would have. */
static uint64_t version_of(struct writer *w, const struct transaction *t, const struct item *i)
{
    const struct object *o = t->number != 0 ? catalogue_get(w->catalogue, i->kind, i->name) : NULL;
    return o != NULL ? o->version : i->expected + (i->action != ACTION_SAME);
}

static json_t *describe_changes(struct writer *w, const struct transaction *t, size_t *more)
{
    json_t *list = json_array();
    size_t bytes = 0, at = 0;
    for (; at < t->count && bytes < TRANSACTION_SHOWN; at++) {
        const struct item *i = &t->items[at];
        bytes += 200 + i->before.length + i->after.length;
        json_array_append_new(list, writer__show_change(i->kind, i->name, action_names[i->action], i->before,
                                        i->after, version_of(w, t, i)));
    }
    *more = t->count - at;
    return list;
}

static json_t *count_actions(const struct transaction *t)
{
    json_int_t counts[4] = {0};
    for (size_t n = 0; n < t->count; n++)
        counts[t->items[n].action]++;
    return json_pack("{sI, sI, sI, sI}", action_names[0], counts[0], action_names[1], counts[1],
        action_names[2], counts[2], action_names[3], counts[3]);
}

static void settle_several(struct writer *w, struct transaction *t)
{
    char at[24];
    size_t more;
    json_t *list = describe_changes(w, t, &more);
    snprintf(at, sizeof at, "%lld", (long long)(t->number != 0 ? t->began : world_now(w->world)));
    json_t *body = json_pack("{sI, sb, ss, so, so, so, so}", "number",
        (json_int_t)(t->number != 0 ? t->number : w->number), "applied", t->number != 0, "at", at, "by",
        json_stringn(t->request.user.data, t->request.user.length), "comment",
        t->comment.length != 0 ? json_stringn(t->comment.data, t->comment.length) : json_string(""), "counts",
        count_actions(t), "changes", list);
    if (t->undoes != 0)
        json_object_set_new(body, "undoes", json_integer((json_int_t)t->undoes));
    if (more != 0)
        json_object_set_new(body, "more", json_integer((json_int_t)more));
    writer__answer(w, &t->request, 200, body);
    json_decref(body);
}

/* One object: as it is now. */
static void settle_one(struct writer *w, struct transaction *t)
{
    const struct item *i = &t->items[0];
    uint64_t version = version_of(w, t, i);
    json_t *shown = slice_empty(i->after)
                        ? json_pack("{sI, sb}", "version", (json_int_t)version, "deleted", true)
                        : show(i->kind, i->after, version);
    writer__answer(w, &t->request, i->action == ACTION_CREATE ? 201 : 200, shown);
    json_decref(shown);
}

/* Another leader has made it: its history says the rest. */
static void settle_repeated(struct writer *w, struct transaction *t)
{
    json_t *body = json_pack("{sI, sb}", "number", (json_int_t)t->number, "applied", true);
    writer__answer(w, &t->request, 200, body);
    json_decref(body);
}

void writer__settle(struct writer *w, struct transaction *t)
{
    if (t->number != 0 && !t->request.repeated)
        LOG(LOG_NOTICE, "roles/config", "%.*s made change %llu of %zu objects, the first is %s %.*s",
            SLICE_ARG(t->request.user), (unsigned long long)t->number, t->writes, t->items[0].kind->name,
            SLICE_ARG(t->items[0].name));
    if (t->request.repeated)
        settle_repeated(w, t);
    else if (t->request.what == REQUEST_PUT || t->request.what == REQUEST_DELETE)
        settle_one(w, t);
    else
        settle_several(w, t);
}

/* ---- everybody ---- */

static void publish(struct writer *w, Tandem__ConfigChanged *m, uint64_t number)
{
    struct buffer subject = {0}, packed = {0};
    m->has_number = true;
    m->number = number;
    buffer_add_format(&subject, "cfg.%s", m->kind);
    pack_add(&packed, &m->base);
    world_publish(w->world, buffer_slice(&subject), buffer_slice(&packed));
    buffer_free(&subject);
    buffer_free(&packed);
}

void writer__tell_many(struct writer *w, const bool kinds[KIND_MAX], uint64_t number)
{
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        Tandem__ConfigChanged m = TANDEM__CONFIG_CHANGED__INIT;
        if (!kinds[kind_number(k)])
            continue;
        m.kind = (char *)(uintptr_t)k->name;
        m.name = (char[]){""};
        m.has_many = m.many = true;
        publish(w, &m, number);
    }
}

/* Whoever led before may have died before it said so; who knows already passes over it by the number. */
void writer__tell_caught(struct writer *w)
{
    writer__tell_many(w, w->touched, w->number);
}

void writer__tell(struct writer *w, struct transaction *t)
{
    bool kinds[KIND_MAX] = {false};
    struct arena arena = {0};
    if (t->request.repeated) {
        writer__tell_caught(w);
        return;
    }
    for (size_t n = 0; n < t->count; n++) {
        const struct item *i = &t->items[n];
        if (i->action == ACTION_SAME)
            continue;
        kinds[kind_number(i->kind)] = true;
        if (t->writes > WRITER_NOTICES)
            continue;
        Tandem__ConfigChanged m = TANDEM__CONFIG_CHANGED__INIT;
        m.kind = (char *)(uintptr_t)i->kind->name;
        m.name = arena_text(&arena, i->name);
        m.version = version_of(w, t, i);
        m.has_deleted = m.deleted = slice_empty(i->after);
        publish(w, &m, t->number);
    }
    if (t->writes > WRITER_NOTICES)
        writer__tell_many(w, kinds, t->number);
    arena_free(&arena);
}
