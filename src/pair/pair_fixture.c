#include "pair/pair_fixture.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "config/builder.h"
#include "unit.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define KIND_NUMBER 1
#define TOKEN_WORK 5
#define STEP 1000 /* µs */

static const char *const names[2] = {"node-1a", "node-1b"};

/* ---- the role inside ---- */

struct counter_role {
    struct world *world;
    struct map numbers; /* by number, of anything */
};

static int counter_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct counter_role *c = mem_zero(sizeof *c);
    (void)setup;
    *self = c;
    c->world = w;
    world_listen(w, SLICE("local:inside"), 1);
    return 0;
}

static void counter_close(void *self)
{
    struct counter_role *c = self;
    map_free(&c->numbers);
    mem_free(c);
}

static void counter_input(void *self, const struct input *in)
{
    struct counter_role *c = self;
    if (in->kind != INPUT_BUS || in->token != TOKEN_WORK)
        return;
    uint64_t number;
    memcpy(&number, in->bytes.data, sizeof number);
    map_put_number(&c->numbers, number, c);
    world_dirty(c->world, KIND_NUMBER, number);
    world_tell(c->world, SLICE("out"), in->bytes);
    world_append(c->world, SLICE("numbers"), number, in->bytes);
}

static int counter_save(void *self, struct record_id id, struct buffer *out)
{
    struct counter_role *c = self;
    if (map_get_number(&c->numbers, id.id) == NULL)
        return ERROR_MISSING;
    buffer_add(out, slice_of(&id.id, sizeof id.id));
    return 0;
}

static int counter_load(void *self, struct record_id id, struct slice bytes)
{
    struct counter_role *c = self;
    if (id.kind != KIND_NUMBER || bytes.length != sizeof id.id)
        return ERROR_CORRUPT;
    map_put_number(&c->numbers, id.id, c);
    return 0;
}

static void counter_resume(void *self)
{
    (void)self;
}

static const struct role counter_role = {.name = "counter",
    .open = counter_open,
    .close = counter_close,
    .input = counter_input,
    .save = counter_save,
    .load = counter_load,
    .resume = counter_resume};

/* ---- what waits to be delivered ---- */

struct delivery *fixture__later(struct fixture *f, int host, const struct input *in, int64_t at)
{
    assert_true(f->queued < sizeof f->queue / sizeof f->queue[0]);
    struct delivery *d = &f->queue[f->queued++];
    *d = (struct delivery){.at = at, .order = ++f->order, .host = host, .input = *in};
    buffer_add(&d->bytes, in->bytes);
    buffer_add(&d->name, in->name);
    if (host >= 0)
        d->life = f->hosts[host].incarnation;
    return d;
}

static void forget_delivery(struct fixture *f, size_t i)
{
    buffer_free(&f->queue[i].bytes);
    buffer_free(&f->queue[i].name);
    f->queue[i] = f->queue[--f->queued];
}

/* ---- the link ---- */

static struct connection *connection_of(struct fixture *f, unsigned host, uint64_t flow)
{
    for (size_t i = 0; i < f->connection_count; i++)
        if (f->connections[i].flow[host] == flow && f->connections[i].open[host])
            return &f->connections[i];
    return NULL;
}

static void close_side(struct fixture *f, struct connection *c, unsigned host)
{
    unsigned other = 1 - host;
    c->open[host] = false;
    if (!c->open[other])
        return;
    c->ending[other] = true;
    (void)f;
}

/* What has come through the link since. */
static void flush_link(struct fixture *f)
{
    for (size_t i = 0; i < f->connection_count; i++)
        for (unsigned host = 0; host < 2; host++) {
            struct connection *c = &f->connections[i];
            if (!c->open[host] || !f->towards[host] || f->hosts[host].pair == NULL)
                continue;
            struct input in = {.flow = c->flow[host], .token = PAIR_TOKEN};
            if (c->pending[host].length != 0) {
                in.kind = INPUT_DATA;
                in.bytes = buffer_slice(&c->pending[host]);
                fixture__later(f, (int)host, &in, f->now + LATENCY);
                buffer_free(&c->pending[host]);
            }
            if (c->ending[host]) {
                in.kind = INPUT_CLOSED;
                in.bytes = SLICE("");
                in.error = ERROR_CLOSED;
                fixture__later(f, (int)host, &in, f->now + LATENCY);
                c->open[host] = c->ending[host] = false;
            }
        }
}

