#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "run/notify.h"
#include "run/run_int.h"
#include "tools/place.h"
#include "tools/run/signals.h"

#define THREADS 2 /* for slow jobs */

static int64_t seconds_now(void)
{
    return (int64_t)time(NULL);
}

/* ---- the whole ---- */

/* The sub-commands check that the certificate names the address that they connect to. */
static void name_web(struct run *r)
{
    struct endpoint e;
    struct buffer text = {0};
    if (endpoint_parse(&e, options_text(r->options, OPTION_WEB)) == 0)
        address_add_ip(&text, &e.address);
    struct slice ip = buffer_slice(&text);
    if (slice_starts(ip, SLICE("[")))
        ip = slice_of(ip.data + 1, ip.length - 2);
    snprintf(r->web, sizeof r->web, "%.*s", SLICE_ARG(ip));
    r->names[0] = r->web;
    buffer_free(&text);
}

/* Those of the start file, or the ones that this machine's own authority makes. */
static int certificates(struct run *r)
{
    struct authority *a = &r->authority;
    if (!options_has(r->options, OPTION_CERTIFICATE)) {
        int error = authority_prepare(a, &(struct authority_wish){.data = r->data,
                                             .member = run__member(r),
                                             .names = r->names,
                                             .name_count = 1,
                                             .now = seconds_now()});
        if (error != 0)
            run__complain(r, error, "the certificates in %s/certificates cannot be made or used", r->data);
        return error;
    }
    snprintf(
        a->authority, sizeof a->authority, "%.*s", SLICE_ARG(options_text(r->options, OPTION_AUTHORITY)));
    snprintf(a->certificate, sizeof a->certificate, "%.*s",
        SLICE_ARG(options_text(r->options, OPTION_CERTIFICATE)));
    snprintf(a->key, sizeof a->key, "%.*s", SLICE_ARG(options_text(r->options, OPTION_KEY)));
    return 0;
}

static int open_loop(struct run *r)
{
    name_web(r);
    int error = certificates(r);
    if (error != 0)
        return error;
    struct real_params params = {.certificate = r->authority.certificate,
        .key = r->authority.key,
        .authority = r->authority.authority};
    error = real_open(&r->loop, &params);
    if (error != 0)
        run__complain(r, error, "the data in %s cannot be opened", r->data);
    return error != 0 ? error : run__engines(r);
}

static int secret_key(struct run *r)
{
    struct buffer complaint = {0};
    int error = secret_key_prepare(r->secret_key, slice_text(r->data), run__random, &complaint);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&complaint);
    return error;
}

static int prepare(struct run *r)
{
    struct buffer complaint = {0};
    int error = run__data(r);
    if (error != 0)
        return error;
    error = operator_prepare(r->token_sha256, slice_text(r->data), run__random, &complaint);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&complaint);
    if (error == 0)
        error = secret_key(r);
    if (error == 0)
        error = open_loop(r);
    r->local = options_local(r->options);
    r->local.operator_token_sha256 = slice_text(r->token_sha256);
    r->local.secret_key = slice_of(r->secret_key, sizeof r->secret_key);
    if (r->local.resolvers.count == 0)
        r->local.resolvers = run__resolvers(r);
    if (error == 0)
        error = run__load(r);
    return error != 0 ? error : run__ports(r);
}

static void end(struct run *r)
{
    run__stop_all(r);
    if (r->pool != NULL)
        real_pool_close(r->pool);
    if (r->engines != NULL)
        real_engines_close(r->engines);
    if (r->loop != NULL)
        real_close(r->loop);
    run__copy_close(r);
    config_release(r->configuration);
    follow_end(&r->follow);
    arena_free(&r->texts);
    if (r->lock >= 0)
        close(r->lock);
}

static void say_where(const struct run *r)
{
    const struct config_application *a;
    struct slice name = options_text(r->options, OPTION_NAME);
    size_t at = 0;
    if (!slice_empty(name))
        printf("Tandem %s runs: the member %.*s with %zu instances (data in %s; Ctrl-C stops it)\n",
            TANDEM_VERSION, SLICE_ARG(name), r->instance_count - r->kept_count, r->data);
    while ((a = config_next_application(r->configuration, CONFIG_ROLE_SESSION, &at)) != NULL)
        for (size_t i = 0; i < a->listen.count && run__is_ours(r, a); i++)
            printf("Tandem %s runs: https://%.*s (data in %s; Ctrl-C stops it)\n", TANDEM_VERSION,
                SLICE_ARG(slice_from(a->listen.items[i], sizeof "tls:" - 1)), r->data);
    fflush(stdout);
}

/* For sub-commands that look for what runs here. */
static void leave_place(const struct run *r)
{
    struct place p = {.pid = (long)getpid()};
    bool is_member = options_has(r->options, OPTION_NAME);
    struct buffer complaint = {0};
    const struct config_application *a;
    size_t at = 0;
    do
        a = config_next_application(r->configuration, CONFIG_ROLE_SESSION, &at);
    while (a != NULL && !run__is_ours(r, a));
    if (a != NULL && a->listen.count != 0) {
        snprintf(p.name, sizeof p.name, "%.*s", SLICE_ARG(run__name(r)));
        snprintf(p.system, sizeof p.system, "%.*s",
            SLICE_ARG(is_member ? options_text(r->options, OPTION_CLUSTER) : run__name(r)));
        snprintf(p.web, sizeof p.web, "%.*s", SLICE_ARG(a->listen.items[0]));
        snprintf(p.data, sizeof p.data, "%s", r->data);
        if (place_write(&p, &complaint) != 0)
            LOG(LOG_NOTICE, "run", "%.*s", SLICE_ARG(buffer_slice(&complaint)));
    }
    buffer_free(&complaint);
}

int command_run(const struct options *options)
{
    struct run r = {.options = options, .lock = -1};
    signals_block();
    umask(077); /* what is kept is nobody else's business */
    run__random(&hash_process_key, sizeof hash_process_key);
    int error = run__log_open(&r);
    r.notify = notify_open();
    if (error == 0)
        error = prepare(&r);
    if (error == 0 && (r.pool = real_pool_open(THREADS)) == NULL)
        error = ERROR_SYSTEM;
    if (error == 0) {
        run__identity_jobs(&r);
        real_set_service(r.loop, SERVICE_JOB, real_pool_jobs(r.pool));
        real_set_service(r.loop, SERVICE_NAME, real_pool_names(r.pool));
        error = run__place_first(&r);
    }
    if (error == 0) {
        run__log_levels(&r);
        error = run__copy_open(&r);
    }
    struct signals *signals = NULL;
    if (error == 0)
        error = signals_begin(&signals, &(struct signals_params){.loop = r.loop,
                                            .data = r.data,
                                            .joined = options_has(options, OPTION_CERTIFICATE),
                                            .member = run__member(&r),
                                            .names = r.names,
                                            .name_count = 1});
    if (error == 0) {
        run__log_release(&r, true);
        say_where(&r);
        leave_place(&r);
        real_run(r.loop);
        place_remove((long)getpid());
        LOG(LOG_NOTICE, "run", "stopping");
        signals_end(signals);
    }
    end(&r);
    notify_close(r.notify);
    if (error != 0)
        run__log_release(&r, options_log_level(options) >= LOG_INFO);
    run__log_close(&r);
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
