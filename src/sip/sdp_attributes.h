/* What attributes of session descriptions mean; each is parsed from its value, where somebody needs it. All
 * give 0 or ERROR_SYNTAX; slices point into the value. */
#ifndef TANDEM_SIP_SDP_ATTRIBUTES_H
#define TANDEM_SIP_SDP_ATTRIBUTES_H

#include "sip/sdp.h"

/* ---- ICE (RFC 8839 5) ---- */

struct sdp_candidate {
    struct slice foundation, transport, address, type; /* the address may be a name (RFC 8839 5.1: mDNS) */
    unsigned component;                                /* 1: RTP, 2: RTCP */
    uint32_t priority;
    uint16_t port;
    struct slice related; /* raddr, or empty */
    uint16_t related_port;
    struct slice extensions; /* "generation 0 ufrag x", or empty */
};
int sdp_candidate_parse(struct sdp_candidate *c, struct slice value) __attribute__((warn_unused_result));
bool sdp_ice_ufrag_good(struct slice value); /* 4 to 256 ice-chars */
bool sdp_ice_pwd_good(struct slice value);   /* 22 to 256 */

/* ---- keys ---- */

#define SDP_FINGERPRINT 64U /* bytes of the longest */
struct sdp_fingerprint {
    struct slice hash; /* "sha-256" */
    unsigned char bytes[SDP_FINGERPRINT];
    size_t length;
};
/* RFC 8122 5; its length must be that of its hash, and md2 and md5 are refused. */
int sdp_fingerprint_parse(struct sdp_fingerprint *f, struct slice value) __attribute__((warn_unused_result));

enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE, SDP_HOLDCONN, SDP_SETUPS };
int sdp_setup_parse(enum sdp_setup *s, struct slice value) __attribute__((warn_unused_result)); /* RFC 4145 */

#define SDP_KEY 48U /* bytes of the longest key with its salt, and room for what base64 rounds up */
struct sdp_crypto {
    uint32_t tag;
    struct slice suite;
    unsigned char key[SDP_KEY]; /* master key and salt, one behind the other */
    size_t key_length;          /* as the suite wants it */
    struct slice lifetime, mki; /* as written, or empty */
    struct slice parameters;    /* of the session: "UNENCRYPTED_SRTP", or empty */
};
/* RFC 4568 9.1, 6188, 7714. One key; ERROR_UNSUPPORTED for other suites than those of the table, and for
 * several keys. */
int sdp_crypto_parse(struct sdp_crypto *c, struct slice value) __attribute__((warn_unused_result));

/* ---- RTP ---- */

struct sdp_rtcp {
    uint16_t port;
    struct slice address; /* or empty */
};
int sdp_rtcp_parse(struct sdp_rtcp *r, struct slice value) __attribute__((warn_unused_result)); /* RFC 3605 */

struct sdp_feedback {
    int format; /* -1: all ("*") */
    struct slice type, parameters;
};
int sdp_feedback_parse(struct sdp_feedback *f, struct slice value)
    __attribute__((warn_unused_result)); /* rtcp-fb, RFC 4585 4.2 */

struct sdp_extension {
    unsigned id; /* 1 to 14, 16 to 255 with two-byte headers, 4096 to 4351 to be agreed */
    enum sdp_direction direction;
    struct slice uri, attributes;
};
int sdp_extension_parse(struct sdp_extension *e, struct slice value)
    __attribute__((warn_unused_result)); /* extmap, RFC 8285 8 */

struct sdp_source {
    uint32_t ssrc;
    struct slice name, value; /* "cname", "x" */
};
int sdp_source_parse(struct sdp_source *s, struct slice value)
    __attribute__((warn_unused_result)); /* ssrc, RFC 5576 4.1 */

/* The events of telephone-event's fmtp (RFC 4733 2.4.1): "0-15,32". Bit n of events: is n among 0 to 63? */
int sdp_events_parse(uint64_t *events, struct slice value) __attribute__((warn_unused_result));
/* The format of a medium called so (without regard to case) with this rate; -1: none. */
int sdp_format_named(const struct sdp_media *m, struct slice name, uint32_t rate);

/* ---- groups (RFC 5888, 9143) ---- */

/* Is the medium with this mid in a group of these semantics ("BUNDLE"), and the how manieth is it? -1: no. */
int sdp_group_place(const struct sdp *s, struct slice semantics, struct slice mid);

/* ---- offer and answer (RFC 3264) ---- */

enum sdp_misfit {
    SDP_FITS,
    SDP_MISFIT_COUNT,     /* not as many media */
    SDP_MISFIT_TYPE,      /* another type, or another protocol */
    SDP_MISFIT_REVIVED,   /* offered with port 0, and accepted */
    SDP_MISFIT_DIRECTION, /* sends what nobody wants to hear */
    SDP_MISFIT_FORMAT,    /* no codec in common */
    SDP_MISFIT_MID,       /* another identification (RFC 5888 9.1) */
    SDP_MISFIT_SETUP,     /* both or none of them would connect (RFC 4145 4.1) */
    SDP_MISFIT_ORIGIN,    /* another session, or a version that jumps (RFC 3264 8) */
    SDP_MISFITS
};
const char *sdp_misfit_text(enum sdp_misfit m); /* a sentence for the log */
/* Does this answer fit that offer; *medium (may be NULL) is the first one that does not. */
enum sdp_misfit sdp_check_answer(const struct sdp *offer, const struct sdp *answer, size_t *medium);
/* May this description follow that one of the same side in the same session? Media never become fewer, the
 * origin stays but for its version, which grows by one with each change. */
enum sdp_misfit sdp_check_next(const struct sdp *before, const struct sdp *next);

#endif