static void open_link(struct host *h, const struct effect *e)
{
    struct fixture *f = h->fixture;
    struct host *other = &f->hosts[1 - h->index];
    struct input in = {.kind = INPUT_CLOSED, .flow = e->flow, .token = e->token, .error = ERROR_UNREACHABLE};
    if (!f->towards[0] || !f->towards[1])
        return; /* nobody answers */
    if (other->pair == NULL || !other->listens) {
        fixture__later(f, (int)h->index, &in, f->now + LATENCY);
        return;
    }
    f->connections = mem_resize(f->connections, (f->connection_count + 1) * sizeof *f->connections);
    struct connection *c = &f->connections[f->connection_count++];
    *c = (struct connection){.open = {true, true}};
    c->flow[h->index] = e->flow;
    c->flow[other->index] = ++other->world.next_flow;
    in.kind = INPUT_OPENED;
    in.error = 0;
    fixture__later(f, (int)h->index, &in, f->now + LATENCY);
    in.kind = INPUT_ACCEPTED;
    in.flow = c->flow[other->index];
    fixture__later(f, (int)other->index, &in, f->now + LATENCY);
}

/* ---- what leaves a member ---- */

static bool knows(struct fixture *f, unsigned host, uint64_t number)
{
    struct pair *p = f->hosts[host].pair;
    if (p == NULL)
        return false;
    if (p->inner != NULL)
        return map_get_number(&((struct counter_role *)p->inner)->numbers, number) != NULL;
    return pair__item(&p->shadow, (struct record_id){KIND_NUMBER, number}, false) != NULL;
}

/* VC-20, VC-21: what leaves is known to whoever the record makes primary, and to the other one where the
 * record says "in step"; and in one view only one member speaks. */
static void let_out(struct host *h, struct slice bytes)
{
    struct fixture *f = h->fixture;
    struct pair *p = h->pair;
    uint64_t number;
    struct arena arena = {0};
    memcpy(&number, bytes.data, sizeof number);
    if (f->resuming && f->state_may_be_lost)
        return; /* bytes that were on their way when the process was stopped: nothing can hold them back */
    struct registry_key *k = fixture__key(f, "pair/node-1");
    assert_non_null(k);
    const Tandem__PairRecord *r =
        pack_read(&tandem__pair_record__descriptor, buffer_slice(&k->value), &arena);
    unsigned primary = strcmp(r->primary, names[0]) == 0 ? 0 : 1;
    bool superseded = primary != h->index || r->view != p->view;
    if (superseded && !knows(f, primary, number))
        fail_msg("%s (view %u) lets %u out, but %s is primary in view %u and does not know it",
            names[h->index], (unsigned)p->view, (unsigned)number, r->primary, (unsigned)r->view);
    if (!superseded && !r->alone && f->hosts[1 - h->index].pair != NULL && !knows(f, 1 - h->index, number))
        fail_msg("%s lets %u out in step, but the other member does not know it", names[h->index],
            (unsigned)number);
    if (p->view < 64) {
        assert_true(f->teller[p->view] == 0 || f->teller[p->view] == (int)h->index + 1);
        f->teller[p->view] = (int)h->index + 1;
    }
    f->told[number] = true;
    h->told++;
    arena_free(&arena);
}

static void carry_out_effect(struct host *h, const struct effect *e)
{
    struct fixture *f = h->fixture;
    struct connection *c;
    switch (e->kind) {
    case EFFECT_ASK:
        fixture__ask(h, e);
        break;
    case EFFECT_LISTEN:
        h->listens = h->listens || e->token == PAIR_TOKEN;
        if (e->token == 1)
            h->inner_listener = e->flow;
        break;
    case EFFECT_OPEN:
        open_link(h, e);
        break;
    case EFFECT_SEND:
        c = connection_of(f, h->index, e->flow);
        if (c != NULL && !c->ending[h->index] && c->open[1 - h->index])
            buffer_add(&c->pending[1 - h->index], e->second);
        break;
    case EFFECT_CLOSE:
        c = connection_of(f, h->index, e->flow);
        if (c != NULL)
            close_side(f, c, h->index);
        else if (h->paused != 0)
            h->paused--;
        break;
    case EFFECT_WATCH:
        h->watches = true;
        for (size_t i = 0; i < f->key_count; i++)
            fixture__watch(
                f, h->index, f->keys[i].name, buffer_slice(&f->keys[i].value), f->keys[i].revision, false);
        break;
    case EFFECT_AGAIN:
        fixture__later(f, (int)h->index, &(struct input){.kind = INPUT_AGAIN, .token = e->token}, f->now);
        break;
    case EFFECT_PAUSE:
        h->paused = e->token != 0 ? h->paused + 1 : h->paused - 1;
        break;
    case EFFECT_TELL:
        let_out(h, e->second);
        break;
    case EFFECT_APPEND:
        h->appended++;
        break;
    default:
        break;
    }
}

