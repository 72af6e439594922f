/* tandem join URL: makes this machine a member (SM-44). What was begun is kept: the same command goes on with
 * it. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/dispatch.h"
#include "tools/identity/client.h"
#include "tools/identity/request.h"
#include "tools/identity/start_file.h"

#define LOOK 2      /* seconds between two looks */
#define SILENCE 300 /* looks without any answer after which it is given up: ten minutes */

struct join {
    const struct options *options;
    char name[65], start_file[AUTHORITY_PATH];
    struct kept kept;
    struct remote remote;
    struct code code;
    struct buffer code_text, complaint;
    EVP_PKEY *key;
    char fingerprint[FINGERPRINT_TEXT];
    struct client_enrolment enrolment;
};

static int complain(struct join *j, int error, const char *sentence)
{
    buffer_add_text(&j->complaint, sentence);
    return error;
}

/* ---- what was asked for ---- */

/* Command lines can be seen by everybody on this machine: take the code out of it. */
static int take_code(struct join *j)
{
    struct slice given = options_text(j->options, OPTION_CODE);
    char line[256] = "";
    if (slice_empty(given))
        return 0;
    if (slice_equal(given, SLICE("-"))) {
        if (fgets(line, sizeof line, stdin) == NULL)
            return complain(j, ERROR_SYNTAX, "--code -: there is no code on standard input");
        given = slice_trim(slice_text(line));
    }
    buffer_add(&j->code_text, given);
    if (given.data != line)
        memset((char *)(uintptr_t)given.data, '*', given.length);
    explicit_bzero(line, sizeof line);
    if (code_read(&j->code, buffer_slice(&j->code_text)) != 0)
        return complain(j, ERROR_SYNTAX, "--code: that is no enrolment code; it has 52 letters and digits");
    return 0;
}

static int take_name(struct join *j)
{
    struct slice given = options_text(j->options, OPTION_NAME);
    if (slice_empty(given)) {
        if (gethostname(j->name, sizeof j->name - 1) != 0)
            return complain(j, ERROR_SYSTEM, "this machine has no name; say one by --name");
        j->name[strcspn(j->name, ".")] = '\0';
    } else {
        snprintf(j->name, sizeof j->name, "%.*s", SLICE_ARG(given));
    }
    return 0;
}

static int prepare(struct join *j)
{
    int error = take_code(j);
    if (error == 0)
        error = take_name(j);
    if (error == 0)
        error = remote_open(&j->remote, slice_text(j->options->words[0]), &j->complaint);
    snprintf(
        j->start_file, sizeof j->start_file, "%.*s", SLICE_ARG(options_text(j->options, OPTION_START_FILE)));
    if (error == 0 && access(j->start_file, F_OK) == 0) {
        buffer_add_format(
            &j->complaint, "%s exists; move it away, or say another place by --start-file", j->start_file);
        error = ERROR_EXISTS;
    }
    if (error == 0)
        error = kept_open(&j->kept, options_text(j->options, OPTION_DATA), true, &j->complaint);
    if (error == 0 && kept_is_member(&j->kept)) {
        buffer_add_format(&j->complaint,
            "%s is here: this machine is a member already; tandem renew makes a new certificate, and without "
            "that file "
            "it can join anew",
            j->kept.member);
        error = ERROR_EXISTS;
    }
    return error;
}

/* ---- asking ---- */

static int authenticate(struct join *j)
{
    struct client_trust how = {.fingerprint = options_text(j->options, OPTION_FINGERPRINT),
        .code = j->code_text.length != 0 ? &j->code : NULL,
        .ask = isatty(STDIN_FILENO) == 1};
    return client_authenticate(&j->remote, &how, &j->complaint);
}

