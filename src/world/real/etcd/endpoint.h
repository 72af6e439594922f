/* The servers: which of them may be asked, and why not. */
#ifndef TANDEM_WORLD_REAL_ETCD_ENDPOINT_H
#define TANDEM_WORLD_REAL_ETCD_ENDPOINT_H

#include <curl/curl.h>

#include "world/real/etcd/answer.h"

#define ETCD_WHY 240 /* bytes of a sentence */

struct etcd;
struct etcd_transfer;

/* One server. Proved: it belongs to our cluster, takes our user, and has a majority behind it; what changes
 * something is sent over connections only that have proved it. */
struct etcd_endpoint {
    struct etcd *etcd;
    char *url;
    bool proved, failed; /* failed: since it was proved last */
    bool odd;            /* it answers, but not as it should: somebody must look at it */
    bool wanted;         /* another proved connection is */
    bool logged_in;      /* within this proof */
    struct etcd_transfer *proof;
    uint64_t floor;   /* the revision that was known when the proof began */
    unsigned proofs;  /* that went well */
    int64_t retry_at; /* not proved again before */
    char why[ETCD_WHY];
};

void etcd__endpoints_tick(struct etcd *e, int64_t now);
int64_t etcd__endpoints_next(const struct etcd *e);
/* A proved one that is not among `tried`, the preferred first; NULL: none. */
struct etcd_endpoint *etcd__endpoint_choose(struct etcd *e, unsigned tried);
bool etcd__endpoints_hopeless(const struct etcd *e, unsigned tried); /* nor will there be one soon */
void etcd__endpoint_lost(struct etcd_endpoint *p, const char *why);
/* Another connection is to be proved. */
void etcd__endpoint_want(struct etcd_endpoint *p);
/* Whether an answer may be used: of our cluster, and our log-in was taken. Notes what it says. */
bool etcd__endpoint_trusted(struct etcd_endpoint *p, const struct etcd_answer *a);
void etcd__why_lost(char why[ETCD_WHY], const struct etcd_transfer *t, CURLcode code);

/* ---- identity.c: which cluster is ours ---- */
int etcd__identity_read(uint64_t *identity, const char *path) __attribute__((warn_unused_result));
int etcd__identity_keep(uint64_t identity, const char *path) __attribute__((warn_unused_result));

#endif
