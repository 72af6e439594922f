/* The loop. One round:
 *
 *     epoll ──> timers ──> inputs that the world owes ──> local flows ──> what was sent goes out, a batch per
 *     socket ──> the dead are freed
 *
 * Each of the first four takes at most REAL_PHASE_TURNS turns or REAL_PHASE_TIME, then the next has its turn.
 * Level-triggered: a descriptor of which only a part was read is reported again after all others have been,
 * so the kernel's list is our queue and no flow can be forgotten. Events that a long round leaves over are
 * handled in the next one, before the kernel is asked again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/real_int.h"
#include "world/real/tls.h"
#include "world/real/watch.h"

#define SEND_LIMIT ((size_t)4 << 20)
#define LISTENER_FLOWS 20000
#define HANDSHAKES 256
#define LONGEST_WAIT 60000000 /* µs: the clock is compared at least so often */

static char *copy_text(const char *text)
{
    return text != NULL ? mem_copy(text, strlen(text) + 1) : NULL;
}

static void set_params(struct real_loop *l, const struct real_params *params)
{
    l->params = *params;
    l->params.certificate = copy_text(params->certificate);
    l->params.key = copy_text(params->key);
    l->params.authority = copy_text(params->authority);
    if (l->params.send_limit == 0)
        l->params.send_limit = SEND_LIMIT;
    if (l->params.listener_flows == 0)
        l->params.listener_flows = LISTENER_FLOWS;
    if (l->params.handshakes == 0)
        l->params.handshakes = HANDSHAKES;
    if (l->params.turn_limit == 0)
        l->params.turn_limit = timer_duration(TIMER_WORLD_TURN);
}

static void init_lists(struct real_loop *l)
{
    struct list *lists[] = {&l->instances, &l->flows, &l->flush, &l->failed, &l->inputs, &l->local, &l->grave,
        &l->held_listeners};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        list_init(lists[i]);
}

int real_open(struct real_loop **out, const struct real_params *params)
{
    struct real_loop *l = mem_zero(sizeof *l);
    set_params(l, params);
    init_lists(l);
    atomic_store(&l->thread, pthread_self());
    l->mailbox.fd = -1;
    real__clock_open(&l->clock);
    wheel_init(&l->wheel, real_now(l));
    wheel_init(&l->own_wheel, real_now(l));
    l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->read = mem_alloc(REAL_READ);
    l->watch = real__watch_new(l->params.turn_limit);
    int error = l->epoll >= 0 ? 0 : ERROR_SYSTEM;
    if (error != 0)
        LOG(LOG_ERROR, "world", "cannot make an event loop: %s", strerror(errno));
    int mailbox_error = real__mailbox_open(l);
    if (error == 0)
        error = mailbox_error;
    if (error == 0)
        error = real_tls_reload(l);
    if (error != 0)
        real_close(l);
    else
        *out = l;
    return error;
}

static void begin_phase(struct real_loop *l)
{
    l->turns = 0;
    l->phase = real_now(l);
}

static void close_flows(struct real_loop *l)
{
    list_for_each_safe (link, next, &l->flows) {
        struct real_flow *f = list_entry(link, struct real_flow, all);
        f->type->shut(f, false);
    }
    real__flow_bury(l);
}

void real_close(struct real_loop *l)
{
    list_for_each_safe (link, next, &l->instances)
        real_remove_instance(list_entry(link, struct real_instance, link));
    close_flows(l);
    real__mailbox_close(l);
    while (!list_empty(&l->local)) { /* connections that were on their way here are refused */
        begin_phase(l);
        real__local_ready(l);
    }
    real__watch_free(l->watch);
    real__tls_close(l);
    wheel_close(&l->wheel);
    wheel_close(&l->own_wheel);
    map_free(&l->asks);
    for (unsigned i = 0; i < l->spare_count; i++)
        buffer_free(&l->spares[i]);
    mem_free(l->udp);
    mem_free(l->read);
    if (l->epoll >= 0)
        close(l->epoll);
    if (l->spare_fd >= 0)
        close(l->spare_fd);
    mem_free((void *)(uintptr_t)l->params.certificate);
    mem_free((void *)(uintptr_t)l->params.key);
    mem_free((void *)(uintptr_t)l->params.authority);
    mem_free(l);
}

int64_t real_now(struct real_loop *l)
{
    return real__clock_read(&l->clock);
}

/* Roles make tags, nonces and keys of it: so it is the system's chance, taken in portions. */
uint64_t real__random(void *loop)
{
    struct real_loop *l = loop;
    if (l->chance_left == 0) {
        while (getrandom(l->chance, sizeof l->chance, 0) != sizeof l->chance)
            continue; /* up to 256 bytes come whole; only a signal before the first seeding interrupts */
        l->chance_left = sizeof l->chance / sizeof l->chance[0];
        _Static_assert(sizeof l->chance <= 256, "more may come in parts");
    }
    uint64_t number = l->chance[--l->chance_left];
    l->chance[l->chance_left] = 0;
    return number;
}