static int ask(struct join *j)
{
    struct buffer request = {0};
    json_t *answer = NULL;
    int error = kept_new_key(&j->key, &j->kept, &j->complaint);
    if (error == 0)
        error = request_fingerprint(j->fingerprint, j->key);
    if (error == 0)
        error = request_make(&request, j->key, j->name);
    if (error == 0)
        error = client_enrol(&j->remote, &answer,
            &(struct client_request){.name = j->name,
                .request = buffer_slice(&request),
                .code = buffer_slice(&j->code_text),
                .location = options_text(j->options, OPTION_LOCATION)},
            &j->complaint);
    buffer_free(&request);
    if (error != 0)
        return error;
    snprintf(j->enrolment.id, sizeof j->enrolment.id, "%s",
        json_string_value(json_object_get(answer, "instance_id")));
    json_t *about = json_pack(
        "{ss, ss, ss}", "name", j->name, "instance_id", j->enrolment.id, "platform", j->options->words[0]);
    error = kept_write_about(&j->kept, about, &j->complaint);
    json_decref(about);
    json_decref(answer);
    return error;
}

static void say(const struct join *j)
{
    printf("Member:      %s\nInstance id: %s\nFingerprint: %s\n", j->name, j->enrolment.id, j->fingerprint);
    if (j->code_text.length == 0)
        printf(
            "It waits for an administrator: on the page Members, or by\n  tandem trust %s --fingerprint %s\n",
            j->name, j->fingerprint);
    fflush(stdout);
}

static int wait_for(struct join *j, json_t **answer)
{
    unsigned silent = 0;
    for (;;) {
        buffer_clear(&j->complaint);
        int error = client_fetch(&j->remote, answer, &j->enrolment, j->key, &j->complaint);
        bool away = error == ERROR_UNREACHABLE || error == ERROR_TIMEOUT || error == ERROR_CLOSED;
        silent = away ? silent + 1 : 0;
        if (error != ERROR_AGAIN && (!away || silent == SILENCE))
            return error;
        sleep(j->code_text.length != 0 && !away ? 1 : LOOK);
    }
}

/* ---- done ---- */

static int finish(struct join *j, const json_t *answer, bool *made)
{
    int64_t now = (int64_t)time(NULL);
    json_t *secrets = NULL;
    int error = kept_check(j->key, j->name, answer, now, &j->complaint);
    if (error == 0 && (secrets = kept_secrets(j->key, answer, &j->complaint)) == NULL)
        error = ERROR_DENIED;
    if (error == 0)
        error = start_file_write(made, j->start_file, &j->kept, j->name, answer, secrets, &j->complaint);
    json_decref(secrets);
    if (error == 0) /* the last: from here on it is a member */
        error = kept_install(&j->kept, j->key, j->name, answer, now, &j->complaint);
    if (error != 0)
        return error;
    printf("Trusted. The certificate is %s.\n", j->kept.member);
    if (*made)
        printf("Start it: tandem run --config %s\n", j->start_file);
    else
        puts("The platform decides, carries and keeps everything in one process: there is nothing that this "
             "machine could "
             "run. See the guide Joining a machine.");
    fflush(stdout);
    return 0;
}

static void run(const struct join *j)
{
    char *const arguments[] = {
        (char[]){"tandem"}, (char[]){"run"}, (char[]){"--config"}, (char *)(uintptr_t)j->start_file, NULL};
    execv("/proc/self/exe", arguments);
    perror("tandem: cannot start tandem run");
}

int command_join(const struct options *options)
{
    struct join j = {.options = options};
    json_t *answer = NULL;
    bool made = false;
    int error = prepare(&j);
    if (error == 0)
        error = authenticate(&j);
    if (error == 0)
        error = ask(&j);
    if (error == 0) {
        say(&j);
        error = wait_for(&j, &answer);
    }
    if (error == 0)
        error = finish(&j, answer, &made);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(j.complaint.length != 0 ? buffer_slice(&j.complaint)
                                                                   : slice_text(error_sentence(error))));
    else if (made && options_flag(options, OPTION_RUN))
        run(&j);
    json_decref(answer);
    EVP_PKEY_free(j.key);
    remote_close(&j.remote);
    buffer_free(&j.code_text);
    buffer_free(&j.complaint);
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
