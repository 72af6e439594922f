/* ours ADDRESS USER PASSWORD-FILE AUTHORITY EVENTS: the role history stores a call stream, each call three
 * events. Prints events per second of CPU of this process (the maker of the events and TLS included) and per
 * second. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "roles/history/history.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"
#include "world/real/engines.h"
#include "world/world.h"

#define WINDOW 8192 /* events that are under way */
#define NODE "node-1"

static struct {
    struct world *world;
    struct real_loop *loop;
    uint64_t sent, stored, total;
    struct buffer bytes;
    struct arena arena;
} feeder;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void send_event(uint64_t number)
{
    static const Tandem__CallEventKind kinds[] = {TANDEM__CALL_EVENT_KIND__CALL_CREATED,
        TANDEM__CALL_EVENT_KIND__CALL_ESTABLISHED, TANDEM__CALL_EVENT_KIND__CALL_RELEASED};
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    e.number = number;
    e.time = (uint64_t)real_now(feeder.loop);
    e.kind = kinds[(number - 1) % 3];
    e.node = (char *)NODE;
    e.has_call_id = true;
    e.call_id = ((uint64_t)getpid() << 40) + (number - 1) / 3;
    if (e.kind == TANDEM__CALL_EVENT_KIND__CALL_CREATED) {
        e.from = (char *)"1001";
        e.to = (char *)"1002";
        e.location = (char *)"home";
        e.sip_call_id = (char *)"3c26701eb2f1-7sbd8w3x9qcf";
    } else if (e.kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED) {
        e.has_result = true;
        e.result = TANDEM__CALL_RESULT__RESULT_ANSWERED;
        e.cause = (char *)"normal";
    }
    buffer_clear(&feeder.bytes);
    pack_add(&feeder.bytes, &e.base);
    world_publish(feeder.world, SLICE("call." NODE), buffer_slice(&feeder.bytes));
}

static void feed(void)
{
    for (unsigned burst = 0;
         burst < 256 && feeder.sent < feeder.total && feeder.sent - feeder.stored < WINDOW; burst++)
        send_event(++feeder.sent);
    if (feeder.sent < feeder.total && feeder.sent - feeder.stored < WINDOW)
        world_again(feeder.world, 1);
}

static void input_h(void *self, const struct input *in)
{
    (void)self;
    if (in->kind == INPUT_BUS) {
        arena_reset(&feeder.arena);
        const Tandem__StreamStored *m =
            pack_read(&tandem__stream_stored__descriptor, in->bytes, &feeder.arena);
        if (m != NULL && m->number > feeder.stored)
            feeder.stored = m->number;
        if (m != NULL && m->resend)
            feeder.sent = feeder.stored;
        if (feeder.stored == feeder.total)
            real_stop(feeder.loop);
    }
    feed();
}

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    (void)setup;
    feeder.world = world;
    *self = &feeder;
    world_subscribe(world, SLICE("ctl.stored." NODE), 1);
    world_again(world, 1);
    return 0;
}

static void close_h(void *self)
{
    (void)self;
}

int main(int argc, char **argv)
{
    static const struct role maker = {.name = "feeder", .open = open_h, .close = close_h, .input = input_h};
    static const struct real_params none;
    static struct slice address;
    char data[] = P_tmpdir "/tandem-bench-XXXXXX";
    struct real_engines *engines;
    struct real_instance *history, *made;
    if (argc != 6 || mkdtemp(data) == NULL || real_open(&feeder.loop, &none) != 0)
        return 2;
    address = slice_text(argv[1]);
    feeder.total = strtoull(argv[5], NULL, 10);
    struct real_engines_params params = {.data = data,
        .authority = argv[4],
        .store = {.addresses = &address, .count = 1, .user = argv[2], .password_file = argv[3]}};
    if (real_engines_open(&engines, feeder.loop, &params) != 0)
        return 2;
    struct role_setup setup = {.name = SLICE("history-1")}, feeding = {.name = SLICE("feeder")};
    if (real_add_instance(&history, feeder.loop, &history_role, &setup, NULL) != 0)
        return 2;
    sleep(1); /* connected, and the statements are prepared */
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    if (real_add_instance(&made, feeder.loop, &maker, &feeding, NULL) != 0)
        return 2;
    real_run(feeder.loop);
    printf("%.0f %.0f\n", (double)feeder.total / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu),
        (double)feeder.total / (seconds(CLOCK_MONOTONIC) - wall));
    return 0;
}
