#include "tools/identity/client.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "tools/identity/proof.h"

/* ---- who is it? ---- */

static void to_text(char text[65], const unsigned char hash[32])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

/* As people copy it: "SHA256 Fingerprint=AB:CD:..." without what stands in front. */
static bool same_fingerprint(struct slice given, const char *text)
{
    size_t at = 0;
    for (size_t i = 0; i < given.length; i++) {
        if (given.data[i] == ':' || given.data[i] == ' ')
            continue;
        if (at == 64 || tolower((unsigned char)given.data[i]) != text[at])
            return false;
        at++;
    }
    return at == 64;
}

static bool is_wanted(const struct client_trust *how, X509 *x)
{
    unsigned char hash[32];
    char text[65];
    if (code_fingerprint(hash, x) != 0)
        return false;
    to_text(text, hash);
    if (!slice_empty(how->fingerprint) && !same_fingerprint(how->fingerprint, text))
        return false;
    return how->code == NULL || memcmp(hash, how->code->authority, CODE_HALF) == 0;
}

static bool person_agrees(const struct remote *r, X509 *x)
{
    unsigned char hash[32];
    char text[65], answer[16] = "";
    if (code_fingerprint(hash, x) != 0)
        return false;
    to_text(text, hash);
    printf("The authority of %.*s has the fingerprint (SHA-256)\n  %s\nThe platform's own machine shows it "
           "by tandem "
           "authority. Is it the same? yes or no: ",
        SLICE_ARG(buffer_slice(&r->web)), text);
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static int complain_other(const struct bundle *b, const struct client_trust *how, struct buffer *complaint)
{
    unsigned char hash[32];
    char text[65] = "";
    if (code_fingerprint(hash, b->items[0]) == 0)
        to_text(text, hash);
    buffer_add_format(complaint,
        "the authority there has the fingerprint %s, which is not what the %s says: another platform, or "
        "somebody in "
        "between; nothing was sent",
        text, how->code != NULL ? "code" : "option");
    return ERROR_UNAUTHENTICATED;
}

static int choose(
    struct remote *r, const struct bundle *b, const struct client_trust *how, struct buffer *complaint)
{
    bool said = how->code != NULL || !slice_empty(how->fingerprint);
    for (size_t i = 0; said && i < b->count; i++)
        if (is_wanted(how, b->items[i]))
            return bundle_add(&r->trust, b->items[i]);
    if (said)
        return complain_other(b, how, complaint);
    if (!how->ask) {
        buffer_add_text(
            complaint, "say by --fingerprint how the platform's authority is known, or join with a --code");
        return ERROR_UNAUTHENTICATED;
    }
    if (person_agrees(r, b->items[0]))
        return bundle_add(&r->trust, b->items[0]);
    buffer_add_text(complaint, "then nothing was sent");
    return ERROR_UNAUTHENTICATED;
}

int client_authenticate(struct remote *r, const struct client_trust *how, struct buffer *complaint)
{
    struct bundle b = {.count = 0};
    json_t *answer;
    unsigned status;
    r->blind = true;
    int error = remote_ask(r, &status, &answer, "GET", SLICE("/api/enrol/authority"), NULL, complaint);
    r->blind = false;
    if (error != 0)
        return error;
    const json_t *pem = json_object_get(answer, "authority");
    if (status != 200 || !json_is_string(pem) ||
        bundle_parse(&b, slice_of(json_string_value(pem), json_string_length(pem))) != 0) {
        buffer_add_text(complaint, remote_sentence(answer));
        error = ERROR_SYNTAX;
    } else {
        error = choose(r, &b, how, complaint);
    }
    bundle_free(&b);
    json_decref(answer);
    return error;
}

/* ---- asking ---- */

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static json_t *text(struct slice s)
{
    return slice_empty(s) ? NULL : json_stringn(s.data, s.length);
}

int client_enrol(
    const struct remote *r, json_t **answer, const struct client_request *request, struct buffer *complaint)
{
    unsigned status;
    json_t *content = json_pack("{ss, so*, so*, so*}", "name", request->name, "request",
        text(request->request), "code", text(request->code), "location", text(request->location));
    int error = remote_ask(r, &status, answer, "POST", SLICE("/api/enrol"), content, complaint);
    json_decref(content);
    if (error != 0)
        return error;
    const char *id = json_string_value(json_object_get(*answer, "instance_id"));
    if (status < 300 && id != NULL && strlen(id) == 32)
        return 0;
    buffer_add_text(complaint, remote_sentence(*answer));
    json_decref(*answer);
    *answer = NULL;
    return status == 403 ? ERROR_DENIED : status == 503 || status == 429 ? ERROR_OVERLOADED : ERROR_CONFLICT;
}

static int sign(struct buffer *signature, const struct client_enrolment *e, EVP_PKEY *key, int64_t at,
    struct slice request)
{
    struct buffer words = {0};
    proof_text(&words, slice_text(e->id), at, request);
    int error = proof_sign(signature, key, buffer_slice(&words));
    buffer_free(&words);
    return error;
}

static int verdict(
    unsigned status, const json_t *answer, struct client_enrolment *e, struct buffer *complaint)
{
    const json_t *theirs = json_object_get(answer, "now");
    if (json_is_integer(theirs))
        e->ahead = json_integer_value(theirs) - now();
    if (status == 200)
        return 0;
    if (status == 202 || status == 429 || status == 503)
        return ERROR_AGAIN;
    buffer_add_text(complaint, remote_sentence(answer));
    return status == 401   ? ERROR_UNAUTHENTICATED
           : status == 403 ? ERROR_DENIED
           : status == 404 ? ERROR_MISSING
                           : ERROR_CONFLICT;
}

static int fetch_once(const struct remote *r, json_t **answer, struct client_enrolment *e, EVP_PKEY *key,
    struct buffer *complaint)
{
    struct buffer path = {0}, signature = {0};
    unsigned status = 0;
    int64_t at = now() + e->ahead;
    int error = sign(&signature, e, key, at, (struct slice){0});
    buffer_add_format(
        &path, "/api/enrol/%s?at=%" PRId64 "&signature=%.*s", e->id, at, SLICE_ARG(buffer_slice(&signature)));
    if (error == 0)
        error = remote_ask(r, &status, answer, "GET", buffer_slice(&path), NULL, complaint);
    if (error == 0)
        error = verdict(status, *answer, e, complaint);
    buffer_free(&path);
    buffer_free(&signature);
    return error;
}

/* A clock that was set meanwhile is told by the refusal, so a second try is a good one. */
int client_fetch(const struct remote *r, json_t **answer, struct client_enrolment *e, EVP_PKEY *key,
    struct buffer *complaint)
{
    int error = fetch_once(r, answer, e, key, complaint);
    if (error == ERROR_UNAUTHENTICATED && *answer != NULL) {
        json_decref(*answer);
        buffer_clear(complaint);
        error = fetch_once(r, answer, e, key, complaint);
    }
    if (error != 0) {
        json_decref(*answer);
        *answer = NULL;
    }
    return error;
}

int client_renew(const struct remote *r, struct client_enrolment *e, EVP_PKEY *present, struct slice request,
    struct buffer *complaint)
{
    struct buffer path = {0};
    int error = ERROR_UNAUTHENTICATED;
    buffer_add_format(&path, "/api/enrol/%s/renew", e->id);
    for (int tries = 0; tries < 2 && error == ERROR_UNAUTHENTICATED; tries++) {
        struct buffer signature = {0};
        json_t *answer = NULL;
        unsigned status = 0;
        int64_t at = now() + e->ahead;
        buffer_clear(complaint);
        error = sign(&signature, e, present, at, request);
        json_t *content = json_pack("{so*, sI, so*}", "request", text(request), "at", (json_int_t)at,
            "signature", text(buffer_slice(&signature)));
        if (error == 0)
            error = remote_ask(r, &status, &answer, "POST", buffer_slice(&path), content, complaint);
        bool reached = error == 0;
        if (reached && (error = verdict(status, answer, e, complaint)) == ERROR_AGAIN && status == 202)
            error = 0;
        json_decref(content);
        json_decref(answer);
        buffer_free(&signature);
        if (!reached)
            break;
    }
    buffer_free(&path);
    return error;
}
