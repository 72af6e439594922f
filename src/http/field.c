/* Looking things up in a request: fields, lists, cookies, parameters. */
#include "http/http.h"

#include "base/error.h"

static const struct {
    unsigned number;
    const char *reason;
} statuses[] = {
#define STATUS(number, symbol, reason) {number, reason},
#include "http/status.def"
#undef STATUS
};

const char *http_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].number == status)
            return statuses[i].reason;
    return "";
}

const char *http_method_name(enum http_method m)
{
    static const char *const names[] = {
        "",
#define METHOD(name) #name,
#include "http/method.def"
#undef METHOD
    };
    return names[m];
}

struct slice http_field(const struct http_request *r, struct slice name)
{
    for (size_t i = 0; i < r->field_count; i++)
        if (slice_equal_nocase(r->fields[i].name, name))
            return r->fields[i].value;
    return (struct slice){NULL, 0};
}

bool http_has_field(const struct http_request *r, struct slice name)
{
    return http_field(r, name).data != NULL;
}

bool http_has_token(const struct http_request *r, struct slice name, struct slice token)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (!slice_equal_nocase(r->fields[i].name, name))
            continue;
        struct slice rest = r->fields[i].value, element;
        while (slice_cut(&rest, ',', &element))
            if (slice_equal_nocase(slice_trim(element), token))
                return true;
    }
    return false;
}

bool http_cookie(const struct http_request *r, struct slice name, struct slice *value)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (!slice_equal_nocase(r->fields[i].name, SLICE("Cookie")))
            continue;
        struct slice rest = r->fields[i].value, pair, found;
        while (slice_cut(&rest, ';', &pair)) {
            pair = slice_trim(pair);
            if (!slice_cut(&pair, '=', &found) || !slice_equal(found, name) || pair.data == NULL)
                continue;
            *value = pair;
            return true;
        }
    }
    return false;
}

static int decode(struct arena *arena, struct slice text, struct slice *decoded)
{
    char *out = arena_alloc(arena, text.length + 1);
    size_t length;
    int error = http_decode(out, &length, text, true);
    if (error == 0)
        *decoded = slice_of(out, length);
    return error;
}

int http_query(const struct http_request *r, struct slice name, struct arena *arena, struct slice *value)
{
    struct slice rest = r->query, pair, found;
    while (slice_cut(&rest, '&', &pair)) {
        if (!slice_cut(&pair, '=', &found))
            continue;
        int error = decode(arena, found, &found);
        if (error != 0)
            return error;
        if (slice_equal(found, name))
            return decode(arena, pair, value);
    }
    return ERROR_MISSING;
}

/* Is the quality of "coding;q=0.5" above zero? (RFC 9110 12.4.2) */
static bool has_quality(struct slice parameters)
{
    struct slice parameter;
    while (slice_cut(&parameters, ';', &parameter)) {
        parameter = slice_trim(parameter);
        if (!slice_starts_nocase(parameter, SLICE("q=")))
            continue;
        for (size_t i = 2; i < parameter.length; i++)
            if (parameter.data[i] >= '1' && parameter.data[i] <= '9')
                return true;
        return false;
    }
    return true;
}

bool http_accepts_coding(const struct http_request *r, struct slice coding)
{
    bool any = false;
    for (size_t i = 0; i < r->field_count; i++) {
        if (!slice_equal_nocase(r->fields[i].name, SLICE("Accept-Encoding")))
            continue;
        struct slice rest = r->fields[i].value, element, name;
        while (slice_cut(&rest, ',', &element)) {
            if (!slice_cut(&element, ';', &name))
                continue;
            name = slice_trim(name);
            if (slice_equal_nocase(name, coding))
                return has_quality(element);
            any = any || (slice_equal(name, SLICE("*")) && has_quality(element));
        }
    }
    return any;
}
