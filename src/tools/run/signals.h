/* What the system tells a running program: end, read the certificates again. One thread waits for it, so that
 * no handler interrupts anything.
 *
 *     SIGTERM, SIGINT   every instance drains; the loop stops when nothing is under way any more, or after
 *                       TIMER_DRAIN; a second one stops it at once
 *     SIGHUP            certificates are read again
 *
 * It also looks after certificates: each hour whether one is to be renewed, each minute whether somebody else
 * has put others in their place.
 */
#ifndef TANDEM_TOOLS_RUN_SIGNALS_H
#define TANDEM_TOOLS_RUN_SIGNALS_H

#include <stdbool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct real_loop;
struct signals;

struct signals_params {
    struct real_loop *loop;
    const char *data; /* where the folder of certificates is; NULL: certificates are somebody else's */
    bool joined;      /* they are the platform's: renewed by asking it, not by an authority of our own */
    const char *member, *const *names; /* as authority_prepare takes them; they outlive the signals */
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
