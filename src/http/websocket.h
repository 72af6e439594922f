/* WebSocket (RFC 6455): handshake, frames in, messages out; the same in every world.
 *
 *     HTTP request ──> websocket_handshake ──> 101 ──> bytes ──> websocket_next ──> message, close
 *                                                                     └──> pongs, close frames ──> out
 *
 * Messages are checked while they come: a fragment that makes the text invalid ends the connection at once.
 * An idle connection holds this struct alone. No extensions are offered. */
#ifndef TANDEM_HTTP_WEBSOCKET_H
#define TANDEM_HTTP_WEBSOCKET_H

#include "base/utf8.h"
#include "http/http.h"

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

enum websocket_code { /* RFC 6455 7.4.1; 4000 to 4999 are the application's */
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003,
    WEBSOCKET_NO_CODE = 1005, /* only reported: the close frame had none */
    WEBSOCKET_INVALID_TEXT = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_INTERNAL = 1011,
    WEBSOCKET_TRY_LATER = 1013,
};

struct websocket_limits {
    size_t message;   /* bytes; close code 1009 past it */
    size_t fragments; /* frames of one message; close code 1008 past it */
};
extern const struct websocket_limits websocket_limits_default;

struct websocket {
    const struct websocket_limits *limits;
    struct buffer message; /* what came of the message, then of the control frame between its fragments */
    uint64_t left;         /* payload bytes of the frame under way */
    size_t kept;           /* bytes of `message` that belong to the message */
    uint32_t fragments, mask_seed;
    uint16_t received_code;
    struct utf8 text;
    uint8_t header[14], header_length;
    uint8_t opcode;         /* of the frame under way */
    uint8_t message_opcode; /* of the fragmented message under way; 0: none */
    uint8_t mask_at;        /* position in the mask */
    bool client, in_payload, final, delivered, close_sent, ended;
};

enum websocket_event {
    WEBSOCKET_MORE,    /* all bytes are used up */
    WEBSOCKET_MESSAGE, /* opcode TEXT or BINARY */
    WEBSOCKET_PINGED,  /* the pong is in `out` already */
    WEBSOCKET_PONGED,
    WEBSOCKET_CLOSED, /* both sides have closed: send what is in `out`, then close the flow. `code` and bytes
                         (the reason) of the peer */
    WEBSOCKET_FAILED, /* the peer broke the rules: the same; `code` is what we told it */
};

struct websocket_message {
    enum websocket_opcode opcode;
    uint16_t code;
    struct slice bytes; /* until the next call */
};

/* A client masks what it sends: with a sequence that begins at the seed, chosen at random by the caller. */
void websocket_open(struct websocket *w, const struct websocket_limits *limits); /* NULL: the default */
void websocket_open_client(struct websocket *w, const struct websocket_limits *limits, uint32_t seed);
void websocket_close(struct websocket *w); /* frees */

/* Takes from *bytes up to the next event. After CLOSED or FAILED everything is dropped. */
enum websocket_event websocket_next(
    struct websocket *w, struct slice *bytes, struct websocket_message *m, struct buffer *out);

/* Text must be UTF-8. Nothing is added once a close was sent. */
void websocket_send(
    struct websocket *w, enum websocket_opcode opcode, struct slice bytes, struct buffer *out);
/* Begins the end: the peer's close brings WEBSOCKET_CLOSED; messages that come before are dropped. */
void websocket_send_close(struct websocket *w, uint16_t code, struct slice reason, struct buffer *out);

/* One unmasked frame as servers send it: encode once, give to many. */
void websocket_add_frame(struct buffer *out, enum websocket_opcode opcode, struct slice bytes);

/* ---- handshake (RFC 6455 4.2) ---- */
struct websocket_rules {
    bool same_origin;              /* an Origin that is sent must have the authority of Host */
    const struct slice *protocols; /* that we speak, the best first */
    size_t protocol_count;
};
/* Answers it: 0 and *protocol (empty: none), then http_upgraded follows; or ERROR_SYNTAX (400), UNSUPPORTED
 * (426), DENIED (403), after the refusal. */
int websocket_handshake(struct http_connection *c, int64_t now, const struct websocket_rules *rules,
    struct slice *protocol, struct buffer *out) __attribute__((warn_unused_result));
/* Does the request ask for WebSocket at all? */
bool websocket_wanted(const struct http_request *r);
/* The Origin header is absent, or has the scheme https and the authority of Host. */
bool websocket_same_origin(const struct http_request *r);

/* The client's side: the request, and the check of the whole head of the answer. `random`: 16 bytes. */
void websocket_request(struct buffer *out, struct slice host, struct slice target, struct slice protocol,
    struct slice fields, const uint8_t random[16]);
int websocket_check_answer(struct slice head, const uint8_t random[16]) __attribute__((warn_unused_result));

#endif
