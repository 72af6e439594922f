/* Bodies of several parts. The boundary's line is the one thing that separates: a CR LF, "--", the boundary,
 * blanks, a CR LF; the CR LF before it belongs to it (RFC 2046 5.1.1). */
#include "sip/multipart.h"

#include "base/error.h"
#include "sip/lex.h"
#include "sip/uri.h"

#define BOUNDARY_LIMIT 70U

int sip_media_type_parse(struct sip_media_type *t, struct slice value)
{
    struct slice s = slice_trim(value);
    struct sip__parameter p;
    int more;
    *t = (struct sip_media_type){.type = slice_first(s, sip__span(s, SIP__TOKEN))};
    s = sip__skip_blanks(slice_from(s, t->type.length));
    if (t->type.length == 0 || s.length == 0 || s.data[0] != '/')
        return ERROR_SYNTAX;
    s = sip__skip_blanks(slice_from(s, 1));
    t->subtype = slice_first(s, sip__span(s, SIP__TOKEN));
    t->parameters = sip__skip_blanks(slice_from(s, t->subtype.length));
    if (t->subtype.length == 0)
        return ERROR_SYNTAX;
    struct slice rest = t->parameters;
    while ((more = sip__next_parameter(&p, &rest)) > 0)
        continue;
    return more;
}

bool sip_media_type_is(const struct sip_media_type *t, struct slice type, struct slice subtype)
{
    return slice_equal_nocase(t->type, type) &&
           (slice_equal(subtype, SLICE("*")) || slice_equal_nocase(t->subtype, subtype));
}

/* ---- boundaries ---- */

/* RFC 2046 5.1.1: bcharsnospace, and spaces but at the end. */
static bool good_boundary(struct slice s)
{
    if (s.length == 0 || s.length > BOUNDARY_LIMIT || s.data[s.length - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.length; i++) {
        char c = s.data[i];
        bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
        if (!good)
            return false;
    }
    return true;
}

struct delimiter {
    size_t begin, end; /* with the CR LF before and after it */
    bool last;
};

/* Is there a delimiter at "--"? */
static bool read_delimiter(struct delimiter *d, struct slice s, size_t at, struct slice boundary)
{
    struct slice rest = slice_from(s, at);
    if (!slice_starts(rest, SLICE("--")) || !slice_starts(slice_from(rest, 2), boundary))
        return false;
    rest = slice_from(rest, 2 + boundary.length);
    d->last = slice_starts(rest, SLICE("--"));
    if (d->last)
        rest = slice_from(rest, 2);
    rest = sip__skip_blanks(rest);
    if (rest.length != 0 && !slice_starts(rest, SLICE("\r\n")))
        return false;
    if (rest.length == 0 && !d->last)
        return false; /* the body was cut within its line */
    d->begin = at;
    d->end = s.length - rest.length + (rest.length != 0 ? 2 : 0);
    return true;
}

/* The next delimiter: at the beginning, or behind a CR LF. */
static bool find_delimiter(struct delimiter *d, struct slice s, struct slice boundary)
{
    size_t at = 0;
    if (read_delimiter(d, s, 0, boundary))
        return true;
    for (;;) {
        ptrdiff_t found = slice_find_slice(slice_from(s, at), SLICE("\r\n--"));
        if (found < 0)
            return false;
        at += (size_t)found;
        if (read_delimiter(d, s, at + 2, boundary)) {
            d->begin = at;
            return true;
        }
        at += 2;
    }
}

int multipart_begin(struct multipart *m, const struct sip_media_type *type, struct slice body)
{
    struct sip__parameter p;
    struct slice rest = type->parameters;
    struct delimiter first;
    *m = (struct multipart){.rest = slice_first(body, 0)};
    if (!slice_equal_nocase(type->type, SLICE("multipart")))
        return ERROR_SYNTAX;
    while (sip__next_parameter(&p, &rest) > 0) {
        if (!slice_equal_nocase(p.name, SLICE("boundary")))
            continue;
        if (m->boundary.length != 0 || !good_boundary(p.value))
            return ERROR_SYNTAX;
        m->boundary = p.value;
    }
    if (m->boundary.length == 0 || !find_delimiter(&first, body, m->boundary) || first.last)
        return ERROR_SYNTAX;
    m->rest = slice_from(body, first.end);
    return 0;
}

/* ---- parts ---- */

static int take_header(struct multipart_part *part, unsigned *seen, const struct sip__line *line)
{
    static const struct {
        struct slice name;
        size_t offset; /* of a slice in the part; 0: the type */
    } names[] = {
        {SLICE_INIT("Content-Type"), 0},
        {SLICE_INIT("Content-Disposition"), offsetof(struct multipart_part, disposition)},
        {SLICE_INIT("Content-ID"), offsetof(struct multipart_part, id)},
        {SLICE_INIT("Content-Transfer-Encoding"), offsetof(struct multipart_part, encoding)},
    };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!slice_equal_nocase(line->name, names[i].name))
            continue;
        if (*seen & 1U << i)
            return ERROR_SYNTAX; /* which of the two was meant is not for us to guess */
        *seen |= 1U << i;
        if (i == 0)
            return sip_media_type_parse(&part->type, line->value);
        memcpy((char *)part + names[i].offset, &line->value, sizeof line->value);
    }
    return 0;
}

