/* The carrier's thread: takes the loop's orders to the server, reads the socket, and looks for another server
 * when the connection is lost. */
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "world/real/nats/carrier_int.h"

#define IDLE 100          /* ms between looks at what may be late, while there is no connection */
#define COMPLAINED 256    /* subjects that the server refuses, each said once */
#define PROBE "bus.probe" /* what comes back by it proves the connection */

/* ---- away and back ---- */

static void say_away(struct carrier *c, const char *why)
{
    snprintf(c->why, sizeof c->why, "%s", why);
    c->away = true;
    real__condition(c->engines, REAL_PART_BUS, true, c->why);
}

static void say_back(struct carrier *c)
{
    const struct line *l = c->line;
    LOG(LOG_NOTICE, "world", "the bus is reached at %s%s%s", l->address,
        l->server[0] != '\0' ? ", server " : "", l->server);
    c->failed = 0;
    if (c->away)
        real__condition(c->engines, REAL_PART_BUS, false, NULL);
    c->away = false;
}

static void fail(struct carrier *c, const char *why)
{
    int64_t pause = timer_duration(TIMER_BUS_RETRY), most = timer_duration(TIMER_BUS_RETRY_MOST);
    size_t count = c->params.bus.count;
    LOG(LOG_INFO, "world", "a server of the bus does not take us: %s", why);
    c->failed++;
    c->next = (c->next + 1) % count;
    for (size_t round = c->failed / count; round > 1 && pause < most; round--)
        pause *= 2;
    bool all = c->failed % count == 0;
    c->retry_at = carrier__now() + (all ? (pause < most ? pause : most) : 0);
    if (all || c->away)
        say_away(c, why);
    else
        snprintf(c->why, sizeof c->why, "%s", why);
}

static void lose(struct carrier *c, const char *why)
{
    struct line *l = c->line;
    bool was_up = l->up;
    list_for_each (link, &c->all)
        carrier__ear_stop(list_entry(link, struct ear, link));
    c->line = NULL;
    if (was_up) {
        LOG(LOG_NOTICE, "world", "the connection of the bus to %s is lost: %s", l->address, why);
        c->lost_at = carrier__now();
        c->next = (c->next + 1) % c->params.bus.count;
        c->retry_at = c->lost_at;
        snprintf(c->why, sizeof c->why, "%s: %s", l->address, why);
    } else
        fail(c, why);
    carrier__line_close(c, l);
}

/* ---- a new connection ---- */

static void probe_h(natsConnection *connection, natsSubscription *heard, natsMsg *message, void *closure)
{
    struct line *l = closure;
    (void)connection;
    (void)heard;
    natsMsg_Destroy(message);
    atomic_store(&l->echoed, true);
    carrier__wake(l->wake);
}

static void probed_h(void *closure)
{
    carrier__line_release(closure);
}

/* Everything is subscribed, then a message to ourselves: when it is back the server has taken it all, and
 * lets us use the subjects of this cluster. */
static natsStatus probe(struct carrier *c, struct line *l)
{
    struct buffer subject = {.data = NULL};
    buffer_add_format(
        &subject, "%s" PROBE ".%d.%llu", c->prefix, (int)getpid(), (unsigned long long)++c->probes);
    buffer_add_byte(&subject, '\0');
    atomic_fetch_add(&l->users, 1); /* given back by probed_h */
    natsStatus s = natsConnection_Subscribe(&l->probe, l->connection, subject.data, probe_h, l);
    if (s == NATS_OK)
        s = natsSubscription_SetOnCompleteCB(l->probe, probed_h, l);
    else
        carrier__line_release(l);
    if (s == NATS_OK)
        s = natsConnection_Publish(l->connection, subject.data, NULL, 0);
    buffer_free(&subject);
    return s;
}

static void adopt(struct carrier *c)
{
    struct line *l = c->attempt;
    natsStatus s = NATS_OK;
    c->attempt = NULL;
    c->line = l;
    l->since = carrier__now();
    list_for_each (link, &c->all)
        if (s == NATS_OK)
            s = carrier__ear_listen(list_entry(link, struct ear, link), l->connection);
    if (s == NATS_OK)
        s = probe(c, l);
    if (s != NATS_OK)
        lose(c, natsStatus_GetText(s));
}

