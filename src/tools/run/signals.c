#include "tools/run/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "tools/authority.h"
#include "tools/identity/renew.h"
#include "world/real/real.h"

#define MINUTE 60000000    /* µs */
#define HOUR 60            /* minutes */
#define LOOK 20000         /* µs: how often the draining loop is looked at */
#define QUIET 3            /* looks in a row that must find nothing under way */
#define SIGNAL_END SIGUSR2 /* from signals_end to the thread alone */

struct signals {
    struct signals_params params;
    pthread_t thread;
    atomic_int quiet; /* looks that found nothing under way */
    unsigned minutes; /* until certificates are looked after */
    int64_t written;  /* when the certificates in the folder were */
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

/* When the newest of the files that TLS uses was written; 0: there is none. */
static int64_t newest(const struct signals *s)
{
    static const char *const names[] = {"authority.pem", "member.pem", "server.pem"};
    int64_t at = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[AUTHORITY_PATH];
        struct stat about;
        snprintf(path, sizeof path, "%s/certificates/%s", s->params.data, names[i]);
        if (stat(path, &about) != 0)
            continue;
        int64_t written = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
        at = written > at ? written : at;
    }
    return at;
}

static void renew_joined(const struct signals *s)
{
    struct buffer complaint = {0};
    bool done;
    int error = renew(&done, slice_text(s->params.data), RENEW_IN_TIME, time(NULL), &complaint);
    if (error != 0)
        LOG(LOG_WARNING, "tools",
            "the certificate is to be renewed, which failed: %.*s; tried again in an hour",
            SLICE_ARG(complaint.length != 0 ? buffer_slice(&complaint) : slice_text(error_sentence(error))));
    else if (done)
        LOG(LOG_NOTICE, "tools", "the certificate was renewed, with a new key");
    buffer_free(&complaint);
}

static void renew_own(const struct signals *s)
{
    struct authority a;
    int error = authority_prepare(&a, &(struct authority_wish){.data = s->params.data,
                                          .member = s->params.member,
                                          .names = s->params.names,
                                          .name_count = s->params.name_count,
                                          .now = time(NULL)});
    (void)error; /* it is logged; what is there stays in use */
}

static void look_after_certificates(struct signals *s, bool asked)
{
    if (s->params.data != NULL && (asked || s->minutes == 0)) {
        s->minutes = HOUR;
        if (s->params.joined)
            renew_joined(s);
        else
            renew_own(s);
    }
    s->minutes--;
    int64_t written = s->params.data != NULL ? newest(s) : 0;
    if (written != s->written || asked)
        real_post(s->params.loop, reload_h, NULL);
    s->written = written;
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
        int number = wait_signal(MINUTE);
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
    s->minutes = 1;
    s->written = s->params.data != NULL ? newest(s) : 0;
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
