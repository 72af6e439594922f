/* When two URIs mean the same (RFC 3261 19.1.4; RFC 5954 4.2 for IPv6, RFC 3966 4 for tel). */
#include "base/error.h"
#include "sip/lex.h"
#include "sip/uri.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* One character, its escape resolved; escaped reserved ones are not what they are unescaped: they come out
 * above 0xff. */
static int next_character(struct slice s, size_t *at)
{
    unsigned char c = (unsigned char)s.data[(*at)++];
    if (c != '%' || s.length - *at < 2 || !sip__is(s.data[*at], SIP__HEX) ||
        !sip__is(s.data[*at + 1], SIP__HEX))
        return c;
    c = (unsigned char)(sip__hex_digit(s.data[*at]) << 4 | sip__hex_digit(s.data[*at + 1]));
    *at += 2;
    return c != 0 && strchr(";/?:@&=+$,%", c) != NULL ? c | 0x100 : c;
}

static bool equal_escaped(struct slice a, struct slice b, bool nocase)
{
    size_t i = 0, k = 0;
    while (i < a.length && k < b.length) {
        int left = next_character(a, &i), right = next_character(b, &k);
        if (left == right)
            continue;
        if (!nocase || left > 0xff || right > 0xff || lower((char)left) != lower((char)right))
            return false;
    }
    return i == a.length && k == b.length;
}

/* Every parameter of a: where b has it too it is the same; where b lacks it, it is not one that decides. */
static bool agrees(struct slice a, struct slice b, bool all_decide)
{
    static const struct slice deciding[] = {SLICE_INIT("user"), SLICE_INIT("ttl"), SLICE_INIT("method"),
        SLICE_INIT("maddr"), SLICE_INIT("transport"), SLICE_INIT("lr")};
    struct sip__parameter p;
    struct slice value;
    while (sip__next_parameter(&p, &a) > 0) {
        if (sip_parameter(b, p.name, &value)) {
            if (!equal_escaped(p.value, value, true))
                return false;
            continue;
        }
        if (all_decide)
            return false;
        for (size_t i = 0; i < sizeof deciding / sizeof *deciding; i++)
            if (slice_equal_nocase(p.name, deciding[i]))
                return false;
    }
    return true;
}

/* Does every "a=b" of `some` stand in `all`? */
static bool contains_headers(struct slice all, struct slice some)
{
    struct slice rest = slice_from(some, 1), part;
    while (some.length != 0 && slice_cut(&rest, '&', &part)) {
        struct slice others = slice_from(all, 1), other;
        bool found = false;
        while (!found && all.length != 0 && slice_cut(&others, '&', &other))
            found = equal_escaped(part, other, true);
        if (!found)
            return false;
    }
    return true;
}

static size_t next_digit(struct slice s, size_t at)
{
    while (at < s.length && strchr("-.()", s.data[at]) != NULL)
        at++;
    return at;
}

static bool equal_numbers(struct slice a, struct slice b)
{
    size_t i = next_digit(a, 0), k = next_digit(b, 0);
    while (i < a.length && k < b.length) {
        if (lower(a.data[i]) != lower(b.data[k]))
            return false;
        i = next_digit(a, i + 1);
        k = next_digit(b, k + 1);
    }
    return i == a.length && k == b.length;
}

/* Addresses are compared as such, not as they are written (RFC 5954 4.2). */
static bool equal_hosts(struct slice a, struct slice b)
{
    unsigned char left[16], right[16];
    return slice_equal_nocase(a, b) ||
           (sip__ipv6(left, a) && sip__ipv6(right, b) && memcmp(left, right, sizeof left) == 0);
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
    if (!slice_equal_nocase(a->scheme, b->scheme))
        return false;
    if (slice_equal_nocase(a->scheme, SLICE("tel")))
        return equal_numbers(a->user, b->user) && agrees(a->parameters, b->parameters, true) &&
               agrees(b->parameters, a->parameters, true);
    return equal_escaped(a->user, b->user, false) && equal_escaped(a->password, b->password, false) &&
           equal_hosts(a->host, b->host) && a->port == b->port &&
           agrees(a->parameters, b->parameters, false) && agrees(b->parameters, a->parameters, false) &&
           contains_headers(a->headers, b->headers) && contains_headers(b->headers, a->headers);
}