static void mind_attempt(struct carrier *c)
{
    int64_t now = carrier__now();
    struct line *l = c->attempt;
    if (l == NULL && c->line == NULL && now >= c->retry_at) {
        struct buffer address = {.data = NULL};
        buffer_add(&address, c->params.bus.addresses[c->next]);
        buffer_add_byte(&address, '\0');
        c->attempt = carrier__line_begin(c, address.data);
        buffer_free(&address);
    } else if (l != NULL && atomic_load(&l->state) == LINE_CONNECTED)
        adopt(c);
    else if (l != NULL && atomic_load(&l->state) == LINE_FAILED) {
        fail(c, l->why);
        c->attempt = NULL;
        carrier__line_close(c, l);
    } else if (l != NULL && now - l->since > timer_duration(TIMER_BUS_ATTEMPT)) {
        char why[GREETING_WHY];
        snprintf(why, sizeof why, "%s does not finish the handshake", l->address);
        fail(c, why);
        c->attempt = NULL;
        carrier__line_close(c, l);
    }
    bool up = c->line != NULL && c->line->up;
    if (!up && !c->away && now - c->lost_at > timer_duration(TIMER_BUS_AWAY))
        say_away(c, c->why[0] != '\0' ? c->why : "no server has answered yet");
}

/* ---- what the server does not permit ---- */

/* The subject between the quotes; the whole line when there are none. */
static struct slice subject_of(struct slice complaint)
{
    struct slice rest = complaint, part;
    slice_cut(&rest, '"', &part);
    return slice_cut(&rest, '"', &part) ? part : complaint;
}

/* True: it concerns the probe, so that nothing of this cluster is permitted. */
static bool complain(struct carrier *c, struct slice line)
{
    struct slice subject = subject_of(line);
    struct slice rest = slice_from(subject, c->prefix_length);
    if (slice_starts(rest, SLICE(PROBE)))
        return true;
    if (map_get(&c->complained, subject) != NULL || map_count(&c->complained) >= COMPLAINED)
        return false;
    char *said = mem_copy(subject.data, subject.length);
    map_put(&c->complained, slice_of(said, subject.length), said);
    LOG(LOG_ERROR, "world",
        "the bus does not let us as user \"%s\": %.*s; compare its permissions with `tandem accounts`",
        c->params.bus.user != NULL ? c->params.bus.user : "", SLICE_ARG(line));
    return false;
}

static bool hear_complaints(struct carrier *c)
{
    struct line *l = c->line;
    struct slice line;
    bool none = false;
    pthread_mutex_lock(&l->lock);
    struct buffer complaints = l->complaints;
    l->complaints = (struct buffer){.data = NULL};
    pthread_mutex_unlock(&l->lock);
    struct slice rest = buffer_slice(&complaints);
    while (slice_cut(&rest, '\n', &line))
        none |= !slice_empty(line) && complain(c, line);
    buffer_free(&complaints);
    return none;
}

static void mind_line(struct carrier *c)
{
    struct line *l = c->line;
    const char *text = NULL;
    char why[GREETING_WHY];
    if (l == NULL)
        return;
    if (hear_complaints(c) && !l->up) {
        snprintf(why, sizeof why, "%s permits user \"%s\" nothing of \"%s>\": wrong account or cluster",
            l->address, l->user != NULL ? l->user : "", c->prefix);
        lose(c, why);
    } else if (!atomic_load(&l->reading)) {
        natsConnection_GetLastError(l->connection, &text);
        snprintf(why, sizeof why, "%s", text != NULL && text[0] != '\0' ? text : "closed by the server");
        lose(c, why);
    } else if (atomic_load(&l->leaving))
        lose(c, "the server is about to stop");
    else if (!l->up && atomic_load(&l->echoed)) {
        l->up = true;
        natsSubscription_Destroy(l->probe);
        l->probe = NULL;
        say_back(c);
    } else if (!l->up && carrier__now() - l->since > timer_duration(TIMER_BUS_PROBE)) {
        snprintf(why, sizeof why, "%s does not bring back what is sent", l->address);
        lose(c, why);
    }
}

/* ---- the queue ---- */

/* When all that was taken before is done. False: the carrier is to end. */
static bool take_orders(struct carrier *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->queue_at == c->queue.length) {
        struct buffer empty = c->queue;
        buffer_clear(&empty);
        c->queue = c->orders;
        c->orders = empty;
        c->queue_at = 0;
    }
    bool goes_on = !c->ends;
    pthread_mutex_unlock(&c->lock);
    return goes_on;
}

static void apply(struct carrier *c, const struct order *o)
{
    if (o->end != NULL) {
        carrier__ear_stop(o->end);
        list_remove(&o->end->link);
        carrier__ear_release(o->end);
    }
    if (o->begin != NULL) {
        list_append(&c->all, &o->begin->link);
        if (c->line != NULL && carrier__ear_listen(o->begin, c->line->connection) != NATS_OK)
            atomic_store(&c->line->reading, false);
    }
}

