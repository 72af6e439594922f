#include "world/sim/echo_fixture.h"

#include <stdio.h>

#include "base/mem.h"
#include "world/world_int.h"

#define REST 7000 /* µs that the client rests now and then */

struct echo_tape echo_tape;

struct echo {
    struct world *world;
    uint64_t stream, socket;
    uint64_t expected;
    struct buffer received;
    struct world_timer timer;
};

/* Notes what the turn has asked for so far. */
static void note(struct echo *e)
{
    struct slice rest = buffer_slice(&e->world->effects);
    struct effect effect;
    while (effect_next(&rest, &effect)) {
        effect.address = (struct address){0};
        buffer_add(&echo_tape.text, e->world->name);
        buffer_add_byte(&echo_tape.text, ' ');
        effect_describe(&echo_tape.text, &effect);
        buffer_add_byte(&echo_tape.text, '\n');
    }
}

static uint64_t listen_on(struct echo *e, const char *address, unsigned port, uint64_t token)
{
    char text[64];
    int length = snprintf(text, sizeof text, "udp:%s:%u", address, port);
    return world_listen(e->world, slice_of(text, (size_t)length), token);
}

static int server_open(void **self, struct world *world, const struct role_setup *setup)
{
    (void)setup;
    struct echo *e = *self = mem_zero(sizeof *e);
    e->world = world;
    world_listen(world, SLICE("local:echo"), 1);
    e->socket = listen_on(e, echo_tape.server, ECHO_PORT, 2);
    note(e);
    return 0;
}

static void close_echo(void *self)
{
    struct echo *e = self;
    world_timer_clear(&e->timer);
    buffer_free(&e->received);
    mem_free(e);
}

static void server_input(void *self, const struct input *input)
{
    struct echo *e = self;
    if (input->kind == INPUT_DATA)
        world_send(e->world, input->flow, input->bytes);
    if (input->kind == INPUT_DATAGRAM)
        world_send_to(e->world, input->flow, &input->peer, input->bytes);
    note(e);
}

static int client_open(void **self, struct world *world, const struct role_setup *setup)
{
    (void)setup;
    struct echo *e = *self = mem_zero(sizeof *e);
    e->world = world;
    e->socket = listen_on(e, echo_tape.client, 0, 2);
    e->stream = world_open(world, SLICE("local:echo"), 1);
    note(e);
    return 0;
}

static void send_next(struct echo *e)
{
    char text[80];
    struct address server;
    e->expected = echo_tape.chance ? world_random(e->world) : echo_tape.done;
    int length = snprintf(text, sizeof text, "%s:%u", echo_tape.server, ECHO_PORT);
    int error = address_parse(&server, slice_of(text, (size_t)length));
    length = snprintf(text, sizeof text, "%020llu", (unsigned long long)e->expected);
    struct slice number = slice_of(text, (size_t)length);
    if (echo_tape.done % 2 == 1 && error == 0)
        world_send_to(e->world, e->socket, &server, number);
    else
        world_send(e->world, e->stream, number);
}

static void came(struct echo *e, struct slice bytes)
{
    uint64_t number;
    buffer_add(&e->received, bytes);
    if (e->received.length < 20)
        return;
    if (slice_to_u64(&number, buffer_slice(&e->received), UINT64_MAX) != 0 || number != e->expected)
        return;
    buffer_clear(&e->received);
    if (++echo_tape.done == echo_tape.rounds) {
        world_close(e->world, e->stream);
        if (echo_tape.finished != NULL)
            echo_tape.finished(echo_tape.argument);
    } else if (echo_tape.done % 10 == 0)
        world_timer_set(e->world, &e->timer, OBJECT(1, 1), 1, world_now(e->world) + REST);
    else
        send_next(e);
}

static void client_input(void *self, const struct input *input)
{
    struct echo *e = self;
    if (input->kind == INPUT_OPENED || input->kind == INPUT_TIMER)
        send_next(e);
    if (input->kind == INPUT_DATA || input->kind == INPUT_DATAGRAM)
        came(e, input->bytes);
    note(e);
}

const struct role echo_server = {
    .name = "echo server", .open = server_open, .close = close_echo, .input = server_input};
const struct role echo_client = {
    .name = "echo client", .open = client_open, .close = close_echo, .input = client_input};
