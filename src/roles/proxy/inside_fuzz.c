/* SEC-5: whatever comes on the streams between our own parts, the proxy goes on and closes.
 *
 * The input is a list of: what (its low bits, see enum step), kind, length (two bytes), bytes. */
#include "config/builder.h"
#include "roles/proxy/proxy_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"
#include "world/world_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN 1000000000
#define STRANGER 9000
#define PHONE ((struct address){.ip = {127, 0, 0, 1}, .port = 6001, .family = 4})
#define TURNS 300

enum step { STEP_FRAME_PAIR, STEP_FRAME_STRANGER, STEP_RAW_PAIR, STEP_RAW_STRANGER, STEP_LOST, STEP_VIEW };

struct setting {
    struct world world;
    struct wheel wheel;
    void *proxy;
    uint64_t chance, pair_flow, edge;
    int64_t now;
};

static uint64_t random_h(void *maker)
{
    return ++((struct setting *)maker)->chance;
}
static void commit_h(void *maker, struct world *w)
{
    struct setting *s = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_OPEN)
            s->pair_flow = e.flow;
        else if (e.kind == EFFECT_LISTEN && e.token == PROXY_TOKEN_EDGE)
            s->edge = e.flow;
    }
    world_turn_clear(w);
}
static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static struct configuration *configure(void)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c = NULL;
    struct slice listen = SLICE("udp:127.0.0.1:5060");
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_application(b,
        &(struct config_application){.name = SLICE("proxy-1"),
            .role = CONFIG_ROLE_PROXY,
            .listen = {&listen, 1},
            .inside = SLICE("local:proxy-1")},
        SLICE("home"));
    config_builder_application(b,
        &(struct config_application){.name = SLICE("node-1a"),
            .pair = SLICE("node-1"),
            .role = CONFIG_ROLE_NODE,
            .link = SLICE("local:link"),
            .inside = SLICE("local:node-1a")},
        SLICE("home"));
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret 1"));
    config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("secret 2"));
    (void)!config_builder_end(&c, b, NULL);
    return c;
}

