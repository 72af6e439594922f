#include "roles/control/control_fixture.h"

#include "engine/store/store.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#include "unit.h"

#define SECOND INT64_C(1000000)

/* ---- processes ---- */

static void report(struct tower_process *p)
{
    struct buffer subject = {0}, bytes = {0};
    struct health_member m = {.name = slice_text(p->name),
        .version = p->version,
        .started_at = p->started_at,
        .sent_at = world_now(p->world) + p->clock,
        .parts = p->parts,
        .part_count = 3,
        .instances = p->instances,
        .instance_count = p->count,
        .disk_size = p->disk_size,
        .disk_free = p->disk_free,
        .certificate_until = p->certificate_until,
        .configuration = p->configuration};
    health_report(&bytes, &m);
    buffer_add_format(&subject, HEALTH_SUBJECT "%s", p->name);
    world_publish(p->world, buffer_slice(&subject), buffer_slice(&bytes));
    buffer_free(&subject);
    buffer_free(&bytes);
    world_timer_set(p->world, &p->timer, 1, 1, world_now(p->world) + SECOND);
}

static int open_process(void **self, struct world *world, const struct role_setup *setup)
{
    struct tower_process *p = *self;
    (void)setup;
    p->world = world;
    p->started_at = world_now(world);
    report(p);
    return 0;
}

static void close_process(void *self)
{
    world_timer_clear(&((struct tower_process *)self)->timer);
}

static void input_process(void *self, const struct input *in)
{
    if (in->kind == INPUT_TIMER)
        report(self);
}

static const struct role process_role = {
    .name = "process", .open = open_process, .close = close_process, .input = input_process};

/* ---- a person who asks ---- */

static int open_person(void **self, struct world *world, const struct role_setup *setup)
{
    struct tower *t = *self;
    (void)setup;
    world_subscribe(world, SLICE("ctl.session.s"), 1);
    world_timer_set(world, &t->timer, 1, 1, world_now(world));
    return 0;
}

static void close_person(void *self)
{
    world_timer_clear(&((struct tower *)self)->timer);
}

static void question(struct tower *t)
{
    struct world *w = sim_world(t->person);
    if (t->question.length != 0)
        world_publish(w, SLICE("ctl.control"), buffer_slice(&t->question));
    buffer_free(&t->question);
    t->question = (struct buffer){0};
    world_timer_set(w, &t->timer, 1, 1, world_now(w) + SECOND / 20);
}

static void input_person(void *self, const struct input *in)
{
    struct tower *t = self;
    struct arena arena = {0};
    if (in->kind == INPUT_TIMER)
        question(t);
    if (in->kind != INPUT_BUS)
        return;
    Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, in->bytes, &arena);
    assert_non_null(m);
    if (t->answers++ == 0) {
        t->status = m->status;
        buffer_clear(&t->body);
        buffer_add(&t->body, pack_slice(m->body));
        buffer_add_byte(&t->body, '\0');
    }
    arena_free(&arena);
}

static const struct role person_role = {
    .name = "person", .open = open_person, .close = close_person, .input = input_person};

void tower_ask(struct tower *t, const char *role, const char *method, const char *path)
{
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    struct buffer packed = {0};
    m.reply_to = (char[]){"ctl.session.s"};
    m.token = 77;
    m.method = (char *)(uintptr_t)method;
    m.path = (char *)(uintptr_t)path;
    m.user = (char[]){"grace"};
    m.role = (char *)(uintptr_t)role;
    pack_add(&packed, &m.base);
    t->status = t->answers = 0;
    buffer_clear(&t->body);
    t->question = packed;
    tower_run(t, SECOND / 4);
    assert_int_equal(t->question.length, 0);
}

bool tower_said(const struct tower *t, const char *text)
{
    return t->body.length != 0 && strstr(t->body.data, text) != NULL;
}

/* ---- the whole ---- */

