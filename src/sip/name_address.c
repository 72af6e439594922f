/* name-addr and addr-spec (RFC 3261 20.10, 25.1). */
#include "base/error.h"
#include "sip/lex.h"
#include "sip/uri.h"

/* The shape of any URI: a scheme, a colon, something visible. What is inside is sip_uri_parse's business. */
static bool looks_like_uri(struct slice uri)
{
    ptrdiff_t colon = slice_find(uri, ':');
    return colon > 0 && (size_t)colon + 1 < uri.length &&
           sip__all(slice_first(uri, (size_t)colon), SIP__SCHEME) && sip__all(uri, SIP__VISIBLE);
}

static int check_parameters(struct slice parameters)
{
    struct sip__parameter p;
    int more;
    while ((more = sip__next_parameter(&p, &parameters)) > 0)
        continue;
    return more;
}

/* Without <> a comma, question mark or semicolon is not the URI's (RFC 3261 20): the semicolon begins header
 * parameters, the others make it ambiguous. */
static int parse_bare(struct sip_name_address *a, struct slice s)
{
    size_t length = 0;
    while (length < s.length && !sip__blank(s.data[length]) && s.data[length] != ';') {
        if (s.data[length] == ',' || s.data[length] == '?')
            return ERROR_SYNTAX;
        length++;
    }
    a->uri = slice_first(s, length);
    a->parameters = sip__skip_blanks(slice_from(s, length));
    return looks_like_uri(a->uri) ? check_parameters(a->parameters) : ERROR_SYNTAX;
}

int sip_name_address_parse(struct sip_name_address *a, struct slice value)
{
    struct slice s = slice_trim(value);
    *a = (struct sip_name_address){0};
    if (slice_equal(s, SLICE("*"))) {
        a->star = true;
        return 0;
    }
    if (s.length != 0 && s.data[0] == '"') {
        size_t end = sip__quoted_end(s);
        if (end == 0)
            return ERROR_SYNTAX;
        a->display = slice_of(s.data + 1, end - 1);
        s = sip__skip_blanks(slice_from(s, end + 1));
    } else {
        struct slice name = slice_first(s, sip__span(s, SIP__DISPLAY));
        if (name.length == s.length || s.data[name.length] != '<')
            return parse_bare(a, s);
        s = slice_from(s, name.length);
        a->display = slice_trim(name);
    }
    ptrdiff_t end = slice_find(s, '>');
    if (s.length == 0 || s.data[0] != '<' || end < 0)
        return ERROR_SYNTAX;
    a->uri = slice_of(s.data + 1, (size_t)end - 1);
    a->parameters = sip__skip_blanks(slice_from(s, (size_t)end + 1));
    return looks_like_uri(a->uri) ? check_parameters(a->parameters) : ERROR_SYNTAX;
}

bool sip_parameter(struct slice parameters, struct slice name, struct slice *value)
{
    struct sip__parameter p;
    while (sip__next_parameter(&p, &parameters) > 0) {
        if (slice_equal_nocase(p.name, name)) {
            *value = p.value;
            return true;
        }
    }
    return false;
}
