/* Parts of a cluster speak to each other over endpoints of their applications (inside, link):
 *
 *     local:NAME         both are in one process
 *     tcp:ADDRESS:PORT   on the loopback of one machine
 *     tls:ADDRESS:PORT   anywhere: each shows a certificate of the platform's authority, made out for the
 *                        member that it is, and speaks only for applications that the configuration gives
 *                        to that member
 */
#ifndef TANDEM_CONFIG_PART_H
#define TANDEM_CONFIG_PART_H

#include "config/config.h"
#include "world/input.h"

#define PART_SERIAL 48

/* Who is at the other end of a flow, as TLS has verified it; zeroed: nothing is known yet. */
struct part_peer {
    bool known;
    char member[ENDPOINT_NAME], serial[PART_SERIAL];
};

/* What a listener on such an endpoint is opened with: it asks for certificates. */
void part_listen(struct buffer *out, struct slice endpoint);

/* What is opened to reach `to` at its `endpoint`: the certificate must be its member's. False: it is not to
 * be reached, because nobody knows where, or its member is not trusted any more. */
bool part_open(struct buffer *out, const struct configuration *c, const struct config_application *to,
    struct slice endpoint);

/* From INPUT_ACCEPTED or INPUT_OPENED. */
void part_peer_set(struct part_peer *p, const struct input *in);

/* May who is at the other end of a flow of `endpoint` speak for this application (NULL: no)? Asked when the
 * flow is new. An application that moves takes its flows down by itself, after what it has to say. */
bool part_speaks_for(const struct configuration *c, struct slice endpoint, const struct part_peer *peer,
    const struct config_application *application);

/* Of a flow that is open: is who is at its other end trusted still, whatever runs there now? */
bool part_trusts(const struct configuration *c, struct slice endpoint, const struct part_peer *peer);

/* Logs at most a few lines a second, with what to do. */
void part_refused(const char *room, const struct part_peer *peer, const char *application);

/* What is wrong with an endpoint of an application, or NULL. */
const char *part_wrong(struct slice *endpoint, const struct config_application *a);

#endif
