#include "world/real/real_fixture.h"

static struct probe *opening;

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    (void)setup;
    *self = opening;
    opening->world = world;
    return 0;
}

static void close_h(void *self)
{
    struct probe *p = self;
    p->instance = NULL;
}

static void input_h(void *self, const struct input *input)
{
    struct probe *p = self;
    p->counts[input->kind]++;
    p->last = *input;
    snprintf(p->name, sizeof p->name, "%.*s", SLICE_ARG(input->name));
    bool is_new = input->kind == INPUT_ACCEPTED || input->kind == INPUT_OPENED;
    if (is_new) {
        p->flow = input->flow;
        snprintf(p->serial, sizeof p->serial, "%.*s", SLICE_ARG(input->bytes));
    }
    if (input->kind == INPUT_ACCEPTED && p->close)
        world_close(p->world, input->flow);
    if (input->kind != INPUT_DATA)
        buffer_clear(&p->data);
    if (!is_new)
        buffer_add(&p->data, input->bytes);
    if (p->echo && input->kind == INPUT_DATAGRAM)
        world_send_to(p->world, input->flow, &input->peer, input->bytes);
    if (p->echo && input->kind == INPUT_DATA)
        world_send(p->world, input->flow, input->bytes);
    if (p->input_h != NULL)
        p->input_h(p, input);
}

static const struct role role = {.name = "probe", .open = open_h, .close = close_h, .input = input_h};

void probe_open(struct probe *p, struct real_loop *l, const char *name)
{
    struct role_setup setup = {.name = slice_text(name)};
    opening = p;
    assert_int_equal(real_add_instance(&p->instance, l, &role, &setup, NULL), 0);
}

void probe_free(struct probe *p)
{
    buffer_free(&p->data);
}

static void begin(struct probe *p)
{
    world_turn_begin(p->world, real_now(p->instance->loop));
}

uint64_t probe_listen(struct probe *p, const char *endpoint)
{
    begin(p);
    uint64_t flow = world_listen(p->world, slice_text(endpoint), 7);
    world_turn_end(p->world);
    return flow;
}

uint64_t probe_connect(struct probe *p, const char *endpoint)
{
    begin(p);
    uint64_t flow = world_open(p->world, slice_text(endpoint), 8);
    world_turn_end(p->world);
    return flow;
}

uint64_t probe_connect_to(struct probe *p, const char *transport, struct address to, const char *suffix)
{
    struct buffer text = {.data = NULL};
    buffer_add_text(&text, transport);
    address_add(&text, &to);
    buffer_add_text(&text, suffix);
    buffer_add_byte(&text, '\0');
    uint64_t flow = probe_connect(p, text.data);
    buffer_free(&text);
    return flow;
}

void probe_send(struct probe *p, uint64_t flow, struct slice bytes)
{
    begin(p);
    world_send(p->world, flow, bytes);
    world_turn_end(p->world);
}

void probe_send_to(struct probe *p, uint64_t flow, struct address to, struct slice bytes)
{
    begin(p);
    world_send_to(p->world, flow, &to, bytes);
    world_turn_end(p->world);
}

void probe_close(struct probe *p, uint64_t flow)
{
    begin(p);
    world_close(p->world, flow);
    world_turn_end(p->world);
}

struct address probe_address(const struct probe *p, uint64_t flow)
{
    struct address address = {.family = 0};
    assert_int_equal(real_flow_address(p->instance, flow, &address), 0);
    return address;
}

struct real_loop *fixture_loop(const struct real_params *params)
{
    static const struct real_params none;
    struct real_loop *l = NULL;
    assert_int_equal(real_open(&l, params != NULL ? params : &none), 0);
    return l;
}
