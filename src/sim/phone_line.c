/* A phone's ways to its proxies: streams, what comes by them, registrations. A phone that keeps two flows
 * (RFC 5626) has a proxy for each and opens a flow that ended again, after the wait of section 4.5; any other
 * takes the next proxy. */
#include "base/error.h"
#include "base/mem.h"
#include "sim/carrier.h"
#include "sim/phone_int.h"

#define SECOND INT64_C(1000000)
#define TLS_PORT 5061U
#define WSS_PORT 7443U
#define SPREAD 2000000 /* µs: all phones are switched on within */
#define EXPIRES 300U   /* seconds asked for */
#define AGAIN_LEAST 500000
#define AGAIN_MOST 4000000
#define CONNECT_LEAST 100000
#define CONNECT_MOST 2000000
#define KEEP_ALIVE 25000000
#define PINGS 300U              /* per thousand, of those on datagrams: send keep-alives */
#define FLOW_TIMER 120U         /* seconds that the proxies say (RFC 5626 4.4) */
#define PONG (10 * SECOND)      /* RFC 5626 4.4.1 */
#define BASE_NONE (30 * SECOND) /* RFC 5626 4.5: all flows have failed */
#define BASE_SOME (90 * SECOND) /* ... or not all */
#define LONGEST (1800 * SECOND)

static unsigned index_of(const struct phone *p, const struct phone_line *l)
{
    return (unsigned)(l - p->lines);
}

/* A timer of the line: they stand in pairs. */
static enum phone_timer timer_of(const struct phone *p, enum phone_timer first, const struct phone_line *l)
{
    return first + index_of(p, l);
}

static struct phone_line *line_of(struct phone *p, uint64_t flow)
{
    for (unsigned i = 0; i < p->line_count; i++)
        if (p->lines[i].stream == flow && flow != 0)
            return &p->lines[i];
    return NULL;
}

const struct address *phone__proxy(const struct phone *p)
{
    return p->setup->outside ? &p->town->carrier_setups[p->setup->carrier].own
                             : &p->town->proxies[p->lines[p->line].proxy];
}

bool phone__is_registered(const struct phone *p)
{
    return p->setup->outside || p->lines[0].registered || p->lines[1].registered;
}

static void set_registered(struct phone *p, struct phone_line *l, bool registered)
{
    bool before = phone__is_registered(p);
    l->registered = registered;
    bool now = phone__is_registered(p);
    if (before == now)
        return;
    p->town->registered += now ? 1 : (size_t)-1;
    p->town->registered_since[p->setup->index] = now ? world_now(p->world) : 0;
}

void phone__use(struct phone *p, unsigned line)
{
    if (!p->setup->tcp || p->lines[line].connected)
        p->line = line;
}

void phone__other_proxy(struct phone *p)
{
    struct phone_line *l = &p->lines[p->line];
    p->silence++;
    if (p->line_count > 1)
        phone__use(p, 1 - p->line);
    else
        l->proxy = (l->proxy + 1) % p->town->proxy_count;
}

/* ---- to the wire ---- */

static void send_frame(struct phone *p, struct phone_line *l, struct slice bytes)
{
    struct buffer out = {.data = NULL};
    websocket_send(&l->websocket, WEBSOCKET_TEXT, bytes, &out);
    world_send(p->world, l->stream, buffer_slice(&out));
    buffer_free(&out);
}

static void send_by(struct phone *p, struct phone_line *l, struct slice bytes)
{
    if (phone__frames(p))
        send_frame(p, l, bytes);
    else
        world_send(p->world, l->stream, bytes);
}

void phone__transmit(struct phone *p, const struct address *to, struct slice bytes)
{
    if (!p->setup->tcp) {
        world_send_to(p->world, p->socket, to, bytes);
        return;
    }
    if (!p->lines[p->line].connected && p->line_count > 1)
        phone__use(p, 1 - p->line);
    if (p->lines[p->line].connected)
        send_by(p, &p->lines[p->line], bytes);
}

/* ---- streams ---- */

static void connect_line(struct phone *p, struct phone_line *l)
{
    struct buffer at = {.data = NULL};
    struct address to = p->town->proxies[l->proxy];
    if (l->stream != 0)
        return;
    bool plain = p->setup->stream == TRANSPORT_TCP;
    to.port = plain ? to.port : phone__frames(p) ? WSS_PORT : TLS_PORT;
    buffer_add_text(&at, plain ? "tcp:" : "tls:");
    address_add(&at, &to);
    l->stream = world_open(p->world, buffer_slice(&at), 1);
    buffer_free(&at);
}

static void ready(struct phone *p, struct phone_line *l)
{
    l->connected = true;
    phone__register(p, index_of(p, l));
}

