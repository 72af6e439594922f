#include "config/object.h"

#include <ctype.h>

#include "base/error.h"
#include "base/log.h"
#include "world/network.h"

void object_complaint_free(struct object_complaint *c)
{
    buffer_free(&c->path);
    buffer_free(&c->sentence);
}

/* Where in the body a check is, and what it found. */
struct check {
    const struct kind *kind;
    const json_t *body, *before;
    const struct field *field;
    size_t item;       /* of a list */
    struct slice role; /* of an application */
    struct object_complaint *complaint;
    int error;
};

static struct slice text_of(const json_t *json)
{
    return slice_of(json_string_value(json), json_string_length(json));
}

/* Control characters of a stranger's text stay out of our sentences. */
static void add_visible(struct buffer *out, struct slice s)
{
    s = slice_first(s, 64);
    for (size_t i = 0; i < s.length; i++)
        buffer_add_byte(out, (unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f ? '?' : s.data[i]);
}

static bool fail(struct check *c, int error, const char *sentence)
{
    buffer_add_format(&c->complaint->path, "/%s", c->field->name);
    if ((c->field->flags & FIELD_LIST) != 0 && c->item != SIZE_MAX)
        buffer_add_format(&c->complaint->path, "/%zu", c->item);
    buffer_add_text(&c->complaint->sentence, sentence);
    c->error = error;
    return false;
}

/* ---- one value ---- */

static bool has_only(struct slice s, const char *besides)
{
    for (size_t i = 0; i < s.length; i++)
        if (!isalnum((unsigned char)s.data[i]) && (s.data[i] == '\0' || strchr(besides, s.data[i]) == NULL))
            return false;
    return true;
}

static bool is_visible(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return true;
}

static bool is_pem(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (((unsigned char)s.data[i] < 0x20 || (unsigned char)s.data[i] > 0x7e) && s.data[i] != '\n')
            return false;
    return true;
}

static bool is_log_level(struct slice s)
{
    struct slice module;
    enum log_level level;
    return slice_find(s, '=') > 0 && slice_cut(&s, '=', &module) && has_only(module, "-_./") &&
           log_level_parse(&level, s) == 0;
}

static bool check_length(struct check *c, struct slice s)
{
    const struct field *f = c->field;
    char sentence[96];
    if ((int64_t)s.length >= f->minimum && (int64_t)s.length <= f->maximum)
        return true;
    if (s.length == 0 && f->standard != NULL && strcmp(f->standard, "\"\"") == 0)
        return true;
    snprintf(sentence, sizeof sentence, "must have %lld to %lld bytes, it has %zu", (long long)f->minimum,
        (long long)f->maximum, s.length);
    return fail(c, s.length == 0 ? ERROR_RANGE : ERROR_LIMIT, sentence);
}

static bool check_choice(struct check *c, struct slice s)
{
    if (field_word(c->field->words, s) >= 0)
        return true;
    struct buffer *out = &c->complaint->sentence;
    fail(c, ERROR_RANGE, "must be one of ");
    for (size_t i = 0; c->field->words[i] != NULL; i++)
        buffer_add_format(out, "%s%s", i != 0 ? ", " : "", c->field->words[i]);
    return false;
}

static bool check_text(struct check *c, struct slice s)
{
    struct endpoint endpoint;
    struct network network;
    if (c->field->type == FIELD_CHOICE)
        return check_choice(c, s);
    if (!check_length(c, s))
        return false;
    switch (c->field->type) {
    case FIELD_NAME:
    case FIELD_REFERENCE:
        return has_only(s, "-_.") || fail(c, ERROR_SYNTAX, "may have letters, digits, '-', '_' and '.' only");
    case FIELD_DIAL:
        return has_only(s, "*#+-_.") ||
               fail(c, ERROR_SYNTAX, "may have letters, digits and * # + - _ . only");
    case FIELD_LOG:
        return is_log_level(s) ||
               fail(c, ERROR_SYNTAX,
                   "must be MODULE=LEVEL, with one of error, warning, notice, info, debug; "
                   "write it like \"proxy=debug\"");
    case FIELD_ENDPOINT:
        return endpoint_parse(&endpoint, s) == 0 ||
               fail(c, ERROR_SYNTAX, "is no endpoint; write it like \"udp:127.0.0.1:5060\"");
    case FIELD_NETWORK:
        return network_parse(&network, s) == 0 ||
               fail(c, ERROR_SYNTAX,
                   "is no network; write it like \"192.0.2.0/24\", without bits behind its length, or as one "
                   "address");
    case FIELD_PEM:
        return is_pem(s) || fail(c, ERROR_SYNTAX, "may have lines of printable ASCII only");
    default:
        return is_visible(s) || fail(c, ERROR_SYNTAX, "has a control character");
    }
}

static bool check_integer(struct check *c, json_int_t number)
{
    char sentence[96];
    if (number >= c->field->minimum && number <= c->field->maximum)
        return true;
    snprintf(sentence, sizeof sentence, "must be %lld to %lld", (long long)c->field->minimum,
        (long long)c->field->maximum);
    return fail(c, ERROR_RANGE, sentence);
}

static bool check_value(struct check *c, const json_t *value)
{
    if (c->field->type == FIELD_FLAG)
        return json_is_boolean(value) || fail(c, ERROR_SYNTAX, "must be true or false");
    if (c->field->type == FIELD_INTEGER)
        return json_is_integer(value) ? check_integer(c, json_integer_value(value))
                                      : fail(c, ERROR_SYNTAX, "must be a whole number");
    return json_is_string(value) ? check_text(c, text_of(value)) : fail(c, ERROR_SYNTAX, "must be a text");
}

static bool check_items(struct check *c, const json_t *list)
{
    if (!json_is_array(list))
        return fail(c, ERROR_SYNTAX, "must be a list");
    if (json_array_size(list) > FIELD_LIST_ITEMS)
        return fail(c, ERROR_LIMIT, "has more than 64 items");
    for (c->item = 0; c->item < json_array_size(list); c->item++)
        if (!check_value(c, json_array_get(list, c->item)))
            return false;
    return true;
}

/* ---- a whole body ---- */

/* What the kept body gets for a field: a new reference, or NULL for nothing. */
static json_t *kept_value(struct check *c)
{
    const struct field *f = c->field;
    json_t *given = json_object_get(c->body, f->name);
    json_t *before = json_object_get(c->before, f->name);

    if (given == NULL && (f->flags & FIELD_SECRET) != 0)
        return json_incref(before);
    if (given == NULL || json_is_null(given))
        return NULL;
    if (!((f->flags & FIELD_LIST) != 0 ? check_items(c, given) : check_value(c, given)))
        return NULL;
    return f->type == FIELD_PASSWORD ? json_pack("{sO}", "clear", given) : json_deep_copy(given);
}

static bool keep_field(struct check *c, json_t *kept)
{
    bool applies = field_applies(c->field, c->role);
    if (!applies && json_object_get(c->body, c->field->name) == NULL)
        return true;
    if (!applies)
        return fail(c, ERROR_UNSUPPORTED, "does not exist for an application of this role");
    c->item = SIZE_MAX;
    json_t *value = kept_value(c);
    if (c->error != 0)
        return false;
    if (value == NULL)
        return (c->field->flags & FIELD_REQUIRED) == 0 || fail(c, ERROR_RANGE, "is required");
    json_object_set_new(kept, c->field->name, value);
    return true;
}

/* A field that nobody knows is a mistake that would go unnoticed. "version" belongs to the request, and
 * "inherited" to what was shown: both come back with an object that was read, edited and is put again. */
static bool check_known(struct check *c)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)c->body, name, value)
    {
        if (field_find(c->kind, slice_text(name)) != NULL || strcmp(name, "version") == 0 ||
            strcmp(name, "inherited") == 0)
            continue;
        buffer_add_byte(&c->complaint->path, '/');
        add_visible(&c->complaint->path, slice_text(name));
        buffer_add_format(&c->complaint->sentence, "is no field of a %s; there are ", c->kind->name);
        for (size_t i = 0; i < c->kind->field_count; i++)
            buffer_add_format(&c->complaint->sentence, "%s%s", i != 0 ? ", " : "", c->kind->fields[i].name);
        c->error = ERROR_UNSUPPORTED;
        return false;
    }
    return true;
}

