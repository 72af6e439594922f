/* Who joins, and who says that he may: the way to the role identity. */
#include "roles/session/session_int.h"

#define COST_OF_POST                                                                                         \
    6U /* a request costs a signature's check and a write; looking how it stands does not                    \
        */

void session__enrol(struct connection *c, struct sign_in *i)
{
    (void)i;
    if (session__rate_permits(
            c->session, &c->peer, c->http->request.method == HTTP_POST ? COST_OF_POST : 1)) {
        session__forward(c, NULL, "identity", true);
        return;
    }
    world_count(c->session->world, COUNTER_SESSION_RATE_REFUSED, 1);
    session__error(c, HTTP_STATUS_TOO_MANY_REQUESTS, "OVERLOADED",
        "too many requests from this address; wait a little", "Retry-After: 10\r\n");
}

void session__members(struct connection *c, struct sign_in *i)
{
    session__forward(c, i, "identity", false);
}
