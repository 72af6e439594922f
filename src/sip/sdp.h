/* Session descriptions (RFC 4566, 8866) for offer and answer (RFC 3264): views into the text, which stays as
 * it came; what is changed is written anew, line by line. */
#ifndef TANDEM_SIP_SDP_H
#define TANDEM_SIP_SDP_H

#include "base/arena.h"
#include "base/buffer.h"

#define SDP_LIMIT 65536U      /* bytes: what fits into a message is read */
#define SDP_MEDIA_LIMIT 32U   /* media of one description */
#define SDP_LINES_LIMIT 1024U /* lines of one description */

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE, SDP_DIRECTIONS };

struct sdp_attribute {
    struct slice name, value; /* "rtpmap", "0 PCMU/8000"; the value is empty for flags */
};

struct sdp_media {
    struct slice type, protocol, formats; /* "audio", "RTP/AVP", "0 8 101" */
    uint16_t port;                        /* 0: rejected */
    unsigned ports;                       /* 1 where the line does not say */
    struct slice connection;              /* the address alone, its own or the session's; empty where none */
    enum sdp_direction direction;         /* its own, the session's, or sendrecv */
    unsigned ptime;                       /* milliseconds; 0 where absent */
    const struct sdp_attribute *attributes;
    size_t attribute_count;
};

struct sdp {
    struct slice text;
    struct {
        struct slice user, address;
        uint64_t id, version;
    } origin;
    struct slice connection;                /* the session's address; empty where absent */
    const struct sdp_attribute *attributes; /* the session's */
    size_t attribute_count;
    struct sdp_media *media;
    size_t media_count;
};

/* How a format is named: from rtpmap, or from RFC 3551 for the old numbers. */
struct sdp_codec {
    struct slice name;
    uint32_t rate;     /* Hz */
    unsigned channels; /* 1 where the line does not say */
};

/* ERROR_SYNTAX, ERROR_LIMIT. Lines may end in LF alone. */
int sdp_parse(struct sdp *s, struct slice text, struct arena *arena) __attribute__((warn_unused_result));

/* The first attribute with this name: of a media section, without looking at the session; false for none. */
bool sdp_attribute(const struct sdp_media *m, struct slice name, struct slice *value);
bool sdp_codec(const struct sdp_media *m, unsigned format, struct sdp_codec *codec);
bool sdp_fmtp(const struct sdp_media *m, unsigned format, struct slice *value);

const char *sdp_direction_name(enum sdp_direction d);
enum sdp_direction sdp_direction_reverse(enum sdp_direction d); /* what the other side calls it */
/* Does the other side hear nothing from us wanted: every medium that is not rejected is sendonly, inactive or
 * (RFC 2543) has the address 0.0.0.0. */
bool sdp_is_hold(const struct sdp *s);

/* The same description but for the o= line, the ends of lines, and how the directions are written. */
bool sdp_equal_media(const struct sdp *a, const struct sdp *b);
/* As many media of the same types and protocols in the same order, and rejected what was offered so
 * (RFC 3264 6). */
bool sdp_answer_fits(const struct sdp *offer, const struct sdp *answer);

/* ---- writing; `text` is one that sdp_parse accepted. All lines end in CR LF. ---- */

/* With another session id and version in the o= line. */
void sdp_add_with_origin(struct buffer *out, struct slice text, uint64_t id, uint64_t version);
/* With this direction for all media: hold and its end. */
void sdp_add_with_direction(struct buffer *out, struct slice text, enum sdp_direction direction);
/* With port 0 for the media whose bits are set in `rejected` (bit 0: the first). Their attributes go, but for
 * a=mid, which bundles need (RFC 5888). Of an offer with all bits set it is an answer that rejects
 * everything. */
void sdp_add_with_rejected(struct buffer *out, struct slice text, uint32_t rejected);

#endif