void real__timer_set(struct real_loop *l, struct real_timer *t, enum timer duration)
{
    real__timer_at(l, t, real_now(l) + timer_duration(duration));
}

void real__timer_at(struct real_loop *l, struct real_timer *t, int64_t at)
{
    wheel_set(&l->own_wheel, &t->wheel, at);
}

void real__timer_clear(struct real_loop *l, struct real_timer *t)
{
    if (wheel_runs(&t->wheel))
        wheel_clear(&l->own_wheel, &t->wheel);
}

/* ---- the round ---- */

bool real__spent(const struct real_loop *l)
{
    return l->turns >= REAL_PHASE_TURNS || l->clock.last - l->phase > REAL_PHASE_TIME;
}

static void run_timers(struct real_loop *l, int64_t now)
{
    struct wheel_timer *due;
    while ((due = wheel_due(&l->own_wheel, now)) != NULL) {
        struct real_timer *t = list_entry(&due->link, struct real_timer, wheel.link);
        t->due_h(t);
    }
    while (!real__spent(l) && (due = wheel_due(&l->wheel, now)) != NULL) {
        struct world *w;
        struct input input = world_timer_input(due, &w);
        real__turn(w->owner, &input);
    }
}

static void run_events(struct real_loop *l)
{
    while (l->event_at < l->event_count && !real__spent(l)) {
        struct epoll_event *event = &l->events[l->event_at++];
        struct real_flow *f = event->data.ptr;
        if (event->data.ptr == &l->mailbox)
            real__mailbox_ready(l);
        else if (f->open)
            f->type->ready_h(f, event->events);
    }
}

static bool owes(const struct real_loop *l)
{
    return !list_empty(&l->failed) || !list_empty(&l->inputs) || !list_empty(&l->local) ||
           l->event_at < l->event_count;
}

bool real_settled(const struct real_loop *l)
{
    if (owes(l) || map_count(&l->asks) != 0 || !list_empty(&l->flush))
        return false;
    list_for_each (link, &l->flows)
        if (list_entry(link, struct real_flow, all)->interest & EPOLLOUT)
            return false;
    return true;
}

static int wait_time(struct real_loop *l, int64_t longest)
{
    if (owes(l))
        return 0;
    int64_t now = real_now(l);
    int64_t next = wheel_next(&l->wheel);
    int64_t own = wheel_next(&l->own_wheel);
    if (own < next)
        next = own;
    if (next == WHEEL_NEVER || next - now > longest)
        return (int)((longest + 999) / 1000);
    return next <= now ? 0 : (int)((next - now + 999) / 1000);
}

static void flush(struct real_loop *l)
{
    struct list *link;
    while ((link = list_first(&l->flush)) != NULL) {
        struct real_flow *f = list_entry(link, struct real_flow, flush);
        list_remove(link);
        f->type->flush(f);
    }
}

void real__round(struct real_loop *l, int64_t longest)
{
    if (l->event_at == l->event_count) {
        real__flow_bury(l); /* no event of an earlier round is left that could name them */
        int count = epoll_wait(l->epoll, l->events, REAL_EVENTS, wait_time(l, longest));
        l->event_at = 0;
        l->event_count = count > 0 ? count : 0;
    }
    begin_phase(l);
    int64_t begun = l->phase;
    run_events(l);
    begin_phase(l);
    run_timers(l, l->phase);
    begin_phase(l);
    real__flow_failed(l);
    real__inputs(l);
    begin_phase(l);
    real__local_ready(l);
    flush(l);
    l->rounds++;
    l->busy += (uint64_t)(real_now(l) - begun);
}

void real_measure(const struct real_loop *l, struct real_measures *m)
{
    *m = (struct real_measures){.rounds = l->rounds,
        .busy = l->busy,
        .late = real__watch_late(l->watch),
        .inputs = l->owed,
        .questions = map_count(&l->asks)};
    list_for_each (link, &l->flows) {
        const struct real_flow *f = list_entry(link, struct real_flow, all);
        m->flows++;
        m->output += f->type->waiting != NULL ? f->type->waiting(f) : 0;
    }
}

void real_run(struct real_loop *l)
{
    atomic_store(&l->thread, pthread_self());
    real__watch_begin(l->watch);
    while (!atomic_load(&l->stop))
        real__round(l, LONGEST_WAIT);
    flush(l);
    real__watch_end(l->watch);
}