/* It may speak, or (WSS, RFC 7118) asks whether it may. */
void phone__opened(struct phone *p, uint64_t flow)
{
    struct buffer out = {.data = NULL};
    struct phone_line *l = line_of(p, flow);
    if (l == NULL)
        return;
    if (!phone__frames(p)) {
        ready(p, l);
        return;
    }
    for (size_t i = 0; i < sizeof l->key; i++)
        l->key[i] = (uint8_t)phone__below(p, 256);
    websocket_request(&out, SLICE("proxy"), SLICE("/"), SLICE("sip"), SLICE(""), l->key);
    world_send(p->world, l->stream, buffer_slice(&out));
    buffer_free(&out);
}

static void line_over(struct phone *p, struct phone_line *l)
{
    if (l->framing)
        websocket_close(&l->websocket);
    l->framing = l->connected = false;
    l->stream = 0;
    buffer_clear(&l->in);
    set_registered(p, l, false);
}

/* RFC 5626 4.5: a flow that was good is opened again at once; one that could not be, after a time that
 * doubles. */
static int64_t pause_of(struct phone *p, struct phone_line *l)
{
    int64_t longest = phone__is_registered(p) ? BASE_SOME : BASE_NONE;
    if (p->line_count == 1)
        return phone__between(p, CONNECT_LEAST, CONNECT_MOST);
    if (l->proven) {
        l->proven = false;
        l->failures = 0;
        return phone__between(p, 0, CONNECT_LEAST);
    }
    l->failures++;
    for (unsigned i = 0; i < l->failures && longest < LONGEST; i++)
        longest *= 2;
    longest = longest < LONGEST ? longest : LONGEST;
    return phone__between(p, longest / 2, longest);
}

/* The stream is gone: what was asked over it is asked again over the next; who was waiting for an answer to
 * an INVITE has lost it. */
static void lost(struct phone *p, struct phone_line *l)
{
    unsigned line = index_of(p, l);
    line_over(p, l);
    phone__clear(p, timer_of(p, PHONE_TIMER_REGISTER, l));
    phone__clear(p, timer_of(p, PHONE_TIMER_ALIVE, l));
    phone__clear(p, timer_of(p, PHONE_TIMER_PONG, l));
    phone__request_done(p, SLOT_REGISTER + line);
    if (p->requests[SLOT_INVITE].active && p->requests[SLOT_INVITE].line == line)
        phone__invite_failed(p);
    p->line = line;
    phone__other_proxy(p);
    phone__set(p, timer_of(p, PHONE_TIMER_CONNECT, l), pause_of(p, l));
}

void phone__disconnected(struct phone *p, uint64_t flow)
{
    struct phone_line *l = line_of(p, flow);
    if (l != NULL)
        lost(p, l);
}

/* Nobody answers at the other end. */
static void give_up(struct phone *p, struct phone_line *l)
{
    if (l->stream != 0)
        world_close(p->world, l->stream);
    lost(p, l);
}

/* ---- registration ---- */

void phone__register(struct phone *p, unsigned line)
{
    struct phone_line *l = &p->lines[line];
    unsigned before = p->line;
    if (p->requests[SLOT_REGISTER + line].active || p->setup->outside || (p->setup->tcp && !l->connected))
        return;
    p->line = line;
    phone__request(p, SLOT_REGISTER + line, SIP_REGISTER, ++p->register_cseq);
    phone__use(p, before);
}

static void accepted(struct phone *p, struct phone_line *l)
{
    set_registered(p, l, true);
    p->silence = 0;
    phone__set(p, timer_of(p, PHONE_TIMER_REGISTER, l),
        phone__between(p, EXPIRES * SECOND / 2, EXPIRES * SECOND * 3 / 4));
    if (p->line_count > 1 && !wheel_runs(&p->timers[timer_of(p, PHONE_TIMER_ALIVE, l)].wheel))
        phone__set(p, timer_of(p, PHONE_TIMER_ALIVE, l),
            phone__between(p, FLOW_TIMER * SECOND / 2, FLOW_TIMER * SECOND));
}

void phone__registered(struct phone *p, unsigned line, const struct sip_message *m)
{
    struct phone_line *l = &p->lines[line];
    if (m != NULL && m->status < 300) {
        accepted(p, l);
        return;
    }
    set_registered(p, l, false);
    if (m != NULL && (m->status == 403 || m->status == 404))
        phone__complain(p, "a phone with the right secret was refused");
    if (p->line_count > 1) {
        give_up(p, l);
        return;
    }
    phone__other_proxy(p);
    phone__set(p, PHONE_TIMER_REGISTER, phone__between(p, AGAIN_LEAST, AGAIN_MOST));
}

static void keep_alive(struct phone *p, struct phone_line *l)
{
    if (!p->setup->tcp) {
        phone__transmit(p, phone__way(p, false), SLICE("\r\n\r\n"));
        phone__set(p, PHONE_TIMER_ALIVE, KEEP_ALIVE);
        return;
    }
    send_by(p, l, SLICE("\r\n\r\n"));
    phone__set(p, timer_of(p, PHONE_TIMER_PONG, l), PONG);
    phone__set(p, timer_of(p, PHONE_TIMER_ALIVE, l),
        phone__between(p, FLOW_TIMER * SECOND / 2, FLOW_TIMER * SECOND));
}

