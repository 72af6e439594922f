/* The bus on NATS as the loop sees it: subjects are checked, then everything goes to the carrier's thread in
 * one queue, in order. */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/nats/carrier_int.h"

struct ear_key {
    struct real_instance *instance;
    uint64_t token;
};

/* The key lies in the ear: instance and token, one after the other. */
_Static_assert(offsetof(struct ear, token) == offsetof(struct ear, instance) + sizeof(void *), "one key");

static struct slice key_of(const struct ear *ear)
{
    return slice_of(&ear->instance, sizeof(struct ear_key));
}

/* ---- the queue ---- */

/* Only the one that finds the queue empty wakes the thread. */
static void queue(struct carrier *c, struct order o, struct slice bytes)
{
    pthread_mutex_lock(&c->lock);
    bool first = c->orders.length == 0;
    buffer_add(&c->orders, slice_of(&o, sizeof o));
    if (o.begin == NULL && o.end == NULL) {
        buffer_add(&c->orders, buffer_slice(&c->subject));
        buffer_add_byte(&c->orders, '\0');
        buffer_add(&c->orders, slice_of(&c->envelope, sizeof c->envelope));
        buffer_add(&c->orders, bytes);
        c->out += sizeof o + o.subject + 1 + o.bytes;
    }
    pthread_mutex_unlock(&c->lock);
    if (first)
        carrier__wake(c->wake);
}

/* What the thread has dropped is counted for whoever publishes next. */
static bool room_for(struct carrier *c, struct real_instance *from, size_t size)
{
    pthread_mutex_lock(&c->lock);
    bool room = c->out + size <= CARRIER_OUT;
    uint64_t lost = c->out_lost - c->out_dropped;
    c->out_dropped = c->out_lost;
    pthread_mutex_unlock(&c->lock);
    from->world.counters.values[COUNTER_BUS_DROPPED] += lost + !room;
    return room;
}

static void count_up(struct carrier *c)
{
    c->number++;
    for (size_t i = 0; i < sizeof c->envelope.number; i++)
        c->envelope.number[i] = (uint8_t)(c->number >> (56 - 8 * i));
}

static void set_subject(struct carrier *c, struct slice subject)
{
    buffer_clear(&c->subject);
    buffer_add(&c->subject, slice_of(c->prefix, c->prefix_length));
    buffer_add(&c->subject, subject);
}

static void publish_h(void *self, struct real_instance *from, struct slice subject, struct slice bytes)
{
    struct carrier *c = self;
    if (!bus_subject_valid(subject)) {
        LOG(LOG_ERROR, "world", "%.*s publishes on \"%.*s\", which is no subject; report this",
            SLICE_ARG(real_instance_name(from)), SLICE_ARG(subject));
        return;
    }
    set_subject(c, subject);
    count_up(c); /* also for what is dropped */
    struct order o = {.at = carrier__now(),
        .subject = (uint32_t)c->subject.length,
        .bytes = (uint32_t)(sizeof c->envelope + bytes.length)};
    if (room_for(c, from, sizeof o + o.subject + 1 + o.bytes))
        queue(c, o, bytes);
    else
        LOG(LOG_WARNING, "world", "the bus takes messages too slowly: those of %.*s are dropped",
            SLICE_ARG(real_instance_name(from)));
}

/* ---- subscriptions ---- */

static void leave(struct carrier *c, struct ear *ear)
{
    map_remove(&c->ears, key_of(ear));
    ear->instance = NULL;
    queue(c, (struct order){.end = ear}, (struct slice){0});
    carrier__ear_release(ear);
}

static void subscribe_h(void *self, struct real_instance *i, uint64_t token, struct slice pattern)
{
    struct carrier *c = self;
    struct ear_key key = {i, token};
    if (!bus_pattern_valid(pattern)) {
        LOG(LOG_ERROR, "world", "%.*s subscribes to \"%.*s\", which is no pattern; report this",
            SLICE_ARG(real_instance_name(i)), SLICE_ARG(pattern));
        return;
    }
    set_subject(c, pattern);
    struct ear *old = map_get(&c->ears, slice_of(&key, sizeof key));
    if (old != NULL && slice_equal(slice_text(old->pattern), buffer_slice(&c->subject)))
        return;
    if (old != NULL)
        leave(c, old);
    struct ear *ear = carrier__ear_new(c, i, token, buffer_slice(&c->subject));
    map_put(&c->ears, key_of(ear), ear);
    queue(c, (struct order){.begin = ear}, (struct slice){0});
}

