/* URIs: parsing and escapes (RFC 3261 19.1, 25.1; RFC 3966 for tel). */
#include "sip/uri.h"

#include "base/error.h"
#include "sip/lex.h"

enum { PARTS_LIMIT = 32 }; /* parameters, and headers, of one URI */

/* All of the class, or good escapes. */
static bool is_good(struct slice s, unsigned class)
{
    for (size_t i = 0; i < s.length; i++) {
        if (s.data[i] == '%') {
            if (s.length - i < 3 || !sip__is(s.data[i + 1], SIP__HEX) || !sip__is(s.data[i + 2], SIP__HEX))
                return false;
            i += 2;
        } else if (!sip__is(s.data[i], class)) {
            return false;
        }
    }
    return true;
}

/* ";a;b=c", every one with a name and only once (RFC 3261 19.1.1), and not so many that looking them up would
 * take long. */
static bool good_parameters(struct slice s)
{
    struct slice names[PARTS_LIMIT], part, rest = slice_from(s, 1);
    if (s.length == 0)
        return true;
    if (!is_good(s, SIP__URI_PARAM))
        return false;
    for (size_t count = 0; slice_cut(&rest, ';', &part); count++) {
        ptrdiff_t equals = slice_find(part, '=');
        names[count] = equals < 0 ? part : slice_first(part, (size_t)equals);
        if (names[count].length == 0 || count == PARTS_LIMIT - 1)
            return false;
        for (size_t i = 0; i < count; i++)
            if (slice_equal_nocase(names[i], names[count]))
                return false;
    }
    return true;
}

static bool good_headers(struct slice s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.length; i++)
        count += s.data[i] == '&';
    return s.length != 1 && count < PARTS_LIMIT && is_good(slice_from(s, 1), SIP__URI_HEADER);
}

static int parse_tel(struct sip_uri *uri, struct slice rest)
{
    ptrdiff_t semicolon = slice_find(rest, ';');
    uri->user = semicolon < 0 ? rest : slice_first(rest, (size_t)semicolon);
    uri->parameters = slice_from(rest, uri->user.length);
    if (uri->user.length == 0 || !good_parameters(uri->parameters))
        return ERROR_SYNTAX;
    bool digits = false;
    for (size_t i = 0; i < uri->user.length; i++) {
        char c = uri->user.data[i];
        if (sip__is(c, SIP__HEX) || c == '*' || c == '#')
            digits = true;
        else if (strchr("-.()", c) == NULL && !(c == '+' && i == 0))
            return ERROR_SYNTAX;
    }
    return digits ? 0 : ERROR_SYNTAX;
}

static int parse_user(struct sip_uri *uri, struct slice user)
{
    ptrdiff_t colon = slice_find(user, ':');
    uri->user = colon < 0 ? user : slice_first(user, (size_t)colon);
    uri->password = colon < 0 ? (struct slice){0} : slice_from(user, (size_t)colon + 1);
    if (uri->user.length == 0 || !is_good(uri->user, SIP__USER) || !is_good(uri->password, SIP__PASSWORD))
        return ERROR_SYNTAX;
    return 0;
}

int sip_uri_parse(struct sip_uri *uri, struct slice text)
{
    *uri = (struct sip_uri){0};
    ptrdiff_t colon = slice_find(text, ':');
    if (colon <= 0 || !sip__all(slice_first(text, (size_t)colon), SIP__SCHEME))
        return ERROR_SYNTAX;
    uri->scheme = slice_first(text, (size_t)colon);
    struct slice rest = slice_from(text, (size_t)colon + 1);
    if (slice_equal_nocase(uri->scheme, SLICE("tel")))
        return parse_tel(uri, rest);
    if (!slice_equal_nocase(uri->scheme, SLICE("sip")) && !slice_equal_nocase(uri->scheme, SLICE("sips")))
        return sip__all(rest, SIP__VISIBLE) ? ERROR_UNSUPPORTED : ERROR_SYNTAX;
    ptrdiff_t at = slice_find(rest, '@');
    if (at >= 0) {
        if (parse_user(uri, slice_first(rest, (size_t)at)) != 0)
            return ERROR_SYNTAX;
        rest = slice_from(rest, (size_t)at + 1);
    }
    if (sip__host_port(&uri->host, &uri->port, &rest, false) != 0)
        return ERROR_SYNTAX;
    ptrdiff_t question = slice_find(rest, '?');
    uri->parameters = question < 0 ? rest : slice_first(rest, (size_t)question);
    uri->headers = slice_from(rest, uri->parameters.length);
    if (uri->parameters.length != 0 && uri->parameters.data[0] != ';')
        return ERROR_SYNTAX;
    return good_parameters(uri->parameters) && good_headers(uri->headers) ? 0 : ERROR_SYNTAX;
}

int sip__hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static bool is_separator(char c)
{
    return c == '-' || c == '.' || c == '(' || c == ')';
}

int sip_uri_user(struct slice *user, const struct sip_uri *uri, char *room, size_t size)
{
    struct slice s = uri->user;
    size_t length = 0;
    bool tel = slice_equal_nocase(uri->scheme, SLICE("tel"));
    if (!tel && slice_find(s, '%') < 0) {
        *user = s;
        return 0;
    }
    for (size_t i = 0; i < s.length; i++) {
        char c = s.data[i];
        if (tel && is_separator(c))
            continue;
        if (c == '%') {
            if (s.length - i < 3 || !sip__is(s.data[i + 1], SIP__HEX) || !sip__is(s.data[i + 2], SIP__HEX))
                return ERROR_SYNTAX;
            c = (char)(sip__hex_digit(s.data[i + 1]) << 4 | sip__hex_digit(s.data[i + 2]));
            i += 2;
        }
        if (c == '\0' || c == '\r' || c == '\n')
            return ERROR_SYNTAX;
        if (length == size)
            return ERROR_LIMIT;
        room[length++] = c;
    }
    *user = slice_of(room, length);
    return 0;
}
