/* A request on its way through the proxy, and where it may go. */
#ifndef TANDEM_ROLES_PROXY_RELAY_H
#define TANDEM_ROLES_PROXY_RELAY_H

#include "base/buffer.h"
#include "sip/transaction.h"

#define PROXY_BRANCHES 16 /* of one request */

struct edge_listener;
struct proxy;

struct branch {
    uint64_t transaction; /* 0: over */
    bool cancelled;       /* our CANCEL is out */
};

/* A request on its way: one server transaction, one or more client transactions. */
struct relay {
    uint64_t id;
    uint64_t server;
    enum sip_method method;
    unsigned count, open;
    bool answered, cancelled; /* a 2xx has gone up; CANCEL has come */
    bool concluded;           /* a refusal has gone up */
    bool flow_failed;         /* a phone was not reached by the flow that was tried */
    unsigned group;           /* of contacts that was tried last; 0: there are no others */
    uint16_t best;            /* the best refusal so far */
    struct buffer best_response;
    struct buffer reason; /* of the CANCEL: why (RFC 3326) */
    struct branch branches[PROXY_BRANCHES];

    /* trunk/ */
    struct outgoing *outgoing; /* the request goes to a trunk; NULL: elsewhere */
    uint64_t trunk_call;       /* that it would begin there; 0: none */
    bool from_trunk;           /* it came from one: what goes back names nothing of the inside */

    /* nodes/ */
    bool sent_on;      /* a pair has sent it on to another one */
    char identity[64]; /* of the caller, as it was proved; "": none */
};

/* Where a request is to go. */
struct destination {
    struct sip_target target;
    bool reliable;
    const struct edge_listener *listener; /* of phones: what stands in Via; NULL: one of ours */
    struct slice uri;                     /* the request URI there; empty: as it came */
    const char *record_flow;              /* phones: the flow parameter of our Record-Route; NULL: none */
    bool keep_route;                      /* another proxy: it reads our Route */
    bool found;                           /* ... which names a new flow in place of one that has ended */
    unsigned breadth;                     /* Max-Breadth there (RFC 5393); 0: it is not said */
    const struct outside *outside;        /* a trunk: what it is told; NULL: another destination */
    const char *record_way; /* from a trunk: the way parameter of our Record-Route; NULL: none */
    struct slice path;      /* phones: what stands between (RFC 3327); becomes a Route */
    unsigned
        group; /* contacts: those of one group are tried together, then those of the next; 0: no others */
    const char *why; /* pairs: SIP_WHY_* of a new call; NULL: it has its dialog there */
};

/* relay.c */
void proxy__relay(struct proxy *p, struct sip_transaction *t, const struct sip_message *m,
    const struct destination *to, unsigned count, struct slice identity);
/* The relay of a request whose branches come one after the other. */
struct relay *proxy__relay_begin(struct proxy *p, struct sip_transaction *t, const struct sip_message *m);
/* The id of its transaction; 0: the message has become too large. */
uint64_t proxy__relay_branch(struct proxy *p, struct relay *r, const struct sip_message *m,
    const struct destination *to, struct slice identity);
void proxy__relay_close_branch(struct relay *r, uint64_t transaction);
/* Nothing more will be tried: `status`, unless a better answer has come, goes up when no branch is left. */
void proxy__relay_refuse(struct proxy *p, struct relay *r, uint16_t status);
/* All Routes but the first: that was ours. Another proxy still needs it. */
void proxy__add_routes(struct buffer *out, const struct sip_message *m, bool keep_first);
/* The same request to one place more; false: it cannot be sent any more. */
bool proxy__relay_again(struct proxy *p, struct relay *r, const struct destination *to);
/* Another proxy is gone: phones that it has not said anything of are called by their other flows. */
void proxy__relays_leave(struct proxy *p, const char *proxy);
void proxy__forward_ack(struct proxy *p, const struct sip_message *m, const struct destination *to);
void proxy__forward_cancel(struct proxy *p, const struct sip_message *m, const struct destination *to);
/* The response as it goes on: without the topmost Via. */
void proxy__build_response(struct buffer *out, const struct sip_message *m);
void proxy__relay_cancel(struct proxy *p, struct sip_transaction *invite, const struct sip_message *m);
void proxy__response(void *self, struct sip_transaction *t, const struct sip_message *m);
void proxy__failed(void *self, struct sip_transaction *t);
void proxy__over(void *self, struct sip_transaction *t);
void proxy__relays_close(struct proxy *p);

/* stateless.c: responses to requests that another life of this proxy has passed on */
void proxy__stray(void *self, const struct sip_target *from, const struct sip_message *m);

#endif
