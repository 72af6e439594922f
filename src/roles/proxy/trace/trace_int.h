/* Inside of the trace. */
#ifndef TANDEM_ROLES_PROXY_TRACE_TRACE_INT_H
#define TANDEM_ROLES_PROXY_TRACE_TRACE_INT_H

#include "base/buffer.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trace/ring.h"
#include "roles/proxy/trace/trace.h"

/* Registrations, questions whether somebody is there, and the like come all the time: they must not drive
 * calls out. */
enum trace_ring { TRACE_CALLS, TRACE_REST, TRACE_RINGS };

struct collector {
    bool wanted;
    uint64_t flow;          /* our socket; 0: none */
    uint8_t family;         /* of the socket */
    struct address address; /* of the collector; family 0: not known */
    int64_t asked_at;       /* when it was looked up, µs */
    struct buffer packet;
};

struct trace {
    uint32_t memory; /* MiB, as the rings were made */
    uint64_t number; /* of the newest message */
    struct ring rings[TRACE_RINGS];
    struct collector collector;
};

/* collector.c */
void trace__collect(struct proxy *p, const struct ring_entry *e, struct slice name, struct slice message);
void trace__collector_follow(struct proxy *p);
void trace__collector_close(struct proxy *p);

/* who.c: where one of ours is, for packets: as the configuration says, else an address of the loopback that
 * is the same for the same name. */
struct address trace__place(struct proxy *p, struct slice name);
/* "pair", "proxy", "trunk", "outside"; *name is what it is called there. */
const char *trace__who(struct proxy *p, const struct ring_entry *e, struct slice *name);

/* messages.c, dialogs.c */
void trace__messages(struct proxy *p, const struct proxy_question *q);
void trace__dialogs(struct proxy *p, const struct proxy_question *q);

#endif
