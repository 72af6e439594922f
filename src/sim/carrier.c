/* A simulated carrier: what it hears, what it answers itself. */
#include "sim/carrier_int.h"

#include <stdio.h>

#include "base/mem.h"
#include "sip/digest.h"
#include "sip/uri.h"
#include "world/sim/sim.h"

#define SECOND INT64_C(1000000)
#define LATE_LEAST (SECOND / 2)
#define LATE_MOST (6 * SECOND) /* longer than our proxies wait for a first word */
#define EXPIRES 120U           /* seconds that a registration gets at most */
#define HELD_MOST 2000U
#define NOTICED (8 * SECOND) /* by OPTIONS that it is there again */
#define SPARE 2U             /* calls that proxies may count and we do not */

/* A message that has to wait. */
struct held {
    struct list link;
    struct world_timer timer;
    uint64_t number;
    struct address peer;
    size_t length;
    char bytes[];
};

static struct carrier_state *state(struct carrier *c)
{
    return &c->town->carrier_states[c->setup->index];
}

bool carrier_works(const struct town *t, unsigned index, int64_t since)
{
    const struct carrier_state *s = &t->carrier_states[index];
    return s->alive && s->started_at + NOTICED < since && s->unwell_at + NOTICED < since &&
           s->calls + SPARE < t->carrier_setups[index].capacity;
}

bool carrier__is_proxy(const struct carrier *c, const struct address *peer)
{
    for (unsigned k = 0; k < c->town->proxy_count; k++)
        if (address_equal(peer, &c->town->proxies[k]))
            return true;
    return false;
}

void carrier__send(struct carrier *c, const struct address *to)
{
    world_send_to(c->world, c->socket, to, buffer_slice(&c->out));
}

/* Weather strikes one carrier at a time: the others are what is left for calls. */
static bool struck(struct carrier *c, enum sim_fault fault)
{
    if (!c->town->strikes(c->town->argument, fault, c->setup->index))
        return false;
    state(c)->unwell_at = world_now(c->world);
    return true;
}

/* ---- its own answers ---- */

void carrier__answer(struct carrier *c, const struct sip_message *m, const struct address *peer,
    uint16_t status, struct slice more)
{
    buffer_clear(&c->out);
    sip_add_response_head(&c->out, m, status, SLICE(""), SLICE("carrier"));
    buffer_add(&c->out, more);
    sip_add_body(&c->out, SLICE(""), SLICE(""));
    carrier__send(c, peer);
}

static void challenge(struct carrier *c, const struct sip_message *m, const struct address *peer, bool call)
{
    struct buffer line = {.data = NULL}, value = {.data = NULL};
    digest_add_challenge(&value, DIGEST_MD5, c->setup->realm, slice_text(c->nonce), false);
    sip_add_header(
        &line, call ? SIP_HEADER_PROXY_AUTHENTICATE : SIP_HEADER_WWW_AUTHENTICATE, buffer_slice(&value));
    carrier__answer(c, m, peer, call ? 407 : 401, buffer_slice(&line));
    buffer_free(&line);
    buffer_free(&value);
}

/* Whether it proves to come from who has the trunk. */
static bool proven(struct carrier *c, const struct sip_message *m, bool call)
{
    struct digest d;
    struct digest_hashes hashes = {.context = NULL};
    char ha1[DIGEST_HEX];
    struct slice value =
        sip_header_value(m, call ? SIP_HEADER_PROXY_AUTHORIZATION : SIP_HEADER_AUTHORIZATION);
    if (value.length == 0 || digest_parse(&d, value, &c->arena) != 0 ||
        !slice_equal(d.nonce, slice_text(c->nonce)))
        return false;
    digest_ha1(ha1, d.algorithm, c->setup->user, c->setup->realm, c->setup->secret);
    bool right = slice_equal(d.username, c->setup->user) &&
                 digest_verify(&d, &hashes, m->method_name, slice_text(ha1));
    digest_hashes_free(&hashes);
    if (right)
        return true;
    c->town->complain(c->town->argument, c->setup->name, m->call_id, "wrong credentials came to a carrier");
    return false;
}

static void registers(struct carrier *c, const struct sip_message *m, const struct address *peer)
{
    char more[32];
    if (!proven(c, m, false)) {
        challenge(c, m, peer, false);
        return;
    }
    state(c)->registered_until = world_now(c->world) + EXPIRES * SECOND;
    int length = snprintf(more, sizeof more, "Expires: %u\r\n", EXPIRES);
    carrier__answer(c, m, peer, 200, slice_of(more, (size_t)length));
}