static void input(struct setting *s, struct input in)
{
    world_turn(&s->world, &role_proxy, s->proxy, &in, s->now);
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

static void answer_start(struct setting *s, uint64_t token, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    pack_add(&bytes, m);
    input(s, (struct input){.kind = INPUT_ANSWER,
                 .object = OBJECT(PROXY_OBJECT_START, 0),
                 .token = token,
                 .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

/* The nonces' key is there, and no registration is. */
static void let_phones_in(struct setting *s)
{
    Tandem__RegistryEntry entry = TANDEM__REGISTRY_ENTRY__INIT, *entries = &entry;
    Tandem__RegistryAnswer registry = TANDEM__REGISTRY_ANSWER__INIT;
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results = &result;
    Tandem__StoreAnswer store = TANDEM__STORE_ANSWER__INIT;
    entry.key = (char *)(uintptr_t) "secret/nonce/home";
    entry.value = pack_bytes(SLICE("0123456789abcdef0123456789abcdef"));
    registry.n_entries = 1;
    registry.entries = &entries;
    answer_start(s, 1, &registry.base);
    store.n_results = 1;
    store.results = &results;
    answer_start(s, 3, &store.base);
}

static void view(struct setting *s, uint64_t number)
{
    struct buffer bytes = {0};
    Tandem__PairRecord record = TANDEM__PAIR_RECORD__INIT;
    record.view = number;
    record.primary = (char *)(uintptr_t) "node-1a";
    record.alone = true;
    pack_add(&bytes, &record.base);
    input(s, (struct input){.kind = INPUT_WATCH,
                 .token = PROXY_TOKEN_WATCH,
                 .name = SLICE("pair/node-1"),
                 .revision = number,
                 .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
    input(s, (struct input){.kind = INPUT_OPENED, .token = PROXY_TOKEN_INSIDE, .flow = s->pair_flow});
}

/* Two phones of 1002, so that a call is a fork. */
static void register_phones(struct setting *s)
{
    struct proxy *p = s->proxy;
    world_turn_begin(&s->world, s->now);
    for (unsigned i = 0; i < 2; i++) {
        struct address at = PHONE;
        Tandem__Binding b = TANDEM__BINDING__INIT;
        b.dn = (char *)(uintptr_t) "1002";
        b.contact = (char *)(uintptr_t)(i == 0 ? "sip:a@127.0.0.1:6001" : "sip:b@127.0.0.1:6001");
        b.proxy = p->name;
        b.transport = (char *)(uintptr_t) "udp";
        b.address = pack_bytes(slice_of(&at, sizeof at));
        b.expires_at = (uint64_t)s->now + 3600000000U;
        struct binding_report r;
        if (proxy__binding_read(p, &r, &b))
            (void)proxy__binding_merge(p, &r);
    }
    world_turn_end(&s->world);
}

static void give(struct setting *s, uint64_t flow, bool framed, uint8_t kind, struct slice bytes)
{
    struct buffer frame = {0};
    if (framed)
        frame_add(&frame, kind, bytes);
    else
        buffer_add(&frame, bytes);
    input(
        s, (struct input){
               .kind = INPUT_DATA, .token = PROXY_TOKEN_INSIDE, .flow = flow, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

static void step(struct setting *s, uint8_t what, uint8_t kind, struct slice bytes)
{
    uint64_t stranger = STRANGER + (what >> 6);
    switch ((enum step)(what % 8)) {
    case STEP_FRAME_PAIR:
        give(s, s->pair_flow, true, kind, bytes);
        break;
    case STEP_FRAME_STRANGER:
        give(s, stranger, true, kind, bytes);
        break;
    case STEP_RAW_PAIR:
        give(s, s->pair_flow, false, 0, bytes);
        break;
    case STEP_RAW_STRANGER:
        give(s, stranger, false, 0, bytes);
        break;
    case STEP_LOST:
        input(s, (struct input){.kind = INPUT_CLOSED,
                     .token = PROXY_TOKEN_INSIDE,
                     .flow = what & 8 ? stranger : s->pair_flow});
        break;
    case STEP_VIEW:
        view(s, kind);
        break;
    default:
        pass_time(s, (int64_t)kind * 500000);
        if (kind == 0) /* an answer of a phone, as it comes from outside */
            input(s, (struct input){.kind = INPUT_DATAGRAM,
                         .token = PROXY_TOKEN_EDGE,
                         .flow = s->edge,
                         .peer = PHONE,
                         .bytes = bytes});
        break;
    }
}

static void open(struct setting *s, struct configuration *configuration)
{
    struct role_setup setup = {.name = SLICE("proxy-1"), .location = SLICE("home"), .incarnation = 1};
    *s = (struct setting){.now = BEGIN};
    wheel_init(&s->wheel, BEGIN);
    world_init(&s->world, &backend, s, &s->wheel);
    s->world.configuration = configuration;
    world_turn_begin(&s->world, BEGIN);
    if (role_proxy.open(&s->proxy, &s->world, &setup) != 0)
        __builtin_trap();
    world_turn_end(&s->world);
    let_phones_in(s);
    register_phones(s);
    view(s, 1);
    for (uint64_t i = 0; i < 4; i++)
        input(s, (struct input){.kind = INPUT_ACCEPTED, .token = PROXY_TOKEN_INSIDE, .flow = STRANGER + i});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration *configuration;
    static struct setting s;
    struct slice rest = slice_of(data, size);
    if (configuration == NULL)
        configuration = configure();
    open(&s, configuration);
    while (rest.length >= 4) {
        const unsigned char *head = (const unsigned char *)rest.data;
        size_t length = (size_t)head[2] << 8 | head[3];
        step(&s, head[0], head[1], slice_first(slice_from(rest, 4), length));
        rest = slice_from(rest, 4 + length);
    }
    pass_time(&s, (int64_t)60 * 1000000);
    s.world.closing = true;
    role_proxy.close(s.proxy);
    world_end(&s.world);
    wheel_close(&s.wheel);
    return 0;
}
