#include "sim/crowd.h"

#include <stdio.h>

#include "base/mem.h"
#include "sip/digest.h"
#include "sip/message.h"
#include "world/world.h"

#define T1 500000 /* µs, RFC 3261 17.1.2.2 */
#define T2 4000000
#define NEXT_PROXY 4 /* repetitions without any answer */
#define EXPIRES 3600U
#define REFRESH_LEAST INT64_C(1800000000)
#define REFRESH_MOST INT64_C(2700000000)
#define AGAIN 30000000 /* after a refusal that names no time */
#define NONCE 96U
#define SIP_PORT 5060U
#define SETTLED 500U /* in a turn */

static const struct slice domain = SLICE_INIT("tandem.test");

struct member {
    struct world_timer timer;
    uint32_t cseq;
    uint8_t sent; /* so often, without any answer */
    uint8_t proxy, nonce_length;
    bool waits, registered;
    char nonce[NONCE];
};

struct crowd {
    struct world *world;
    const struct crowd_setup *setup;
    struct town *town;
    struct member *members;
    uint64_t first_flow;
    uint32_t registered;
    int64_t done_at;
    uint64_t refused;
    struct arena arena;
    struct buffer out;
};

uint32_t crowd_registered(const struct crowd *c)
{
    return c->registered;
}

int64_t crowd_done_at(const struct crowd *c)
{
    return c->done_at;
}

uint64_t crowd_refused(const struct crowd *c)
{
    return c->refused;
}

struct slice crowd_dn(char text[CROWD_DN_TEXT], uint32_t index)
{
    return slice_of(text, (size_t)snprintf(text, CROWD_DN_TEXT, "2%07u", index));
}

struct slice crowd_secret(char text[CROWD_DN_TEXT], uint32_t index)
{
    return slice_of(text, (size_t)snprintf(text, CROWD_DN_TEXT, "s%07u", index));
}

static int64_t between(struct crowd *c, int64_t least, int64_t most)
{
    return least + (int64_t)(world_random(c->world) % (uint64_t)(most - least + 1));
}

static void set_timer(struct crowd *c, uint32_t index, int64_t after)
{
    world_timer_set(c->world, &c->members[index].timer, OBJECT(1, index), 0, world_now(c->world) + after);
}

static struct address address_of(uint32_t index)
{
    return (struct address){.ip = {10, (uint8_t)(64 + (index >> 16)), (uint8_t)(index >> 8), (uint8_t)index},
        .port = SIP_PORT,
        .family = 4};
}

/* ---- the request ---- */

static void add_credentials(struct crowd *c, uint32_t index, struct slice dn)
{
    char secret[CROWD_DN_TEXT], cnonce[20];
    const struct member *m = &c->members[index];
    struct buffer value = {.data = NULL};
    struct digest challenge = {.algorithm = DIGEST_MD5,
        .realm = domain,
        .nonce = slice_of(m->nonce, m->nonce_length),
        .qop = SLICE("auth")};
    int length = snprintf(cnonce, sizeof cnonce, "%x.%x", index, m->cseq);
    digest_add_answer(&value, &challenge, dn, crowd_secret(secret, index), SLICE("REGISTER"),
        SLICE("sip:tandem.test"), slice_of(cnonce, (size_t)length), m->cseq);
    sip_add_header(&c->out, SIP_HEADER_AUTHORIZATION, buffer_slice(&value));
    buffer_free(&value);
}

static void send(struct crowd *c, uint32_t index)
{
    struct member *m = &c->members[index];
    char text[CROWD_DN_TEXT];
    struct slice dn = crowd_dn(text, index);
    struct address own = address_of(index);
    struct buffer *out = &c->out;
    buffer_clear(out);
    buffer_add_text(out, "REGISTER sip:tandem.test SIP/2.0\r\nVia: SIP/2.0/UDP ");
    address_add(out, &own);
    buffer_add_format(out, ";rport;branch=z9hG4bK%x.%x.%u\r\nMax-Forwards: 70\r\n", index, m->cseq, m->proxy);
    buffer_add_format(out, "From: <sip:%.*s@tandem.test>;tag=c%x\r\nTo: <sip:%.*s@tandem.test>\r\n",
        SLICE_ARG(dn), index, SLICE_ARG(dn));
    buffer_add_format(
        out, "Call-ID: crowd-%x\r\nCSeq: %u REGISTER\r\nContact: <sip:%.*s@", index, m->cseq, SLICE_ARG(dn));
    address_add(out, &own);
    buffer_add_format(out, ">;expires=%u\r\nUser-Agent: simulated phone\r\n", EXPIRES);
    if (m->nonce_length != 0)
        add_credentials(c, index, dn);
    sip_add_body(out, SLICE(""), SLICE(""));
    world_send_to(c->world, c->first_flow + index, &c->town->proxies[m->proxy], buffer_slice(out));
    int64_t wait = (int64_t)T1 << m->sent;
    m->sent++;
    set_timer(c, index, wait < T2 ? wait : T2);
}

