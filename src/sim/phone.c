/* A simulated phone: the role, its timers, its registration. */
#include "base/error.h"
#include "base/mem.h"
#include "sim/phone_int.h"

#define SECOND 1000000
#define REGISTER_SPREAD 2000000
#define EXPIRES 300U /* seconds asked for */
#define AGAIN_LEAST 500000
#define AGAIN_MOST 4000000
#define REST_LEAST 2000000
#define REST_MOST 40000000
#define KEEP_ALIVE 25000000
#define RELIABLE 400U /* per thousand */
#define UPDATES 400U

uint32_t phone__below(struct phone *p, uint32_t limit)
{
    return (uint32_t)((world_random(p->world) >> 32) * limit >> 32);
}

bool phone__chance(struct phone *p, unsigned per_thousand)
{
    return phone__below(p, 1000) < per_thousand;
}

int64_t phone__between(struct phone *p, int64_t least, int64_t most)
{
    return least + (int64_t)phone__below(p, (uint32_t)(most - least + 1));
}

void phone__text(struct phone_text *t, struct slice s)
{
    t->length = (uint16_t)(s.length < PHONE_TEXT ? s.length : PHONE_TEXT);
    if (t->length != 0)
        memcpy(t->bytes, s.data, t->length);
}

struct slice phone__slice(const struct phone_text *t)
{
    return slice_of(t->bytes, t->length);
}

void phone__set(struct phone *p, enum phone_timer timer, int64_t after)
{
    world_timer_set(p->world, &p->timers[timer], OBJECT(1, p->setup->index), (uint32_t)timer,
        world_now(p->world) + after);
}

void phone__clear(struct phone *p, enum phone_timer timer)
{
    world_timer_clear(&p->timers[timer]);
}

void phone__complain(struct phone *p, const char *text)
{
    if (p->town->complain != NULL)
        p->town->complain(p->town->argument, p->setup, phone__slice(&p->call.call_id), text);
}

uint64_t phone_call(const struct phone *p)
{
    return p->call.state != PHONE_IDLE ? p->call.number : 0;
}

bool phone_idle(const struct phone *p)
{
    bool idle = p->call.state == PHONE_IDLE;
    for (int slot = 0; slot < SLOTS; slot++)
        idle = idle && !p->requests[slot].active;
    return idle;
}

/* ---- registration ---- */

void phone__register(struct phone *p)
{
    if (p->requests[SLOT_REGISTER].active || (p->setup->tcp && !p->connected))
        return;
    phone__request(p, SLOT_REGISTER, SIP_REGISTER, ++p->register_cseq);
}

static void set_registered(struct phone *p, bool registered)
{
    if (p->registered == registered)
        return;
    p->registered = registered;
    p->town->registered += registered ? 1 : (size_t)-1;
}

/* NULL: there was no answer. */
void phone__registered(struct phone *p, const struct sip_message *m)
{
    if (m != NULL && m->status < 300) {
        set_registered(p, true);
        p->silence = 0;
        phone__set(
            p, PHONE_TIMER_REGISTER, phone__between(p, EXPIRES * SECOND / 2, EXPIRES * SECOND * 3 / 4));
        return;
    }
    set_registered(p, false);
    if (m != NULL && (m->status == 403 || m->status == 404))
        phone__complain(p, "a phone with the right secret was refused");
    phone__other_proxy(p);
    phone__set(p, PHONE_TIMER_REGISTER, phone__between(p, AGAIN_LEAST, AGAIN_MOST));
}

/* ---- what it does by itself ---- */

void phone__rest(struct phone *p)
{
    int64_t most = p->town->rest_most != 0 ? p->town->rest_most : REST_MOST;
    phone__set(p, PHONE_TIMER_LIFE, phone__between(p, most < REST_LEAST ? most : REST_LEAST, most));
}

static void act(struct phone *p)
{
    switch (p->call.state) {
    case PHONE_IDLE:
        if (!phone_idle(p) || p->town->begin_at > world_now(p->world) || !p->registered)
            phone__rest(p);
        else if (!p->town->quiet && p->town->calls_left != 0)
            phone__dial(p);
        break;
    case PHONE_RINGING:
        phone__callee_acts(p);
        break;
    case PHONE_ESTABLISHED:
        phone__hang_up(p);
        break;
    default:
        break;
    }
}

