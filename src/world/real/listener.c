/* Listeners of streams. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/stream.h"
#include "world/real/tls.h"

#define BACKLOG 4096 /* the system cuts it to its own limit */
#define AT_ONCE 64   /* connections taken in one go */

struct listener {
    struct real_flow flow;
    struct endpoint at;
    struct tally *tally;
    struct list held;        /* in the loop's held_listeners: too many handshakes are under way */
    struct real_timer timer; /* no descriptors left, not even the spare one */
};

void real__tally_leave(struct tally *t)
{
    if (t->flows == 0 && !t->listens)
        mem_free(t);
}

void real__listener_go_on(struct list *held)
{
    real__flow_watch(&list_entry(held, struct listener, held)->flow, EPOLLIN);
}

static void due_h(struct real_timer *t)
{
    real__flow_watch(&list_entry(t, struct listener, timer)->flow, EPOLLIN);
}

static void count_refused(const struct listener *n)
{
    n->flow.instance->world.counters.values[COUNTER_FLOW_REFUSED]++;
}

/* Without a descriptor the connection would stay in the backlog and wake us for ever: the spare one makes
 * room to take it and close it. */
static void refuse_one(struct listener *n)
{
    struct real_loop *l = n->flow.loop;
    LOG(LOG_ERROR, "world", "no descriptors left for new connections; raise the limit of open files");
    count_refused(n);
    if (l->spare_fd >= 0) {
        close(l->spare_fd);
        int fd = accept4(n->flow.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
    }
    l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (l->spare_fd >= 0)
        return;
    real__flow_watch(&n->flow, 0);
    real__timer_set(l, &n->timer, TIMER_LISTEN_AGAIN);
}

/* False: no more in this round. */
static bool accept_one(struct listener *n)
{
    struct real_loop *l = n->flow.loop;
    if (n->at.transport == TRANSPORT_TLS && l->handshakes >= l->params.handshakes) {
        real__flow_watch(&n->flow, 0);
        list_append(&l->held_listeners, &n->held);
        return false;
    }
    int fd = accept4(n->flow.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            refuse_one(n);
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (n->tally->flows >= l->params.listener_flows) {
        LOG(LOG_WARNING, "world", "more than %u connections at once; new ones are refused",
            l->params.listener_flows);
        count_refused(n);
        close(fd);
        return true;
    }
    real__stream_accepted(&n->flow, n->tally, &n->at, fd);
    return true;
}

static void ready_h(struct real_flow *f, uint32_t events)
{
    (void)events;
    for (int i = 0; i < AT_ONCE && real__flow_lives(f) && accept_one((struct listener *)f); i++)
        continue;
}

static void shut(struct real_flow *f, bool gently)
{
    struct listener *n = (struct listener *)f;
    (void)gently;
    if (!f->open)
        return;
    list_remove(&n->held);
    real__timer_clear(f->loop, &n->timer);
    n->tally->listens = false;
    real__tally_leave(n->tally);
    real__flow_gone(f);
}

static const struct real_flow_type type = {.ready_h = ready_h, .shut = shut};

/* SO_REUSEADDR lets a restarted program listen at once beside connections that the old one left to the
 * kernel; a port on which somebody listens stays refused. */
static int begin(int fd, const struct endpoint *at)
{
    struct sockaddr_storage name;
    int on = 1;
    socklen_t length = real__sockaddr(&name, &at->address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->address.family == 6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    real__stream_options(fd); /* connections inherit them */
    return bind(fd, (struct sockaddr *)&name, length) == 0 && listen(fd, BACKLOG) == 0 ? 0 : errno;
}

void real__stream_listen(struct real_instance *i, const struct effect *e, const struct endpoint *at)
{
    struct listener *n = real__flow_new(&type, i, e->flow, e->token, sizeof *n);
    n->at = *at;
    n->tally = mem_zero(sizeof *n->tally);
    n->tally->listens = true;
    n->timer.due_h = due_h;
    if (at->transport == TRANSPORT_TLS && i->loop->params.certificate == NULL) {
        LOG(LOG_ERROR, "world", "cannot listen on %.*s: no certificate is configured", SLICE_ARG(e->first));
        real__flow_fail(&n->flow, ERROR_UNSUPPORTED, false);
        return;
    }
    if (at->transport == TRANSPORT_TLS && at->name[0] != '\0' && i->loop->params.authority == NULL) {
        LOG(LOG_ERROR, "world", "cannot listen on %.*s: no authority is configured that says who may come",
            SLICE_ARG(e->first));
        real__flow_fail(&n->flow, ERROR_UNSUPPORTED, false);
        return;
    }
    n->flow.fd =
        socket(at->address.family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int number = n->flow.fd < 0 ? errno : begin(n->flow.fd, at);
    if (number == 0 && !real__flow_watch(&n->flow, EPOLLIN))
        number = ENOMEM;
    if (number == 0)
        return;
    LOG(LOG_ERROR, "world", "cannot listen on %.*s: %s", SLICE_ARG(e->first), strerror(number));
    real__flow_fail(&n->flow, real__error(number), false);
}

int real_flow_address(const struct real_instance *i, uint64_t flow, struct address *address)
{
    struct real_flow *f = real__flow_find(i, flow);
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (f == NULL || f->fd < 0 || getsockname(f->fd, (struct sockaddr *)&name, &length) != 0)
        return ERROR_MISSING;
    real__address(address, &name);
    return 0;
}
