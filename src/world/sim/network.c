/* Hosts, addresses, what is cut off from what; datagrams. */
#include "base/error.h"
#include "base/mem.h"
#include "world/sim/sim_int.h"

#define EPHEMERAL 32768U
#define NEAR_LEAST 20 /* µs, inside a site */
#define NEAR_MOST 120
#define FAR_LEAST 150
#define FAR_MOST 1200
#define REORDERED 30000 /* µs: how far a datagram falls behind */
#define DELAYED 500000  /* µs: the most that bad weather adds */

/* How often, per million, while such weather lasts. */
#define DROP 60000U
#define DUPLICATE 60000U
#define DELAY 80000U
#define REORDER 150000U
#define ALWAYS 1000000U

unsigned sim_host(struct sim *s, uint32_t ip, unsigned site)
{
    if ((s->host_count & (s->host_count - 1)) == 0)
        s->hosts = mem_resize(s->hosts, (s->host_count != 0 ? s->host_count * 2 : 1) * sizeof *s->hosts);
    struct host *h = &s->hosts[s->host_count];
    *h = (struct host){.ip = ip, .site = site % SIM_SITES, .next_port = EPHEMERAL};
    int64_t skew = 0; /* whole ms, so that timers come due at the same fractions everywhere */
    if ((s->params.faults & SIM_FAULT_BIT(SIM_FAULT_SKEW)) != 0 && chance_happens(&s->faults, 300000)) {
        skew = chance_between(&s->faults, -3000, 3000) * 1000;
        s->fault_counts[SIM_FAULT_SKEW]++;
    }
    h->skew = skew;
    for (size_t i = 0; i < s->wheel_count; i++)
        if (s->wheel_skews[i] == skew)
            h->wheel = s->wheels[i];
    if (h->wheel == NULL) {
        size_t count = s->wheel_count++;
        s->wheels = mem_resize(s->wheels, s->wheel_count * sizeof *s->wheels);
        s->wheel_skews = mem_resize(s->wheel_skews, s->wheel_count * sizeof *s->wheel_skews);
        h->wheel = s->wheels[count] = mem_zero(sizeof(struct wheel));
        s->wheel_skews[count] = skew;
        wheel_init(h->wheel, s->now + skew);
    }
    return (unsigned)s->host_count++;
}

bool sim__blocked(const struct sim *s, unsigned from, unsigned to)
{
    const struct host *a = &s->hosts[from], *b = &s->hosts[to];
    return b->dead || s->cut[a->site][b->site];
}

int64_t sim__stalled_until(const struct sim *s, unsigned from, unsigned to)
{
    return s->stalled_until[s->hosts[from].site][s->hosts[to].site];
}

bool sim__weather(struct sim *s, enum sim_fault fault, uint32_t per_million)
{
    if (s->weather_until <= s->now || s->weather[fault] <= s->now || !chance_happens(&s->faults, per_million))
        return false;
    s->fault_counts[fault]++;
    return true;
}

int64_t sim__latency(struct sim *s, unsigned from, unsigned to)
{
    int64_t latency = from == to || s->hosts[from].site == s->hosts[to].site
                          ? chance_between(&s->network, NEAR_LEAST, NEAR_MOST)
                          : chance_between(&s->network, FAR_LEAST, FAR_MOST);
    if (sim__weather(s, SIM_FAULT_DELAY, DELAY))
        latency += chance_between(&s->faults, 1000, DELAYED);
    return latency;
}

uint64_t sim__address_key(const struct address *a)
{
    return (uint64_t)a->ip[0] << 40 | (uint64_t)a->ip[1] << 32 | (uint64_t)a->ip[2] << 24 |
           (uint64_t)a->ip[3] << 16 | a->port;
}

/* ---- flows ---- */

struct flow *sim__flow(struct sim_instance *i, uint64_t number)
{
    return map_get_number(&i->flows, number);
}

void sim__broken(struct flow *f, int error)
{
    struct input input = {.kind = INPUT_CLOSED, .flow = f->number, .token = f->token, .error = error};
    peer_gone(&f->instance->peers, f->number); /* what is told to it waits for its next flow */
    sim__push(f->instance->sim, sim__input_event(f->instance, &input), f->instance->sim->now);
}

void sim__flow_free(struct flow *f)
{
    peer_gone(&f->instance->peers, f->number);
    map_remove_number(&f->instance->flows, f->number);
    pool_give(&f->instance->sim->flow_pool, f);
}

static struct flow *make(struct sim_instance *i, const struct effect *e, enum flow_kind kind)
{
    struct flow *f = pool_take(&i->sim->flow_pool);
    f->kind = kind;
    f->instance = i;
    f->number = e->flow;
    f->token = e->token;
    map_put_number(&i->flows, f->number, f);
    return f;
}

static bool loopback(const struct address *a)
{
    return a->ip[0] == 127 || (a->ip[0] | a->ip[1] | a->ip[2] | a->ip[3]) == 0;
}

/* Own addresses that the host's processes may write differently. */
static void localise(const struct host *h, struct address *a)
{
    if (!loopback(a))
        return;
    for (int b = 0; b < 4; b++)
        a->ip[b] = (uint8_t)(h->ip >> (24 - 8 * b));
}

