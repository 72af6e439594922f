/* Challenges and credentials: Digest a="b", c=d, … (RFC 3261 20.7, 25.1). */
#include "base/error.h"
#include "sip/digest.h"
#include "sip/lex.h"

enum { PARAMETERS_LIMIT = 32 }; /* of one value: more than anybody has */

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
    if (slice_equal_nocase(value, SLICE("MD5")))
        d->algorithm = DIGEST_MD5;
    else if (slice_equal_nocase(value, SLICE("SHA-256")))
        d->algorithm = DIGEST_SHA256;
    else
        return ERROR_UNSUPPORTED;
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
        if (slice_equal_nocase(name, fields[i].name))
            return fields[i].value;
    return NULL;
}

static int set(struct digest *d, struct slice name, struct slice value)
{
    struct slice *where = field(d, name);
    if (where != NULL) {
        if (where->data != NULL)
            return ERROR_SYNTAX; /* which of the two was meant is not for us to guess */
        *where = value;
    } else if (slice_equal_nocase(name, SLICE("algorithm"))) {
        return set_algorithm(d, value);
    } else if (slice_equal_nocase(name, SLICE("stale"))) {
        d->stale = slice_equal_nocase(value, SLICE("true"));
    } else if (slice_equal_nocase(name, SLICE("userhash")) && slice_equal_nocase(value, SLICE("true"))) {
        return ERROR_UNSUPPORTED; /* RFC 7616 3.4.4: we never offer it */
    }
    return 0;
}

int digest_parse(struct digest *d, struct slice value, struct arena *arena)
{
    struct slice rest = slice_trim(value), name, content;
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
            error = set(d, name, content);
        if (error != 0)
            return error;
    }
    return d->realm.data != NULL && d->nonce.data != NULL ? 0 : ERROR_SYNTAX;
}