static void carry_out_all(struct host *h, struct slice effects)
{
    struct effect e;
    while (effect_next(&effects, &e))
        carry_out_effect(h, &e);
}

static void commit_h(void *maker, struct world *w)
{
    struct host *h = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    bool tells = false;
    while (effect_next(&rest, &e))
        tells = tells || e.kind == EFFECT_TELL;
    if (h->stop_before_send && tells) {
        h->stop_before_send = false;
        h->stopped = h->held = true;
        buffer_add(&h->unsent, buffer_slice(&w->effects));
    } else {
        carry_out_all(h, buffer_slice(&w->effects));
    }
    world_turn_clear(w);
}

static uint64_t random_h(void *maker)
{
    struct host *h = maker;
    return hash_number(++h->fixture->order);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

/* ---- members ---- */

static const struct role pair_role = {.name = "pair", .input = pair_input};

void fixture_input(struct fixture *f, unsigned host, const struct input *in)
{
    struct host *h = &f->hosts[host];
    world_turn(&h->world, &pair_role, h->pair, in, f->now);
    size_t held = ((struct pair *)h->pair)->held_bytes;
    f->most_held = held > f->most_held ? held : f->most_held;
}

void fixture_start(struct fixture *f, unsigned host)
{
    struct host *h = &f->hosts[host];
    struct role_setup setup = {.name = slice_text(names[host]),
        .pair = SLICE("node-1"),
        .location = SLICE("home"),
        .incarnation = ++h->incarnation};
    world_init(&h->world, &backend, h, &f->wheel);
    h->world.serial = host + 1;
    h->world.owner = h;
    h->world.next_flow = h->incarnation * 100000;
    h->world.configuration = f->configuration;
    world_turn_begin(&h->world, f->now);
    assert_int_equal(pair_open(&h->pair, &h->world, &setup, &counter_role), 0);
    world_turn_end(&h->world);
}

void fixture_kill(struct fixture *f, unsigned host)
{
    struct host *h = &f->hosts[host];
    h->world.closing = true;
    pair_close(h->pair);
    h->pair = NULL;
    world_end(&h->world);
    h->incarnation++;
    h->stopped = h->held = h->stop_before_send = h->watches = h->listens = false;
    h->paused = 0;
    buffer_free(&h->unsent);
    for (size_t i = 0; i < f->connection_count; i++)
        if (f->connections[i].open[host])
            close_side(f, &f->connections[i], host);
}

void fixture_resume(struct fixture *f, unsigned host)
{
    struct host *h = &f->hosts[host];
    h->stopped = false;
    h->stop_before_send = false;
    f->resuming = true;
    if (h->held)
        carry_out_all(h, buffer_slice(&h->unsent));
    f->resuming = false;
    h->held = false;
    buffer_free(&h->unsent);
}

struct pair *fixture_pair(struct fixture *f, unsigned host)
{
    return f->hosts[host].pair;
}

int fixture_primary(struct fixture *f)
{
    int found = -1;
    for (int i = 0; i < 2; i++) {
        struct pair *p = f->hosts[i].pair;
        if (p == NULL || p->inner == NULL)
            continue;
        if (found >= 0)
            return -1;
        found = i;
    }
    return found;
}

bool fixture_in_step(struct fixture *f)
{
    int primary = fixture_primary(f);
    return primary >= 0 && fixture_pair(f, (unsigned)primary)->state == PAIR_ST_PAIRED &&
           fixture_pair(f, 1 - (unsigned)primary) != NULL &&
           fixture_pair(f, 1 - (unsigned)primary)->state == PAIR_ST_SHADOW;
}

size_t fixture_known(struct fixture *f, unsigned host)
{
    size_t count = 0;
    for (uint64_t i = 0; i < f->next_work; i++)
        count += knows(f, host, i);
    return count;
}

/* ---- time ---- */

static int next_delivery(struct fixture *f)
{
    int best = -1;
    for (size_t i = 0; i < f->queued; i++) {
        struct delivery *d = &f->queue[i];
        if (d->at > f->now || (d->host >= 0 && f->hosts[d->host].stopped))
            continue;
        if (best < 0 || d->at < f->queue[best].at ||
            (d->at == f->queue[best].at && d->order < f->queue[best].order))
            best = (int)i;
    }
    return best;
}

static void deliver(struct fixture *f)
{
    int i;
    while ((i = next_delivery(f)) >= 0) {
        struct delivery d = f->queue[i];
        f->queue[i] = f->queue[--f->queued];
        d.input.bytes = buffer_slice(&d.bytes);
        d.input.name = buffer_slice(&d.name);
        if (d.host < 0)
            fixture__answer(f, &d);
        else if (f->hosts[d.host].pair != NULL && d.life == f->hosts[d.host].incarnation)
            fixture_input(f, (unsigned)d.host, &d.input);
        buffer_free(&d.bytes);
        buffer_free(&d.name);
        flush_link(f);
    }
}

static void fire_timers(struct fixture *f)
{
    struct wheel_timer *due;
    while ((due = wheel_due(&f->wheel, f->now)) != NULL) {
        struct world *w;
        struct input in = world_timer_input(due, &w);
        struct host *h = w->owner;
        fixture__later(f, (int)h->index, &in, f->now);
    }
}

/* Work goes to every member that holds itself for primary, as phones would that have not heard of another. */
static void give_work(struct fixture *f)
{
    if (f->work_interval == 0 || f->now / STEP % (int64_t)f->work_interval != 0 || f->next_work == WORK)
        return;
    for (int i = 0; i < 2; i++) {
        struct host *h = &f->hosts[i];
        struct pair *p = h->pair;
        if (p == NULL || h->stopped || p->inner == NULL || f->next_work == WORK || p->paused)
            continue;
        uint64_t number = f->next_work++;
        struct input in = {.kind = INPUT_BUS, .token = TOKEN_WORK, .bytes = slice_of(&number, sizeof number)};
        fixture_input(f, (unsigned)i, &in);
        flush_link(f);
    }
}

void fixture_run(struct fixture *f, int64_t milliseconds)
{
    for (; milliseconds > 0; milliseconds--) {
        f->now += STEP;
        fixture__expire(f);
        fire_timers(f);
        flush_link(f);
        deliver(f);
        give_work(f);
        deliver(f);
    }
}

void fixture_link(struct fixture *f, bool towards_first, bool towards_second)
{
    f->towards[0] = towards_first;
    f->towards[1] = towards_second;
    flush_link(f);
}

void fixture_registry(struct fixture *f, unsigned host, enum registry_mode mode)
{
    f->hosts[host].registry = mode;
    if (mode == REGISTRY_UP)
        for (size_t i = 0; i < f->key_count; i++)
            fixture__watch(
                f, host, f->keys[i].name, buffer_slice(&f->keys[i].value), f->keys[i].revision, false);
}

static void configure(struct fixture *f, bool pair_of_two)
{
    struct config_builder *b = config_builder_new();
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    for (int i = 0; i < 1 + pair_of_two; i++)
        config_builder_application(b,
            &(struct config_application){.name = slice_text(names[i]),
                .pair = SLICE("node-1"),
                .role = CONFIG_ROLE_NODE,
                .link = SLICE("local:link"),
                .inside = SLICE("local:inside")},
            SLICE("home"));
    assert_int_equal(config_builder_end(&f->configuration, b, NULL), 0);
}

void fixture_begin(struct fixture *f, bool pair_of_two)
{
    memset(f, 0, sizeof *f);
    f->now = 1000000000;
    f->towards[0] = f->towards[1] = true;
    wheel_init(&f->wheel, f->now);
    configure(f, pair_of_two);
    for (unsigned i = 0; i < 2; i++) {
        f->hosts[i].fixture = f;
        f->hosts[i].index = i;
    }
}

void fixture_end(struct fixture *f)
{
    for (unsigned i = 0; i < 2; i++)
        if (f->hosts[i].pair != NULL)
            fixture_kill(f, i);
    while (f->queued != 0)
        forget_delivery(f, 0);
    for (size_t i = 0; i < f->connection_count; i++)
        for (int j = 0; j < 2; j++)
            buffer_free(&f->connections[i].pending[j]);
    mem_free(f->connections);
    for (size_t i = 0; i < f->key_count; i++)
        buffer_free(&f->keys[i].value);
    wheel_close(&f->wheel);
    config_release(f->configuration);
}
