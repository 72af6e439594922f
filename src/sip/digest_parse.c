/* Challenges and credentials: Digest a="b", c=d, … (RFC 3261 20.7, 25.1). */
#include "base/error.h"
#include "base/utf8.h"
#include "sip/digest.h"
#include "sip/lex.h"
#include "sip/uri.h"

enum {
    PARAMETERS_LIMIT = 32, /* of one value: more than anybody has */
    VALUE_LIMIT = 4096,    /* bytes of a parameter: as long as a URI may be */
};

static struct slice unescape(struct slice quoted, struct arena *arena)
{
    if (slice_find(quoted, '\\') < 0)
        return quoted;
    char *copy = arena_alloc(arena, quoted.length);
    size_t length = 0;
    for (size_t i = 0; i < quoted.length; i++) {
        if (quoted.data[i] == '\\' && i + 1 < quoted.length)
            i++;
        copy[length++] = quoted.data[i];
    }
    return slice_of(copy, length);
}

/* name = value, taken off *rest with the comma behind it. */
static int take(struct slice *name, struct slice *value, struct slice *rest, struct arena *arena)
{
    struct slice s = slice_trim(*rest);
    *name = slice_first(s, sip__span(s, SIP__TOKEN));
    s = slice_trim(slice_from(s, name->length));
    if (name->length == 0 || s.length == 0 || s.data[0] != '=')
        return ERROR_SYNTAX;
    s = slice_trim(slice_from(s, 1));
    if (s.length != 0 && s.data[0] == '"') {
        size_t end = sip__quoted_end(s);
        if (end == 0)
            return ERROR_SYNTAX;
        *value = unescape(slice_of(s.data + 1, end - 1), arena);
        s = slice_trim(slice_from(s, end + 1));
    } else {
        *value = slice_first(s, sip__span(s, SIP__VALUE));
        if (value->length == 0)
            return ERROR_SYNTAX;
        s = slice_trim(slice_from(s, value->length));
    }
    if (s.length != 0) {
        if (s.data[0] != ',' || s.length == 1)
            return ERROR_SYNTAX;
        s = slice_from(s, 1);
    }
    *rest = s;
    return 0;
}

static int set_algorithm(struct digest *d, struct slice value)
{
    static const struct slice names[] = {SLICE_INIT("MD5"), SLICE_INIT("SHA-256"), SLICE_INIT("SHA-512-256")};
    static const struct slice suffix = SLICE_INIT("-sess");
    struct slice name = value;
    d->session = value.length > suffix.length &&
                 slice_equal_nocase(slice_from(value, value.length - suffix.length), suffix);
    if (d->session)
        name.length -= suffix.length;
    for (unsigned i = 0; i < DIGEST_ALGORITHMS; i++) {
        if (slice_equal_nocase(name, names[i])) {
            d->algorithm = (enum digest_algorithm)i;
            return 0;
        }
    }
    return ERROR_UNSUPPORTED;
}

/* Eight hexadecimal digits (RFC 7616 3.4); 0 is no count. */
static int set_count(struct digest *d)
{
    uint32_t count = 0;
    if (d->nc.length != 8 || !sip__all(d->nc, SIP__HEX))
        return ERROR_SYNTAX;
    for (size_t i = 0; i < d->nc.length; i++)
        count = count << 4 | (uint32_t)sip__hex_digit(d->nc.data[i]);
    d->count = count;
    return count != 0 ? 0 : ERROR_SYNTAX;
}

/* username*=UTF-8''J%C3%A4s%C3%B8n (RFC 7616 3.4.1, RFC 8187). */
static int set_long_user(struct digest *d, struct slice value, struct arena *arena)
{
    static const struct slice charset = SLICE_INIT("UTF-8''");
    char room[VALUE_LIMIT];
    struct slice user;
    struct sip_uri u = {.user = slice_from(value, charset.length)};
    if (!slice_starts_nocase(value, charset) || d->username.data != NULL ||
        sip_uri_user(&user, &u, room, sizeof room) != 0)
        return ERROR_SYNTAX;
    d->username = arena_copy(arena, user);
    return 0;
}

static struct slice *field(struct digest *d, struct slice name)
{
    const struct {
        struct slice name;
        struct slice *value;
    } fields[] = {{SLICE("username"), &d->username}, {SLICE("realm"), &d->realm}, {SLICE("nonce"), &d->nonce},
        {SLICE("uri"), &d->uri}, {SLICE("response"), &d->response}, {SLICE("cnonce"), &d->cnonce},
        {SLICE("nc"), &d->nc}, {SLICE("qop"), &d->qop}, {SLICE("opaque"), &d->opaque}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (name.length == fields[i].name.length && slice_equal_nocase(name, fields[i].name))
            return fields[i].value;
    return NULL;
}

/* What stands once and is no text: bits of `seen`. */
enum { SEEN_ALGORITHM = 1, SEEN_STALE = 2, SEEN_USERHASH = 4 };

static int once(unsigned *seen, unsigned bit)
{
    bool again = (*seen & bit) != 0;
    *seen |= bit;
    return again ? ERROR_SYNTAX : 0;
}

static int set(struct digest *d, struct slice name, struct slice value, unsigned *seen, struct arena *arena)
{
    struct slice *where = field(d, name);
    if (value.length > VALUE_LIMIT)
        return ERROR_LIMIT;
    if (where != NULL) {
        if (where->data != NULL)
            return ERROR_SYNTAX; /* which of the two was meant is not for us to guess */
        *where = value;
        return where == &d->nc ? set_count(d) : 0;
    }
    if (slice_equal_nocase(name, SLICE("algorithm")))
        return once(seen, SEEN_ALGORITHM) != 0 ? ERROR_SYNTAX : set_algorithm(d, value);
    if (slice_equal_nocase(name, SLICE("username*")))
        return set_long_user(d, value, arena);
    if (slice_equal_nocase(name, SLICE("stale"))) {
        d->stale = slice_equal_nocase(value, SLICE("true"));
        return once(seen, SEEN_STALE);
    }
    if (slice_equal_nocase(name, SLICE("userhash"))) {
        d->userhash = slice_equal_nocase(value, SLICE("true"));
        return once(seen, SEEN_USERHASH);
    }
    return 0;
}

/* What the values must be together. */
static int check_whole(const struct digest *d)
{
    if (d->realm.data == NULL || d->nonce.data == NULL || !utf8_valid(d->username) || !utf8_valid(d->realm))
        return ERROR_SYNTAX;
    /* RFC 7616 3.4.4: a hashed name in credentials; nobody was asked for one. */
    return d->userhash && d->response.data != NULL ? ERROR_UNSUPPORTED : 0;
}

int digest_parse(struct digest *d, struct slice value, struct arena *arena)
{
    struct slice rest = slice_trim(value), name, content;
    unsigned seen = 0;
    *d = (struct digest){.algorithm = DIGEST_MD5};
    struct slice scheme = slice_first(rest, sip__span(rest, SIP__TOKEN));
    if (scheme.length == 0)
        return ERROR_SYNTAX;
    if (!slice_equal_nocase(scheme, SLICE("Digest")))
        return ERROR_UNSUPPORTED;
    rest = slice_from(rest, scheme.length);
    if (rest.length == 0 || !sip__blank(rest.data[0]))
        return ERROR_SYNTAX;
    for (unsigned i = 0; rest.length != 0; i++) {
        if (i == PARAMETERS_LIMIT)
            return ERROR_SYNTAX;
        int error = take(&name, &content, &rest, arena);
        if (error == 0)
            error = set(d, name, content, &seen, arena);
        if (error != 0)
            return error;
    }
    return check_whole(d);
}
