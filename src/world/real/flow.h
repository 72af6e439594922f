/* What all kinds of flows share; each kind is a file of its own. */
#ifndef TANDEM_WORLD_REAL_FLOW_H
#define TANDEM_WORLD_REAL_FLOW_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/list.h"
#include "world/effect.h"
#include "world/real/real.h"

#define REAL_READ ((size_t)64 << 10) /* bytes of a stream in one turn */

struct real_flow;

struct real_flow_type {
    void (*ready_h)(struct real_flow *f, uint32_t events);
    void (*send)(struct real_flow *f, const struct address *peer, struct slice bytes);
    void (*flush)(struct real_flow *f);
    void (*pause)(struct real_flow *f, bool pause);
    void (*bound)(struct real_flow *f, size_t bytes); /* NULL: it has none of its own */
    /* Gives back what it holds of the system, then calls real__flow_gone; gently: first lets go out what was
     * sent. May come again while it does. */
    void (*shut)(struct real_flow *f, bool gently);
    size_t (*waiting)(const struct real_flow *f); /* bytes to be sent; NULL: none ever wait */
};

/* A flow lives as long as its role knows it (`instance`) or the system does (`open`); then it is buried, and
 * freed when no event of this round can name it any more. */
struct real_flow {
    const struct real_flow_type *type;
    struct real_loop *loop;
    struct real_instance *instance;
    uint64_t number, token;
    struct list all;   /* of the loop */
    struct list flush; /* has something to send */
    struct list event; /* INPUT_CLOSED is due; or buried */
    int error;         /* why it failed; 0: it has not */
    int fd;
    uint32_t interest; /* what epoll watches */
    bool open, paused;
};

void *real__flow_new(
    const struct real_flow_type *type, struct real_instance *i, uint64_t number, uint64_t token, size_t size);
struct real_flow *real__flow_find(const struct real_instance *i, uint64_t number);
bool real__flow_watch(struct real_flow *f, uint32_t interest); /* false: the system refused */
void real__flow_fail(struct real_flow *f, int error, bool gently);
void real__flow_close(struct real_flow *f);
void real__flow_gone(struct real_flow *f);
void real__flow_send(struct real_flow *f, const struct address *peer, struct slice bytes);
void real__flow_failed(struct real_loop *l); /* tells the roles */
void real__flow_bury(struct real_loop *l);
static inline bool real__flow_lives(const struct real_flow *f)
{
    return f->instance != NULL && f->error == 0;
}

/* address of the system and ours; errno and ours */
socklen_t real__sockaddr(struct sockaddr_storage *to, const struct address *from);
void real__address(struct address *to, const struct sockaddr_storage *from);
int real__error(int number);

/* The kinds. Each makes the flow, or one that has failed. */
void real__udp_listen(struct real_instance *i, const struct effect *e, const struct endpoint *at);
void real__stream_listen(struct real_instance *i, const struct effect *e, const struct endpoint *at);
void real__stream_open(struct real_instance *i, const struct effect *e, const struct endpoint *to);
void real__local_listen(struct real_instance *i, const struct effect *e, const struct endpoint *at);
void real__local_open(struct real_instance *i, const struct effect *e, const struct endpoint *to);
void real__local_ready(struct real_loop *l);
void real__refuse(struct real_instance *i, const struct effect *e, int error);

#endif
