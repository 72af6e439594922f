/* The messages of RFC 4475 ("torture test messages": all 49) and RFC 5118 (IPv6), each with what becomes of
 * it here. The parser: valid ones parse; a request that is not is refused with the status beside it; a
 * response that is not is dropped (0). The program: what it answers a stranger (test/torture reads these
 * tables too); 0: nothing. The bodies are all the same description where only the message matters. */
#ifndef TANDEM_SIP_TORTURE_FIXTURE_H
#define TANDEM_SIP_TORTURE_FIXTURE_H

#include "base/error.h"
#include "base/slice.h"

#define TORTURE_SDP                                                                                          \
    "v=0\r\n"                                                                                                \
    "o=mhandley 29739 7272939 IN IP4 192.0.2.1\r\n"                                                          \
    "s=-\r\n"                                                                                                \
    "c=IN IP4 192.0.2.1\r\n"                                                                                 \
    "t=0 0\r\n"                                                                                              \
    "m=audio 49217 RTP/AVP 0 12\r\n"                                                                         \
    "m=video 3227 RTP/AVP 31\r\n"                                                                            \
    "a=rtpmap:31 LPC\r\n"

struct torture {
    const char *name;
    int error;
    uint16_t status; /* of the parser */
    uint16_t reply;  /* of the program, to a stranger */
    struct slice text;
};

/* Each ends with a nameless row. */
extern const struct torture torture_valid[], torture_invalid[], torture_application[], torture_ipv6[];

#endif
