/* The SIP messages that a proxy receives and sends, for those who look for what is wrong (OPS-22).
 *
 *     edge, inside ──> trace_message ──┬── ring (the newest ones) ──> question ── mask ──> tandem trace,
 * pages └── mask ── hep ──> a collector outside
 *
 * Nothing leaves with credentials in it. What is kept is no state: it ends with the process. */
#ifndef TANDEM_ROLES_PROXY_TRACE_TRACE_H
#define TANDEM_ROLES_PROXY_TRACE_TRACE_H

#include <stdbool.h>

#include "base/slice.h"

struct input;
struct proxy;
struct proxy_question;
struct sip_target;

void trace_open(struct proxy *p);
void trace_close(struct proxy *p);
void trace_follow(struct proxy *p); /* the configuration has changed */
/* One that came from there, or goes there; before it is parsed, and after it is built. */
void trace_message(struct proxy *p, bool received, const struct sip_target *other, struct slice message);
void trace_question(struct proxy *p, const struct proxy_question *q);
bool trace_input(struct proxy *p, const struct input *in); /* true: it was for the trace alone */

#endif