static void keep_alive(struct phone *p)
{
    phone__transmit(p, phone__way(p, false), SLICE("\r\n\r\n"));
    phone__set(p, PHONE_TIMER_ALIVE, KEEP_ALIVE);
}

static void timer_h(struct phone *p, uint32_t timer)
{
    switch (timer) {
    case PHONE_TIMER_REGISTER:
        phone__register(p);
        break;
    case PHONE_TIMER_LIFE:
        act(p);
        break;
    case PHONE_TIMER_HOLD:
        phone__hold(p);
        break;
    case PHONE_TIMER_PATIENCE:
        phone__give_up(p);
        break;
    case PHONE_TIMER_ANSWER:
        phone__answer_again(p);
        break;
    case PHONE_TIMER_CONNECT:
        phone__connect(p);
        break;
    case PHONE_TIMER_KEYS:
        phone__press(p);
        break;
    case PHONE_TIMER_ALIVE:
        keep_alive(p);
        break;
    default:
        phone__request_timer(p, (enum phone_slot)(timer - PHONE_TIMER_REQUEST));
    }
}

/* ---- the role ---- */

static int phone_open(void **self, struct world *world, const struct role_setup *setup)
{
    const struct phone_setup *given = *self;
    struct phone *p = *self = mem_zero(sizeof *p);
    char text[80];
    (void)setup;
    p->world = world;
    p->setup = given;
    p->town = given->town;
    p->proxy = given->home;
    p->register_cseq = phone__below(p, 1000);
    p->reliable = phone__chance(p, RELIABLE);
    p->updates = phone__chance(p, UPDATES);
    if (given->tcp) {
        phone__set(p, PHONE_TIMER_CONNECT, phone__between(p, 0, REGISTER_SPREAD));
    } else {
        struct buffer at = {.data = NULL};
        buffer_add_text(&at, "udp:");
        address_add(&at, &given->own);
        memcpy(text, at.data, at.length);
        p->socket = world_listen(world, slice_of(text, at.length), 1);
        buffer_free(&at);
        phone__set(p, PHONE_TIMER_REGISTER, phone__between(p, 0, REGISTER_SPREAD));
        if (phone__chance(p, 300))
            phone__set(p, PHONE_TIMER_ALIVE, phone__between(p, REGISTER_SPREAD, KEEP_ALIVE));
    }
    phone__rest(p);
    return 0;
}

static void phone_close(void *self)
{
    struct phone *p = self;
    for (int t = 0; t < PHONE_TIMERS; t++)
        world_timer_clear(&p->timers[t]);
    phone__stream_over(p);
    set_registered(p, false);
    for (int slot = 0; slot < SLOTS; slot++)
        buffer_free(&p->requests[slot].bytes);
    for (int r = 0; r < PHONE_REPLIES; r++)
        buffer_free(&p->replies[r].bytes);
    buffer_free(&p->call.ack);
    buffer_free(&p->call.invite);
    buffer_free(&p->in);
    buffer_free(&p->out);
    arena_free(&p->arena);
    mem_free(p);
}

/* The connection is gone: what was asked over it is asked again over the next; who was waiting for an answer
 * to an INVITE has lost it. */
static void disconnected(struct phone *p)
{
    phone__stream_over(p);
    set_registered(p, false);
    phone__clear(p, PHONE_TIMER_REGISTER);
    phone__request_done(p, SLOT_REGISTER);
    if (p->requests[SLOT_INVITE].active)
        phone__invite_failed(p);
    phone__other_proxy(p);
    phone__set(p, PHONE_TIMER_CONNECT, phone__between(p, 100000, 2000000));
}

static void phone_input(void *self, const struct input *input)
{
    struct phone *p = self;
    switch (input->kind) {
    case INPUT_TIMER:
        timer_h(p, input->timer);
        break;
    case INPUT_DATAGRAM:
        if (p->setup->loss == 0 || phone__below(p, 1000000) >= p->setup->loss)
            phone__hear(p, input);
        break;
    case INPUT_DATA:
        phone__hear(p, input);
        break;
    case INPUT_OPENED:
        phone__opened(p);
        break;
    case INPUT_CLOSED:
        if (p->setup->tcp)
            disconnected(p);
        else
            phone__complain(p, "a phone cannot listen");
        break;
    default:
        break;
    }
    arena_reset(&p->arena);
}

const struct role phone_role = {
    .name = "phone", .open = phone_open, .close = phone_close, .input = phone_input};
