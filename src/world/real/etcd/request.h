/* What etcd is asked, as JSON of its gateway (etcd 3.4, api_grpc_gateway: bytes in base64). Every question is
 * put so that no true answer to it is empty. */
#ifndef TANDEM_WORLD_REAL_ETCD_REQUEST_H
#define TANDEM_WORLD_REAL_ETCD_REQUEST_H

#include "base/buffer.h"

/* Where prefixes are asked for: "key" and the "range_end" behind everything that begins with it. Below the
 * cluster's name and a slash; `exact`: the one key. */
void etcd__range_body(struct buffer *out, struct slice cluster, struct slice key, bool exact);
/* The first page of everything. Keys are "count"ed and the page ends with "more". */
void etcd__look_body(struct buffer *out, struct slice cluster, unsigned limit);
/* What is behind `from`, as of a revision. */
void etcd__page_body(
    struct buffer *out, struct slice cluster, struct slice from, unsigned limit, uint64_t revision);
/* value.data NULL: delete. `lease` 0: none. */
void etcd__set_body(struct buffer *out, struct slice cluster, struct slice key, uint64_t expected,
    const struct slice *value, uint64_t lease);
void etcd__number_body(struct buffer *out, struct slice cluster);
void etcd__confirm_body(struct buffer *out, struct slice cluster);
void etcd__lease_body(struct buffer *out, uint64_t lease, uint64_t seconds); /* seconds 0: by its name only */
void etcd__watch_body(struct buffer *out, struct slice cluster, uint64_t revision);
void etcd__login_body(struct buffer *out, const char *user, struct slice password);

#endif
