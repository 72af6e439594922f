/* What comes in: the library's delivery thread puts messages into one batch, one mail takes it to the loop.
 * All subscriptions share that thread, so that what one publisher sends stays in order across them. */
#include "base/log.h"
#include "base/mem.h"
#include "world/real/nats/carrier_int.h"

struct ear *carrier__ear_new(
    struct carrier *c, struct real_instance *instance, uint64_t token, struct slice pattern)
{
    struct ear *ear = mem_zero(sizeof *ear + pattern.length + 1);
    atomic_init(&ear->users, 2); /* the loop's and the carrier's */
    ear->carrier = c;
    ear->instance = instance;
    ear->token = token;
    list_init(&ear->acquainted);
    slice_put(ear->pattern, pattern);
    return ear;
}

static void forget(struct ear *ear, struct origin *o)
{
    map_remove_number(&ear->origins, o->id);
    list_remove(&o->link);
    mem_free(o);
}

void carrier__ear_release(struct ear *ear)
{
    if (atomic_fetch_sub(&ear->users, 1) != 1)
        return;
    list_for_each_safe (link, next, &ear->acquainted)
        forget(ear, list_entry(link, struct origin, link));
    map_free(&ear->origins);
    mem_free(ear);
}

/* ---- in the loop's thread ---- */

static uint64_t number_of(const uint8_t bytes[8])
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

static struct origin *origin_of(struct ear *ear, uint64_t id)
{
    struct origin *o = map_get_number(&ear->origins, id);
    if (o != NULL)
        return o;
    if (map_count(&ear->origins) >= CARRIER_ORIGINS)
        forget(ear, list_entry(ear->acquainted.next, struct origin, link));
    o = mem_zero(sizeof *o);
    o->id = id;
    list_append(&ear->acquainted, &o->link);
    map_put_number(&ear->origins, id, o);
    return o;
}

/* Takes the envelope off. False: from nobody of ours, or late, or a second time. */
static bool open_envelope(struct ear *ear, struct slice *bytes)
{
    struct envelope e;
    if (bytes->length < sizeof e || bytes->data[0] != ENVELOPE_VERSION) {
        LOG(LOG_WARNING, "world", "a message of the bus on \"%s\" is none of this program; it is ignored",
            ear->pattern);
        return false;
    }
    memcpy(&e, bytes->data, sizeof e);
    *bytes = slice_from(*bytes, sizeof e);
    struct origin *o = origin_of(ear, number_of(e.origin));
    uint64_t number = number_of(e.number);
    if (number <= o->last)
        return false;
    o->last = number;
    return true;
}

static void deliver(struct carrier *c, struct real_instance *to, struct ear *ear, natsMsg *message)
{
    struct slice subject = slice_text(natsMsg_GetSubject(message));
    struct input input = {.kind = INPUT_BUS,
        .token = ear->token,
        .name = slice_from(subject, c->prefix_length),
        .bytes = slice_of(natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message))};
    if (!open_envelope(ear, &input.bytes))
        return;
    if (c->loop->owed > CARRIER_IN)
        to->world.counters.values[COUNTER_BUS_DROPPED]++;
    else
        real_deliver(to, &input);
}

static void say_dropped(struct carrier *c, struct ear *ear)
{
    pthread_mutex_lock(&c->lock);
    uint64_t dropped = ear->dropped;
    ear->dropped = 0;
    pthread_mutex_unlock(&c->lock);
    if (ear->instance == NULL || dropped == 0)
        return;
    ear->instance->world.counters.values[COUNTER_BUS_DROPPED] += dropped;
    LOG(LOG_WARNING, "world", "%llu messages of the bus for %.*s were dropped: it takes them too slowly",
        (unsigned long long)dropped, SLICE_ARG(real_instance_name(ear->instance)));
}

static size_t size_of(natsMsg *message)
{
    return sizeof(struct message) + strlen(natsMsg_GetSubject(message)) +
           (size_t)natsMsg_GetDataLength(message);
}

