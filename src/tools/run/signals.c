#include "tools/run/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "tools/authority.h"
#include "world/real/real.h"

#define DAY 86400000000    /* µs */
#define LOOK 20000         /* µs: how often the draining loop is looked at */
#define QUIET 3            /* looks in a row that must find nothing under way */
#define SIGNAL_END SIGUSR2 /* from signals_end to the thread alone */

struct signals {
    struct signals_params params;
    pthread_t thread;
    atomic_int quiet; /* looks that found nothing under way */
};

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGNAL_END);
}

void signals_block(void)
{
    sigset_t set;
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* Both stand for an error of the write that met them, which is dealt with there. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* the limit of a file's size */
}

/* The signal, or 0 when the time (µs) is over. */
static int wait_signal(int64_t longest)
{
    sigset_t set;
    struct timespec time = {.tv_sec = longest / 1000000, .tv_nsec = longest % 1000000 * 1000};
    fill(&set);
    int number = sigtimedwait(&set, NULL, &time);
    return number > 0 ? number : 0;
}

bool signals_wait(int64_t longest)
{
    int number = wait_signal(longest);
    return number == SIGTERM || number == SIGINT;
}

/* ---- in the loop's thread ---- */

static void drain_h(struct real_loop *loop, void *argument)
{
    (void)argument;
    real_drain(loop);
}

static void look_h(struct real_loop *loop, void *argument)
{
    struct signals *s = argument;
    atomic_store(&s->quiet, real_settled(loop) ? atomic_load(&s->quiet) + 1 : 0);
}

static void reload_h(struct real_loop *loop, void *argument)
{
    (void)argument;
    if (real_tls_reload(loop) == 0)
        LOG(LOG_NOTICE, "tools", "certificates read again");
}

/* ---- in its own ---- */

static void look_after_certificates(struct signals *s, bool asked)
{
    struct authority a = {.renewed = false};
    if (s->params.data != NULL &&
        authority_prepare(&a, s->params.data, s->params.names, s->params.name_count, time(NULL)) != 0)
        return;
    if (a.renewed || asked)
        real_post(s->params.loop, reload_h, NULL);
}

/* Returns whether signals_end has come already. */
static bool drain(struct signals *s)
{
    LOG(LOG_NOTICE, "tools", "ending: open work is finished first; the same signal again ends at once");
    real_post(s->params.loop, drain_h, NULL);
    int number = 0;
    for (int64_t waited = 0; waited < s->params.longest && atomic_load(&s->quiet) < QUIET; waited += LOOK) {
        real_post(s->params.loop, look_h, s);
        number = wait_signal(LOOK);
        if (number != 0 && number != SIGHUP)
            break;
    }
    real_stop(s->params.loop);
    return number == SIGNAL_END;
}

static void *signals_h(void *argument)
{
    struct signals *s = argument;
    pthread_setname_np(pthread_self(), "signals");
    for (;;) {
        int number = wait_signal(DAY);
        if (number == SIGNAL_END)
            return NULL;
        if (number == 0 || number == SIGHUP)
            look_after_certificates(s, number == SIGHUP);
        else if (drain(s))
            return NULL;
    }
}

int signals_begin(struct signals **out, const struct signals_params *params)
{
    struct signals *s = mem_zero(sizeof *s);
    s->params = *params;
    if (s->params.longest == 0)
        s->params.longest = timer_duration(TIMER_DRAIN);
    int number = pthread_create(&s->thread, NULL, signals_h, s);
    if (number != 0) {
        LOG(LOG_ERROR, "tools", "cannot start the thread that waits for signals: %s", strerror(number));
        mem_free(s);
        return ERROR_SYSTEM;
    }
    *out = s;
    return 0;
}

/* Looks that are still in the mailbox name `s`: so it must be emptied before. */
void signals_end(struct signals *s)
{
    pthread_kill(s->thread, SIGNAL_END);
    pthread_join(s->thread, NULL);
    real_run_mail(s->params.loop);
    mem_free(s);
}