static int read_head(struct multipart_part *part, struct slice text)
{
    struct sip__line line;
    unsigned seen = 0, count = 0;
    size_t at = 0;
    int more;
    *part = (struct multipart_part){.type = {SLICE("text"), SLICE("plain"), slice_first(text, 0)}};
    while ((more = sip__next_line(&line, text, &at)) > 0) {
        if (line.bad || take_header(part, &seen, &line) != 0)
            return ERROR_SYNTAX;
        if (++count > MULTIPART_HEADERS)
            return ERROR_LIMIT;
    }
    part->head = slice_first(text, at);
    part->body = slice_from(text, at);
    return more;
}

int multipart_next(struct multipart_part *part, struct multipart *m)
{
    struct delimiter end;
    struct slice text = m->rest;
    if (text.length == 0)
        return 0;
    m->rest = slice_first(text, 0);
    if (++m->count > MULTIPART_LIMIT)
        return ERROR_LIMIT;
    if (!find_delimiter(&end, text, m->boundary))
        return ERROR_SYNTAX;
    struct slice inside = slice_first(text, end.begin);
    /* Headers without a body: the empty line's CR LF is the delimiter's as well. */
    struct slice with_line = slice_first(text, end.begin + 2);
    int error = read_head(part, inside);
    if (error == ERROR_SYNTAX && end.begin + 2 <= text.length && slice_ends(with_line, SLICE("\r\n")))
        error = read_head(part, with_line);
    if (error != 0)
        return error;
    if (!end.last)
        m->rest = slice_from(text, end.end);
    return 1;
}

/* ---- all of them ---- */

struct walk {
    int (*part_h)(void *user, const struct multipart_part *part);
    void *user;
    unsigned parts; /* looked at */
};

static int walk_in(struct walk *w, const struct multipart_part *whole, unsigned depth)
{
    struct multipart m;
    struct multipart_part inner;
    int error, more;
    if (!slice_equal_nocase(whole->type.type, SLICE("multipart")))
        return w->part_h(w->user, whole);
    if (depth == MULTIPART_DEPTH)
        return ERROR_LIMIT;
    if ((error = multipart_begin(&m, &whole->type, whole->body)) != 0)
        return error;
    while ((more = multipart_next(&inner, &m)) > 0) {
        if (++w->parts > MULTIPART_LIMIT)
            return ERROR_LIMIT;
        inner.alternative =
            whole->alternative || slice_equal_nocase(whole->type.subtype, SLICE("alternative"));
        if ((error = walk_in(w, &inner, depth + 1)) != 0)
            return error;
    }
    return more;
}

static struct slice value_of(const struct sip_message *m, struct slice name)
{
    for (size_t i = 0; i < m->header_count; i++)
        if (slice_equal_nocase(m->headers[i].name, name))
            return m->headers[i].value;
    return (struct slice){0};
}

int multipart_walk(
    const struct sip_message *m, int (*part_h)(void *user, const struct multipart_part *part), void *user)
{
    struct walk w = {.part_h = part_h, .user = user};
    struct multipart_part whole = {.body = m->body,
        .disposition = value_of(m, SLICE("Content-Disposition")),
        .id = value_of(m, SLICE("Content-ID")),
        .encoding = value_of(m, SLICE("Content-Encoding"))};
    if (m->body.length == 0)
        return 0;
    if (sip_media_type_parse(&whole.type, sip_header_value(m, SIP_HEADER_CONTENT_TYPE)) != 0)
        return ERROR_SYNTAX;
    return walk_in(&w, &whole, 0);
}