static void mail_h(struct real_loop *l, void *argument)
{
    struct carrier *c = argument;
    size_t size = 0;
    (void)l;
    pthread_mutex_lock(&c->lock);
    struct message *messages = c->messages;
    size_t count = c->message_count;
    c->messages = NULL;
    c->message_count = c->message_capacity = 0;
    c->mailed = false;
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < count; i++) {
        struct ear *ear = messages[i].ear;
        if (messages[i].message == NULL)
            say_dropped(c, ear);
        else if (ear->instance != NULL)
            deliver(c, ear->instance, ear, messages[i].message);
        if (messages[i].message != NULL) {
            size += size_of(messages[i].message);
            natsMsg_Destroy(messages[i].message);
        }
        carrier__ear_release(ear);
    }
    mem_free(messages);
    pthread_mutex_lock(&c->lock);
    c->in -= size;
    pthread_mutex_unlock(&c->lock);
}

/* ---- in the library's threads ---- */

static void put(struct carrier *c, struct ear *ear, natsMsg *message)
{
    if (c->message_count == c->message_capacity) {
        c->message_capacity = c->message_capacity != 0 ? c->message_capacity * 2 : 64;
        c->messages = mem_resize(c->messages, c->message_capacity * sizeof *c->messages);
    }
    c->messages[c->message_count++] = (struct message){ear, message};
    atomic_fetch_add(&ear->users, 1);
}

static void message_h(natsConnection *connection, natsSubscription *heard, natsMsg *message, void *closure)
{
    struct ear *ear = closure;
    struct carrier *c = ear->carrier;
    size_t size = size_of(message);
    (void)connection;
    (void)heard;
    pthread_mutex_lock(&c->lock);
    bool room = c->in + size <= CARRIER_IN;
    if (room) {
        c->in += size;
        put(c, ear, message);
    } else if (ear->dropped++ == 0)
        put(c, ear, NULL);
    bool first = !c->mailed;
    c->mailed = true;
    pthread_mutex_unlock(&c->lock);
    if (first)
        real_post(c->loop, mail_h, c);
    if (!room)
        natsMsg_Destroy(message);
}

static void complete_h(void *closure)
{
    struct ear *ear = closure;
    struct carrier *c = ear->carrier;
    carrier__ear_release(ear);
    pthread_mutex_lock(&c->lock);
    c->listening--;
    pthread_cond_signal(&c->quiet);
    pthread_mutex_unlock(&c->lock);
}

/* ---- in the carrier's thread ---- */

natsStatus carrier__ear_listen(struct ear *ear, natsConnection *connection)
{
    struct carrier *c = ear->carrier;
    atomic_fetch_add(&ear->users, 1);
    natsStatus s = natsConnection_Subscribe(&ear->heard, connection, ear->pattern, message_h, ear);
    if (s != NATS_OK) {
        ear->heard = NULL;
        carrier__ear_release(ear);
        return s;
    }
    pthread_mutex_lock(&c->lock);
    c->listening++;
    pthread_mutex_unlock(&c->lock);
    s = natsSubscription_SetPendingLimits(ear->heard, -1, (int)CARRIER_IN);
    /* Only a connection that was lost this moment refuses: then nobody says when the last message has come,
     * and the ear is kept for it. */
    if (natsSubscription_SetOnCompleteCB(ear->heard, complete_h, ear) != NATS_OK) {
        pthread_mutex_lock(&c->lock);
        c->listening--;
        pthread_mutex_unlock(&c->lock);
        return NATS_CONNECTION_CLOSED;
    }
    return s;
}

void carrier__ear_stop(struct ear *ear)
{
    natsSubscription_Destroy(ear->heard); /* NULL is fine; the carrier's use of the ear stays */
    ear->heard = NULL;
}

void carrier__hear_end(struct carrier *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->listening != 0)
        pthread_cond_wait(&c->quiet, &c->lock);
    pthread_mutex_unlock(&c->lock);
}
