/* Two roles for tests of worlds: one sends numbers by turns over UDP and a stream, the other sends them back.
 * Neither depends on timing, so that every world must give the same effects in the same order. */
#ifndef TANDEM_WORLD_SIM_ECHO_FIXTURE_H
#define TANDEM_WORLD_SIM_ECHO_FIXTURE_H

#include "world/role.h"

#define ECHO_PORT 39517

/* What both roles asked for, in lines, without addresses. */
struct echo_tape {
    struct buffer text;
    unsigned rounds;                  /* to do before the client closes its stream; set by the test */
    unsigned done;                    /* rounds done */
    bool chance;                      /* numbers are random */
    const char *server;               /* address of the server: "127.0.0.1" */
    const char *client;               /* address of the client */
    void (*finished)(void *argument); /* the last round is done; may be NULL */
    void *argument;
};
extern struct echo_tape echo_tape;

extern const struct role echo_server, echo_client;

#endif
