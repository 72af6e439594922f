/* A role of the main itself: says each second, and whenever an instance says something new, how this process
 * is. */
#include <sys/statvfs.h>

#include "base/mem.h"
#include "health/report.h"
#include "run/run_int.h"
#include "world/world.h"

#define OBJECT_REPORTER OBJECT(1, 0)

struct reporter {
    struct world *world;
    struct run *run;
    int64_t started_at, sent_at;
    uint64_t changes; /* as last sent */
    struct world_timer look;
};

/* Who is watched over: not the mains' own roles. */
static size_t list_instances(struct health_instance *list, struct real_loop *loop)
{
    size_t count = 0;
    for (struct real_instance *i = NULL;
         (i = real_next_instance(loop, i)) != NULL && count < RUN_INSTANCES;) {
        const struct role_setup *setup = real_instance_setup(i);
        if (setup->main == NULL)
            list[count++] = (struct health_instance){.name = setup->name,
                .role = slice_text(real_instance_role(i)->name),
                .location = setup->location,
                .world = real_instance_world(i)};
    }
    return count;
}

static size_t list_parts(struct health_part *list, const struct run *r)
{
    for (int p = 0; p < REAL_PARTS; p++) {
        const struct real_condition *c = real_engines_condition(r->engines, (enum real_part)p);
        list[p] = (struct health_part){
            .what = real_part_name((enum real_part)p), .away = c->away, .since = c->since, .why = c->why};
    }
    return REAL_PARTS;
}

static void measure_disk(struct health_member *m, const struct run *r)
{
    struct statvfs v;
    if (statvfs(r->data, &v) != 0)
        return;
    m->disk_size = (uint64_t)v.f_blocks * v.f_frsize;
    m->disk_free = (uint64_t)v.f_bavail * v.f_frsize;
}

static void look(struct reporter *p)
{
    struct health_instance instances[RUN_INSTANCES];
    struct health_part parts[REAL_PARTS];
    struct run *r = p->run;
    struct health_member m = {.name = SLICE("local"),
        .version = TANDEM_VERSION,
        .started_at = p->started_at,
        .sent_at = world_now(p->world),
        .parts = parts,
        .part_count = list_parts(parts, r),
        .instances = instances,
        .instance_count = list_instances(instances, r->loop)};
    uint64_t changes = health_changes(&m);
    if (changes == p->changes && m.sent_at - p->sent_at < timer_duration(TIMER_HEALTH_REPORT))
        return;
    struct buffer subject = {0}, bytes = {0};
    measure_disk(&m, r);
    health_report(&bytes, &m);
    buffer_add_format(&subject, HEALTH_SUBJECT "%.*s", SLICE_ARG(m.name));
    world_publish(p->world, buffer_slice(&subject), buffer_slice(&bytes));
    p->changes = changes;
    p->sent_at = m.sent_at;
    buffer_free(&subject);
    buffer_free(&bytes);
}

static void set_timer(struct reporter *p)
{
    world_timer_set(p->world, &p->look, OBJECT_REPORTER, TIMER_HEALTH_LOOK,
        world_now(p->world) + timer_duration(TIMER_HEALTH_LOOK));
}

static int reporter_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct reporter *p = mem_zero(sizeof *p);
    *self = p;
    p->world = w;
    p->run = setup->main;
    p->started_at = world_now(w);
    set_timer(p);
    return 0;
}

static void reporter_close(void *self)
{
    struct reporter *p = self;
    world_timer_clear(&p->look);
    mem_free(p);
}

static void reporter_input(void *self, const struct input *in)
{
    struct reporter *p = self;
    look(p);
    if (in->kind == INPUT_TIMER)
        set_timer(p);
}

const struct role run__reporter = {
    .name = "reporter", .open = reporter_open, .close = reporter_close, .input = reporter_input};
