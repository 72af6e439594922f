/* UDP: a flow is a socket. Datagrams come and go in batches: one system call for up to UDP_BATCH of them,
 * sent at the end of the round for all its turns. */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/real_int.h"

#define UDP_BATCH 32
#define UDP_BYTES 65536      /* the longest datagram fits */
#define UDP_QUEUED 1024      /* datagrams that wait for the kernel */
#define UDP_KERNEL (4 << 20) /* bytes asked of the kernel for each direction */

/* Where datagrams are read into: one for all sockets of a loop. Of the buffers only the pages that are used
 * cost memory. */
struct udp_batch {
    struct mmsghdr heads[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    struct sockaddr_storage peers[UDP_BATCH];
    char bytes[UDP_BATCH][UDP_BYTES];
};

struct datagram {
    size_t at, length; /* in the flow's bytes */
    struct address peer;
};

struct udp {
    struct real_flow flow;
    struct buffer bytes;
    struct datagram *queue; /* UDP_QUEUED of them, when something was ever sent */
    size_t first, count;
};

static struct udp_batch *batch_of(struct real_loop *l)
{
    if (l->udp != NULL)
        return l->udp;
    l->udp = mem_alloc(sizeof *l->udp);
    memset(l->udp->heads, 0, sizeof l->udp->heads);
    for (int i = 0; i < UDP_BATCH; i++) {
        l->udp->parts[i] = (struct iovec){l->udp->bytes[i], UDP_BYTES};
        l->udp->heads[i].msg_hdr.msg_iov = &l->udp->parts[i];
        l->udp->heads[i].msg_hdr.msg_iovlen = 1;
        l->udp->heads[i].msg_hdr.msg_name = &l->udp->peers[i];
    }
    return l->udp;
}

static void count(const struct real_flow *f, enum counter counter)
{
    if (f->instance != NULL)
        f->instance->world.counters.values[counter]++;
}

static void input(struct real_flow *f)
{
    struct udp_batch *b = batch_of(f->loop);
    for (int i = 0; i < UDP_BATCH; i++)
        b->heads[i].msg_hdr.msg_namelen = sizeof b->peers[i];
    int received = recvmmsg(f->fd, b->heads, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (received < 0 && errno != EAGAIN && errno != EINTR)
        count(f, COUNTER_UDP_FAILED); /* what ICMP said about an earlier datagram */
    for (int i = 0; i < received && real__flow_lives(f); i++) {
        struct input datagram = {.kind = INPUT_DATAGRAM,
            .flow = f->number,
            .token = f->token,
            .bytes = slice_of(b->bytes[i], b->heads[i].msg_len)};
        real__address(&datagram.peer, &b->peers[i]);
        real__turn(f->instance, &datagram);
    }
}

/* What the kernel took, or will never take, is off the queue. False: it is full. */
static bool send_some(struct udp *u)
{
    struct mmsghdr heads[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    struct sockaddr_storage peers[UDP_BATCH];
    unsigned n = 0;
    memset(heads, 0, sizeof heads);
    for (; n < UDP_BATCH && u->first + n < u->count; n++) {
        const struct datagram *d = &u->queue[u->first + n];
        parts[n] = (struct iovec){u->bytes.data + d->at, d->length};
        heads[n].msg_hdr = (struct msghdr){.msg_name = &peers[n],
            .msg_namelen = real__sockaddr(&peers[n], &d->peer),
            .msg_iov = &parts[n],
            .msg_iovlen = 1};
    }
    int sent = sendmmsg(u->flow.fd, heads, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
        return false;
    if (sent < 0 && errno == EINTR)
        return true;
    if (sent <= 0) {
        count(&u->flow, COUNTER_UDP_FAILED);
        sent = 1; /* this one cannot be sent: no route, too long, an error of an earlier one */
    }
    u->first += (unsigned)sent;
    return true;
}

static void flush(struct real_flow *f)
{
    struct udp *u = (struct udp *)f;
    while (u->first < u->count && send_some(u))
        continue;
    if (u->first == u->count) {
        u->first = u->count = 0;
        buffer_clear(&u->bytes);
    } else if (u->first != 0) {
        memmove(u->queue, u->queue + u->first, (u->count - u->first) * sizeof *u->queue);
        u->count -= u->first;
        u->first = 0;
    }
    uint32_t out = u->count != 0 ? EPOLLOUT : 0;
    if (!real__flow_watch(f, (f->paused ? 0 : EPOLLIN) | out))
        real__flow_fail(f, ERROR_SYSTEM, false);
}

static void send_h(struct real_flow *f, const struct address *peer, struct slice bytes)
{
    struct udp *u = (struct udp *)f;
    if (u->queue == NULL)
        u->queue = mem_alloc(UDP_QUEUED * sizeof *u->queue);
    if (u->count == UDP_QUEUED)
        flush(f);
    if (u->count == UDP_QUEUED || bytes.length > UDP_BYTES || peer->family == 0 || !f->open) {
        count(f, COUNTER_UDP_DROPPED);
        return;
    }
    u->queue[u->count++] = (struct datagram){.at = u->bytes.length, .length = bytes.length, .peer = *peer};
    buffer_add(&u->bytes, bytes);
    if (u->bytes.overflowed) {
        u->count--;
        u->bytes.overflowed = false;
        count(f, COUNTER_UDP_DROPPED);
    }
}

static void ready_h(struct real_flow *f, uint32_t events)
{
    if (events & EPOLLOUT)
        flush(f);
    if (f->open && (events & (EPOLLIN | EPOLLERR)))
        input(f);
}

static void pause_h(struct real_flow *f, bool pause)
{
    f->paused = pause;
    flush(f);
}

static void shut(struct real_flow *f, bool gently)
{
    struct udp *u = (struct udp *)f;
    while (gently && u->first < u->count && send_some(u))
        continue;
    buffer_free(&u->bytes);
    mem_free(u->queue);
    u->queue = NULL;
    u->first = u->count = 0;
    real__flow_gone(f);
}

static const struct real_flow_type type = {
    .ready_h = ready_h, .send = send_h, .flush = flush, .pause = pause_h, .shut = shut};

/* Not SO_REUSEADDR: two programs on one UDP port would share its datagrams by chance; it must be found out.
 */
static int bind_socket(int fd, const struct endpoint *at)
{
    struct sockaddr_storage name;
    int on = 1, kernel = UDP_KERNEL;
    socklen_t length = real__sockaddr(&name, &at->address);
    if (at->address.family == 6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kernel, sizeof kernel);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kernel, sizeof kernel);
    return bind(fd, (struct sockaddr *)&name, length) == 0 ? 0 : errno;
}

void real__udp_listen(struct real_instance *i, const struct effect *e, const struct endpoint *at)
{
    struct udp *u = real__flow_new(&type, i, e->flow, e->token, sizeof *u);
    u->flow.fd =
        socket(at->address.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int number = u->flow.fd < 0 ? errno : bind_socket(u->flow.fd, at);
    if (number == 0 && !real__flow_watch(&u->flow, EPOLLIN))
        number = ENOMEM;
    if (number == 0)
        return;
    LOG(LOG_ERROR, "world", "cannot listen on %.*s: %s", SLICE_ARG(e->first), strerror(number));
    real__flow_fail(&u->flow, real__error(number), false);
}
