/* SIP messages (RFC 3261 section 7, 25): parsed without copying, built into buffers. A parsed message points
 * into the bytes it was parsed from and into the arena; it lives as long as both. */
#ifndef TANDEM_SIP_MESSAGE_H
#define TANDEM_SIP_MESSAGE_H

#include "base/arena.h"
#include "base/buffer.h"

enum sip_method {
    SIP_UNKNOWN,
#define METHOD(name) SIP_##name,
#include "sip/method.def"
#undef METHOD
    SIP_METHODS
};

enum sip_header_id {
    SIP_HEADER_OTHER,
#define HEADER(symbol, name, compact, list) SIP_HEADER_##symbol,
#include "sip/header.def"
#undef HEADER
    SIP_HEADERS
};
#define SIP_HEADER_BIT(id) ((uint64_t)1 << (id))

struct sip_header {
    enum sip_header_id id;
    struct slice name, value; /* the value without white space around; folds are single spaces */
};

struct sip_via {
    struct slice transport, host, branch, received; /* empty where absent */
    uint16_t port;                                  /* 0 where absent */
    uint16_t rport;                                 /* the value; 0 where absent or without value */
    bool has_rport;
    struct slice parameters; /* all of them, beginning with ';', or empty */
};

struct sip_message {
    struct slice text; /* all of it */
    bool is_request;
    enum sip_method method;        /* of the request; of responses: from CSeq */
    struct slice method_name, uri; /* requests: as in the request line. Responses: method name from CSeq */
    uint16_t status;               /* responses: 100 to 699 */
    struct slice reason;
    struct sip_header *headers;
    size_t header_count;
    struct slice body;
    /* What every message must have, checked by the parser. */
    struct sip_via via;                               /* the topmost */
    bool one_via;                                     /* there is no other one */
    struct slice from, to, call_id, from_tag, to_tag; /* tags empty where absent */
    uint32_t cseq;
    uint16_t max_forwards; /* 70 where absent */
};

#define SIP_MESSAGE_LIMIT 65536U
#define SIP_HEADERS_LIMIT 256U

/* A whole message: a datagram (what follows Content-Length is dropped; less than it says is an error), or
 * what sip_stream_length found. ERROR_SYNTAX, ERROR_LIMIT. After ERROR_SYNTAX `m->via.branch` and the other
 * parts of the message that were good are set as far as they go, and `*status` (where not NULL) is what a
 * request deserves: 400 and its kind, or 0 when it cannot be answered. The same after ERROR_LIMIT (413, 414,
 * 400 for too many headers). A Request-URI of an unknown scheme is no error: that is for the user (416). */
int sip_parse(struct sip_message *m, struct slice text, struct arena *arena, uint16_t *status)
    __attribute__((warn_unused_result));

/* How many bytes the first message in the stream has: 0 and *length, ERROR_AGAIN (more is needed),
 * ERROR_SYNTAX or ERROR_LIMIT (the stream cannot be used any further). *skip bytes (keep-alive CRLFs) stand
 * before it; with ERROR_AGAIN they may be dropped already. *pings counts the CRLF CRLF keep-alives in them
 * (RFC 5626 4.4.1). */
int sip_stream_length(size_t *length, size_t *skip, unsigned *pings, struct slice stream)
    __attribute__((warn_unused_result));

enum sip_method sip_method_parse(struct slice name);
const char *sip_method_name(enum sip_method m);
const char *sip_reason(uint16_t status);               /* the usual phrase; never NULL */
enum sip_header_id sip_header_find(struct slice name); /* long or compact form */
const char *sip_header_name(enum sip_header_id id);

/* The first header with this id; NULL where there is none. */
const struct sip_header *sip_header(const struct sip_message *m, enum sip_header_id id);
struct slice sip_header_value(const struct sip_message *m, enum sip_header_id id); /* empty where absent */

/* Walks all values of a header, over lines and commas (where the header is a list). Begin with a zeroed
 * cursor. */
struct sip_cursor {
    size_t line, offset;
};
bool sip_next_value(
    const struct sip_message *m, enum sip_header_id id, struct sip_cursor *at, struct slice *value);

int sip_via_parse(struct sip_via *via, struct slice value) __attribute__((warn_unused_result));
/* The top Via as the one who received the message writes it (RFC 3261 18.2.1, 3581): needed where rport was
 * asked for or the sender's address differs; what the sender wrote there himself does not count. Adds the
 * whole message. */
bool sip_needs_stamp(const struct sip_message *m, struct slice received);
void sip_add_stamped(struct buffer *out, const struct sip_message *m, struct slice received, uint16_t port);
bool sip_has_option(
    const struct sip_message *m, enum sip_header_id id, struct slice option); /* Require: 100rel */

/* ---- building: everything is added to `out`; check out->overflowed once at the end ---- */
void sip_add_request_line(struct buffer *out, struct slice method, struct slice uri);
void sip_add_status_line(
    struct buffer *out, uint16_t status, struct slice reason); /* empty reason: the usual one */
void sip_add_header(struct buffer *out, enum sip_header_id id, struct slice value);
void sip_add_other(struct buffer *out, struct slice name, struct slice value);
/* All headers of `m` but those in `skip` (SIP_HEADER_BITs), in order, as they came. Content-Length is always
 * skipped. */
void sip_add_headers_of(struct buffer *out, const struct sip_message *m, uint64_t skip);
/* Content-Type (where the body is not empty), Content-Length, the empty line and the body: the end of the
 * message. */
void sip_add_body(struct buffer *out, struct slice type, struct slice body);
/* Status line, all Vias, From, To (with `to_tag` where the request has none and status > 100), Call-ID, CSeq,
 * and Record-Route for what makes a dialog: then add more headers and end with sip_add_body. */
void sip_add_response_head(struct buffer *out, const struct sip_message *request, uint16_t status,
    struct slice reason, struct slice to_tag);

#endif
