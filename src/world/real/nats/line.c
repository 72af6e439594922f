/* One connection to one server. A thread of its own makes it, since the library waits for a TLS handshake
 * without a limit; whoever waits for that thread in vain leaves it alone, and it cleans up itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "world/real/nats/carrier_int.h"

#define PASSWORD 1024   /* bytes of its file at most */
#define COMPLAINTS 8192 /* bytes of them that wait */

int64_t carrier__now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Writing may fail only when the counter is full, and then the thread is awake. */
void carrier__wake(int event)
{
    uint64_t one = 1;
    if (write(event, &one, sizeof one) < 0)
        return;
}

/* ---- life ---- */

void carrier__line_release(struct line *l)
{
    if (atomic_fetch_sub(&l->users, 1) != 1)
        return;
    close(l->wake);
    pthread_mutex_destroy(&l->lock);
    buffer_free(&l->complaints);
    char *texts[] = {l->address, l->user, l->password_file, l->authority, l->certificate, l->key, l->cluster};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        mem_free(texts[i]);
    mem_free(l);
}

static void *use(struct line *l)
{
    atomic_fetch_add(&l->users, 1);
    return l;
}

static void destroy(struct line *l)
{
    natsSubscription_Destroy(l->probe);
    natsConnection_Destroy(l->connection);
}

void carrier__line_close(struct carrier *c, struct line *l)
{
    int connecting = LINE_CONNECTING;
    if (!atomic_compare_exchange_strong(&l->state, &connecting, LINE_FAILED))
        destroy(l); /* else its thread finds that nobody wants it any more */
    list_append(&c->closed, &l->link);
}

void carrier__lines_sweep(struct carrier *c, bool wait)
{
    int64_t until = carrier__now() + (wait ? timer_duration(TIMER_BUS_LAST) : 0);
    do {
        list_for_each_safe (link, next, &c->closed) {
            struct line *l = list_entry(link, struct line, link);
            if (atomic_load(&l->users) > 1)
                continue;
            list_remove(link);
            carrier__line_release(l);
        }
        if (wait && !list_empty(&c->closed))
            nats_Sleep(1);
    } while (wait && !list_empty(&c->closed) && carrier__now() < until);
}

/* ---- what the library calls ---- */

static natsStatus attach_h(void **data, void *loop, natsConnection *connection, natsSock socket)
{
    struct line *l = use(loop);
    (void)connection;
    *data = l;
    l->fd = socket;
    atomic_store(&l->reading, true);
    return NATS_OK;
}

static natsStatus read_h(void *data, bool on)
{
    struct line *l = data;
    if (atomic_exchange(&l->reading, on) != on)
        carrier__wake(l->wake);
    return NATS_OK;
}

/* On: from any thread, while the carrier may sleep. */
static natsStatus write_h(void *data, bool on)
{
    struct line *l = data;
    if (!atomic_exchange(&l->writing, on) && on)
        carrier__wake(l->wake);
    return NATS_OK;
}

static natsStatus detach_h(void *data)
{
    struct line *l = data;
    atomic_store(&l->reading, false);
    carrier__wake(l->wake);
    carrier__line_release(l);
    return NATS_OK;
}

static void closed_h(natsConnection *connection, void *closure)
{
    struct line *l = closure;
    (void)connection;
    atomic_store(&l->reading, false);
    carrier__wake(l->wake);
    carrier__line_release(l);
}

static void lame_h(natsConnection *connection, void *closure)
{
    struct line *l = closure;
    (void)connection;
    atomic_store(&l->leaving, true);
    carrier__wake(l->wake);
}

