/* Whatever comes on the bus and whatever engines answer, in any order: nothing breaks, and all is given back.
 * The first byte of each step says what it is: a request (method, then path, body and role), an answer of a
 * job, one of the role config, or time that goes by. Parts end with a line feed. */
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "config/builder.h"
#include "roles/identity/identity.h"
#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

#define STEPS 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct slice left;
    struct wheel wheel;
    struct world world;
    void *self;
    int64_t now;
    uint64_t chance, ask_token, config_token;
};

static uint64_t random_h(void *maker)
{
    struct run *r = maker;
    return ++r->chance;
}

static void commit_h(void *maker, struct world *w)
{
    struct run *r = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_ASK)
            r->ask_token = e.token;
        if (e.kind == EFFECT_PUBLISH && slice_equal(e.first, SLICE("ctl.config"))) {
            struct arena arena = {0};
            const Tandem__ConfigRequest *m = pack_read(&tandem__config_request__descriptor, e.second, &arena);
            if (m == NULL)
                abort();
            r->config_token = m->token;
            arena_free(&arena);
        }
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {random_h, commit_h};

static struct slice part(struct run *r)
{
    struct slice line = r->left;
    if (!slice_cut(&r->left, '\n', &line))
        r->left = (struct slice){0};
    return line;
}

static void turn(struct run *r, const struct input *in)
{
    r->now += 1000;
    world_turn(&r->world, &identity_role, r->self, in, r->now);
}

static void bus(struct run *r, uint64_t token, const ProtobufCMessage *m)
{
    struct buffer packed = {0};
    pack_add(&packed, m);
    turn(r, &(struct input){.kind = INPUT_BUS, .token = token, .bytes = buffer_slice(&packed)});
    buffer_free(&packed);
}

static void ask(struct run *r, bool posts)
{
    struct arena arena = {0};
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    m.reply_to = (char *)(uintptr_t) "ctl.session.s.config";
    m.method = (char *)(uintptr_t)(posts ? "POST" : "GET");
    m.path = arena_text(&arena, part(r));
    m.has_body = true;
    m.body = pack_bytes(part(r));
    m.role = arena_text(&arena, part(r));
    bus(r, 1, &m.base);
    arena_free(&arena);
}

static void answer_job(struct run *r, enum answer answer)
{
    struct buffer packed = {0};
    Tandem__JobAnswer m = TANDEM__JOB_ANSWER__INIT;
    ProtobufCBinaryData result = pack_bytes(part(r));
    m.results = &result;
    m.n_results = 1;
    pack_add(&packed, &m.base);
    turn(r, &(struct input){.kind = INPUT_ANSWER,
                .token = r->ask_token,
                .answer = answer,
                .error = answer == ANSWER_NO ? ERROR_DENIED : 0,
                .bytes = buffer_slice(&packed)});
    buffer_free(&packed);
}

static void answer_config(struct run *r, unsigned status)
{
    Tandem__ConfigAnswer m = TANDEM__CONFIG_ANSWER__INIT;
    m.token = r->config_token;
    m.status = status;
    m.has_body = true;
    m.body = pack_bytes(part(r));
    bus(r, 2, &m.base);
}

static void wait(struct run *r)
{
    struct wheel_timer *due;
    struct world *world;
    r->now += 7000000;
    for (int i = 0; i < STEPS && (due = wheel_due(&r->wheel, r->now)) != NULL; i++) {
        struct input input = world_timer_input(due, &world);
        turn(r, &input);
    }
}

static void step(struct run *r)
{
    char what = r->left.data[0];
    r->left = slice_from(r->left, 1);
    switch (what) {
    case 'p':
    case 'g':
        ask(r, what == 'p');
        break;
    case 'j':
        answer_job(r, ANSWER_YES);
        break;
    case 'n':
        answer_job(r, ANSWER_NO);
        break;
    case 'c':
        answer_config(r, 200);
        break;
    case 'm':
        answer_config(r, 404);
        break;
    case 'x':
        turn(r, &(struct input){.kind = INPUT_BUS, .token = 1, .bytes = part(r)});
        break;
    case 'i':
        turn(r, &(struct input){.kind = INPUT_CONFIG});
        break;
    default:
        wait(r);
    }
}

static struct configuration *configuration(void)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c;
    config_builder_member(b,
        &(struct config_member){.name = SLICE("host-2"),
            .instance_id = SLICE("00000000000000000000000000000002"),
            .state = CONFIG_MEMBER_TRUSTED,
            .requests = true},
        (struct slice){0});
    if (config_builder_end(&c, b, NULL) != 0)
        abort();
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = {.left = slice_of(data, size), .now = 1000000};
    struct role_setup setup = {.name = SLICE("identity")};
    struct configuration *c = configuration();
    log_threshold = LOG_ERROR;
    wheel_init(&r.wheel, r.now);
    world_init(&r.world, &backend, &r, &r.wheel);
    r.world.configuration = c;
    world_turn_begin(&r.world, r.now);
    if (identity_role.open(&r.self, &r.world, &setup) != 0)
        abort();
    world_turn_end(&r.world);
    for (int i = 0; i < STEPS && !slice_empty(r.left); i++)
        step(&r);
    r.world.closing = true;
    identity_role.close(r.self);
    if (!list_empty(&r.world.timers))
        abort();
    world_end(&r.world);
    wheel_close(&r.wheel);
    config_release(c);
    return 0;
}
