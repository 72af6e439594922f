#include "tools/identity/renew.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/file.h"
#include "tools/identity/client.h"
#include "tools/identity/issue.h"
#include "tools/identity/kept.h"
#include "tools/identity/request.h"

#define LOOKS 30 /* a second between them */

struct renewal {
    struct kept kept;
    struct certificate present;
    struct remote remote;
    struct client_enrolment enrolment;
    char name[65];
    EVP_PKEY *key; /* the next one */
    struct buffer *complaint;
};

static bool is_due(X509 *x, int64_t now)
{
    int64_t begins = issue_time(X509_get0_notBefore(x)) / 1000000;
    int64_t ends = issue_time(X509_get0_notAfter(x)) / 1000000;
    return now >= begins + (ends - begins) / 3 * 2;
}

static int open_platform(struct renewal *r)
{
    json_t *about = kept_about(&r->kept);
    const char *name = json_string_value(json_object_get(about, "name"));
    const char *id = json_string_value(json_object_get(about, "instance_id"));
    const char *platform = json_string_value(json_object_get(about, "platform"));
    int error = name != NULL && id != NULL && platform != NULL ? 0 : ERROR_CORRUPT;
    if (error != 0) {
        buffer_add_format(r->complaint, "%s cannot be read; let this machine join anew", r->kept.about);
    } else {
        snprintf(r->name, sizeof r->name, "%s", name);
        snprintf(r->enrolment.id, sizeof r->enrolment.id, "%s", id);
        error = remote_open(&r->remote, slice_text(platform), r->complaint);
    }
    if (error == 0 && (error = bundle_read(&r->remote.trust, r->kept.authority)) != 0)
        buffer_add_format(r->complaint, "%s cannot be read", r->kept.authority);
    json_decref(about);
    return error;
}

static int ask(struct renewal *r)
{
    struct buffer request = {0};
    int error = kept_new_key(&r->key, &r->kept, r->complaint);
    if (error == 0)
        error = request_make(&request, r->key, r->name);
    if (error == 0)
        error = client_renew(&r->remote, &r->enrolment, r->present.key, buffer_slice(&request), r->complaint);
    buffer_free(&request);
    return error;
}

static int take(struct renewal *r, int64_t now)
{
    json_t *answer = NULL;
    int error = ERROR_AGAIN;
    for (int i = 0; i < LOOKS && error == ERROR_AGAIN; i++) {
        if (i != 0)
            sleep(1);
        buffer_clear(r->complaint);
        error = client_fetch(&r->remote, &answer, &r->enrolment, r->key, r->complaint);
    }
    if (error == ERROR_AGAIN)
        buffer_add_text(r->complaint, "the platform has not signed the next certificate yet");
    if (error == 0)
        error = kept_install(&r->kept, r->key, r->name, answer, now, r->complaint);
    json_decref(answer);
    return error;
}

/* Who is trusted may change long before our certificate does. What is told comes from somebody whom we trust.
 */
static int refresh(struct renewal *r)
{
    struct bundle b = {.count = 0};
    struct buffer new = {0}, old = {0};
    json_t *answer = NULL;
    unsigned status = 0;
    int error =
        remote_ask(&r->remote, &status, &answer, "GET", SLICE("/api/enrol/authority"), NULL, r->complaint);
    const json_t *pem = json_object_get(answer, "authority");
    if (error == 0 && (status != 200 || !json_is_string(pem) ||
                          bundle_parse(&b, slice_of(json_string_value(pem), json_string_length(pem))) != 0)) {
        buffer_add_text(r->complaint, remote_sentence(answer));
        error = ERROR_SYNTAX;
    }
    if (error == 0) {
        bundle_write(&new, &b);
        bundle_write(&old, &r->remote.trust);
        if (!slice_equal(buffer_slice(&new), buffer_slice(&old)))
            error = tools_file_write_private(r->kept.authority, buffer_slice(&new), r->complaint);
    }
    bundle_free(&b);
    json_decref(answer);
    buffer_free(&new);
    buffer_free(&old);
    return error;
}

/* One whose answer was lost: the platform knows the new key already, the present one is good for nothing
 * there. */
static int try_take(struct renewal *r, int64_t now)
{
    if (access(r->kept.new_key, F_OK) != 0)
        return ERROR_MISSING;
    struct buffer ignored = {0}, *complaint = r->complaint;
    json_t *answer = NULL;
    r->complaint = &ignored;
    int error = kept_new_key(&r->key, &r->kept, &ignored);
    if (error == 0)
        error = client_fetch(&r->remote, &answer, &r->enrolment, r->key, &ignored);
    if (error == 0)
        error = kept_install(&r->kept, r->key, r->name, answer, now, &ignored);
    r->complaint = complaint;
    json_decref(answer);
    buffer_free(&ignored);
    EVP_PKEY_free(r->key);
    r->key = NULL;
    return error;
}

int renew(bool *done, struct slice data, enum renew_when when, int64_t now, struct buffer *complaint)
{
    struct renewal r = {.complaint = complaint};
    *done = false;
    int error = kept_open(&r.kept, data, false, complaint);
    if (error != 0 || !kept_is_member(&r.kept))
        return error;
    error = kept_read(&r.present, &r.kept);
    if (error != 0)
        buffer_add_format(complaint, "%s: %s", r.kept.member, error_sentence(error));
    bool due = error == 0 && (when == RENEW_NOW || is_due(r.present.x509, now));
    if (error == 0)
        error = open_platform(&r);
    if (!due && error == 0)
        error = refresh(&r);
    if (due && error == 0 && try_take(&r, now) != 0) {
        error = ask(&r);
        if (error == 0)
            error = take(&r, now);
    }
    *done = due && error == 0;
    certificate_free(&r.present);
    EVP_PKEY_free(r.key);
    remote_close(&r.remote);
    return error;
}