static void configure(struct tower *t)
{
    static const struct {
        const char *name, *pair;
        enum config_role role;
    } applications[] = {{"proxy-1", "", CONFIG_ROLE_PROXY}, {"proxy-2", "", CONFIG_ROLE_PROXY},
        {"node-1a", "node-1", CONFIG_ROLE_NODE}, {"node-1b", "node-1", CONFIG_ROLE_NODE},
        {"history-1", "", CONFIG_ROLE_HISTORY}, {"control-1", "", CONFIG_ROLE_CONTROL},
        {"control-2", "", CONFIG_ROLE_CONTROL}};
    struct config_builder *b = config_builder_new();
    struct buffer complaint = {0};
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = SLICE("home")});
    for (size_t i = 0; i < sizeof applications / sizeof applications[0]; i++)
        config_builder_application(b,
            &(struct config_application){.name = slice_text(applications[i].name),
                .pair = slice_text(applications[i].pair),
                .role = (uint8_t)applications[i].role},
            SLICE("home"));
    assert_int_equal(config_builder_end(&t->configuration, b, &complaint), 0);
    sim_configure(t->sim, t->configuration);
}

static void add_process(struct tower *t, unsigned n, const char *name, const char *const *names)
{
    static const char *const parts[] = {"registry", "bus", "store"};
    struct tower_process *p = &t->processes[n];
    p->name = name;
    p->version = "1.0";
    p->disk_size = 100ULL << 30;
    p->disk_free = 50ULL << 30;
    p->certificate_until = sim_now(t->sim) + timer_duration(TIMER_ALARM_CERTIFICATE) * 10;
    for (size_t i = 0; i < 3; i++)
        p->parts[i] = (struct health_part){.what = parts[i], .why = ""};
    for (; names[p->count] != NULL; p->count++) {
        struct slice role = slice_text(names[p->count]);
        p->worlds[p->count].condition.state = WORLD_READY;
        p->instances[p->count] = (struct health_instance){.name = role,
            .role = slice_first(role, (size_t)slice_find(role, '-')),
            .location = SLICE("home"),
            .world = &p->worlds[p->count]};
    }
    p->instance = sim_start(t->sim, &(struct sim_start){.role = &process_role,
                                        .name = slice_text(name),
                                        .host = sim_host(t->sim, 0x0a000001U + ((n + 1) << 8), n + 1),
                                        .group = SLICE("processes"),
                                        .self = p});
}

static struct sim_instance *start_control(struct tower *t, const char *name, unsigned site)
{
    return sim_start(t->sim, &(struct sim_start){.role = &control_role,
                                 .name = slice_text(name),
                                 .location = SLICE("home"),
                                 .host = sim_host(t->sim, 0x0a000002U + (site << 8), site),
                                 .group = SLICE("controls")});
}

static void effect_h(void *argument, struct sim_instance *i, const struct effect *e)
{
    struct tower *t = argument;
    struct arena arena = {0};
    (void)i;
    if (e->kind == EFFECT_PUBLISH && slice_starts(e->first, SLICE("alarm."))) {
        Tandem__AlarmNews *news = pack_read(&tandem__alarm_news__descriptor, e->second, &arena);
        assert_non_null(news);
        t->told += !news->all;
    }
    arena_free(&arena);
}

void tower_open(struct tower *t, uint64_t seed, uint32_t faults)
{
    *t = (struct tower){.told = 0};
    struct sim_params params = {.seed = seed, .faults = faults, .effect = effect_h, .argument = t};
    assert_int_equal(sim_create(&t->sim, &params), 0);
    configure(t);
    add_process(t, 0, "host-1", (const char *const[]){"control-1", "proxy-1", "node-1a", NULL});
    add_process(t, 1, "host-2", (const char *const[]){"control-2", "node-1b", "history-1", NULL});
    add_process(t, 2, "host-3", (const char *const[]){"proxy-2", NULL});
    tower_world(t, "node-1a")->gauges.values[GAUGE_PAIR_PRIMARY] = 1;
    t->controls[0] = start_control(t, "control-1", 1);
    t->controls[1] = start_control(t, "control-2", 2);
    t->person = sim_start(t->sim, &(struct sim_start){.role = &person_role,
                                      .name = SLICE("person"),
                                      .host = sim_host(t->sim, 0x0a000401U, 4),
                                      .self = t});
    tower_run(t, 7 * SECOND);
}

void tower_close(struct tower *t)
{
    sim_free(t->sim);
    config_release(t->configuration);
    buffer_free(&t->body);
}

