#include "roles/proxy/trace/mask.h"

#include "base/slice.h"
#include "sip/multipart.h"

#define STAR '*'

/* A part of the message that may be written to. */
struct part {
    char *data;
    size_t length;
};

static struct slice view(struct part p)
{
    return slice_of(p.data, p.length);
}

static struct part part_from(struct part p, size_t from)
{
    return from < p.length ? (struct part){p.data + from, p.length - from}
                           : (struct part){p.data + p.length, 0};
}

static struct part part_first(struct part p, size_t length)
{
    return (struct part){p.data, length < p.length ? length : p.length};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void hide(struct part p)
{
    for (size_t i = 0; i < p.length; i++)
        if (p.data[i] != '\r' && p.data[i] != '\n')
            p.data[i] = STAR;
}

/* The line that begins there, without its end; *next is where the one behind it begins. */
static struct part line_at(struct part text, size_t at, size_t *next)
{
    size_t end = at;
    while (end < text.length && text.data[end] != '\n' && text.data[end] != '\r')
        end++;
    *next = end;
    if (*next < text.length && text.data[*next] == '\r')
        (*next)++;
    if (*next < text.length && text.data[*next] == '\n' && (*next == end || text.data[*next - 1] == '\r'))
        (*next)++;
    return part_first(part_from(text, at), end - at);
}

/* ---- credentials (RFC 3261 25.1, RFC 7616) ---- */

enum showing { SHOW_NOTHING, SHOW_NAME, SHOW_VALUE };

/* Of a digest; anything else is hidden whole. */
static enum showing showing_of(struct slice name)
{
    static const struct {
        struct slice name;
        enum showing showing;
    } known[] = {{SLICE_INIT("username"), SHOW_VALUE}, {SLICE_INIT("realm"), SHOW_VALUE},
        {SLICE_INIT("nonce"), SHOW_VALUE}, {SLICE_INIT("uri"), SHOW_VALUE},
        {SLICE_INIT("algorithm"), SHOW_VALUE}, {SLICE_INIT("qop"), SHOW_VALUE},
        {SLICE_INIT("nc"), SHOW_VALUE}, {SLICE_INIT("opaque"), SHOW_VALUE},
        {SLICE_INIT("userhash"), SHOW_VALUE}, {SLICE_INIT("nextnonce"), SHOW_VALUE},
        {SLICE_INIT("response"), SHOW_NAME}, {SLICE_INIT("cnonce"), SHOW_NAME},
        {SLICE_INIT("rspauth"), SHOW_NAME}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal_nocase(name, known[i].name))
            return known[i].showing;
    return SHOW_NOTHING;
}

/* Where a value ends that begins there: a quoted text, or all up to the comma. */
static size_t value_end(struct part p, size_t at)
{
    bool quoted = at < p.length && p.data[at] == '"';
    for (size_t i = at + quoted; i < p.length; i++) {
        if (quoted && p.data[i] == '\\')
            i++;
        else if (p.data[i] == (quoted ? '"' : ','))
            return i;
    }
    return p.length;
}

/* name=value, name="value", ...: all values but those that may be seen. */
static void hide_parameters(struct part p)
{
    size_t at = 0;
    while (at < p.length) {
        ptrdiff_t equals = slice_find(view(part_from(p, at)), '=');
        if (equals < 0) {
            hide(part_from(p, at));
            return;
        }
        struct part name = part_first(part_from(p, at), (size_t)equals);
        enum showing showing = showing_of(slice_trim(view(name)));
        if (showing == SHOW_NOTHING)
            hide(name);
        at += (size_t)equals + 1;
        while (at < p.length && is_space(p.data[at]))
            at++;
        size_t end = value_end(p, at);
        bool quoted = at < p.length && p.data[at] == '"';
        if (showing != SHOW_VALUE)
            hide(part_first(part_from(p, at + quoted), end > at + quoted ? end - at - quoted : 0));
        ptrdiff_t comma = slice_find(view(part_from(p, end)), ',');
        at = comma < 0 ? p.length : end + (size_t)comma + 1;
    }
}

static void hide_credentials(struct part p)
{
    size_t begin = 0, end;
    while (begin < p.length && is_space(p.data[begin]))
        begin++;
    for (end = begin; end < p.length && !is_space(p.data[end]);)
        end++;
    if (slice_equal_nocase(slice_of(p.data + begin, end - begin), SLICE("Digest")))
        hide_parameters(part_from(p, end));
    else
        hide(part_from(p, begin)); /* of other schemes nothing is known */
}

/* ---- passwords in URIs: sip:user:password@host ---- */

static void hide_passwords(struct part p)
{
    for (size_t i = 0; i + 4 < p.length; i++) {
        size_t at = slice_starts_nocase(view(part_from(p, i)), SLICE("sip:"))    ? i + 4
                    : slice_starts_nocase(view(part_from(p, i)), SLICE("sips:")) ? i + 5
                                                                                 : 0;
        size_t colon = 0, end = at;
        for (; at != 0 && end < p.length && !is_space(p.data[end]) && p.data[end] != '>' &&
               p.data[end] != '@' && p.data[end] != '"';
             end++)
            if (p.data[end] == ':' && colon == 0)
                colon = end + 1;
        if (colon != 0 && end < p.length && p.data[end] == '@')
            hide(part_first(part_from(p, colon), end - colon));
    }
}

/* ---- bodies ---- */

static void hide_in_description(struct part p)
{
    static const struct slice hidden[] = {
        SLICE_INIT("k="), SLICE_INIT("a=ice-pwd:"), SLICE_INIT("a=key-mgmt:"), SLICE_INIT("a=crypto:")};
    for (size_t at = 0, next; at < p.length; at = next) {
        struct part line = line_at(p, at, &next);
        if (line.length < 2 || line.data[1] != '=') {
            hide(line);
            continue;
        }
        for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
            if (!slice_starts_nocase(view(line), hidden[i]))
                continue;
            struct part value = part_from(line, hidden[i].length);
            struct slice rest = view(value), word;
            for (int word_count = 0; i == 3 && word_count < 2; word_count++) /* tag and suite (RFC 4568) */
                slice_cut(&rest, ' ', &word);
            hide(part_from(value, value.length - rest.length));
        }
    }
}