static void error_h(natsConnection *connection, natsSubscription *heard, natsStatus status, void *closure)
{
    struct line *l = closure;
    const char *text = nats_GetLastError(NULL);
    (void)connection;
    if (status == NATS_SLOW_CONSUMER) {
        LOG(LOG_WARNING, "world", "messages of the bus on \"%s\" were dropped: this machine is too slow",
            heard != NULL ? natsSubscription_GetSubject(heard) : "?");
        return;
    }
    pthread_mutex_lock(&l->lock);
    if (text != NULL && l->complaints.length + strlen(text) < COMPLAINTS) {
        buffer_add_text(&l->complaints, text);
        buffer_add_byte(&l->complaints, '\n');
    }
    pthread_mutex_unlock(&l->lock);
    carrier__wake(l->wake);
}

/* ---- connecting, in a thread of its own ---- */

/* NATS clusters of a Tandem cluster are named after it: "tandem", "tandem-north". */
static bool belongs(struct line *l, const struct greeting *g)
{
    struct slice cluster = slice_text(g->cluster), ours = slice_text(l->cluster);
    struct slice rest = slice_from(cluster, ours.length);
    if (cluster.length == 0 || (slice_starts(cluster, ours) && (rest.length == 0 || rest.data[0] == '-')))
        return true;
    snprintf(l->why, sizeof l->why, "%s belongs to the NATS cluster \"%s\", not to \"%s\" or \"%s-...\"",
        l->address, g->cluster, l->cluster, l->cluster);
    return false;
}

static bool wants_tls(const struct line *l)
{
    return slice_starts(slice_text(l->address), SLICE("tls://"));
}

/* The library would begin TLS by itself, without having been told whom to trust. */
static bool agrees_on_tls(struct line *l, const struct greeting *g)
{
    if (g->tls && !wants_tls(l))
        snprintf(l->why, sizeof l->why, "%s wants TLS; write its address with tls://", l->address);
    return !g->tls || wants_tls(l);
}

static bool read_password(struct line *l, char password[PASSWORD + 1])
{
    int fd = open(l->password_file, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, password, PASSWORD) : -1;
    if (length < 0)
        snprintf(l->why, sizeof l->why, "the password cannot be read from %s: %s", l->password_file,
            strerror(errno));
    if (fd >= 0)
        close(fd);
    while (length > 0 && (password[length - 1] == '\n' || password[length - 1] == '\r'))
        length--;
    password[length > 0 ? length : 0] = '\0';
    return length >= 0;
}

static natsStatus set_identity(struct line *l, natsOptions *o)
{
    char password[PASSWORD + 1] = "";
    natsStatus s = NATS_OK;
    if (l->user != NULL && l->password_file != NULL && !read_password(l, password))
        return NATS_INVALID_ARG;
    if (l->user != NULL)
        s = natsOptions_SetUserInfo(o, l->user, password);
    OPENSSL_cleanse(password, sizeof password);
    if (s != NATS_OK || !wants_tls(l))
        return s;
    s = natsOptions_SetSecure(o, true);
    if (s == NATS_OK && l->authority != NULL)
        s = natsOptions_LoadCATrustedCertificates(o, l->authority);
    if (s == NATS_OK && l->certificate != NULL && l->key != NULL)
        s = natsOptions_LoadCertificatesChain(o, l->certificate, l->key);
    return s;
}

/* One server, once; the socket is read and written by the carrier, who therefore sends in batches. */
static natsStatus set_ways(struct line *l, natsOptions *o)
{
    natsStatus s = natsOptions_SetURL(o, l->address);
    s = s == NATS_OK ? natsOptions_SetName(o, "tandem " TANDEM_VERSION) : s;
    s = s == NATS_OK ? natsOptions_SetAllowReconnect(o, false) : s;
    s = s == NATS_OK ? natsOptions_SetIgnoreDiscoveredServers(o, true) : s;
    s = s == NATS_OK ? natsOptions_SetTimeout(o, timer_duration(TIMER_BUS_CONNECT) / 1000) : s;
    s = s == NATS_OK ? natsOptions_SetPingInterval(o, timer_duration(TIMER_BUS_PING) / 1000) : s;
    s = s == NATS_OK ? natsOptions_SetMaxPingsOut(o, 2) : s;
    s = s == NATS_OK ? natsOptions_SetSendAsap(o, true) : s;
    s = s == NATS_OK ? natsOptions_UseGlobalMessageDelivery(o, true) : s;
    s = s == NATS_OK ? natsOptions_SetEventLoop(o, l, attach_h, read_h, write_h, detach_h) : s;
    s = s == NATS_OK ? natsOptions_SetClosedCB(o, closed_h, l) : s;
    s = s == NATS_OK ? natsOptions_SetLameDuckModeCB(o, lame_h, l) : s;
    return s == NATS_OK ? natsOptions_SetErrorHandler(o, error_h, l) : s;
}