static void begin(struct crowd *c, uint32_t index)
{
    struct member *m = &c->members[index];
    m->waits = true;
    m->sent = 0;
    m->cseq++;
    send(c, index);
}

/* Time to register, again, or to send once more what has no answer; in the end to another proxy. */
static void due(struct crowd *c, uint32_t index)
{
    struct member *m = &c->members[index];
    if (m->waits && m->sent < NEXT_PROXY) {
        send(c, index);
        return;
    }
    if (m->waits)
        m->proxy = (uint8_t)((m->proxy + 1U) % c->town->proxy_count);
    begin(c, index);
}

/* ---- the answer ---- */

static bool take_challenge(struct crowd *c, struct member *m, const struct sip_message *answer)
{
    struct digest d;
    struct slice value = sip_header_value(answer, SIP_HEADER_WWW_AUTHENTICATE);
    if (digest_parse(&d, value, &c->arena) != 0 || d.nonce.length > NONCE ||
        slice_equal(d.nonce, slice_of(m->nonce, m->nonce_length)))
        return false;
    m->nonce_length = (uint8_t)d.nonce.length;
    slice_put(m->nonce, d.nonce);
    return true;
}

static void accepted(struct crowd *c, uint32_t index)
{
    struct member *m = &c->members[index];
    c->registered += !m->registered;
    m->registered = true;
    if (c->registered == c->setup->count && c->done_at == 0)
        c->done_at = world_now(c->world);
    set_timer(c, index, between(c, REFRESH_LEAST, REFRESH_MOST));
}

static void refused(struct crowd *c, uint32_t index, const struct sip_message *answer)
{
    uint64_t seconds;
    struct slice said = slice_trim(sip_header_value(answer, SIP_HEADER_RETRY_AFTER));
    int64_t wait = AGAIN;
    if (answer->status != 503)
        c->town->complain(
            c->town->argument, SLICE("crowd"), answer->call_id, "a phone with the right secret was refused");
    else if (slice_to_u64(&seconds, said, 3600) == 0)
        wait = (int64_t)seconds * 1000000;
    else
        c->town->complain(
            c->town->argument, SLICE("crowd"), answer->call_id, "a 503 does not say when to come again");
    c->refused++;
    set_timer(c, index, between(c, wait, wait + wait / 2));
}

static void hear(struct crowd *c, const struct input *input)
{
    uint64_t index = input->flow - c->first_flow;
    struct sip_message answer;
    if (index >= c->setup->count || sip_parse(&answer, input->bytes, &c->arena, NULL) != 0)
        return;
    struct member *m = &c->members[index];
    if (answer.is_request || !m->waits || answer.cseq != m->cseq || answer.status < 200)
        return;
    m->waits = false;
    if (answer.status < 300)
        accepted(c, (uint32_t)index);
    else if (answer.status == 401 && take_challenge(c, m, &answer))
        begin(c, (uint32_t)index);
    else
        refused(c, (uint32_t)index, &answer);
}

/* ---- the role ---- */

/* So many more get their addresses and wait for the power. */
static void settle_in(struct crowd *c, uint64_t from)
{
    struct buffer at = {.data = NULL};
    int64_t first = c->setup->begin_at - world_now(c->world);
    uint64_t end = from + SETTLED < c->setup->count ? from + SETTLED : c->setup->count;
    for (uint32_t i = (uint32_t)from; i < end; i++) {
        struct address own = address_of(i);
        buffer_clear(&at);
        buffer_add_text(&at, "udp:");
        address_add(&at, &own);
        uint64_t flow = world_listen(c->world, buffer_slice(&at), 1);
        if (i == 0)
            c->first_flow = flow;
        c->members[i].proxy = (uint8_t)(i % c->town->proxy_count);
        set_timer(c, i, between(c, first, first + c->setup->within));
    }
    buffer_free(&at);
    if (end != c->setup->count)
        world_again(c->world, end);
}

static int crowd_open(void **self, struct world *world, const struct role_setup *setup)
{
    const struct crowd_setup *given = *self;
    struct crowd *c = *self = mem_zero(sizeof *c);
    (void)setup;
    c->world = world;
    c->setup = given;
    c->town = given->town;
    c->members = mem_zero(given->count * sizeof *c->members);
    settle_in(c, 0);
    return 0;
}

static void crowd_close(void *self)
{
    struct crowd *c = self;
    for (uint32_t i = 0; i < c->setup->count; i++)
        world_timer_clear(&c->members[i].timer);
    mem_free(c->members);
    buffer_free(&c->out);
    arena_free(&c->arena);
    mem_free(c);
}

static void crowd_input(void *self, const struct input *input)
{
    struct crowd *c = self;
    if (input->kind == INPUT_DATAGRAM)
        hear(c, input);
    else if (input->kind == INPUT_AGAIN)
        settle_in(c, input->token);
    else if (input->kind == INPUT_TIMER)
        due(c, (uint32_t)OBJECT_INDEX(input->object));
    arena_reset(&c->arena);
}

const struct role crowd_role = {
    .name = "crowd", .open = crowd_open, .close = crowd_close, .input = crowd_input};
