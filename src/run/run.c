#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "roles/config/writer.h"
#include "roles/control/control.h"
#include "roles/history/history.h"
#include "roles/identity/identity.h"
#include "roles/node/node.h"
#include "roles/proxy/proxy.h"
#include "roles/session/session.h"
#include "run/notify.h"
#include "run/run_int.h"
#include "tools/first_start.h"
#include "tools/place.h"
#include "tools/run/signals.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define THREADS 2 /* for slow jobs */

/* In the order in which they are started: who is asked stands before who asks. */
static const struct {
    enum config_role role;
    const struct role *what;
} roles[] = {
    {CONFIG_ROLE_HISTORY, &history_role},
    {CONFIG_ROLE_CONFIG, &writer_role},
    {CONFIG_ROLE_NODE, &role_node},
    {CONFIG_ROLE_PROXY, &role_proxy},
    {CONFIG_ROLE_CONTROL, &control_role},
    {CONFIG_ROLE_SESSION, &session_role},
};

static int64_t seconds_now(void)
{
    return (int64_t)time(NULL);
}

/* ---- the store before the loop runs ---- */

static int store_h(void *argument, struct slice request, struct buffer *answer)
{
    struct run *r = argument;
    int error = 0;
    return real_engines_store(r->engines, answer, &error, request) == ANSWER_YES ? 0
           : error != 0                                                          ? error
                                                                                 : ERROR_DISK;
}

static void random_h(void *argument, void *bytes, size_t length)
{
    (void)argument;
    run__random(bytes, length);
}

static int hash_h(void *argument, struct slice password, struct buffer *encoded)
{
    (void)argument;
    int error = 0;
    return real_job(encoded, &error, "argon2-hash", &password, 1) == ANSWER_YES ? 0 : error;
}

static int load(struct run *r)
{
    struct config_load l;
    config_load_begin(&l);
    int error = config_load_all(&l, store_h, r);
    if (error == 0) {
        r->catalogue = l.catalogue;
        l.catalogue = NULL;
    } else {
        run__complain(r, error, "the configuration cannot be read from %s/store.db", r->data);
    }
    config_load_end(&l);
    return error;
}

static int load_or_begin(struct run *r)
{
    int error = load(r);
    if (error != 0 || catalogue_count(r->catalogue) != 0)
        return error;
    error = run__ports_of_options(r); /* a password that nobody gets to see must not be made */
    if (error != 0)
        return error;
    struct buffer message = {0};
    struct first_start_means means = {
        .argument = r, .random = random_h, .store = store_h, .hash = hash_h, .now = seconds_now() * 1000000};
    error = first_start(&message, &means, r->options);
    if (error == 0)
        fwrite(message.data, 1, message.length, stdout);
    else
        run__complain(r, error, "the first configuration cannot be written");
    fflush(stdout);
    buffer_free(&message);
    catalogue_free(r->catalogue);
    r->catalogue = NULL;
    return error == 0 ? load(r) : error;
}

/* Each start of an instance has a number that no earlier one had. */
static int incarnation(struct run *r, struct slice name, uint64_t *number)
{
    struct arena arena = {0};
    struct buffer request = {0}, answer = {0};
    Tandem__StoreValue value = TANDEM__STORE_VALUE__INIT, *parameters[] = {&value};
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&statement};
    Tandem__StoreRequest message = TANDEM__STORE_REQUEST__INIT;
    value.text = arena_text(&arena, name);
    statement.name = (char *)(uintptr_t) "incarnation_next";
    statement.n_parameters = 1;
    statement.parameters = parameters;
    message.n_statements = 1;
    message.statements = statements;
    pack_add(&request, &message.base);
    int error = store_h(r, buffer_slice(&request), &answer);
    const Tandem__StoreAnswer *a = NULL;
    if (error == 0)
        a = pack_read(&tandem__store_answer__descriptor, buffer_slice(&answer), &arena);
    if (a != NULL && a->n_results == 1 && a->results[0]->n_rows == 1 && a->results[0]->rows[0]->n_values == 1)
        *number = (uint64_t)a->results[0]->rows[0]->values[0]->number;
    else if (error == 0)
        error = ERROR_CORRUPT;
    if (error != 0)
        run__complain(r, error, "the store does not take %.*s in", SLICE_ARG(name));
    buffer_free(&request);
    buffer_free(&answer);
    arena_free(&arena);
    return error;
}

/* ---- instances ---- */

