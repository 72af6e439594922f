/* Streams inside the process: two queues between two instances, which may live on different loops.
 *
 *     flow of the opener ── side 0 ──┐ pair ┌── side 1 ── flow of the listener's instance
 *                                    └──────┘
 *
 * A side belongs to the thread of its loop, except what stands under the pair's lock. Whoever puts something
 * into the other side's queue wakes it: on the same loop by its list of ready sides, on another one by its
 * mailbox. */
#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "world/real/real_int.h"

#define KEPT ((size_t)64 << 10) /* bytes of an empty queue that are not freed */

struct side {
    struct pair *pair;
    struct real_loop *loop;
    struct list ready;  /* of the loop; its thread only */
    struct local *flow; /* its thread only; NULL: there is none yet, or no more */
    bool known;         /* its thread only: the role has been told of the flow */
    /* under the lock */
    struct buffer queue;
    size_t unread; /* bytes that came and that the role has not been given */
    int ended;     /* the other side closed: why */
    bool accepted, gone, woken;
};

struct pair {
    pthread_mutex_t lock;
    unsigned references; /* under the lock: flows, wake-ups under way */
    struct side sides[2];
    char name[ENDPOINT_NAME];
};

struct local {
    struct real_flow flow;
    struct pair *pair;
    int at; /* which side is ours */
    struct buffer in;
    size_t given; /* of in */
};

struct place {
    struct real_flow flow;
    char name[ENDPOINT_NAME];
};

/* Who listens where, for all loops of the process. */
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map places;

static void release(struct pair *p)
{
    pthread_mutex_lock(&p->lock);
    bool last = --p->references == 0;
    pthread_mutex_unlock(&p->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&p->lock);
    buffer_free(&p->sides[0].queue);
    buffer_free(&p->sides[1].queue);
    mem_free(p);
}

static void woken_h(struct real_loop *l, void *side)
{
    list_append(&l->local, &((struct side *)side)->ready);
}

/* Under the lock; takes a reference that the wake-up gives back. */
static void wake(struct pair *p, int at, const struct real_loop *from)
{
    struct side *s = &p->sides[at];
    if (s->woken || s->gone)
        return;
    s->woken = true;
    p->references++;
    if (s->loop == from)
        list_append(&s->loop->local, &s->ready);
    else
        real_post(s->loop, woken_h, s);
}

/* ---- from the role ---- */

static void send_h(struct real_flow *f, const struct address *peer, struct slice bytes)
{
    struct local *own = (struct local *)f;
    struct pair *p = own->pair;
    struct side *other = &p->sides[1 - own->at];
    (void)peer;
    pthread_mutex_lock(&p->lock);
    bool overflow = !other->gone && bytes.length > f->loop->params.send_limit - other->unread;
    if (!overflow && !other->gone) {
        buffer_add(&other->queue, bytes);
        other->unread += bytes.length;
        wake(p, 1 - own->at, f->loop);
    }
    pthread_mutex_unlock(&p->lock);
    if (!overflow)
        return;
    f->instance->world.counters.values[COUNTER_FLOW_OVERFLOW]++;
    real__flow_fail(f, ERROR_OVERLOADED, false);
}

static void pause_h(struct real_flow *f, bool pause)
{
    struct local *own = (struct local *)f;
    f->paused = pause;
    pthread_mutex_lock(&own->pair->lock);
    if (!pause)
        wake(own->pair, own->at, f->loop);
    pthread_mutex_unlock(&own->pair->lock);
}

static void end_other(struct pair *p, int at, int error, const struct real_loop *from)
{
    pthread_mutex_lock(&p->lock);
    p->sides[at].gone = true;
    p->sides[1 - at].ended = error;
    wake(p, 1 - at, from);
    pthread_mutex_unlock(&p->lock);
}

static void shut(struct real_flow *f, bool gently)
{
    struct local *own = (struct local *)f;
    (void)gently;
    if (!f->open)
        return;
    own->pair->sides[own->at].flow = NULL;
    end_other(own->pair, own->at, ERROR_CLOSED, f->loop);
    release(own->pair);
    buffer_free(&own->in);
    real__flow_gone(f);
}

static const struct real_flow_type type = {.send = send_h, .pause = pause_h, .shut = shut};

/* ---- to the role ---- */

static struct local *local_new(
    struct real_instance *i, uint64_t number, uint64_t token, struct pair *p, int at)
{
    struct local *own = real__flow_new(&type, i, number, token, sizeof *own);
    own->pair = p;
    own->at = at;
    p->sides[at].flow = own;
    p->references++;
    return own;
}

/* A connection has come to this loop: is somebody there still? */
static void arrive(struct real_loop *l, struct pair *p)
{
    pthread_mutex_lock(&places_lock);
    struct place *place = map_get(&places, slice_text(p->name));
    if (place != NULL && place->flow.loop != l)
        place = NULL;
    pthread_mutex_unlock(&places_lock);
    if (place == NULL) {
        end_other(p, 1, ERROR_UNREACHABLE, l);
        return;
    }
    struct real_instance *i = place->flow.instance;
    pthread_mutex_lock(&p->lock);
    struct local *own = local_new(i, ++i->world.next_flow, place->flow.token, p, 1);
    p->sides[0].accepted = true;
    wake(p, 0, l);
    pthread_mutex_unlock(&p->lock);
    p->sides[1].known = true;
    real__turn(
        i, &(struct input){.kind = INPUT_ACCEPTED, .flow = own->flow.number, .token = own->flow.token});
}

