/* What headers mean: each is parsed where somebody needs it and not before. All give 0, or ERROR_SYNTAX for
 * what is not well-formed; slices point into the value. For From, To, Contact, Route, Path, Service-Route,
 * Refer-To, Referred-By, P-Asserted-Identity, History-Info, Diversion and Geolocation: sip_name_address_parse
 * first. */
#ifndef TANDEM_SIP_VALUES_H
#define TANDEM_SIP_VALUES_H

#include "sip/uri.h"

/* RSeq (RFC 3262 7.1): 1 to 2^32 - 1. */
int sip_rseq_parse(uint32_t *rseq, struct slice value) __attribute__((warn_unused_result));

/* RAck (RFC 3262 7.2). */
struct sip_rack {
    uint32_t rseq, cseq;
    struct slice method;
};
int sip_rack_parse(struct sip_rack *r, struct slice value) __attribute__((warn_unused_result));

/* Session-Expires and Min-SE (RFC 4028 4, 5); seconds. */
enum sip_refresher { SIP_REFRESHER_NONE, SIP_REFRESHER_UAC, SIP_REFRESHER_UAS };
struct sip_session_expires {
    uint32_t seconds;
    enum sip_refresher refresher;
};
int sip_session_expires_parse(struct sip_session_expires *s, struct slice value)
    __attribute__((warn_unused_result));

/* Reason (RFC 3326 2): "Q.850;cause=16;text=\"Terminated\"". */
struct sip_reason_value {
    struct slice protocol, text;
    uint16_t cause; /* 0 where absent */
};
int sip_reason_parse(struct sip_reason_value *r, struct slice value) __attribute__((warn_unused_result));

/* Retry-After (RFC 3261 20.33); seconds. */
struct sip_retry_after {
    uint32_t seconds, duration; /* 0 where absent */
};
int sip_retry_after_parse(struct sip_retry_after *r, struct slice value) __attribute__((warn_unused_result));

/* Privacy (RFC 3323 4.2, 3325 9.3, 7044 10.1): bits. Words that nobody knows are no error. */
enum sip_privacy {
    SIP_PRIVACY_HEADER = 1,
    SIP_PRIVACY_SESSION = 2,
    SIP_PRIVACY_USER = 4,
    SIP_PRIVACY_NONE = 8,
    SIP_PRIVACY_CRITICAL = 16,
    SIP_PRIVACY_ID = 32,
    SIP_PRIVACY_HISTORY = 64,
};
int sip_privacy_parse(unsigned *bits, struct slice value) __attribute__((warn_unused_result));

/* History-Info (RFC 7044 5): "1.2.1" as numbers. */
#define SIP_HISTORY_DEPTH 16U
struct sip_history {
    struct sip_name_address address;
    uint16_t index[SIP_HISTORY_DEPTH];
    unsigned depth;
};
int sip_history_parse(struct sip_history *h, struct slice value) __attribute__((warn_unused_result));

/* Diversion (RFC 5806 5). */
struct sip_diversion {
    struct sip_name_address address;
    struct slice reason; /* "unknown" where absent */
    unsigned counter;    /* 1 where absent */
};
int sip_diversion_parse(struct sip_diversion *d, struct slice value) __attribute__((warn_unused_result));

/* User-to-User (RFC 7433 4). Hexadecimal data is decoded into the arena; without encoding it is as written.
 */
struct arena;
struct sip_user_to_user {
    struct slice data, purpose, content;
};
int sip_user_to_user_parse(struct sip_user_to_user *u, struct slice value, struct arena *arena)
    __attribute__((warn_unused_result));

#endif