static void publish(struct carrier *c, const char *subject, const void *bytes, size_t length)
{
    natsStatus s = natsConnection_Publish(c->line->connection, subject, bytes, (int)length);
    if (s == NATS_MAX_PAYLOAD)
        LOG(LOG_ERROR, "world",
            "a message of %zu bytes on \"%s\" is larger than the server of the bus permits; raise its "
            "max_payload",
            length, subject);
}

/* Gives the library what the socket takes; stops when the server does not keep up, and at a publish that
 * waits for the connection. */
static void carry(struct carrier *c)
{
    size_t done = 0, given = 0;
    uint64_t lost = 0;
    while (c->queue_at < c->queue.length) {
        struct order o;
        memcpy(&o, c->queue.data + c->queue_at, sizeof o);
        const char *subject = c->queue.data + c->queue_at + sizeof o;
        bool up = c->line != NULL && c->line->up;
        size_t size = sizeof o;
        if (o.begin != NULL || o.end != NULL)
            apply(c, &o);
        else {
            size += o.subject + 1 + o.bytes;
            if (up && given > CARRIER_ROOM) {
                natsConnection_ProcessWriteEvent(c->line->connection);
                given = 0;
                if (atomic_load(&c->line->writing))
                    break;
            }
            if (up)
                publish(c, subject, subject + o.subject + 1, o.bytes);
            else if (!c->ending && carrier__now() - o.at < timer_duration(TIMER_BUS_KEEP))
                break;
            else
                lost++;
            given += size;
            done += size;
        }
        c->queue_at += size;
    }
    if (c->line != NULL && atomic_load(&c->line->writing))
        natsConnection_ProcessWriteEvent(c->line->connection);
    pthread_mutex_lock(&c->lock);
    c->out -= done;
    c->out_lost += lost;
    c->more = c->queue_at == c->queue.length && c->orders.length != 0;
    pthread_mutex_unlock(&c->lock);
}

static void pause_until_something(struct carrier *c)
{
    const struct line *l = c->line;
    bool up = l != NULL && l->up;
    struct pollfd polls[2] = {{.fd = c->wake, .events = POLLIN}, {.fd = -1}};
    uint64_t sum;
    if (l != NULL && atomic_load(&l->reading)) {
        polls[1].fd = l->fd;
        polls[1].events = (short)(POLLIN | (atomic_load(&l->writing) ? POLLOUT : 0));
    }
    if (poll(polls, 2, c->more ? 0 : up ? -1 : IDLE) <= 0)
        return;
    if ((polls[0].revents & POLLIN) != 0 && read(c->wake, &sum, sizeof sum) < 0)
        sum = 0; /* somebody was faster */
    if ((polls[1].revents & ~POLLOUT) != 0)
        natsConnection_ProcessReadEvent(l->connection);
}

/* What was published last may still leave; then everything is given back. */
static void end(struct carrier *c)
{
    int64_t until = carrier__now() + timer_duration(TIMER_BUS_LAST);
    while (c->line != NULL && c->line->up && atomic_load(&c->line->reading) && carrier__now() < until &&
           (c->queue_at < c->queue.length || c->more || atomic_load(&c->line->writing))) {
        struct pollfd p = {.fd = c->line->fd, .events = POLLOUT};
        carry(c);
        poll(&p, 1, 1);
        take_orders(c);
    }
    list_for_each (link, &c->all)
        carrier__ear_stop(list_entry(link, struct ear, link));
    if (c->attempt != NULL)
        carrier__line_close(c, c->attempt);
    if (c->line != NULL)
        carrier__line_close(c, c->line);
    c->line = NULL;
    c->ending = true;
    carry(c);
    take_orders(c);
    carry(c);
    list_for_each_safe (link, next, &c->all)
        carrier__ear_release(list_entry(link, struct ear, link));
    carrier__lines_sweep(c, true);
    list_for_each_safe (link, next, &c->closed) /* whose threads still wait for a server */
        carrier__line_release(list_entry(link, struct line, link));
}

void *carrier__run(void *argument)
{
    struct carrier *c = argument;
    uint32_t chance = 0;
    pthread_setname_np(pthread_self(), "bus"); /* so are the threads that the library begins from here */
    if (getrandom(&chance, sizeof chance, 0) == sizeof chance)
        c->next = chance % c->params.bus.count;
    c->lost_at = carrier__now();
    while (take_orders(c)) {
        mind_attempt(c);
        mind_line(c);
        carry(c);
        carrier__lines_sweep(c, false);
        pause_until_something(c);
    }
    end(c);
    nats_ReleaseThreadMemory();
    return NULL;
}