/* Takes the next bytes over from the queue. */
static struct slice next_bytes(struct local *own, struct side *s, int *ended)
{
    pthread_mutex_lock(&own->pair->lock);
    if (own->given == own->in.length) {
        struct buffer empty = own->in;
        own->given = 0;
        buffer_clear(&empty);
        if (empty.capacity > KEPT)
            buffer_free(&empty);
        own->in = s->queue;
        s->queue = empty;
    }
    struct slice bytes = slice_first(slice_from(buffer_slice(&own->in), own->given), REAL_READ);
    own->given += bytes.length;
    s->unread -= bytes.length;
    *ended = s->ended;
    pthread_mutex_unlock(&own->pair->lock);
    return bytes;
}

static void give(struct local *own, struct side *s)
{
    struct real_flow *f = &own->flow;
    struct pair *p = own->pair;
    int ended;
    if (f->paused)
        return;
    struct slice bytes = next_bytes(own, s, &ended);
    if (bytes.length == 0 && ended != 0) {
        real__flow_fail(f, ended, false);
        return;
    }
    if (bytes.length == 0)
        return;
    pthread_mutex_lock(&p->lock); /* the rest, or the end, in another turn */
    if (s->unread != 0 || ended != 0)
        wake(p, own->at, f->loop);
    pthread_mutex_unlock(&p->lock);
    real__turn(f->instance,
        &(struct input){.kind = INPUT_DATA, .flow = f->number, .token = f->token, .bytes = bytes});
}

static void open_known(struct local *own, struct side *s)
{
    pthread_mutex_lock(&own->pair->lock);
    bool accepted = s->accepted;
    int ended = s->ended;
    pthread_mutex_unlock(&own->pair->lock);
    if (accepted) {
        s->known = true;
        real__turn(own->flow.instance,
            &(struct input){.kind = INPUT_OPENED, .flow = own->flow.number, .token = own->flow.token});
    } else if (ended != 0) {
        real__flow_fail(&own->flow, ended, false);
    }
}

static void side_ready(struct real_loop *l, struct pair *p, int at)
{
    struct side *s = &p->sides[at];
    pthread_mutex_lock(&p->lock);
    s->woken = false;
    bool gone = s->gone;
    pthread_mutex_unlock(&p->lock);
    if (s->flow == NULL && at == 1 && !gone)
        arrive(l, p);
    else if (s->flow != NULL && !s->known)
        open_known(s->flow, s);
    if (s->flow != NULL && s->known && real__flow_lives(&s->flow->flow))
        give(s->flow, s);
}

/* Sides that become ready meanwhile wait for the next round. */
void real__local_ready(struct real_loop *l)
{
    struct list *last = l->local.previous, *link = NULL;
    while (link != last && (link = list_first(&l->local)) != NULL && !real__spent(l)) {
        struct side *s = list_entry(link, struct side, ready);
        struct pair *p = s->pair;
        list_remove(link);
        side_ready(l, p, (int)(s - p->sides));
        release(p);
    }
}

/* ---- beginnings ---- */

void real__local_open(struct real_instance *i, const struct effect *e, const struct endpoint *to)
{
    pthread_mutex_lock(&places_lock);
    struct place *place = map_get(&places, slice_text(to->name));
    struct real_loop *there = place != NULL ? place->flow.loop : NULL;
    if (there == NULL) {
        pthread_mutex_unlock(&places_lock);
        real__refuse(i, e, ERROR_UNREACHABLE);
        return;
    }
    struct pair *p = mem_zero(sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    p->sides[0].pair = p->sides[1].pair = p;
    p->sides[0].loop = i->loop;
    p->sides[1].loop = there;
    memcpy(p->name, to->name, sizeof p->name);
    local_new(i, e->flow, e->token, p, 0);
    pthread_mutex_lock(&p->lock);
    wake(p, 1, i->loop);
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_unlock(&places_lock); /* until now: so that the loop there is not closed */
}

static void place_shut(struct real_flow *f, bool gently)
{
    struct place *place = (struct place *)f;
    (void)gently;
    pthread_mutex_lock(&places_lock);
    if (map_get(&places, slice_text(place->name)) == place)
        map_remove(&places, slice_text(place->name));
    pthread_mutex_unlock(&places_lock);
    real__flow_gone(f);
}

static const struct real_flow_type place_type = {.shut = place_shut};

void real__local_listen(struct real_instance *i, const struct effect *e, const struct endpoint *at)
{
    struct place *place = real__flow_new(&place_type, i, e->flow, e->token, sizeof *place);
    memcpy(place->name, at->name, sizeof place->name);
    pthread_mutex_lock(&places_lock);
    bool taken = map_get(&places, slice_text(place->name)) != NULL;
    if (!taken)
        map_put(&places, slice_text(place->name), place);
    pthread_mutex_unlock(&places_lock);
    if (!taken)
        return;
    LOG(LOG_ERROR, "world", "cannot listen on %.*s: somebody does already", SLICE_ARG(e->first));
    real__flow_fail(&place->flow, ERROR_BUSY, false);
}
