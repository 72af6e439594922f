/* SEC-5: whatever comes on the streams of the proxies, before and after they have introduced themselves, the
 * node goes on and closes.
 *
 * The input is a list of: what (its low bits, see enum step), kind, length (two bytes), bytes. */
#include "pair/pair_int.h"
#include "roles/node/node_fixture.h"
#include "sip/peer.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN 1000000000
#define FLOW 500 /* a proxy that has introduced itself; the next ones have not */
#define FLOWS 4
#define TOKEN 1 /* of the listener for proxies and its flows */
#define TURNS 300

enum step { STEP_FRAME, STEP_RAW, STEP_LOST, STEP_ACCEPTED };

struct setting {
    struct world world;
    struct wheel wheel;
    const struct role *role;
    void *node;
    uint64_t chance, accepted;
    int64_t now;
};

static uint64_t random_h(void *maker)
{
    return ++((struct setting *)maker)->chance;
}
static const struct world_backend backend = {.random = random_h, .commit = stage_discard};

static void input(struct setting *s, struct input in)
{
    world_turn(&s->world, s->role, s->node, &in, s->now);
}

static void pass_time(struct setting *s, int64_t microseconds)
{
    int64_t end_at = s->now + microseconds;
    for (int turn = 0; turn < TURNS && s->now < end_at; turn++) {
        int64_t next = wheel_next(&s->wheel);
        s->now = next > end_at ? end_at : next > s->now ? next : s->now + 1000;
        struct wheel_timer *due = wheel_due(&s->wheel, s->now);
        if (due != NULL) {
            struct world *w;
            input(s, world_timer_input(due, &w));
        }
    }
}

static void give(struct setting *s, uint64_t flow, struct slice bytes)
{
    input(s, (struct input){.kind = INPUT_DATA, .flow = flow, .token = TOKEN, .bytes = bytes});
}

static void give_frame(struct setting *s, uint64_t flow, uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    frame_add(&frame, kind, payload);
    give(s, flow, buffer_slice(&frame));
    buffer_free(&frame);
}

static void introduce(struct setting *s)
{
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    struct buffer bytes = {0};
    for (uint64_t i = 0; i < FLOWS; i++)
        input(s, (struct input){.kind = INPUT_ACCEPTED, .flow = FLOW + i, .token = TOKEN});
    hello.name = (char *)(uintptr_t) "proxy-1";
    pack_add(&bytes, &hello.base);
    give_frame(s, FLOW, SIP_FRAME_HELLO, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void step(struct setting *s, uint8_t what, uint8_t kind, struct slice bytes)
{
    uint64_t flow = FLOW + (what >> 6);
    switch ((enum step)(what % 8)) {
    case STEP_FRAME:
        give_frame(s, flow, kind, bytes);
        break;
    case STEP_RAW:
        give(s, flow, bytes);
        break;
    case STEP_LOST:
        input(s, (struct input){.kind = INPUT_CLOSED, .flow = flow, .token = TOKEN});
        break;
    case STEP_ACCEPTED: /* a flow's number is never given twice */
        s->accepted++;
        input(s, (struct input){.kind = INPUT_ACCEPTED, .flow = FLOW + FLOWS + s->accepted, .token = TOKEN});
        break;
    default:
        pass_time(s, (int64_t)kind * 500000);
        break;
    }
}

static void open(struct setting *s, struct configuration *configuration)
{
    struct role_setup setup = {
        .name = SLICE("node-1a"), .pair = SLICE("node-1"), .location = SLICE("home"), .incarnation = 1};
    Tandem__SpoolAnswer spool = TANDEM__SPOOL_ANSWER__INIT;
    struct buffer bytes = {0};
    void *pair;
    *s = (struct setting){.now = BEGIN};
    wheel_init(&s->wheel, BEGIN);
    world_init(&s->world, &backend, s, &s->wheel);
    s->world.configuration = configuration;
    world_turn_begin(&s->world, BEGIN);
    if (role_node.open(&pair, &s->world, &setup) != 0)
        __builtin_trap();
    s->role = ((struct pair *)pair)->role;
    role_node.close(pair);
    if (s->role->open(&s->node, &s->world, &setup) != 0)
        __builtin_trap();
    world_turn_end(&s->world);
    pack_add(&bytes, &spool.base);
    input(s, (struct input){.kind = INPUT_ANSWER,
                 .object = OBJECT(NODE_KIND_OUTBOX, 0),
                 .token = 1,
                 .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
    introduce(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration *configuration;
    static struct setting s;
    struct slice rest = slice_of(data, size);
    if (configuration == NULL)
        configuration = stage_configuration(&(struct stage_setup){.node_calls = 0});
    open(&s, configuration);
    while (rest.length >= 4) {
        const unsigned char *head = (const unsigned char *)rest.data;
        size_t length = (size_t)head[2] << 8 | head[3];
        step(&s, head[0], head[1], slice_first(slice_from(rest, 4), length));
        rest = slice_from(rest, 4 + length);
    }
    pass_time(&s, (int64_t)60 * 1000000);
    s.world.closing = true;
    s.role->close(s.node);
    world_end(&s.world);
    wheel_close(&s.wheel);
    return 0;
}
