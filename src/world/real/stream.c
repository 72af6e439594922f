/* A TCP connection, plain or TLS:
 *
 *     connecting ──> handshake (TLS) ──> open ──> lingering ──> gone
 *                                                 (what was sent goes out; then the peer's end is awaited,
 *                                                 since closing with bytes unread would take ours back)
 *
 * What roles send is collected and goes out at the end of the round. A connection at rest holds no buffer. */
#include "world/real/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/tls.h"

#define TLS_RECORD ((size_t)16 << 10)
#define SPARE_BYTES ((size_t)64 << 10) /* a send buffer larger than this is freed, not kept */

enum state { CONNECTING, HANDSHAKE, OPEN, LINGERING };

struct stream {
    struct real_flow flow;
    struct real_timer timer; /* of connecting, handshake and lingering; of looks at the certificate */
    struct buffer out;
    size_t sent;    /* of out */
    uint32_t bound; /* bytes that may wait; 0: as many as for all */
    SSL *ssl;
    struct tally *tally; /* of the listener; NULL: we opened it */
    uint8_t state;
    bool ended; /* the peer sends nothing more */
};

static void shut(struct real_flow *f, bool gently);

static size_t waiting(const struct stream *s)
{
    return s->out.length - s->sent;
}

static size_t limit_of(const struct stream *s)
{
    return s->bound != 0 ? s->bound : s->flow.loop->params.send_limit;
}

static void watch(struct stream *s, uint32_t interest)
{
    if (!real__flow_watch(&s->flow, interest))
        real__flow_fail(&s->flow, ERROR_SYSTEM, false);
}

static void watch_open(struct stream *s)
{
    bool reads = s->state == LINGERING ? !s->ended : !s->flow.paused;
    watch(s, (reads ? EPOLLIN : 0) | (waiting(s) != 0 ? EPOLLOUT : 0));
}

/* ---- going out ---- */

static void obtain_buffer(struct stream *s)
{
    struct real_loop *l = s->flow.loop;
    if (s->out.data == NULL && l->spare_count != 0)
        s->out = l->spares[--l->spare_count];
    s->out.limit = 2 * limit_of(s); /* with what has gone out already */
}

static void release_buffer(struct stream *s)
{
    struct real_loop *l = s->flow.loop;
    if (s->out.capacity != 0 && s->out.capacity <= SPARE_BYTES && l->spare_count < REAL_SPARES) {
        l->spares[l->spare_count] = s->out;
        buffer_clear(&l->spares[l->spare_count++]);
        s->out = (struct buffer){.data = NULL};
    } else {
        buffer_free(&s->out);
    }
    s->sent = 0;
}

