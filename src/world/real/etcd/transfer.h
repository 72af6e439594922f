/* One request to a server, over curl. */
#ifndef TANDEM_WORLD_REAL_ETCD_TRANSFER_H
#define TANDEM_WORLD_REAL_ETCD_TRANSFER_H

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/list.h"

struct etcd;
struct etcd_endpoint;

struct etcd_transfer {
    struct list link;
    struct etcd *etcd;
    struct etcd_endpoint *endpoint;
    CURL *easy;
    struct curl_slist *headers;
    struct buffer body, answer;
    bool writes;    /* may not open a connection */
    bool barred;    /* and would have had to */
    bool sent;      /* the request may have left */
    bool too_large; /* the answer */
    char error[CURL_ERROR_SIZE];
    /* It has ended; the transfer is the caller's again and must be released. */
    void (*done_h)(struct etcd_transfer *t, CURLcode code, long status);
    void (*data_h)(struct etcd_transfer *t); /* more is in `answer`; NULL: only the end counts */
    void *owner;
};

struct etcd_transfer *etcd__transfer_new(struct etcd *e, struct etcd_endpoint *endpoint);
/* What `body` holds, to the path; with done_h and owner set before. */
void etcd__transfer_begin(struct etcd_transfer *t, const char *path, int64_t longest, bool fresh);
/* Ended or not; done_h is not called any more. */
void etcd__transfer_release(struct etcd_transfer *t);
void etcd__transfers_done(struct etcd *e);
void etcd__transfers_free(struct etcd *e);

#endif
