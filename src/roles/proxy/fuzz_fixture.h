/* A proxy with one pair of nodes, another proxy and two DNs, that takes whatever a fuzz target gives it. */
#ifndef TANDEM_ROLES_PROXY_FUZZ_FIXTURE_H
#define TANDEM_ROLES_PROXY_FUZZ_FIXTURE_H

#include "roles/proxy/home_fixture.h"
#include "roles/proxy/proxy_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

#define FUZZ_BEGIN 1000000000
#define FUZZ_TURNS 300
#define FUZZ_PHONE ((struct address){.ip = {127, 0, 0, 1}, .port = 6001, .family = 4})

struct fuzz_proxy {
    struct world world;
    struct wheel wheel;
    void *proxy;
    uint64_t chance, pair_flow, edge; /* the newest stream that it has opened; its first listener */
    int64_t now;
    void (*check)(struct proxy *p); /* after each input; NULL: nothing */
};

static inline uint64_t fuzz__random_h(void *maker)
{
    return ++((struct fuzz_proxy *)maker)->chance;
}

static inline void fuzz__commit_h(void *maker, struct world *w)
{
    struct fuzz_proxy *s = maker;
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

static inline struct configuration *fuzz__configure(void)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c = NULL;
    home_fixture(b, (struct config_location){.dial = 0});
    if (config_builder_end(&c, b, NULL) != 0)
        __builtin_trap();
    return c;
}

static inline void fuzz_input(struct fuzz_proxy *s, struct input in)
{
    world_turn(&s->world, &role_proxy, s->proxy, &in, s->now);
    if (s->check != NULL)
        s->check(s->proxy);
}

static inline void fuzz_pass_time(struct fuzz_proxy *s, int64_t microseconds)
{
    int64_t end_at = s->now + microseconds;
    for (int turn = 0; turn < FUZZ_TURNS && s->now < end_at; turn++) {
        int64_t next = wheel_next(&s->wheel);
        s->now = next > end_at ? end_at : next > s->now ? next : s->now + 1000;
        struct wheel_timer *due = wheel_due(&s->wheel, s->now);
        if (due != NULL) {
            struct world *w;
            fuzz_input(s, world_timer_input(due, &w));
        }
    }
}

static inline void fuzz__answer_start(struct fuzz_proxy *s, uint64_t token, const ProtobufCMessage *m)
{
    struct buffer bytes = {0};
    pack_add(&bytes, m);
    fuzz_input(s, (struct input){.kind = INPUT_ANSWER,
                      .object = OBJECT(PROXY_OBJECT_START, 0),
                      .token = token,
                      .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

/* The nonces' key is there, no registration is, and phones are let in. */
static inline void fuzz_open(struct fuzz_proxy *s, void (*check)(struct proxy *p))
{
    static const struct world_backend backend = {.random = fuzz__random_h, .commit = fuzz__commit_h};
    static struct configuration *configuration;
    struct role_setup setup = {.name = SLICE("proxy-1"), .location = SLICE("home"), .incarnation = 1};
    Tandem__RegistryEntry entry = TANDEM__REGISTRY_ENTRY__INIT, *entries = &entry;
    Tandem__RegistryAnswer registry = TANDEM__REGISTRY_ANSWER__INIT;
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results = &result;
    Tandem__StoreAnswer store = TANDEM__STORE_ANSWER__INIT;
    if (configuration == NULL)
        configuration = fuzz__configure();
    *s = (struct fuzz_proxy){.now = FUZZ_BEGIN, .check = check};
    wheel_init(&s->wheel, FUZZ_BEGIN);
    world_init(&s->world, &backend, s, &s->wheel);
    s->world.configuration = configuration;
    world_turn_begin(&s->world, FUZZ_BEGIN);
    if (role_proxy.open(&s->proxy, &s->world, &setup) != 0)
        __builtin_trap();
    world_turn_end(&s->world);
    entry.key = (char *)(uintptr_t) "secret/nonce/home";
    entry.value = pack_bytes(SLICE("0123456789abcdef0123456789abcdef"));
    registry.n_entries = 1;
    registry.entries = &entries;
    fuzz__answer_start(s, 1, &registry.base);
    store.n_results = 1;
    store.results = &results;
    fuzz__answer_start(s, 3, &store.base);
}

/* Steps: a byte that says which, two that say how many bytes of it follow. */
static inline void fuzz_steps(struct fuzz_proxy *s, const uint8_t *data, size_t size,
    void (*step)(struct fuzz_proxy *s, unsigned what, struct slice bytes))
{
    struct slice rest = slice_of(data, size);
    while (rest.length >= 3) {
        const unsigned char *head = (const unsigned char *)rest.data;
        size_t length = (size_t)head[1] << 8 | head[2];
        step(s, head[0], slice_first(slice_from(rest, 3), length));
        rest = slice_from(rest, 3 + length);
    }
}

static inline void fuzz_close(struct fuzz_proxy *s)
{
    s->world.closing = true;
    role_proxy.close(s->proxy);
    world_end(&s->world);
    wheel_close(&s->wheel);
}

#endif
