/* A role of the main itself: says how this process is, each second and whenever an instance says something
 * new; on the bus for the controls, and to the service manager. */
#include <stdio.h>

#include "base/mem.h"
#include "run/notify.h"
#include "run/run_int.h"
#include "world/world.h"

#define OBJECT_REPORTER OBJECT(1, 0)

struct reporter {
    struct world *world;
    struct run *run;
    int64_t sent_at, beaten_at, read_at;
    uint64_t changes; /* as last sent */
    bool told_ready, told_end;
    struct world_timer look;
};

static void publish(struct reporter *p, struct run_health *h)
{
    struct buffer subject = {0}, bytes = {0};
    run__health_disk(h, p->run);
    health_report(&bytes, &h->member);
    buffer_add_format(&subject, HEALTH_SUBJECT "%.*s", SLICE_ARG(h->member.name));
    world_publish(p->world, buffer_slice(&subject), buffer_slice(&bytes));
    buffer_free(&subject);
    buffer_free(&bytes);
}

static unsigned count_states(const struct run_health *h, enum world_state state)
{
    unsigned count = 0;
    for (size_t i = 0; i < h->member.instance_count; i++)
        count += world_condition(h->member.instances[i].world) == state;
    return count;
}

/* CF-11: ready once, when every instance has been; what it is like is said with each change. */
static void tell_manager(struct reporter *p, const struct run_health *h)
{
    char text[256];
    unsigned all = (unsigned)h->member.instance_count, ready = count_states(h, WORLD_READY);
    unsigned starting = count_states(h, WORLD_STARTING), degraded = count_states(h, WORLD_DEGRADED);
    snprintf(text, sizeof text, "STATUS=%u instances: %u ready, %u degraded, %u starting\n", all, ready,
        degraded, starting);
    notify(p->run->notify, text);
    if (!p->told_ready && health_ready(&h->member))
        notify(p->run->notify, "READY=1\n");
    p->told_ready = p->told_ready || health_ready(&h->member);
}

/* From the loop: one that hangs is not heard any more, and the service manager starts the process anew. */
static void beat(struct reporter *p, int64_t now)
{
    int64_t interval = notify_watchdog(p->run->notify) / 2;
    if (interval == 0 || now - p->beaten_at < interval)
        return;
    p->beaten_at = now;
    notify(p->run->notify, "WATCHDOG=1\n");
}

static void look(struct reporter *p)
{
    struct run_health h;
    int64_t now = world_now(p->world);
    beat(p, now);
    if (now - p->read_at > timer_duration(TIMER_HEALTH_CERTIFICATE)) {
        p->run->certificate_until = run__certificate_until(p->run->authority.certificate);
        p->read_at = now;
    }
    run__health(&h, p->run);
    uint64_t changes = health_changes(&h.member);
    if (changes == p->changes && now - p->sent_at < timer_duration(TIMER_HEALTH_REPORT))
        return;
    publish(p, &h);
    if (changes != p->changes)
        tell_manager(p, &h);
    p->changes = changes;
    p->sent_at = now;
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
    p->run->started_at = p->read_at = world_now(w);
    p->run->certificate_until = run__certificate_until(p->run->authority.certificate);
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
    if (in->kind == INPUT_DRAIN && !p->told_end) {
        notify(p->run->notify, "STOPPING=1\n");
        p->told_end = true;
    }
    if (in->kind == INPUT_TIMER) {
        look(p);
        set_timer(p);
    }
}

const struct role run__reporter = {
    .name = "reporter", .open = reporter_open, .close = reporter_close, .input = reporter_input};