static bool check_single(struct check *c, struct slice name)
{
    char sentence[96];
    if (c->kind->single == NULL || slice_equal(name, slice_text(c->kind->single)))
        return true;
    snprintf(sentence, sizeof sentence, "must be %s: there is only one object of this kind", c->kind->single);
    return fail(c, ERROR_RANGE, sentence);
}

static bool check_key(struct check *c, json_t *kept, struct slice name)
{
    c->field = &c->kind->fields[0];
    json_t *given = json_object_get(c->body, c->field->name);
    if (given == NULL && !slice_empty(name)) {
        if (!check_text(c, name) || !check_single(c, name))
            return false;
        json_object_set_new(kept, c->field->name, json_stringn(name.data, name.length));
        return true;
    }
    if (!keep_field(c, kept) || !check_single(c, text_of(given)))
        return false;
    return slice_empty(name) || slice_equal(text_of(given), name) ||
           fail(c, ERROR_CONFLICT, "is not the name that the path says");
}

static bool check_all(struct check *c, json_t *kept, struct slice name)
{
    if (!json_is_object(c->body)) {
        buffer_add_text(&c->complaint->sentence, "must be a JSON object");
        c->error = ERROR_SYNTAX;
        return false;
    }
    if (!check_known(c) || !check_key(c, kept, name))
        return false;
    for (size_t i = 1; i < c->kind->field_count; i++) {
        c->field = &c->kind->fields[i];
        if (!keep_field(c, kept))
            return false;
    }
    return true;
}

json_t *object_check(int *error, const struct kind *k, struct slice name, const json_t *body,
    const json_t *before, struct object_complaint *complaint)
{
    struct check c = {.kind = k, .body = body, .before = before, .complaint = complaint};
    c.role = text_of(json_object_get(body, "role"));
    json_t *kept = json_object();
    if (!check_all(&c, kept, name)) {
        json_decref(kept);
        kept = NULL;
    }
    *error = c.error;
    return kept;
}

/* ---- passwords ---- */

static const struct field *password_field(const struct kind *k)
{
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == FIELD_PASSWORD)
            return &k->fields[i];
    return NULL;
}

bool object_password(struct slice *password, const struct kind *k, const json_t *body)
{
    const struct field *f = password_field(k);
    const json_t *clear = f != NULL ? json_object_get(json_object_get(body, f->name), "clear") : NULL;
    if (clear != NULL)
        *password = text_of(clear);
    return clear != NULL;
}

void object_set_password(const struct kind *k, json_t *body, struct slice encoded)
{
    json_object_set_new(body, password_field(k)->name, json_stringn(encoded.data, encoded.length));
}