static ptrdiff_t write_some(struct stream *s)
{
    struct slice rest = slice_from(buffer_slice(&s->out), s->sent);
    if (s->ssl != NULL)
        return real__tls_write(s->ssl, rest);
    ssize_t n = send(s->flow.fd, rest.data, rest.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? 0 : real__error(errno);
}

/* All of it is out: now the peer may know that nothing follows. */
static void finish(struct stream *s)
{
    if (s->ssl != NULL) {
        SSL_shutdown(s->ssl);
        SSL_free(s->ssl);
        s->ssl = NULL;
    }
    if (s->ended || shutdown(s->flow.fd, SHUT_WR) != 0)
        shut(&s->flow, false);
}

static void flush(struct real_flow *f)
{
    struct stream *s = (struct stream *)f;
    ptrdiff_t n = 1;
    if (s->state != OPEN && s->state != LINGERING)
        return;
    bool had = waiting(s) != 0;
    while (waiting(s) != 0 && (n = write_some(s)) > 0)
        s->sent += (size_t)n;
    if (n < 0) {
        real__flow_fail(f, (int)n, false);
        return;
    }
    if (waiting(s) == 0)
        release_buffer(s);
    if (waiting(s) == 0 && had && s->state == LINGERING)
        finish(s);
    if (f->open)
        watch_open(s);
}

static void send_h(struct real_flow *f, const struct address *peer, struct slice bytes)
{
    struct stream *s = (struct stream *)f;
    size_t limit = limit_of(s);
    (void)peer;
    if (waiting(s) + bytes.length > limit)
        flush(f); /* a turn may say more than the limit to a peer that reads well */
    if (!f->open || f->error != 0)
        return;
    if (waiting(s) + bytes.length > limit) {
        f->instance->world.counters.values[COUNTER_FLOW_OVERFLOW]++;
        real__flow_fail(f, ERROR_OVERLOADED, false);
        return;
    }
    if (s->sent != 0 && s->sent >= waiting(s)) {
        buffer_consume(&s->out, s->sent);
        s->sent = 0;
    }
    obtain_buffer(s);
    buffer_add(&s->out, bytes);
}

/* ---- coming in ---- */

/* Bytes, 0: not now, or an error. */
static ptrdiff_t read_plain(struct stream *s)
{
    ssize_t n = recv(s->flow.fd, s->flow.loop->read, REAL_READ, MSG_DONTWAIT);
    if (n > 0)
        return n;
    if (n == 0)
        return ERROR_CLOSED;
    return errno == EAGAIN || errno == EINTR ? 0 : real__error(errno);
}

/* Reads only where a whole record has room, so that nothing stays in the library where epoll cannot see it.
 */
static ptrdiff_t read_tls(struct stream *s, int *error)
{
    size_t got = 0;
    ptrdiff_t n = 1;
    while (REAL_READ - got >= TLS_RECORD && n > 0) {
        n = real__tls_read(s->ssl, s->flow.loop->read + got, REAL_READ - got);
        if (n > 0)
            got += (size_t)n;
    }
    *error = n < 0 ? (int)n : 0;
    return (ptrdiff_t)got;
}

static void input(struct stream *s)
{
    struct real_flow *f = &s->flow;
    int error = 0;
    ptrdiff_t n = s->ssl != NULL ? read_tls(s, &error) : read_plain(s);
    if (n < 0)
        error = (int)n;
    if (n > 0) {
        struct input data = {.kind = INPUT_DATA,
            .flow = f->number,
            .token = f->token,
            .bytes = slice_of(f->loop->read, (size_t)n)};
        real__turn(f->instance, &data);
    }
    if (error == 0)
        return;
    s->ended = error == ERROR_CLOSED;
    if (f->open)
        real__flow_fail(f, error, s->ended);
}

static void discard(struct stream *s)
{
    ptrdiff_t n = read_plain(s);
    if (n < 0 && (n != ERROR_CLOSED || waiting(s) == 0)) {
        shut(&s->flow, false);
    } else if (n < 0) {
        s->ended = true; /* it may still read */
        watch_open(s);
    }
}

/* ---- coming up ---- */

/* Who has shown a certificate is known only as long as it is good; looked at again and again, since the clock
 * may be set. True: it is. */
static bool still_known(struct stream *s)
{
    struct real_loop *l = s->flow.loop;
    int64_t ends = s->ssl != NULL ? real__tls_ends(s->ssl) : INT64_MAX;
    int64_t look = real_now(l) + timer_duration(TIMER_TLS_LOOK);
    if (ends <= real_now(l))
        return false;
    if (ends != INT64_MAX)
        real__timer_at(l, &s->timer, ends < look ? ends : look);
    return true;
}

static void tell_up(struct stream *s)
{
    struct real_flow *f = &s->flow;
    char name[ENDPOINT_NAME] = "", serial[REAL_SERIAL] = "";
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    struct input up = {
        .kind = s->tally != NULL ? INPUT_ACCEPTED : INPUT_OPENED, .flow = f->number, .token = f->token};
    s->state = OPEN;
    real__timer_clear(f->loop, &s->timer);
    getpeername(f->fd, (struct sockaddr *)&peer, &length);
    real__address(&up.peer, &peer);
    if (s->ssl != NULL) {
        real__tls_name(s->ssl, name, sizeof name);
        real__tls_serial(s->ssl, serial);
    }
    up.name = slice_text(name);
    up.bytes = slice_text(serial);
    still_known(s); /* the handshake has just said so */
    flush(f);       /* what the opener has said already; and begins to read */
    if (real__flow_lives(f))
        real__turn(f->instance, &up);
}

/* One that the role does not know yet goes without a word. */
static void fail_coming(struct stream *s, int error)
{
    if (s->tally != NULL)
        real__flow_close(&s->flow);
    else
        real__flow_fail(&s->flow, error, false);
}

static void leave_handshake(struct real_loop *l)
{
    struct list *held = list_first(&l->held_listeners);
    l->handshakes--;
    if (held == NULL)
        return;
    list_remove(held);
    real__listener_go_on(held);
}

static void handshake(struct stream *s)
{
    struct real_loop *l = s->flow.loop;
    uint32_t events = EPOLLIN;
    int error = real__tls_handshake(s->ssl, &events);
    if (error == ERROR_AGAIN) {
        watch(s, events);
        return;
    }
    if (error != 0) {
        s->flow.instance->world.counters.values[COUNTER_TLS_FAILED]++;
        fail_coming(s, error);
        return;
    }
    s->state = OPEN;
    leave_handshake(l);
    if (s->tally != NULL && !s->tally->listens)
        real__flow_close(&s->flow);
    else
        tell_up(s);
}

static void begin_handshake(struct stream *s)
{
    s->state = HANDSHAKE;
    s->flow.loop->handshakes++;
    real__timer_set(s->flow.loop, &s->timer, TIMER_TLS_HANDSHAKE);
    handshake(s);
}

static void connected(struct stream *s)
{
    int number = 0;
    socklen_t length = sizeof number;
    if (getsockopt(s->flow.fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0)
        number = errno;
    if (number != 0)
        real__flow_fail(&s->flow, real__error(number), false);
    else if (s->ssl != NULL)
        begin_handshake(s);
    else
        tell_up(s);
}

static void ready_h(struct real_flow *f, uint32_t events)
{
    struct stream *s = (struct stream *)f;
    switch ((enum state)s->state) {
    case CONNECTING:
        connected(s);
        break;
    case HANDSHAKE:
        handshake(s);
        break;
    case OPEN:
        if (events & EPOLLOUT)
            flush(f);
        if (real__flow_lives(f) && s->state == OPEN && !f->paused && (events & ~(uint32_t)EPOLLOUT))
            input(s);
        break;
    case LINGERING:
        if (events & EPOLLOUT)
            flush(f);
        if (f->open && (events & ~(uint32_t)EPOLLOUT))
            discard(s);
        break;
    }
}

static void due_h(struct real_timer *t)
{
    struct stream *s = list_entry(t, struct stream, timer);
    if (s->state == LINGERING) {
        shut(&s->flow, false);
        return;
    }
    if (s->state == OPEN) {
        if (!still_known(s))
            real__flow_fail(&s->flow, ERROR_UNAUTHENTICATED, false);
        return;
    }
    if (s->state == HANDSHAKE)
        s->flow.instance->world.counters.values[COUNTER_TLS_FAILED]++;
    fail_coming(s, ERROR_TIMEOUT);
}

static void pause_h(struct real_flow *f, bool pause)
{
    struct stream *s = (struct stream *)f;
    f->paused = pause;
    if (s->state == OPEN)
        watch_open(s);
}

static void bound_h(struct real_flow *f, size_t bytes)
{
    ((struct stream *)f)->bound = bytes < UINT32_MAX / 2 ? (uint32_t)bytes : UINT32_MAX / 2;
}

/* ---- going away ---- */

static void gone(struct stream *s)
{
    if (s->state == HANDSHAKE)
        leave_handshake(s->flow.loop);
    s->state = LINGERING;
    real__timer_clear(s->flow.loop, &s->timer);
    SSL_free(s->ssl);
    s->ssl = NULL;
    release_buffer(s);
    if (s->tally != NULL) {
        s->tally->flows--;
        real__tally_leave(s->tally);
    }
    s->tally = NULL;
    real__flow_gone(&s->flow);
}

static void shut(struct real_flow *f, bool gently)
{
    struct stream *s = (struct stream *)f;
    if (!f->open)
        return;
    if (!gently || s->state == CONNECTING || s->state == HANDSHAKE) {
        gone(s);
        return;
    }
    if (s->state == LINGERING)
        return;
    s->state = LINGERING;
    real__timer_set(f->loop, &s->timer, TIMER_FLOW_LINGER);
    if (waiting(s) == 0) {
        finish(s);
        if (f->open)
            watch_open(s);
    } else {
        flush(f);
    }
}

static size_t waiting_h(const struct real_flow *f)
{
    return waiting((const struct stream *)f);
}

static const struct real_flow_type type = {.ready_h = ready_h,
    .send = send_h,
    .flush = flush,
    .pause = pause_h,
    .bound = bound_h,
    .shut = shut,
    .waiting = waiting_h};

/* ---- beginnings ---- */

static struct stream *stream_new(struct real_instance *i, uint64_t number, uint64_t token, int fd)
{
    struct stream *s = real__flow_new(&type, i, number, token, sizeof *s);
    s->flow.fd = fd;
    s->timer.due_h = due_h;
    return s;
}

void real__stream_accepted(struct real_flow *from, struct tally *tally, const struct endpoint *at, int fd)
{
    struct real_instance *i = from->instance;
    struct stream *s = stream_new(i, ++i->world.next_flow, from->token, fd);
    s->tally = tally;
    tally->flows++;
    if (at->transport != TRANSPORT_TLS) {
        tell_up(s);
        return;
    }
    s->ssl = real__tls_new(i->loop, &s->flow.fd, at, true);
    if (s->ssl != NULL)
        begin_handshake(s);
    else
        real__flow_close(&s->flow);
}

/* Small messages go out at once; a peer that has vanished is found out in about a minute and a half, or in
 * half a minute when something is under way to it. */
void real__stream_options(int fd)
{
    static const struct {
        int level, option, value;
    } options[] = {{IPPROTO_TCP, TCP_NODELAY, 1}, {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 10}, {IPPROTO_TCP, TCP_KEEPCNT, 3},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000}};
    for (size_t n = 0; n < sizeof options / sizeof options[0]; n++)
        setsockopt(fd, options[n].level, options[n].option, &options[n].value, sizeof options[n].value);
}

/* 0, also while it is under way, or errno. */
static int begin(const struct stream *s, const struct endpoint *to)
{
    struct sockaddr_storage name;
    socklen_t length = real__sockaddr(&name, &to->address);
    real__stream_options(s->flow.fd);
    if (connect(s->flow.fd, (struct sockaddr *)&name, length) == 0 || errno == EINPROGRESS)
        return 0;
    return errno;
}

void real__stream_open(struct real_instance *i, const struct effect *e, const struct endpoint *to)
{
    struct stream *s = stream_new(i, e->flow, e->token, -1);
    s->flow.fd =
        socket(to->address.family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int number = s->flow.fd < 0 ? errno : 0;
    if (number == 0 && to->transport == TRANSPORT_TLS) {
        s->ssl = real__tls_new(i->loop, &s->flow.fd, to, false);
        number = s->ssl == NULL ? ENOMEM : 0;
    }
    if (number == 0)
        number = begin(s, to);
    if (number != 0) {
        LOG(LOG_NOTICE, "world", "cannot connect to %.*s: %s", SLICE_ARG(e->first), strerror(number));
        real__flow_fail(&s->flow, real__error(number), false);
        return;
    }
    real__timer_set(i->loop, &s->timer, TIMER_FLOW_CONNECT);
    watch(s, EPOLLOUT);
}
