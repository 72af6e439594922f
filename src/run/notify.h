/* Telling the service manager how the process is (sd_notify(3)): lines like "READY=1" as datagrams to the
 * socket that NOTIFY_SOCKET names. Without one nothing is said. */
#ifndef TANDEM_RUN_NOTIFY_H
#define TANDEM_RUN_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify;

/* From the environment, which is cleaned so that no child speaks in our name. NULL: nobody wants to know. */
struct notify *notify_open(void);
void notify_close(struct notify *n); /* NULL is fine, here and below */

/* Lines, each ended by a line feed. Never waits; what the manager does not take is lost. */
void notify(struct notify *n, const char *lines);

/* µs: the manager wants to hear WATCHDOG=1 at least so often; 0: it does not. */
int64_t notify_watchdog(const struct notify *n);

#endif
