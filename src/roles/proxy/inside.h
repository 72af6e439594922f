/* Streams between a proxy and the other parts of its location: pairs of nodes and other proxies. */
#ifndef TANDEM_ROLES_PROXY_INSIDE_H
#define TANDEM_ROLES_PROXY_INSIDE_H

#include "config/part.h"
#include "roles/proxy/registrar/bindings.h"
#include "wire/frame.h"
#include "world/world.h"

#define INSIDE_MEMBER 64

/* A stream to or from a part of ours. */
struct inside {
    char name[PROXY_NAME];      /* of the pair or proxy; "": a stream that has not introduced itself */
    char member[INSIDE_MEMBER]; /* pairs: the primary that the record names */
    struct part_peer peer;      /* who is at the other end of the flow */
    bool is_pair;
    uint64_t view, flow; /* pairs: of the record; 0: none */
    bool greeted, other; /* it has introduced itself; the member is tried that the record does not name */
    bool probed, probe;  /* pairs: there is one; it is one: a stream to the other member of a silent pair */
    bool beats;          /* proxies: it says that it lives */
    int64_t heard_at;    /* proxies */
    struct frame_reader in;
    struct world_timer retry;
};

struct proxy;

void proxy__inside_open(struct proxy *p);
bool proxy__inside_input(struct proxy *p, const struct input *in);
void proxy__inside_close(struct proxy *p);
bool proxy__inside_connected(struct proxy *p, const char *name);
bool proxy__inside_is_proxy(struct proxy *p, const char *name);
void proxy__inside_silent(struct proxy *p, const char *name); /* a pair does not answer */
/* Each second: says to other proxies that we live, leaves those that do not say so. `paused`: we have stood
 * still ourselves, and have not read yet what came meanwhile. */
void proxy__inside_tick(struct proxy *p, bool paused);

#endif
