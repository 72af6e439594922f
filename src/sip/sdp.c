#include "base/error.h"
#include "sip/sdp_int.h"

static const char *const direction_names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

const char *sdp_direction_name(enum sdp_direction d)
{
    return (unsigned)d < SDP_DIRECTIONS ? direction_names[d] : direction_names[SDP_SENDRECV];
}

enum sdp_direction sdp_direction_reverse(enum sdp_direction d)
{
    return d == SDP_SENDONLY ? SDP_RECVONLY : d == SDP_RECVONLY ? SDP_SENDONLY : d;
}

/* ---- lines ---- */

int sdp__next_line(struct sdp__line *line, struct slice *rest)
{
    struct slice text;
    do {
        if (rest->length == 0 || !slice_cut(rest, '\n', &text))
            return 0;
        if (text.length != 0 && text.data[text.length - 1] == '\r')
            text.length--;
        /* Empty lines stand at the end only: some add one. */
        if (text.length == 0 && slice_trim(*rest).length != 0)
            return ERROR_SYNTAX;
    } while (text.length == 0);
    if (text.length < 2 || text.data[1] != '=' || slice_find(text, '\r') >= 0 || slice_find(text, '\0') >= 0)
        return ERROR_SYNTAX;
    line->type = text.data[0];
    line->value = slice_from(text, 2);
    return 1;
}

struct sdp_attribute sdp__attribute(struct slice value)
{
    ptrdiff_t colon = slice_find(value, ':');
    if (colon < 0)
        return (struct sdp_attribute){value, slice_from(value, value.length)};
    return (struct sdp_attribute){slice_first(value, (size_t)colon), slice_from(value, (size_t)colon + 1)};
}

bool sdp__direction(enum sdp_direction *d, const struct sdp__line *line)
{
    if (line->type != 'a')
        return false;
    for (unsigned i = 0; i < SDP_DIRECTIONS; i++) {
        if (slice_equal(line->value, slice_text(direction_names[i]))) {
            *d = (enum sdp_direction)i;
            return true;
        }
    }
    return false;
}

struct slice sdp__word(struct slice *rest)
{
    ptrdiff_t space = slice_find(*rest, ' ');
    struct slice word = space < 0 ? *rest : slice_first(*rest, (size_t)space);
    *rest = slice_from(*rest, word.length + 1);
    return word;
}

/* ---- parsing ---- */

struct parser {
    struct sdp *s;
    struct sdp_attribute *attributes; /* of all sections, one behind the other */
    size_t used;
    enum sdp_direction direction; /* the session's */
    struct sdp_media *media;      /* the section that is read; NULL in the session's */
    bool has_origin;
};

/* o=<user> <id> <version> IN IP4 <address> */
static int parse_origin(struct parser *p, struct slice value)
{
    struct sdp *s = p->s;
    if (p->has_origin || p->media != NULL)
        return ERROR_SYNTAX;
    p->has_origin = true;
    s->origin.user = sdp__word(&value);
    struct slice id = sdp__word(&value), version = sdp__word(&value), net = sdp__word(&value);
    struct slice kind = sdp__word(&value);
    s->origin.address = sdp__word(&value);
    if (s->origin.user.length == 0 || slice_to_u64(&s->origin.id, id, UINT64_MAX) != 0 ||
        slice_to_u64(&s->origin.version, version, UINT64_MAX) != 0 || net.length == 0 || kind.length == 0 ||
        s->origin.address.length == 0 || value.length != 0)
        return ERROR_SYNTAX;
    return 0;
}

/* c=IN IP4 <address>[/ttl[/count]] */
static int parse_connection(struct slice *address, struct slice value)
{
    struct slice net = sdp__word(&value), kind = sdp__word(&value);
    *address = sdp__word(&value);
    if (!slice_equal_nocase(net, SLICE("IN")) ||
        (!slice_equal_nocase(kind, SLICE("IP4")) && !slice_equal_nocase(kind, SLICE("IP6"))) ||
        address->length == 0 || value.length != 0)
        return ERROR_SYNTAX;
    return 0;
}

