/* URIs and name-addr values (RFC 3261 19.1, 25.1): views into the text. */
#ifndef TANDEM_SIP_URI_H
#define TANDEM_SIP_URI_H

#include "base/buffer.h"

struct sip_uri {
    struct slice scheme;         /* "sip", "sips", "tel" */
    struct slice user, password; /* as written (escaped); empty where absent. tel: the number is the user */
    struct slice host;           /* IPv6 with its brackets */
    uint16_t port;               /* 0 where absent */
    struct slice parameters, headers; /* ";lr;transport=tcp" and "?a=b", or empty */
};

/* A value of From, To, Contact, Route and their kind. */
struct sip_name_address {
    struct slice display;    /* without quotes, escapes as written */
    struct slice uri;        /* without <> */
    struct slice parameters; /* after the >, beginning with ';', or empty */
    bool star;               /* Contact: * */
};

/* ERROR_SYNTAX; ERROR_UNSUPPORTED for other schemes than the three above (only `scheme` is set then). */
int sip_uri_parse(struct sip_uri *uri, struct slice text) __attribute__((warn_unused_result));
int sip_name_address_parse(struct sip_name_address *a, struct slice value)
    __attribute__((warn_unused_result));

/* Looks a parameter of ";a=b;c" up, without regard to case; quotes around the value are taken off. */
bool sip_parameter(struct slice parameters, struct slice name, struct slice *value);

/* The user part with its escapes resolved ("%31001" is "11001"), of a tel: URI without what only eyes need
 * (RFC 3966 3: "-.()"); ERROR_SYNTAX for bad ones and for NUL, CR, LF. */
int sip_uri_user(struct slice *user, const struct sip_uri *uri, char *room, size_t size)
    __attribute__((warn_unused_result));
/* RFC 3261 19.1.4, for what decides about identity. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

#endif
