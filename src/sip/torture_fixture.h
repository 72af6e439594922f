/* The messages of RFC 4475 ("torture test messages"), each with what becomes of it here: valid ones parse; a
 * request that is not is answered with the status beside it; a response that is not is dropped (0). The
 * bodies are all the same description where only the message matters. */
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
    uint16_t status;
    struct slice text;
};

extern const struct torture torture_valid[], torture_invalid[]; /* both end with a nameless row */

#endif