/* What lies between parts: all but the boundaries. */
static void hide_between(struct part p, struct slice boundary)
{
    for (size_t at = 0, next; at < p.length; at = next) {
        struct part line = line_at(p, at, &next);
        if (!slice_starts(view(line), SLICE("--")) || !slice_starts(slice_from(view(line), 2), boundary))
            hide(line);
    }
}

static void hide_in_parts(struct part body, const struct sip_media_type *type)
{
    struct multipart m;
    struct multipart_part part;
    size_t seen = 0;
    if (multipart_begin(&m, type, view(body)) != 0) {
        hide(body);
        return;
    }
    struct slice boundary = m.boundary;
    while (multipart_next(&part, &m) == 1) {
        size_t head = (size_t)(part.head.data - body.data), at = (size_t)(part.body.data - body.data);
        if (part.head.length == 0)
            head = at;
        hide_between(part_first(part_from(body, seen), head - seen), boundary);
        struct part inner = part_first(part_from(body, at), part.body.length);
        if (sip_media_type_is(&part.type, SLICE("application"), SLICE("sdp")))
            hide_in_description(inner);
        else
            hide(inner);
        seen = at + part.body.length;
    }
    hide_between(part_from(body, seen), boundary);
}

static void hide_in_body(struct part body, struct slice content_type)
{
    struct sip_media_type type;
    if (sip_media_type_parse(&type, content_type) != 0)
        hide(body);
    else if (sip_media_type_is(&type, SLICE("application"), SLICE("sdp")))
        hide_in_description(body);
    else if (sip_media_type_is(&type, SLICE("multipart"), SLICE("*")))
        hide_in_parts(body, &type);
    else
        hide(body);
}

/* ---- the whole ---- */

static bool continues(struct part text, size_t at)
{
    return at < text.length && (text.data[at] == ' ' || text.data[at] == '\t');
}

/* One header with its folds. */
static void hide_in_header(struct part header, struct slice *content_type)
{
    ptrdiff_t colon = slice_find(view(header), ':');
    struct slice name = slice_trim(slice_first(view(header), colon < 0 ? 0 : (size_t)colon));
    struct part value = part_from(header, (size_t)(colon + 1));
    if (slice_equal_nocase(name, SLICE("Authorization")) ||
        slice_equal_nocase(name, SLICE("Proxy-Authorization")))
        hide_credentials(value);
    else if (slice_equal_nocase(name, SLICE("Authentication-Info")) ||
             slice_equal_nocase(name, SLICE("Proxy-Authentication-Info")))
        hide_parameters(value);
    else if (slice_equal_nocase(name, SLICE("Content-Type")) || slice_equal_nocase(name, SLICE("c")))
        *content_type = slice_trim(view(value));
    hide_passwords(header);
}

static bool is_control(const struct part *p, size_t i)
{
    unsigned char c = (unsigned char)p->data[i], before = i != 0 ? (unsigned char)p->data[i - 1] : 0;
    if (c < 0x20 || c == 0x7f)
        return c != '\r' && c != '\n' && c != '\t';
    return before == 0xc2 && c < 0xa0 && c >= 0x80; /* of the upper half, as UTF-8 */
}

void trace_mask(char *text, size_t length)
{
    struct part all = {text, length};
    struct slice content_type = {0};
    size_t at = 0, next = 0;
    if (length == 0)
        return;
    while (at < all.length && (text[at] == '\r' || text[at] == '\n'))
        at++;
    for (next = at; at < all.length; at = next) {
        struct part header = line_at(all, at, &next);
        if (header.length == 0)
            break;
        while (continues(all, next)) {
            struct part fold = line_at(all, next, &next);
            header.length = (size_t)(fold.data + fold.length - header.data);
        }
        hide_in_header(header, &content_type);
    }
    hide_in_body(part_from(all, next), content_type);
    for (size_t i = 0; i < all.length; i++)
        if (is_control(&all, i))
            text[i] = '?';
}
