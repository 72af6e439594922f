/* Which ports must be reachable from where (SEC-8). */
#ifndef TANDEM_TOOLS_NETWORK_PORTS_H
#define TANDEM_TOOLS_NETWORK_PORTS_H

#include "base/buffer.h"

/* Rules for nftables on a machine that runs these roles and programs ("proxy,node,etcd"; empty: all): a word
 * is a network of the zone, "inside=192.0.2.0/24" or "dmz=...". What is not for everybody is closed to all
 * other networks; nothing else is touched. ERROR_SYNTAX and a sentence. */
int ports_firewall(struct buffer *out, struct slice roles, const struct slice *networks, size_t count,
    struct buffer *complaint) __attribute__((warn_unused_result));

void ports_reference(struct buffer *out); /* Markdown */

#endif
