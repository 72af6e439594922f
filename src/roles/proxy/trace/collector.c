/* A copy of every message for a collector outside, by datagrams: whoever is not there does not hold calls up.
 */
#include "base/error.h"
#include "roles/proxy/trace/hep.h"
#include "roles/proxy/trace/mask.h"
#include "roles/proxy/trace/trace_int.h"

#define TAG_LEAST 26U /* "-12345678-" and the id of a call */

static const struct config_trace *settings(const struct proxy *p)
{
    return &config_location(world_configuration(p->world), slice_text(p->location))->trace;
}

static void close_socket(struct proxy *p)
{
    struct collector *c = &p->trace->collector;
    if (c->flow != 0)
        world_close(p->world, c->flow);
    c->flow = 0;
}

void trace__collector_follow(struct proxy *p)
{
    struct collector *c = &p->trace->collector;
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    c->wanted = l != NULL && !slice_empty(l->trace.hep_host);
    c->asked_at = 0;
    c->address.family = 0;
    if (!c->wanted)
        close_socket(p);
}

void trace__collector_close(struct proxy *p)
{
    buffer_free(&p->trace->collector.packet);
}

/* Where it is, from time to time. A name that is being asked, or is not found, leaves what was known. */
static void look_up(struct proxy *p)
{
    struct collector *c = &p->trace->collector;
    int64_t now = world_now(p->world);
    struct locate_target target;
    const struct locate_wish wish = {.host = settings(p)->hep_host,
        .port = settings(p)->hep_port,
        .transport = TRANSPORT_UDP,
        .transports = LOCATE_TRANSPORT(TRANSPORT_UDP)};
    if (c->asked_at != 0 && now - c->asked_at < timer_duration(TIMER_HEP_LOOKUP))
        return;
    int error = names_target(p, &target, &wish);
    if (error != ERROR_AGAIN)
        c->asked_at = now;
    if (error == 0)
        c->address = target.address;
}

static bool has_socket(struct proxy *p)
{
    struct collector *c = &p->trace->collector;
    if (c->address.family == 0)
        return false;
    if (c->flow != 0 && c->family != c->address.family)
        close_socket(p);
    if (c->flow == 0)
        c->flow = world_listen(p->world,
            c->address.family == 6 ? SLICE("udp:[::]:0") : SLICE("udp:0.0.0.0:0"), PROXY_TOKEN_TRACE);
    c->family = c->address.family;
    return true;
}

/* The id of the call, where a tag is a node's; else the Call-ID. */
static struct slice correlation_of(const struct sip_message *m)
{
    const struct slice tags[] = {m->from_tag, m->to_tag};
    for (int i = 0; i < 2; i++) {
        struct slice end = slice_from(tags[i], tags[i].length - TAG_LEAST);
        if (tags[i].length > TAG_LEAST && end.data[0] == '-' && end.data[9] == '-')
            return slice_from(end, 10);
    }
    return m->call_id;
}

void trace__collect(struct proxy *p, const struct ring_entry *e, struct slice name, struct slice message)
{
    struct collector *c = &p->trace->collector;
    struct sip_message m;
    bool inside = name.length != 0;
    look_up(p);
    if (!has_socket(p)) {
        world_count(p->world, COUNTER_HEP_LOST, 1);
        return;
    }
    struct slice copy = arena_copy(&p->arena, message);
    trace_mask((char *)(uintptr_t)copy.data, copy.length);
    (void)!sip_parse(&m, copy, &p->arena, NULL);
    struct address local = inside ? trace__place(p, slice_text(p->name)) : e->local;
    struct address peer = inside ? trace__place(p, name) : e->peer;
    buffer_clear(&c->packet);
    hep_add(&c->packet, &(struct hep){.from = e->received ? peer : local,
                            .to = e->received ? local : peer,
                            .stream = inside || e->transport != TRANSPORT_UDP,
                            .at = e->at,
                            .capture_id = settings(p)->hep_id,
                            .password = settings(p)->hep_password,
                            .correlation = correlation_of(&m),
                            .payload = copy});
    world_send_to(p->world, c->flow, &c->address, buffer_slice(&c->packet));
    world_count(p->world, COUNTER_HEP_SENT, 1);
}

/* A socket that could not be opened is tried again with the next look-up. */
bool trace_input(struct proxy *p, const struct input *in)
{
    struct collector *c = &p->trace->collector;
    if (in->kind < INPUT_ACCEPTED || in->kind > INPUT_DATA || in->token != PROXY_TOKEN_TRACE)
        return false;
    if (in->kind == INPUT_CLOSED && in->flow == c->flow) {
        c->flow = 0;
        c->address.family = 0;
        c->asked_at = world_now(p->world);
    }
    return true;
}
