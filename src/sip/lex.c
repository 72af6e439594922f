#include "sip/lex.h"

#include <arpa/inet.h>

#include "base/error.h"

#define DIGIT(c) ((c) >= '0' && (c) <= '9')
#define LETTER(c) (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define ALNUM(c) (DIGIT(c) || LETTER(c))
#define HEX(c) (DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define TOKEN(c)                                                                                             \
    (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '!' || (c) == '%' || (c) == '*' || (c) == '_' ||         \
        (c) == '+' || (c) == '`' || (c) == '\'' || (c) == '~')
#define UNRESERVED(c)                                                                                        \
    (ALNUM(c) || (c) == '-' || (c) == '_' || (c) == '.' || (c) == '!' || (c) == '~' || (c) == '*' ||         \
        (c) == '\'' || (c) == '(' || (c) == ')')
#define PASSWORD(c) (UNRESERVED(c) || (c) == '&' || (c) == '=' || (c) == '+' || (c) == '$' || (c) == ',')
/* '#' should be escaped, but phones send *21#@ as it was dialled; it separates nothing in SIP. */
#define USER(c) (PASSWORD(c) || (c) == ';' || (c) == '?' || (c) == '/' || (c) == '#')
#define PARAM(c)                                                                                             \
    (UNRESERVED(c) || (c) == '[' || (c) == ']' || (c) == '/' || (c) == ':' || (c) == '&' || (c) == '+' ||    \
        (c) == '$' || (c) == ';' || (c) == '=')
#define URI_HEADER(c)                                                                                        \
    (UNRESERVED(c) || (c) == '[' || (c) == ']' || (c) == '/' || (c) == '?' || (c) == ':' || (c) == '+' ||    \
        (c) == '$' || (c) == '&' || (c) == '=')
#define HOST(c) (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_')
#define VISIBLE(c) ((c) > 0x20 && (c) < 0x7f && (c) != '<' && (c) != '>' && (c) != '"')
#define VALUE(c) (VISIBLE(c) && (c) != ';' && (c) != ',' && (c) != '\\')
#define DISPLAY(c) (TOKEN(c) || (c) == ' ' || (c) == '\t' || (c) >= 0x80)
#define SCHEME(c) (ALNUM(c) || (c) == '+' || (c) == '-' || (c) == '.')

#define ONE(c)                                                                                               \
    (uint16_t)((TOKEN(c) ? SIP__TOKEN : 0) | (HEX(c) ? SIP__HEX : 0) | (USER(c) ? SIP__USER : 0) |           \
               (PASSWORD(c) ? SIP__PASSWORD : 0) | (PARAM(c) ? SIP__URI_PARAM : 0) |                         \
               (URI_HEADER(c) ? SIP__URI_HEADER : 0) | (HOST(c) ? SIP__HOST : 0) |                           \
               (VALUE(c) ? SIP__VALUE : 0) | (VISIBLE(c) ? SIP__VISIBLE : 0) |                               \
               (DISPLAY(c) ? SIP__DISPLAY : 0) | (SCHEME(c) ? SIP__SCHEME : 0))
#define FOUR(c) ONE(c), ONE((c) + 1), ONE((c) + 2), ONE((c) + 3)
#define SIXTEEN(c) FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)
#define SIXTY_FOUR(c) SIXTEEN(c), SIXTEEN((c) + 16), SIXTEEN((c) + 32), SIXTEEN((c) + 48)

const uint16_t sip__classes[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128), SIXTY_FOUR(192)};

size_t sip__quoted_end(struct slice s)
{
    for (size_t i = 1; i < s.length; i++) {
        if (s.data[i] == '"')
            return i;
        if (s.data[i] == '\\')
            i++;
    }
    return 0;
}

