/* Inside the room: character classes and the smallest pieces of the SIP grammar (RFC 3261 section 25). */
#ifndef TANDEM_SIP_LEX_H
#define TANDEM_SIP_LEX_H

#include "base/slice.h"

enum sip__class {
    SIP__TOKEN = 1,
    SIP__HEX = 2,
    SIP__USER = 4,       /* user part of a URI, without escapes and ':' */
    SIP__PASSWORD = 8,   /* the same for the password */
    SIP__URI_PARAM = 16, /* uri-parameters with ';' and '=' */
    SIP__URI_HEADER = 32,
    SIP__HOST = 64,
    SIP__VALUE = 128,   /* of a header parameter that is not quoted: wider than token and host */
    SIP__VISIBLE = 256, /* what can stand in a URI of any scheme: printable ASCII without <>" */
    SIP__DISPLAY = 512, /* an unquoted display name: tokens, white space, and UTF-8 as many phones send it */
    SIP__SCHEME = 1024,
};

extern const uint16_t sip__classes[256];

static inline bool sip__is(char c, unsigned class)
{
    return (sip__classes[(unsigned char)c] & class) != 0;
}

static inline bool sip__blank(char c)
{
    return c == ' ' || c == '\t';
}

/* How many bytes at the beginning are of the class. */
static inline size_t sip__span(struct slice s, unsigned class)
{
    size_t i = 0;
    while (i < s.length && sip__is(s.data[i], class))
        i++;
    return i;
}

/* Not empty, and all of the class. */
static inline bool sip__all(struct slice s, unsigned class)
{
    return s.length != 0 && sip__span(s, class) == s.length;
}

static inline struct slice sip__skip_blanks(struct slice s)
{
    size_t i = 0;
    while (i < s.length && sip__blank(s.data[i]))
        i++;
    return slice_from(s, i);
}

/* `s` begins with '"': the index of the closing quote, or 0 when there is none. */
size_t sip__quoted_end(struct slice s);

struct sip__parameter {
    struct slice name, value; /* quotes taken off, escapes as written */
    bool quoted;
};

/* Takes the next ";name", ";name=value" or ";name=\"value\"" off, white space anywhere. 1: there is one; 0:
 * nothing is left; ERROR_SYNTAX. */
int sip__next_parameter(struct sip__parameter *p, struct slice *rest) __attribute__((warn_unused_result));

/* A host with an optional port at the beginning of *rest, taken off; blanks around the colon where
 * `blanks` (Via). IPv6 stands in brackets. A port of 0 is an error. */
int sip__host_port(struct slice *host, uint16_t *port, struct slice *rest, bool blanks)
    __attribute__((warn_unused_result));

/* An IPv6 reference ("[2001:db8::1]") as bytes; false when it is none. */
bool sip__ipv6(unsigned char address[16], struct slice host);

int sip__hex_digit(char c); /* of a character of SIP__HEX */

/* The first element of a list, or all of what is none. */
struct slice sip__first_element(struct slice value);

/* One header line of a message. */
struct sip__line {
    struct slice name, value; /* value: raw, folds and all, without white space around */
    bool folded;
    bool bad; /* not a header, or with control characters */
};

/* Reads the header line at *at and moves *at behind it. 1: a line; 0: the empty line; ERROR_SYNTAX: the text
 * ends before. */
int sip__next_line(struct sip__line *line, struct slice text, size_t *at) __attribute__((warn_unused_result));

/* Index of the CR LF that ends the line at `at` (behind its folds), or the text's
 * length where there is none. *bad is set when other control characters stand before it. `folded` is NULL for
 * the start line, which has neither folds nor quotes. */
size_t sip__line_end(struct slice text, size_t at, bool *folded, bool *bad);

#endif
