/* Bodies of several parts (RFC 2046 5.1 within SIP, RFC 5621): views into the body, nothing is copied.
 *
 *   Content-Type: multipart/mixed;boundary=x     preamble
 *                                                --x          part 1: headers, empty line, bytes
 *                                                --x          part 2
 *                                                --x--        epilogue
 *
 * Parts of parts are found by multipart_begin on a part; depth and count are bounded by who walks: see
 * multipart_walk. */
#ifndef TANDEM_SIP_MULTIPART_H
#define TANDEM_SIP_MULTIPART_H

#include "sip/message.h"

#define MULTIPART_DEPTH 4U    /* parts within parts, in multipart_walk */
#define MULTIPART_LIMIT 64U   /* parts of one body, all levels together */
#define MULTIPART_HEADERS 32U /* of one part */

/* The value of Content-Type: "application/sdp", and its parameters beginning with ';'. */
struct sip_media_type {
    struct slice type, subtype, parameters;
};
int sip_media_type_parse(struct sip_media_type *t, struct slice value) __attribute__((warn_unused_result));
/* Without regard to case; "*" as the subtype fits all. */
bool sip_media_type_is(const struct sip_media_type *t, struct slice type, struct slice subtype);

struct multipart_part {
    struct sip_media_type type; /* text/plain where it does not say (RFC 2046 5.2) */
    struct slice disposition, id,
        encoding; /* Content-Disposition, Content-ID, -Transfer-Encoding; or empty */
    struct slice head, body;
    bool alternative; /* others say the same: the last one that is understood counts (RFC 2046 5.1.4) */
};

struct multipart {
    struct slice boundary; /* 1 to 70 characters */
    struct slice rest;
    unsigned count;
};

/* ERROR_SYNTAX: no multipart, or a boundary that is none. */
int multipart_begin(struct multipart *m, const struct sip_media_type *type, struct slice body)
    __attribute__((warn_unused_result));
/* 1: *part; 0: that was the last one; ERROR_SYNTAX: the end is missing, or a part's headers are none;
 * ERROR_LIMIT. After an error there is nothing more. */
int multipart_next(struct multipart_part *part, struct multipart *m) __attribute__((warn_unused_result));

/* Each part that holds no parts itself, in order; the whole body where it is no multipart. What the handler
 * gives ends the walk unless it is 0. ERROR_SYNTAX, ERROR_LIMIT: parts before it have been given. */
int multipart_walk(const struct sip_message *m, int (*part_h)(void *user, const struct multipart_part *part),
    void *user) __attribute__((warn_unused_result));

#endif