static void explain(struct line *l, natsStatus s)
{
    const char *text = nats_GetLastError(NULL);
    if (l->why[0] != '\0')
        return;
    if (s == NATS_CONNECTION_AUTH_FAILED || (text != NULL && strstr(text, "uthorization") != NULL))
        snprintf(l->why, sizeof l->why, "%s refuses us as user \"%s\": check the name and the password",
            l->address, l->user != NULL ? l->user : "");
    else if (s == NATS_SECURE_CONNECTION_WANTED)
        snprintf(l->why, sizeof l->why, "%s offers no TLS, but its address says tls://", l->address);
    else
        snprintf(l->why, sizeof l->why, "%s%s: %s", l->address,
            s == NATS_SSL_ERROR ? " and we do not agree on TLS" : "",
            text != NULL && text[0] != '\0' ? text : natsStatus_GetText(s));
}

static bool dial(struct line *l)
{
    natsOptions *o = NULL;
    natsStatus s = natsOptions_Create(&o);
    s = s == NATS_OK ? set_ways(l, o) : s;
    s = s == NATS_OK ? set_identity(l, o) : s;
    if (s == NATS_OK) {
        use(l); /* closed_h gives it back */
        s = natsConnection_Connect(&l->connection, o);
        if (s != NATS_OK)
            carrier__line_release(l);
    }
    if (s != NATS_OK)
        explain(l, s);
    natsOptions_Destroy(o);
    return s == NATS_OK;
}

static void *connect_h(void *argument)
{
    struct line *l = argument;
    struct greeting g;
    bool good =
        carrier__greeting_read(&g, l->address, l->why) && belongs(l, &g) && agrees_on_tls(l, &g) && dial(l);
    if (good)
        slice_put(l->server, slice_text(g.server));
    int connecting = LINE_CONNECTING;
    if (!atomic_compare_exchange_strong(&l->state, &connecting, good ? LINE_CONNECTED : LINE_FAILED) && good)
        destroy(l);
    carrier__wake(l->wake);
    carrier__line_release(l);
    nats_ReleaseThreadMemory();
    return NULL;
}

static char *copy(const char *text)
{
    return text != NULL ? mem_copy(text, strlen(text) + 1) : NULL;
}

struct line *carrier__line_begin(struct carrier *c, const char *address)
{
    const struct real_engines_params *p = &c->params;
    struct line *l = mem_zero(sizeof *l);
    pthread_t thread;
    atomic_init(&l->users, 2); /* the carrier's and the thread's */
    pthread_mutex_init(&l->lock, NULL);
    l->wake = dup(c->wake);
    l->fd = -1;
    l->since = carrier__now();
    l->address = copy(address);
    l->user = copy(p->bus.user);
    l->password_file = copy(p->bus.password_file);
    l->authority = copy(p->authority);
    l->certificate = copy(p->certificate);
    l->key = copy(p->key);
    l->cluster = mem_zero(c->prefix_length);
    slice_put(l->cluster, slice_of(c->prefix, c->prefix_length - 1));
    if (pthread_create(&thread, NULL, connect_h, l) == 0) {
        pthread_detach(thread);
        return l;
    }
    snprintf(l->why, sizeof l->why, "no thread can be started: %s", strerror(errno));
    atomic_store(&l->state, LINE_FAILED);
    atomic_fetch_sub(&l->users, 1);
    return l;
}
