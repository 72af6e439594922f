/* The life of a flow: known to its role by number, closed by either side, buried when both have let go. */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/real_int.h"

void *real__flow_new(
    const struct real_flow_type *type, struct real_instance *i, uint64_t number, uint64_t token, size_t size)
{
    struct real_flow *f = mem_zero(size);
    f->type = type;
    f->loop = i->loop;
    f->instance = i;
    f->number = number;
    f->token = token;
    f->fd = -1;
    f->open = true;
    list_append(&i->loop->flows, &f->all);
    map_put_number(&i->flows, number, f);
    return f;
}

struct real_flow *real__flow_find(const struct real_instance *i, uint64_t number)
{
    return map_get_number(&i->flows, number);
}

/* A descriptor that nobody waits for is taken out of epoll, which would report a hang-up again and again. */
bool real__flow_watch(struct real_flow *f, uint32_t interest)
{
    if (interest == f->interest || f->fd < 0)
        return true;
    int operation = f->interest == 0 ? EPOLL_CTL_ADD : interest == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    struct epoll_event event = {.events = interest, .data.ptr = f};
    if (epoll_ctl(f->loop->epoll, operation, f->fd, &event) != 0) {
        LOG(LOG_ERROR, "world", "epoll refuses a descriptor: %s", strerror(errno));
        return false;
    }
    f->interest = interest;
    return true;
}

static void bury(struct real_flow *f)
{
    list_remove(&f->all);
    list_remove(&f->flush);
    list_remove(&f->event);
    list_append(&f->loop->grave, &f->event);
}

/* The role does not know it any more. */
static void detach(struct real_flow *f)
{
    map_remove_number(&f->instance->flows, f->number);
    peer_gone(&f->instance->peers, f->number);
    f->instance = NULL;
    list_remove(&f->event);
    if (!f->open)
        bury(f);
}

void real__flow_gone(struct real_flow *f)
{
    if (!f->open)
        return;
    f->open = false;
    f->interest = 0;
    if (f->fd >= 0)
        close(f->fd); /* takes it out of epoll as well */
    f->fd = -1;
    list_remove(&f->flush);
    if (f->instance == NULL)
        bury(f);
}

void real__flow_fail(struct real_flow *f, int error, bool gently)
{
    if (f->instance != NULL && f->error == 0) {
        f->error = error;
        list_append(&f->loop->failed, &f->event);
        peer_gone(&f->instance->peers, f->number);
    }
    if (f->open)
        f->type->shut(f, gently);
}

void real__flow_close(struct real_flow *f)
{
    detach(f);
    if (f->open)
        f->type->shut(f, true);
}

void real__flow_send(struct real_flow *f, const struct address *peer, struct slice bytes)
{
    if (!f->open || f->error != 0 || f->type->send == NULL)
        return;
    f->type->send(f, peer, bytes);
    if (f->open && f->type->flush != NULL && !list_linked(&f->flush))
        list_append(&f->loop->flush, &f->flush);
}

void real__flow_failed(struct real_loop *l)
{
    struct list *link;
    while ((link = list_first(&l->failed)) != NULL && !real__spent(l)) {
        struct real_flow *f = list_entry(link, struct real_flow, event);
        struct real_instance *i = f->instance;
        struct input closed = {.kind = INPUT_CLOSED, .flow = f->number, .token = f->token, .error = f->error};
        detach(f);
        real__turn(i, &closed);
    }
}

void real__flow_bury(struct real_loop *l)
{
    struct list *link;
    while ((link = list_first(&l->grave)) != NULL) {
        list_remove(link);
        mem_free(list_entry(link, struct real_flow, event));
    }
}

/* ---- what never came to be ---- */

static void refused_shut(struct real_flow *f, bool gently)
{
    (void)gently;
    real__flow_gone(f);
}

static const struct real_flow_type refused = {.shut = refused_shut};

void real__refuse(struct real_instance *i, const struct effect *e, int error)
{
    struct real_flow *f = real__flow_new(&refused, i, e->flow, e->token, sizeof *f);
    real__flow_fail(f, error, false);
}

/* ---- the system's words ---- */

socklen_t real__sockaddr(struct sockaddr_storage *to, const struct address *from)
{
    memset(to, 0, sizeof *to);
    if (from->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)to;
        in->sin_family = AF_INET;
        in->sin_port = htons(from->port);
        memcpy(&in->sin_addr, from->ip, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)to;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(from->port);
    memcpy(&in->sin6_addr, from->ip, 16);
    return sizeof *in;
}

void real__address(struct address *to, const struct sockaddr_storage *from)
{
    memset(to, 0, sizeof *to);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        to->family = 4;
        to->port = ntohs(in->sin_port);
        memcpy(to->ip, &in->sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)from;
        to->family = 6;
        to->port = ntohs(in->sin6_port);
        memcpy(to->ip, &in->sin6_addr, 16);
    }
}

int real__error(int number)
{
    static const struct {
        int number, error;
    } known[] = {{EADDRINUSE, ERROR_BUSY}, {EACCES, ERROR_DENIED}, {EPERM, ERROR_DENIED},
        {EADDRNOTAVAIL, ERROR_UNREACHABLE}, {ECONNREFUSED, ERROR_UNREACHABLE},
        {EHOSTUNREACH, ERROR_UNREACHABLE}, {ENETUNREACH, ERROR_UNREACHABLE}, {ETIMEDOUT, ERROR_TIMEOUT},
        {ECONNRESET, ERROR_CLOSED}, {EPIPE, ERROR_CLOSED}, {ECONNABORTED, ERROR_CLOSED},
        {EMFILE, ERROR_OVERLOADED}, {ENFILE, ERROR_OVERLOADED}, {ENOBUFS, ERROR_OVERLOADED},
        {ENOMEM, ERROR_OVERLOADED}, {EAFNOSUPPORT, ERROR_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].number == number)
            return known[i].error;
    return ERROR_SYSTEM;
}