/* True: it was answered here. */
static bool answered(struct carrier *c, const struct sip_message *m, const struct address *peer)
{
    bool begins = m->to_tag.length == 0;
    if (m->method == SIP_ACK)
        return slice_equal(m->to_tag, SLICE("carrier"));
    if (!carrier__is_proxy(c, peer) || !begins || m->method == SIP_CANCEL)
        return false;
    if (struck(c, SIM_FAULT_CARRIER_BUSY)) {
        carrier__answer(c, m, peer, 503, SLICE("Retry-After: 5\r\n"));
        return true;
    }
    if (m->method == SIP_REGISTER)
        registers(c, m, peer);
    else if (m->method == SIP_OPTIONS)
        carrier__answer(c, m, peer, 200, SLICE(""));
    else if (m->method == SIP_INVITE && c->setup->challenges && !proven(c, m, true))
        challenge(c, m, peer, true);
    else
        return false;
    return true;
}

static void handle(struct carrier *c, struct slice text, const struct address *peer)
{
    struct sip_message m;
    if (slice_trim(text).length == 0)
        return;
    if (sip_parse(&m, text, &c->arena, NULL) != 0)
        c->town->complain(c->town->argument, c->setup->name, SLICE(""),
            "a message that is not well-formed came to a carrier");
    else if (!m.is_request)
        carrier__pass_back(c, &m);
    else if (!answered(c, &m, peer))
        carrier__pass_on(c, &m, peer);
}

/* ---- what waits ---- */

static void hold(struct carrier *c, const struct input *input)
{
    struct held *h = mem_zero(sizeof *h + input->bytes.length);
    h->number = ++c->next_held;
    h->peer = input->peer;
    h->length = input->bytes.length;
    slice_put(h->bytes, input->bytes);
    list_append(&c->held, &h->link);
    c->held_count++;
    uint64_t most = (uint64_t)(LATE_MOST - LATE_LEAST);
    world_timer_set(c->world, &h->timer, OBJECT(1, h->number), 0,
        world_now(c->world) + LATE_LEAST + (int64_t)(world_random(c->world) % most));
}

static void let_go(struct carrier *c, struct held *h)
{
    list_remove(&h->link);
    world_timer_clear(&h->timer);
    c->held_count--;
    mem_free(h);
}

static void due(struct carrier *c, uint64_t number)
{
    list_for_each_safe (link, next, &c->held) {
        struct held *h = list_entry(link, struct held, link);
        if (h->number != number)
            continue;
        handle(c, slice_of(h->bytes, h->length), &h->peer);
        let_go(c, h);
        return;
    }
}

static void hear(struct carrier *c, const struct input *input)
{
    if (struck(c, SIM_FAULT_CARRIER_SILENT))
        return;
    if (c->held_count < HELD_MOST && struck(c, SIM_FAULT_CARRIER_SLOW))
        hold(c, input);
    else
        handle(c, input->bytes, &input->peer);
}

/* ---- the role ---- */

static int carrier_open(void **self, struct world *world, const struct role_setup *setup)
{
    const struct carrier_setup *given = *self;
    struct carrier *c = *self = mem_zero(sizeof *c);
    struct buffer at = {.data = NULL};
    (void)setup;
    c->world = world;
    c->setup = given;
    c->town = given->town;
    list_init(&c->held);
    snprintf(c->nonce, sizeof c->nonce, "%016llx", (unsigned long long)world_random(world));
    buffer_add_text(&at, "udp:");
    address_add(&at, &given->own);
    c->socket = world_listen(world, buffer_slice(&at), 1);
    buffer_free(&at);
    state(c)->started_at = world_now(world);
    state(c)->registered_until = 0;
    state(c)->alive = true;
    return 0;
}

static void carrier_close(void *self)
{
    struct carrier *c = self;
    list_for_each_safe (link, next, &c->held)
        let_go(c, list_entry(link, struct held, link));
    state(c)->alive = false;
    buffer_free(&c->out);
    arena_free(&c->arena);
    mem_free(c);
}

static void carrier_input(void *self, const struct input *input)
{
    struct carrier *c = self;
    if (input->kind == INPUT_DATAGRAM)
        hear(c, input);
    else if (input->kind == INPUT_TIMER)
        due(c, OBJECT_INDEX(input->object));
    arena_reset(&c->arena);
}

const struct role carrier_role = {
    .name = "carrier", .open = carrier_open, .close = carrier_close, .input = carrier_input};
