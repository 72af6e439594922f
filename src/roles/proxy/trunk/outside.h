/* What a trunk is told, and what becomes of its answers: for relay.c. */
#ifndef TANDEM_ROLES_PROXY_TRUNK_OUTSIDE_H
#define TANDEM_ROLES_PROXY_TRUNK_OUTSIDE_H

#include "roles/proxy/relay.h"

struct config_trunk;

/* How a request is written for a trunk. */
struct outside {
    const struct config_trunk *trunk;
    const struct edge_listener *listener; /* what we are there */
    struct slice caller, number;          /* From and To there; empty: as they came */
    struct slice domain;                  /* of both */
    bool anonymous;                       /* the caller wants to stay unknown, and the trunk is not trusted */
    uint32_t shift;                       /* CSeq there is greater by so much: challenges were answered */
    uint32_t invite_shift;                /* ... of the INVITE that a PRACK means */
    struct slice credentials;             /* a whole line, or empty */
    char attempt[24];                     /* makes the branch of each try another one */
};

struct slice trunk_attempt(const struct outside *o); /* NULL: empty */
void trunk_build(struct buffer *out, struct proxy *p, const struct sip_message *m,
    const struct destination *to, struct slice via);
/* A trunk's call goes to another pair: as it went to the first one. False: it cannot. */
bool trunk_readdress(struct proxy *p, const struct sip_transaction *server, const struct sip_message *m,
    struct destination *to);
/* An answer as it goes on, from a trunk to a pair or the reverse. */
void trunk_build_response(
    struct buffer *out, struct proxy *p, const struct relay *r, const struct sip_message *m);
/* The headers of a request from the trunk of this way that go on: SIP_HEADER_BITs in `skip` do not. */
void trunk_add_headers(
    struct buffer *out, struct proxy *p, const struct sip_message *m, const char *way, uint64_t skip);
/* An answer to what a trunk has asked. */
void trunk_build_outside(
    struct buffer *out, struct proxy *p, const struct sip_target *to, const struct sip_message *m);
/* What a request from the trunk of this way says of its caller, where the trunk is trusted. */
void trunk_add_identity(struct buffer *out, struct proxy *p, const struct sip_message *m, const char *way);

/* True: it was dealt with. */
bool trunk_takes_response(
    struct proxy *p, struct relay *r, struct sip_transaction *t, const struct sip_message *m);
bool trunk_takes_failure(struct proxy *p, struct relay *r, struct sip_transaction *t);
void trunk_relay_refused(struct proxy *p, struct relay *r); /* its call is no call any more */
void trunk_relay_over(struct proxy *p, struct relay *r);

/* Of requests that are ours: REGISTER, OPTIONS. True: it was one. */
bool trunk_own_response(struct proxy *p, struct sip_transaction *t, const struct sip_message *m);
bool trunk_own_failed(struct proxy *p, struct sip_transaction *t);

#endif
