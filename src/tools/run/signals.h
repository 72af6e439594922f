/* What the system tells a running program: end, read the certificates again. One thread waits for it, so that
 * no handler interrupts anything.
 *
 *     SIGTERM, SIGINT   every instance drains; the loop stops when nothing is under way any more, or after
 *                       TIMER_DRAIN; a second one stops it at once
 *     SIGHUP            certificates are read again; each day those of the local authority are looked after
 */
#ifndef TANDEM_TOOLS_RUN_SIGNALS_H
#define TANDEM_TOOLS_RUN_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct real_loop;
struct signals;

struct signals_params {
    struct real_loop *loop;
    const char *data; /* where the local authority's folder is; NULL: certificates are somebody else's */
    const char *const *names; /* as authority_prepare takes them; they outlive the signals */
    size_t name_count;
    int64_t longest; /* µs for draining; 0: TIMER_DRAIN */
};

/* The first thing a main does: threads inherit it. */
void signals_block(void);

/* For a main that waits for something before its loop runs: true when it was told to end within so many µs.
 */
bool signals_wait(int64_t longest);

/* ERROR_SYSTEM, logged: no thread could be started. */
int signals_begin(struct signals **out, const struct signals_params *params)
    __attribute__((warn_unused_result));
/* After real_run. */
void signals_end(struct signals *s);

#endif