static int add(struct run *r, const struct role *role, const struct role_setup *setup)
{
    if (r->instance_count == RUN_INSTANCES) {
        command_complain(
            "more than %d role instances in one process; give some of them to another", RUN_INSTANCES);
        return ERROR_LIMIT;
    }
    int error = real_add_instance(&r->instances[r->instance_count], r->loop, role, setup, r->configuration);
    if (error != 0)
        run__complain(r, error, "%.*s cannot start", SLICE_ARG(setup->name));
    else
        r->instance_count++;
    return error;
}

static int add_all(struct run *r)
{
    const struct config_application *a;
    int error = add(r, &run__keeper, &(struct role_setup){.name = SLICE("keeper"), .main = r});
    if (error == 0)
        error = add(r, &run__reporter, &(struct role_setup){.name = SLICE("reporter"), .main = r});
    if (error == 0 && !slice_empty(options_text(r->options, OPTION_METRICS)))
        error = add(r, &run__metrics, &(struct role_setup){.name = SLICE("metrics"), .main = r});
    if (error == 0 && run__has_authority(r))
        error = add(r, &identity_role, &(struct role_setup){.name = SLICE("identity")});
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        size_t at = 0;
        while (error == 0 && (a = config_next_application(r->configuration, roles[i].role, &at)) != NULL) {
            struct role_setup setup = {.name = a->name, .pair = a->pair, .location = a->location->name};
            error = incarnation(r, a->name, &setup.incarnation);
            if (error == 0)
                error = add(r, roles[i].what, &setup);
        }
    }
    return error;
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

static int open_loop(struct run *r)
{
    name_web(r);
    int error = authority_prepare(&r->authority, r->data, r->names, 1, seconds_now());
    if (error != 0) {
        run__complain(r, error, "the certificates in %s/certificates cannot be made or used", r->data);
        return error;
    }
    struct real_params params = {.certificate = r->authority.certificate,
        .key = r->authority.key,
        .authority = r->authority.authority};
    error = real_open(&r->loop, &params);
    if (error == 0)
        error = real_engines_open(&r->engines, r->loop, &(struct real_engines_params){.data = r->data});
    if (error != 0)
        run__complain(r, error, "the data in %s cannot be opened", r->data);
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
        error = open_loop(r);
    r->local = options_local(r->options);
    r->local.operator_token_sha256 = slice_text(r->token_sha256);
    if (error == 0)
        error = load_or_begin(r);
    if (error != 0)
        return error;
    error = run__build(r, &r->configuration);
    if (error != 0)
        run__complain(r, error, "the data in %s cannot be used", r->data);
    return error != 0 ? error : run__ports(r->configuration);
}

static void end(struct run *r)
{
    while (r->instance_count != 0)
        real_remove_instance(r->instances[--r->instance_count]);
    if (r->pool != NULL)
        real_pool_close(r->pool);
    if (r->engines != NULL)
        real_engines_close(r->engines);
    if (r->loop != NULL)
        real_close(r->loop);
    config_release(r->configuration);
    if (r->catalogue != NULL)
        catalogue_free(r->catalogue);
    if (r->lock >= 0)
        close(r->lock);
}

static void say_where(const struct run *r)
{
    const struct config_application *a;
    size_t at = 0;
    while ((a = config_next_application(r->configuration, CONFIG_ROLE_SESSION, &at)) != NULL)
        for (size_t i = 0; i < a->listen.count; i++)
            printf("Tandem %s runs: https://%.*s (data in %s; Ctrl-C stops it)\n", TANDEM_VERSION,
                SLICE_ARG(slice_from(a->listen.items[i], sizeof "tls:" - 1)), r->data);
    fflush(stdout);
}

/* For sub-commands that look for what runs here. */
static void leave_place(const struct run *r)
{
    struct place p = {.pid = (long)getpid(), .system = "local", .name = "local"};
    struct buffer complaint = {0};
    const struct config_application *a;
    size_t at = 0;
    a = config_next_application(r->configuration, CONFIG_ROLE_SESSION, &at);
    if (a != NULL && a->listen.count != 0) {
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
    log_threshold = options_log_level(options);
    umask(077); /* what is kept is nobody else's business */
    run__random(&hash_process_key, sizeof hash_process_key);
    run__log_hold(&r);
    r.notify = notify_open();
    int error = prepare(&r);
    if (error == 0 && (r.pool = real_pool_open(THREADS)) == NULL)
        error = ERROR_SYSTEM;
    if (error == 0) {
        run__identity_jobs(&r);
        real_set_service(r.loop, SERVICE_JOB, real_pool_jobs(r.pool));
        real_set_service(r.loop, SERVICE_NAME, real_pool_names(r.pool));
        error = add_all(&r);
    }
    struct signals *signals = NULL;
    if (error == 0)
        error = signals_begin(&signals,
            &(struct signals_params){.loop = r.loop, .data = r.data, .names = r.names, .name_count = 1});
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
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