/* m=<type> <port>[/<ports>] <protocol> <format>… */
static int parse_media(struct parser *p, struct slice value)
{
    struct sdp *s = p->s;
    if (s->media_count == SDP_MEDIA_LIMIT)
        return ERROR_LIMIT;
    struct sdp_media *m = p->media = &s->media[s->media_count++];
    uint64_t port, count = 1;
    *m = (struct sdp_media){.direction = p->direction, .connection = s->connection};
    m->attributes = p->attributes + p->used;
    m->type = sdp__word(&value);
    struct slice ports = sdp__word(&value), first = ports;
    ptrdiff_t slash = slice_find(ports, '/');
    if (slash >= 0) {
        first = slice_first(ports, (size_t)slash);
        if (slice_to_u64(&count, slice_from(ports, (size_t)slash + 1), UINT16_MAX) != 0 || count == 0)
            return ERROR_SYNTAX;
    }
    m->protocol = sdp__word(&value);
    m->formats = slice_trim(value);
    if (m->type.length == 0 || slice_to_u64(&port, first, UINT16_MAX) != 0 || m->protocol.length == 0 ||
        m->formats.length == 0)
        return ERROR_SYNTAX;
    m->port = (uint16_t)port;
    m->ports = (unsigned)count;
    return 0;
}

static int parse_attribute(struct parser *p, const struct sdp__line *line)
{
    enum sdp_direction *direction = p->media != NULL ? &p->media->direction : &p->direction;
    struct sdp_attribute a = sdp__attribute(line->value);
    uint64_t ptime;
    if (a.name.length == 0)
        return ERROR_SYNTAX;
    p->attributes[p->used++] = a;
    if (p->media == NULL)
        p->s->attribute_count++;
    else
        p->media->attribute_count++;
    if (!sdp__direction(direction, line) && p->media != NULL && slice_equal(a.name, SLICE("ptime")) &&
        slice_to_u64(&ptime, slice_trim(a.value), 1000) == 0)
        p->media->ptime = (unsigned)ptime;
    return 0;
}

static int parse_line(struct parser *p, const struct sdp__line *line)
{
    switch (line->type) {
    case 'o':
        return parse_origin(p, line->value);
    case 'c':
        return parse_connection(p->media != NULL ? &p->media->connection : &p->s->connection, line->value);
    case 'm':
        return parse_media(p, line->value);
    case 'a':
        return parse_attribute(p, line);
    case 's':
    case 'u':
    case 'e':
    case 'p':
    case 't':
    case 'r':
    case 'z':
        return p->media == NULL ? 0 : ERROR_SYNTAX;
    case 'i':
    case 'b':
    case 'k':
        return 0;
    default:
        return ERROR_SYNTAX; /* RFC 8866 5: what has unknown types is not to be used */
    }
}

static int parse_lines(struct parser *p, struct slice rest)
{
    struct sdp__line line;
    int more = sdp__next_line(&line, &rest);
    if (more <= 0 || line.type != 'v' || !slice_equal(line.value, SLICE("0")))
        return ERROR_SYNTAX;
    while ((more = sdp__next_line(&line, &rest)) > 0) {
        int error = parse_line(p, &line);
        if (error != 0)
            return error;
    }
    return more;
}

int sdp_parse(struct sdp *s, struct slice text, struct arena *arena)
{
    struct parser p = {.s = s};
    size_t lines = 1, media = 0;
    *s = (struct sdp){.text = text};
    if (text.length > SDP_LIMIT)
        return ERROR_LIMIT;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '\n') {
            lines++;
            media += i + 1 < text.length && text.data[i + 1] == 'm';
        }
    }
    if (lines > SDP_LINES_LIMIT || media > SDP_MEDIA_LIMIT)
        return ERROR_LIMIT;
    s->media = arena_alloc(arena, media * sizeof *s->media);
    p.attributes = arena_alloc(arena, lines * sizeof *p.attributes);
    s->attributes = p.attributes;
    int error = parse_lines(&p, text);
    if (error != 0)
        return error;
    if (!p.has_origin)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < s->media_count; i++)
        if (s->media[i].connection.length == 0 && s->media[i].port != 0)
            return ERROR_SYNTAX; /* RFC 8866 5.7 */
    return 0;
}