int sip__next_parameter(struct sip__parameter *p, struct slice *rest)
{
    struct slice s = sip__skip_blanks(*rest);
    if (s.length == 0) {
        *rest = s;
        return 0;
    }
    if (s.data[0] != ';')
        return ERROR_SYNTAX;
    s = sip__skip_blanks(slice_from(s, 1));
    size_t length = sip__span(s, SIP__VALUE);
    ptrdiff_t equals = slice_find(slice_first(s, length), '=');
    if (equals >= 0)
        length = (size_t)equals;
    if (length == 0)
        return ERROR_SYNTAX;
    p->name = slice_first(s, length);
    p->quoted = false;
    s = sip__skip_blanks(slice_from(s, length));
    p->value = slice_first(s, 0);
    if (s.length != 0 && s.data[0] == '=') {
        s = sip__skip_blanks(slice_from(s, 1));
        if (s.length != 0 && s.data[0] == '"') {
            size_t end = sip__quoted_end(s);
            if (end == 0)
                return ERROR_SYNTAX;
            p->quoted = true;
            p->value = slice_of(s.data + 1, end - 1);
            s = slice_from(s, end + 1);
        } else {
            p->value = slice_first(s, sip__span(s, SIP__VALUE));
            s = slice_from(s, p->value.length);
        }
    }
    *rest = s;
    return 1;
}

/* The grammar of RFC 3261 asks for a third colon before an IPv4 address; who writes it so is understood (RFC
 * 5118 4.10). */
bool sip__ipv6(unsigned char address[16], struct slice host)
{
    char text[INET6_ADDRSTRLEN + 1];
    if (host.length < 4 || host.data[0] != '[' || host.data[host.length - 1] != ']' ||
        host.length - 2 >= sizeof text || memchr(host.data, '\0', host.length) != NULL)
        return false;
    memcpy(text, host.data + 1, host.length - 2);
    text[host.length - 2] = '\0';
    char *colons = strstr(text, ":::");
    if (colons != NULL && strchr(colons, '.') != NULL && strchr(colons + 3, ':') == NULL)
        memmove(colons + 2, colons + 3, strlen(colons + 3) + 1);
    return inet_pton(AF_INET6, text, address) == 1;
}

/* RFC 3261 wants the last label of a name to begin with a letter; hosts of containers do not care, so only
 * what ends in a number is held to the form of an address. */
static bool good_host(struct slice host)
{
    struct in_addr address;
    char text[INET_ADDRSTRLEN];
    size_t last = host.length;
    while (last > 0 && host.data[last - 1] != '.')
        last--;
    if (host.length == 0 || host.length > 255 || host.data[0] == '.' ||
        slice_find_slice(host, SLICE("..")) >= 0)
        return false;
    for (size_t i = last; i < host.length; i++)
        if (!DIGIT(host.data[i]))
            return true;
    if (last == host.length)
        return true; /* "example.com." */
    if (host.length >= sizeof text)
        return false;
    slice_put(text, host);
    text[host.length] = '\0';
    return inet_pton(AF_INET, text, &address) == 1;
}

int sip__host_port(struct slice *host, uint16_t *port, struct slice *rest, bool blanks)
{
    unsigned char address[16];
    struct slice s = *rest;
    *port = 0;
    if (s.length != 0 && s.data[0] == '[') {
        ptrdiff_t end = slice_find(s, ']');
        if (end < 0)
            return ERROR_SYNTAX;
        *host = slice_first(s, (size_t)end + 1);
        if (!sip__ipv6(address, *host))
            return ERROR_SYNTAX;
    } else {
        *host = slice_first(s, sip__span(s, SIP__HOST));
        if (!good_host(*host))
            return ERROR_SYNTAX;
    }
    s = slice_from(s, host->length);
    struct slice after = blanks ? sip__skip_blanks(s) : s;
    if (after.length != 0 && after.data[0] == ':') {
        after = slice_from(after, 1);
        if (blanks)
            after = sip__skip_blanks(after);
        size_t digits = 0;
        while (digits < after.length && DIGIT(after.data[digits]))
            digits++;
        uint64_t number;
        if (slice_to_u64(&number, slice_first(after, digits), UINT16_MAX) != 0 || number == 0)
            return ERROR_SYNTAX;
        *port = (uint16_t)number;
        s = slice_from(after, digits);
    }
    *rest = s;
    return 0;
}
