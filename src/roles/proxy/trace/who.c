/* Who is at the other end of a message, and where. */
#include "base/hash.h"
#include "roles/proxy/trace/trace_int.h"
#include "roles/proxy/trunk/trunk.h"

#define SIP_PORT 5060U

/* Of a pair: whichever member; both are meant. */
static struct slice endpoint_of(const struct configuration *c, struct slice name)
{
    const struct config_pair *pair = config_pair(c, name);
    const struct config_application *a = pair != NULL ? pair->members[0] : config_application(c, name);
    return a != NULL ? a->inside : (struct slice){0};
}

struct address trace__place(struct proxy *p, struct slice name)
{
    struct endpoint e;
    if (endpoint_parse(&e, endpoint_of(world_configuration(p->world), name)) == 0 &&
        e.transport != TRANSPORT_LOCAL)
        return e.address;
    uint64_t hash = hash_stable(name);
    return (struct address){.family = 4,
        .ip = {127, (uint8_t)(hash >> 16 | 1), (uint8_t)(hash >> 8), (uint8_t)hash},
        .port = SIP_PORT};
}

const char *trace__who(struct proxy *p, const struct ring_entry *e, struct slice *name)
{
    const struct config_trunk *trunk;
    *name = ring_name(e);
    if (name->length != 0)
        return config_pair(world_configuration(p->world), *name) != NULL ? "pair" : "proxy";
    if ((trunk = trunk_of(p, &e->peer)) == NULL)
        return "outside";
    *name = trunk->name;
    return "trunk";
}
