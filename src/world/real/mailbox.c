/* The mailbox of a loop: other threads put functions in, the loop takes them all out at once. Only the one
 * that finds it empty wakes the loop. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/real_int.h"

int real__mailbox_open(struct real_loop *l)
{
    struct real_mailbox *m = &l->mailbox;
    pthread_mutex_init(&m->lock, NULL);
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = m};
    if (m->fd >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, m->fd, &event) == 0)
        return 0;
    LOG(LOG_ERROR, "world", "cannot make a mailbox: %s", strerror(errno));
    return ERROR_SYSTEM;
}

/* Writing may fail only when the counter is full, and then the loop is awake. */
static void wake(const struct real_mailbox *m)
{
    uint64_t one = 1;
    if (write(m->fd, &one, sizeof one) < 0)
        return;
}

void real_post(struct real_loop *l, void (*mail_h)(struct real_loop *loop, void *argument), void *argument)
{
    struct real_mailbox *m = &l->mailbox;
    pthread_mutex_lock(&m->lock);
    if (m->count == m->capacity) {
        m->capacity = m->capacity != 0 ? m->capacity * 2 : 16;
        m->mails = mem_resize(m->mails, m->capacity * sizeof *m->mails);
    }
    bool first = m->count == 0;
    m->mails[m->count++] = (struct real_mail){mail_h, argument};
    if (first)
        wake(m);
    pthread_mutex_unlock(&m->lock);
}

void real_stop(struct real_loop *l)
{
    atomic_store(&l->stop, true);
    wake(&l->mailbox);
}

void real__mailbox_ready(struct real_loop *l)
{
    struct real_mailbox *m = &l->mailbox;
    uint64_t sum;
    if (read(m->fd, &sum, sizeof sum) < 0)
        sum = 0; /* looked in without having been woken */
    pthread_mutex_lock(&m->lock);
    struct real_mail *mails = m->mails;
    size_t count = m->count;
    m->mails = NULL;
    m->count = m->capacity = 0;
    pthread_mutex_unlock(&m->lock);
    for (size_t i = 0; i < count; i++)
        mails[i].mail_h(l, mails[i].argument);
    mem_free(mails);
}

void real_run_mail(struct real_loop *l)
{
    real__mailbox_ready(l);
}

void real__mailbox_close(struct real_loop *l)
{
    struct real_mailbox *m = &l->mailbox;
    if (m->fd >= 0) {
        real__mailbox_ready(l);
        close(m->fd);
    }
    pthread_mutex_destroy(&m->lock);
}
