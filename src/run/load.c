/* The first copy of the configuration, before the loop runs: from the store, or from the disk while that is
 * away, or made for a store that has nothing yet. */
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "run/run_int.h"
#include "tools/first_start.h"
#include "tools/run/signals.h"

static int store_h(void *argument, struct slice request, struct buffer *answer)
{
    struct run *r = argument;
    int error = 0;
    enum answer said = real_engines_store(r->engines, answer, &error, request);
    return said == ANSWER_YES ? 0 : error;
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

static int from_store(struct run *r)
{
    struct buffer complaint = {0};
    int error = follow_all(&r->follow, store_h, r, &complaint);
    if (error != 0 && complaint.length != 0)
        LOG(LOG_ERROR, "run", "the configuration does not fit together: %.*s",
            SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&complaint);
    return error;
}

static bool is_away(const struct run *r, int error)
{
    return run__store_is_beside(r) &&
           (error == ERROR_UNREACHABLE || error == ERROR_TIMEOUT || error == ERROR_CLOSED);
}

/* The last copy on disk. It says what it does in one line. */
static bool from_disk(struct run *r)
{
    struct buffer complaint = {0};
    struct configuration *copy;
    int error = run__copy_read(r, &copy, &complaint);
    run__log_release(r, true);
    if (error == 0) {
        follow_end(&r->follow);
        follow_from(&r->follow, &r->local, copy);
        r->from_copy = true;
        LOG(LOG_WARNING, "run",
            "the store is away: starting with the last copy of the configuration, of change %llu; it catches "
            "up "
            "when the store is back",
            (unsigned long long)config_number(copy));
    } else if (error == ERROR_MISSING) {
        LOG(LOG_WARNING, "run",
            "the store is away and this machine has no copy of the configuration; nothing runs until it "
            "comes");
    } else {
        LOG(LOG_ERROR, "run", "the store is away, and %.*s; nothing runs until the store comes",
            SLICE_ARG(buffer_slice(&complaint)));
    }
    buffer_free(&complaint);
    return error == 0;
}

/* Without a configuration there is nothing to run: the store is waited for. */
static int load_when_it_comes(struct run *r)
{
    int error = from_store(r);
    if (is_away(r, error) && from_disk(r))
        return 0;
    while (is_away(r, error)) {
        if (signals_wait(timer_duration(TIMER_CONFIG_RETRY)))
            return ERROR_CLOSED;
        error = from_store(r);
    }
    return error;
}

#define TRIES 5

static int again(struct run *r)
{
    follow_end(&r->follow);
    follow_begin(&r->follow, &r->local);
    return load_when_it_comes(r);
}

static struct first_start_means means_of(struct run *r)
{
    return (struct first_start_means){.argument = r,
        .random = random_h,
        .store = store_h,
        .hash = hash_h,
        .now = (int64_t)time(NULL) * 1000000,
        .key = r->local.secret_key};
}

/* Writes the first configuration and says what is to be known of it. A store beside the process may be lost
 * in between, or another member may be faster: what is there counts. */
static int begin(struct run *r)
{
    int error = run__ports_of_options(r); /* a password that nobody gets to see must not be made */
    if (error != 0)
        return error;
    struct buffer message = {0};
    struct first_start_means means = means_of(r);
    error = first_start(&message, &means, r->options);
    for (int i = 1; i < TRIES && error != 0 && run__store_is_beside(r); i++) {
        if (signals_wait(timer_duration(TIMER_CONFIG_RETRY)) || (error = again(r)) != 0)
            break;
        if (config_is_empty(r->follow.copy))
            error = first_start(&message, &means, r->options);
        else
            LOG(LOG_WARNING, "run",
                "the first configuration is there, but who wrote it has not said the password; set one for "
                "the "
                "person admin by tandem apply");
    }
    if (error == 0)
        fwrite(message.data, 1, message.length, stdout);
    else
        run__complain(r, error, "the first configuration cannot be written");
    fflush(stdout);
    buffer_free(&message);
    if (error == 0 && (error = again(r)) != 0)
        run__complain(r, error, "the first configuration cannot be read");
    return error;
}

/* What an earlier version started gets what this one brings. A member of a cluster leaves that to its
 * administrator. */
static int complete(struct run *r)
{
    struct first_start_means means = means_of(r);
    bool added;
    if (options_has(r->options, OPTION_NAME) || r->from_copy)
        return 0;
    int error = first_start_complete(&added, &means, r->follow.copy);
    if (error == 0 && added)
        error = again(r);
    if (error != 0)
        run__complain(r, error, "the configuration cannot be completed");
    return error;
}

int run__load(struct run *r)
{
    follow_begin(&r->follow, &r->local);
    int error = load_when_it_comes(r);
    if (error != 0)
        run__complain(r, error, "the configuration cannot be read");
    else if (config_is_empty(r->follow.copy))
        error = begin(r);
    else
        error = complete(r);
    if (error == 0)
        r->configuration = config_retain(r->follow.copy);
    return error;
}