static void leave_h(void *self, struct real_instance *i)
{
    struct carrier *c = self;
    struct ear *ear;
    map_for_each (ear, &c->ears)
        if (ear->instance == i)
            leave(c, ear);
}

/* ---- beginning and end ---- */

static void carrier_free(struct carrier *c)
{
    struct ear *ear;
    map_for_each (ear, &c->ears)
        carrier__ear_release(ear);
    map_free(&c->ears);
    char *said;
    map_for_each (said, &c->complained)
        mem_free(said);
    map_free(&c->complained);
    if (c->wake >= 0)
        close(c->wake);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->quiet);
    buffer_free(&c->subject);
    buffer_free(&c->orders);
    buffer_free(&c->queue);
    mem_free(c->prefix);
    mem_free(c);
}

static void close_h(void *self)
{
    struct carrier *c = self;
    pthread_mutex_lock(&c->lock);
    c->ends = true;
    pthread_mutex_unlock(&c->lock);
    carrier__wake(c->wake);
    if (c->started)
        pthread_join(c->thread, NULL);
    carrier__hear_end(c);
    real_run_mail(c->loop); /* nobody posts any more: the last batch is ours */
    carrier_free(c);
}

/* The library begins with its first use; a pool of one thread keeps the order across subscriptions. */
static int library(void)
{
    natsStatus s = nats_Open(-1);
    if (s == NATS_OK)
        s = nats_SetMessageDeliveryPoolSize(1);
    if (s == NATS_OK)
        return 0;
    LOG(LOG_ERROR, "world", "the NATS library does not start: %s", natsStatus_GetText(s));
    return ERROR_SYSTEM;
}

static struct carrier *carrier_new(struct real_engines *g, const struct real_engines_params *p)
{
    struct carrier *c = mem_zero(sizeof *c);
    struct slice cluster = slice_text(p->cluster != NULL ? p->cluster : "tandem");
    c->engines = g;
    c->loop = g->loop;
    c->params = *p;
    c->prefix_length = cluster.length + 1;
    c->prefix = mem_zero(c->prefix_length + 1);
    slice_put(c->prefix, cluster);
    c->prefix[cluster.length] = '.';
    if (getrandom(&c->envelope, sizeof c->envelope, 0) != sizeof c->envelope)
        LOG(LOG_WARNING, "world", "the system gives no chance: %s", strerror(errno));
    c->envelope.origin[0] = ENVELOPE_VERSION;
    c->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->orders.limit = c->queue.limit = SIZE_MAX / 2; /* publishes have their own bound */
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->quiet, NULL);
    list_init(&c->all);
    list_init(&c->closed);
    return c;
}

int real__bus_nats(struct real_bus *out, struct real_engines *g, const struct real_engines_params *p)
{
    struct carrier *c = carrier_new(g, p);
    struct slice cluster = slice_of(c->prefix, c->prefix_length - 1);
    int error = 0;
    if (!bus_subject_valid(cluster)) {
        LOG(LOG_ERROR, "world", "the cluster's name \"%.*s\" cannot begin a subject of the bus",
            SLICE_ARG(cluster));
        error = ERROR_SYNTAX;
    }
    if (error == 0)
        error = library();
    if (error == 0 && (c->wake < 0 || pthread_create(&c->thread, NULL, carrier__run, c) != 0)) {
        LOG(LOG_ERROR, "world", "cannot start the thread of the bus: %s", strerror(errno));
        error = ERROR_SYSTEM;
    }
    if (error != 0) {
        carrier_free(c);
        return error;
    }
    c->started = true;
    *out = (struct real_bus){c, publish_h, subscribe_h, leave_h, close_h};
    return 0;
}