void tower_run(struct tower *t, int64_t microseconds)
{
    sim_run(t->sim, sim_now(t->sim) + microseconds);
}

struct world *tower_world(struct tower *t, const char *instance)
{
    for (size_t n = 0; n < TOWER_PROCESSES; n++)
        for (size_t i = 0; i < t->processes[n].count; i++)
            if (slice_equal(t->processes[n].instances[i].name, slice_text(instance)))
                return &t->processes[n].worlds[i];
    fail_msg("there is no %s", instance);
    return NULL;
}

void tower_say(struct tower *t, const char *instance, enum world_state state, const char *why)
{
    world_state(tower_world(t, instance), state, why);
}

struct control *tower_leader(const struct tower *t)
{
    for (size_t n = 0; n < 2; n++) {
        struct control *c = sim_self(t->controls[n]);
        if (c != NULL && c->leads)
            return c;
    }
    return NULL;
}

static bool is_raised(const struct control_alarm *a)
{
    return a->state == ALARM_ST_RAISED || a->state == ALARM_ST_CLEARING;
}

const struct control_alarm *tower_alarm(
    const struct tower *t, enum control_alarm_kind kind, const char *object)
{
    const struct control *c = tower_leader(t);
    const struct control_alarm *a;
    assert_non_null(c);
    map_for_each (a, &c->alarms)
        if (a->kind == kind && strcmp(a->object, object) == 0 && is_raised(a))
            return a;
    return NULL;
}

unsigned tower_raised(const struct tower *t)
{
    const struct control *c = tower_leader(t);
    const struct control_alarm *a;
    unsigned count = 0;
    assert_non_null(c);
    map_for_each (a, &c->alarms)
        count += is_raised(a);
    return count;
}

static const Tandem__StoreResult *read_rows(struct tower *t, struct arena *arena)
{
    struct buffer request = {0}, answer = {0};
    Tandem__StoreValue location = TANDEM__STORE_VALUE__INIT, before = TANDEM__STORE_VALUE__INIT,
                       limit = TANDEM__STORE_VALUE__INIT, *values[] = {&location, &before, &limit};
    Tandem__StoreStatement page = TANDEM__STORE_STATEMENT__INIT, *list = &page;
    Tandem__StoreRequest m = TANDEM__STORE_REQUEST__INIT;
    location.text = (char[]){"home"};
    limit.has_number = true;
    limit.number = 10000;
    page.name = (char[]){"alarm_page"};
    page.parameters = values;
    page.n_parameters = 3;
    m.statements = &list;
    m.n_statements = 1;
    pack_add(&request, &m.base);
    assert_int_equal(sim_ask(t->sim, &answer, SERVICE_STORE, NULL, buffer_slice(&request)), ANSWER_YES);
    Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, buffer_slice(&answer), arena);
    assert_non_null(a);
    buffer_free(&request);
    buffer_free(&answer);
    return a->results[0];
}

unsigned tower_rows(struct tower *t, const char *name, const char *object, bool open)
{
    struct arena arena = {0};
    const Tandem__StoreResult *rows = read_rows(t, &arena);
    unsigned count = 0;
    for (size_t i = 0; i < rows->n_rows; i++) {
        Tandem__StoreValue **v = rows->rows[i]->values;
        count +=
            strcmp(v[1]->text, name) == 0 && strcmp(v[2]->text, object) == 0 && (!open || !v[6]->has_number);
    }
    arena_free(&arena);
    return count;
}

/* Rows come newest first. */
unsigned tower_check_rows(struct tower *t)
{
    struct arena arena = {0};
    const Tandem__StoreResult *rows = read_rows(t, &arena);
    size_t count = rows->n_rows;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++) {
            Tandem__StoreValue **late = rows->rows[i]->values, **early = rows->rows[j]->values;
            assert_true(late[0]->number != early[0]->number);
            if (strcmp(late[1]->text, early[1]->text) != 0 || strcmp(late[2]->text, early[2]->text) != 0)
                continue;
            if (!early[6]->has_number || early[6]->number > late[5]->number)
                fail_msg("alarm %s of %s was raised as %d while %d was not cleared", late[1]->text,
                    late[2]->text, (int)late[0]->number, (int)early[0]->number);
        }
    arena_free(&arena);
    return (unsigned)count;
}