/* Something came by the flow. */
static void heard(struct phone *p, struct phone_line *l)
{
    if (!wheel_runs(&p->timers[timer_of(p, PHONE_TIMER_PONG, l)].wheel))
        return;
    phone__clear(p, timer_of(p, PHONE_TIMER_PONG, l));
    l->proven = l->registered;
}

static void silent(struct phone *p, struct phone_line *l)
{
    if (p->town->strict)
        phone__complain(p, "a keep-alive was not answered");
    give_up(p, l);
}

void phone__line_timer(struct phone *p, uint32_t timer)
{
    struct phone_line *l = &p->lines[(timer - PHONE_TIMER_REGISTER) % PHONE_LINES];
    switch ((enum phone_timer)(timer - index_of(p, l))) {
    case PHONE_TIMER_REGISTER:
        phone__register(p, index_of(p, l));
        break;
    case PHONE_TIMER_CONNECT:
        connect_line(p, l);
        break;
    case PHONE_TIMER_ALIVE:
        keep_alive(p, l);
        break;
    default:
        silent(p, l);
    }
}

/* ---- hearing ---- */

static void pieces(struct phone *p, struct phone_line *l)
{
    size_t length, skip;
    unsigned pings;
    int error;
    while ((error = sip_stream_length(&length, &skip, &pings, buffer_slice(&l->in))) == 0) {
        phone__message(p, slice_of(l->in.data + skip, length), phone__proxy(p));
        if (l->stream == 0)
            return; /* it was given up */
        buffer_consume(&l->in, skip + length);
        phone__use(p, index_of(p, l));
    }
    if (error != ERROR_AGAIN) {
        phone__complain(p, "a stream that cannot be cut into messages came");
        buffer_clear(&l->in);
    } else {
        buffer_consume(&l->in, skip);
    }
}

static void framed(struct phone *p, struct phone_line *l, struct slice bytes)
{
    struct websocket_message m;
    struct buffer out = {.data = NULL};
    enum websocket_event event;
    while ((event = websocket_next(&l->websocket, &bytes, &m, &out)) != WEBSOCKET_MORE) {
        if (event == WEBSOCKET_MESSAGE && slice_trim(m.bytes).length != 0)
            phone__message(p, arena_copy(&p->arena, m.bytes), phone__proxy(p));
        else if (event == WEBSOCKET_CLOSED || event == WEBSOCKET_FAILED)
            phone__complain(p, "a proxy has ended a WebSocket");
        if (!l->framing || event == WEBSOCKET_CLOSED || event == WEBSOCKET_FAILED)
            break;
        phone__use(p, index_of(p, l));
    }
    buffer_free(&out);
}

static void shake_hands(struct phone *p, struct phone_line *l)
{
    ptrdiff_t end = slice_find_slice(buffer_slice(&l->in), SLICE("\r\n\r\n"));
    if (end < 0)
        return;
    struct slice head = slice_first(buffer_slice(&l->in), (size_t)end + 4);
    if (websocket_check_answer(head, l->key) != 0) {
        phone__complain(p, "a proxy speaks no WebSocket");
        return;
    }
    struct slice rest = arena_copy(&p->arena, slice_from(buffer_slice(&l->in), head.length));
    buffer_clear(&l->in);
    websocket_open_client(&l->websocket, NULL, phone__below(p, UINT32_MAX));
    l->framing = true;
    ready(p, l);
    framed(p, l, rest);
}

void phone__data(struct phone *p, const struct input *input)
{
    struct phone_line *l = line_of(p, input->flow);
    if (l == NULL)
        return;
    heard(p, l);
    phone__use(p, index_of(p, l));
    if (l->framing) {
        framed(p, l, input->bytes);
        return;
    }
    buffer_add(&l->in, input->bytes);
    if (phone__frames(p))
        shake_hands(p, l);
    else
        pieces(p, l);
}

/* ---- beginning and end ---- */

void phone__lines_open(struct phone *p)
{
    const struct phone_setup *given = p->setup;
    struct buffer at = {.data = NULL};
    p->register_cseq = phone__below(p, 1000);
    p->line_count = given->outbound ? PHONE_LINES : 1;
    for (unsigned i = 0; i < p->line_count; i++) {
        p->lines[i].proxy = (given->home + i * p->town->locations) % p->town->proxy_count;
        if (!given->outside)
            phone__set(p, (given->tcp ? PHONE_TIMER_CONNECT : PHONE_TIMER_REGISTER) + i,
                phone__between(p, 0, SPREAD));
    }
    if (given->tcp)
        return;
    buffer_add_text(&at, "udp:");
    address_add(&at, &given->own);
    p->socket = world_listen(p->world, buffer_slice(&at), 1);
    buffer_free(&at);
    if (phone__chance(p, PINGS))
        phone__set(p, PHONE_TIMER_ALIVE, phone__between(p, SPREAD, KEEP_ALIVE));
}

void phone__lines_close(struct phone *p)
{
    for (unsigned i = 0; i < p->line_count; i++) {
        line_over(p, &p->lines[i]);
        buffer_free(&p->lines[i].in);
    }
}
