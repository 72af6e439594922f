/* Where something is: an IP address and port, or the name of a place inside the process. */
#ifndef TANDEM_WORLD_ADDRESS_H
#define TANDEM_WORLD_ADDRESS_H

#include "base/buffer.h"

struct address {
    uint8_t ip[16]; /* IPv4 in the first four */
    uint16_t port;
    uint8_t family;  /* 4 or 6; 0: none */
    uint8_t zero[5]; /* so that equal addresses are equal bytes */
};

#define ADDRESS_TEXT 56 /* bytes that the longest text needs */

/* WS and WSS (RFC 7118) are for those who speak SIP; a world knows the streams below them, tcp and tls. */
enum transport {
    TRANSPORT_UDP,
    TRANSPORT_TCP,
    TRANSPORT_TLS,
    TRANSPORT_LOCAL,
    TRANSPORT_WS,
    TRANSPORT_WSS,
    TRANSPORT_COUNT
};

#define ENDPOINT_NAME 64

/* What one listens on or connects to: "udp:127.0.0.1:5060", "tls:[::1]:5061", "wss:127.0.0.1:7443",
 * "local:node-1".
 */
struct endpoint {
    enum transport transport;
    struct address address;   /* not for local */
    char name[ENDPOINT_NAME]; /* local: the place. TLS, WSS: the name that the peer's certificate must carry,
                               * or ""
                               */
};

int address_parse(struct address *a, struct slice text)
    __attribute__((warn_unused_result)); /* "1.2.3.4:5060" */
int address_parse_ip(struct address *a, struct slice text)
    __attribute__((warn_unused_result));                          /* without port, [] permitted */
void address_add(struct buffer *out, const struct address *a);    /* with port */
void address_add_ip(struct buffer *out, const struct address *a); /* IPv6 in brackets */
bool address_is_loopback(const struct address *a);                /* of this machine alone */
bool address_equal(const struct address *a, const struct address *b);

int endpoint_parse(struct endpoint *e, struct slice text) __attribute__((warn_unused_result));
void endpoint_add(struct buffer *out, const struct endpoint *e);

const char *transport_name(enum transport t); /* "udp" */

#endif