static int bind_flow(struct sim *s, struct host *h, struct flow *f)
{
    struct endpoint *at = &f->endpoint;
    if (at->transport == TRANSPORT_LOCAL) {
        if (map_get(&s->places, slice_text(at->name)) != NULL)
            return ERROR_BUSY;
        map_put(&s->places, slice_text(at->name), f);
        return 0;
    }
    if (at->address.family != 4)
        return ERROR_UNSUPPORTED;
    localise(h, &at->address);
    struct map *bound = f->kind == FLOW_SOCKET ? &s->sockets : &s->listeners;
    while (at->address.port == 0) {
        at->address.port = h->next_port;
        h->next_port = (uint16_t)(h->next_port == UINT16_MAX ? EPHEMERAL : h->next_port + 1U);
        if (map_get_number(bound, sim__address_key(&at->address)) != NULL)
            at->address.port = 0;
    }
    if (map_get_number(bound, sim__address_key(&at->address)) != NULL)
        return ERROR_BUSY;
    map_put_number(bound, sim__address_key(&at->address), f);
    return 0;
}

void sim__listen(struct sim_instance *i, const struct effect *e)
{
    struct endpoint endpoint;
    int error = endpoint_parse(&endpoint, e->first);
    struct flow *f =
        make(i, e, error == 0 && endpoint.transport == TRANSPORT_UDP ? FLOW_SOCKET : FLOW_LISTENER);
    f->endpoint = endpoint;
    if (error == 0)
        error = bind_flow(i->sim, &i->sim->hosts[i->host], f);
    if (error != 0)
        sim__broken(f, error);
}

void sim__open(struct sim_instance *i, const struct effect *e)
{
    struct endpoint endpoint;
    int error = endpoint_parse(&endpoint, e->first);
    struct flow *f = make(i, e, FLOW_STREAM);
    f->endpoint = endpoint;
    if (error == 0 && endpoint.transport == TRANSPORT_UDP)
        error = ERROR_UNSUPPORTED; /* datagrams go out from a socket that listens */
    if (error == 0 && endpoint.transport != TRANSPORT_LOCAL) {
        if (endpoint.address.family != 4)
            error = ERROR_UNSUPPORTED;
        localise(&i->sim->hosts[i->host], &f->endpoint.address);
    }
    if (error == 0)
        sim__stream_open(f);
    else
        sim__broken(f, error);
}

void sim__close(struct flow *f, bool silently)
{
    struct sim *s = f->instance->sim;
    if (f->kind == FLOW_STREAM) {
        sim__stream_close(f, silently);
        sim__flow_free(f);
        return;
    }
    struct map *bound = f->kind == FLOW_SOCKET ? &s->sockets : &s->listeners;
    if (f->endpoint.transport == TRANSPORT_LOCAL) {
        if (map_get(&s->places, slice_text(f->endpoint.name)) == f)
            map_remove(&s->places, slice_text(f->endpoint.name));
    } else if (map_get_number(bound, sim__address_key(&f->endpoint.address)) == f) {
        map_remove_number(bound, sim__address_key(&f->endpoint.address));
    }
    sim__flow_free(f);
}

/* ---- datagrams ---- */

/* On one path nothing overtakes in good weather. */
static int64_t arrival(struct sim *s, unsigned from, unsigned to)
{
    int64_t at = s->now + sim__latency(s, from, to);
    int64_t *last = &s->last_datagram[s->hosts[from].site][s->hosts[to].site];
    int64_t stalled = sim__stalled_until(s, from, to);
    if (at < stalled)
        at = stalled;
    if (sim__weather(s, SIM_FAULT_REORDER, REORDER))
        return at + chance_between(&s->faults, FAR_MOST, REORDERED);
    if (at < *last)
        at = *last;
    else if (at <= s->now + FAR_MOST) /* one that the weather delays holds up no others */
        *last = at;
    return at;
}

static void send_once(struct flow *f, const struct address *to, struct flow *target, struct slice bytes)
{
    struct sim *s = f->instance->sim;
    struct event *e = sim__event(s, EVENT_DATAGRAM, bytes.length);
    e->from = (uint16_t)f->instance->host;
    e->to = (uint16_t)target->instance->host;
    e->to_address = *to;
    e->input = (struct input){.kind = INPUT_DATAGRAM, .peer = f->endpoint.address};
    e->length = (uint32_t)bytes.length;
    slice_put(e->bytes, bytes);
    sim__push(s, e, arrival(s, e->from, e->to));
}

static void send_datagram(struct flow *f, const struct address *address, struct slice bytes)
{
    struct sim *s = f->instance->sim;
    struct address to = *address;
    if (to.family != 4)
        return;
    localise(&s->hosts[f->instance->host], &to);
    struct flow *target = map_get_number(&s->sockets, sim__address_key(&to));
    if (target == NULL)
        return; /* nobody is there */
    if (sim__blocked(s, f->instance->host, target->instance->host)) {
        s->dropped++;
        return;
    }
    if (sim__weather(s, SIM_FAULT_DROP, DROP))
        return;
    send_once(f, &to, target, bytes);
    if (sim__weather(s, SIM_FAULT_REPEAT, ALWAYS) || sim__weather(s, SIM_FAULT_DUPLICATE, DUPLICATE))
        send_once(f, &to, target, bytes);
}

void sim__send(struct sim_instance *i, uint64_t flow, const struct address *to, struct slice bytes)
{
    struct flow *f = sim__flow(i, flow);
    if (f == NULL || f->kind == FLOW_LISTENER)
        return;
    if (f->kind == FLOW_SOCKET)
        send_datagram(f, to, bytes);
    else
        sim__stream_send(f, bytes);
}

void sim__datagram(struct sim *s, struct event *e)
{
    struct flow *f = map_get_number(&s->sockets, sim__address_key(&e->to_address));
    if (f == NULL || sim__blocked(s, e->from, f->instance->host)) {
        sim__event_free(s, e);
        return;
    }
    e->instance = f->instance;
    e->incarnation = f->instance->incarnation;
    e->input.flow = f->number;
    e->input.token = f->token;
    sim__deliver(s, e);
}
