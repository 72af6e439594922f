/* A simulated phone: the role and its timers. */
#include "base/error.h"
#include "base/mem.h"
#include "sim/phone_int.h"

#define REST_LEAST 2000000
#define REST_MOST 40000000
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
        p->town->complain(p->town->argument, p->setup->dn, phone__slice(&p->call.call_id), text);
}

uint64_t phone_call(const struct phone *p)
{
    return p->call.state != PHONE_IDLE ? p->call.number : 0;
}

bool phone_rings(const struct phone *p)
{
    return p->call.state == PHONE_RINGING || p->call.state == PHONE_ANSWERING;
}

unsigned phone_carrier(const struct phone *p)
{
    return p->call.state != PHONE_IDLE && p->setup->outside ? p->call.carrier : PHONE_INSIDE;
}

bool phone_idle(const struct phone *p)
{
    bool idle = p->call.state == PHONE_IDLE;
    for (int slot = 0; slot < SLOTS; slot++)
        idle = idle && !p->requests[slot].active;
    return idle;
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
        if (!phone_idle(p) || p->town->begin_at > world_now(p->world) || !phone__is_registered(p))
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

static void timer_h(struct phone *p, uint32_t timer)
{
    switch (timer) {
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
    case PHONE_TIMER_KEYS:
        phone__press(p);
        break;
    default:
        if (timer < PHONE_TIMER_LIFE)
            phone__line_timer(p, timer);
        else
            phone__request_timer(p, (enum phone_slot)(timer - PHONE_TIMER_REQUEST));
    }
}

/* ---- the role ---- */

static int phone_open(void **self, struct world *world, const struct role_setup *setup)
{
    const struct phone_setup *given = *self;
    struct phone *p = *self = mem_zero(sizeof *p);
    (void)setup;
    p->world = world;
    p->setup = given;
    p->town = given->town;
    p->reliable = phone__chance(p, RELIABLE);
    p->updates = phone__chance(p, UPDATES);
    phone__lines_open(p);
    phone__rest(p);
    return 0;
}

static void phone_close(void *self)
{
    struct phone *p = self;
    for (int t = 0; t < PHONE_TIMERS; t++)
        world_timer_clear(&p->timers[t]);
    phone__lines_close(p);
    for (int slot = 0; slot < SLOTS; slot++)
        buffer_free(&p->requests[slot].bytes);
    for (int r = 0; r < PHONE_REPLIES; r++)
        buffer_free(&p->replies[r].bytes);
    buffer_free(&p->call.ack);
    buffer_free(&p->call.invite);
    buffer_free(&p->out);
    arena_free(&p->arena);
    mem_free(p);
}

static void heard(struct phone *p, const struct input *input)
{
    if (slice_trim(input->bytes).length != 0)
        phone__message(p, input->bytes, &input->peer);
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
            heard(p, input);
        break;
    case INPUT_DATA:
        phone__data(p, input);
        break;
    case INPUT_OPENED:
        phone__opened(p, input->flow);
        break;
    case INPUT_CLOSED:
        if (p->setup->tcp)
            phone__disconnected(p, input->flow);
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
