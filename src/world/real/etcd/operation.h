/* One question of a role, or a look at everything, as a row of requests to etcd. No I/O: whoever carries the
 * requests gives back what came, or that nothing came. */
#ifndef TANDEM_WORLD_REAL_ETCD_OPERATION_H
#define TANDEM_WORLD_REAL_ETCD_OPERATION_H

#include "wire/engine.pb-c.h"
#include "world/input.h"
#include "world/real/etcd/answer.h"

#define ETCD_PAGE 64 /* keys at a time of a look at everything */

enum etcd_step {
    ETCD_RANGE,
    ETCD_SET,
    ETCD_NUMBER,  /* of a lease: the revision of a write, which is never given out twice */
    ETCD_GRANT,   /* the lease gets that number as its name in etcd, so every member knows it by it */
    ETCD_RENEW,   /* -> LEFT where etcd does not say that it lives */
    ETCD_LEFT,    /* says in so many words that a lease has ended */
    ETCD_CONFIRM, /* whoever said so was the leader: a majority still knows no later term */
    ETCD_REVOKE,
    ETCD_LOOK, /* all keys of the cluster, page by page, as of one revision */
    ETCD_STEPS
};

enum etcd_next {
    ETCD_DONE,  /* answer, error, bytes */
    ETCD_MORE,  /* the next request, to anybody */
    ETCD_AGAIN, /* nothing usable came: the same request once more, better to another member */
};

struct etcd_operation {
    enum etcd_step step;
    struct arena arena; /* of all that follows */
    struct slice cluster;
    struct slice key, value; /* without the cluster's name */
    bool exact, has_value, has_lease;
    uint64_t expected, lease, seconds;

    uint64_t floor;  /* a linearizable answer is not older than this revision */
    uint64_t term;   /* in which a renewal was said to be done */
    bool ended;      /* or the lease to be gone */
    bool grant_sent; /* with this number, before */
    bool revoke_sent;
    bool unsure; /* something was sent and no answer understood */

    struct etcd_entry *entries; /* of a look */
    size_t count, capacity;
    uint64_t revision;
    struct slice from; /* the next page begins behind this key */

    enum answer answer;
    int error;
    struct buffer bytes; /* RegistryAnswer */
};

/* From a role's RegistryRequest: false when it is done already (refused). The cluster's name must live on. */
bool etcd__operation_read(struct etcd_operation *o, struct slice cluster, struct slice request);
void etcd__operation_look(struct etcd_operation *o, struct slice cluster);
void etcd__operation_free(struct etcd_operation *o);

/* The request to be sent now: path and body. `floor`: the latest revision that is known. */
const char *etcd__operation_ask(struct etcd_operation *o, struct buffer *body, uint64_t floor);
/* It changes something: it goes only where our cluster was proved to be. */
bool etcd__operation_writes(const struct etcd_operation *o);

enum etcd_next etcd__operation_answer(struct etcd_operation *o, const struct etcd_answer *a);
/* No answer came. `sent`: it may have been carried out all the same. */
enum etcd_next etcd__operation_lost(struct etcd_operation *o, bool sent);
/* It came, larger than is permitted. */
enum etcd_next etcd__operation_too_large(struct etcd_operation *o);
/* Nobody can be asked, or the time is over. */
void etcd__operation_give_up(struct etcd_operation *o);

#endif
