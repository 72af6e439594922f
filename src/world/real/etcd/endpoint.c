/* Servers: which of them are proved to be members of our registry, and why not.
 *
 *     unproved ──(log-in, a read through a majority, our cluster)──> proved ──(no answer, refused)──>
 * unproved */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "world/real/etcd/etcd_int.h"
#include "world/real/etcd/request.h"

#define PASSWORD 1024 /* bytes */

static void prove(struct etcd_endpoint *p);

/* ---- what is said about it ---- */

/* Away: no member is proved, and each has failed once since there was one. */
static void tell(struct etcd *e)
{
    const struct etcd_endpoint *worst = &e->endpoints[0];
    bool away = true;
    for (unsigned i = 0; i < e->endpoint_count; i++) {
        const struct etcd_endpoint *p = &e->endpoints[i];
        if (p->proved || !p->failed)
            away = false;
        if (p->odd && !worst->odd)
            worst = p;
    }
    bool back = false;
    for (unsigned i = 0; i < e->endpoint_count; i++)
        back = back || e->endpoints[i].proved;
    if (away && (!e->away || strcmp(e->why, worst->why) != 0)) {
        snprintf(e->why, sizeof e->why, "%s", worst->why);
        real__condition(e->engines, REAL_PART_REGISTRY, true, e->why);
        e->away = true;
    } else if (back && e->away) {
        real__condition(e->engines, REAL_PART_REGISTRY, false, "");
        e->away = false;
    }
}

static void failed(struct etcd_endpoint *p, bool odd, const char *why)
{
    struct etcd *e = p->etcd;
    bool news = strcmp(p->why, why) != 0;
    p->proved = p->wanted = p->logged_in = false;
    p->failed = true;
    p->odd = odd;
    p->retry_at = etcd__now() + timer_duration(odd ? TIMER_REGISTRY_ODD : TIMER_REGISTRY_AGAIN);
    snprintf(p->why, sizeof p->why, "%s", why);
    if (news)
        LOG(odd ? LOG_WARNING : LOG_INFO, "world", "registry: %s", p->why);
    tell(e);
}

void etcd__why_lost(char why[ETCD_WHY], const struct etcd_transfer *t, CURLcode code)
{
    const char *url = t->endpoint->url, *text = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
    bool secure = slice_starts(slice_text(url), SLICE("https:"));
    if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(why, ETCD_WHY, "%s does not answer in time", url);
    else if (code == CURLE_GOT_NOTHING && !secure)
        snprintf(why, ETCD_WHY, "%s closes the connection without an answer; should it be https://?", url);
    else if (secure && strstr(text, "SSL") != NULL)
        snprintf(why, ETCD_WHY, "no TLS with %s: %.100s; look at authority, certificate and key", url, text);
    else
        snprintf(why, ETCD_WHY, "%s cannot be reached: %.120s", url, text);
}

void etcd__endpoint_lost(struct etcd_endpoint *p, const char *why)
{
    if (p->proof == NULL)
        failed(p, false, why);
}

/* ---- the choice ---- */

struct etcd_endpoint *etcd__endpoint_choose(struct etcd *e, unsigned tried)
{
    for (unsigned i = 0; i < e->endpoint_count; i++) {
        unsigned at = (e->preferred + i) % e->endpoint_count;
        if (e->endpoints[at].proved && (tried & 1U << at) == 0) {
            if (tried == 0)
                e->preferred = at;
            return &e->endpoints[at];
        }
    }
    return NULL;
}

bool etcd__endpoints_hopeless(const struct etcd *e, unsigned tried)
{
    for (unsigned i = 0; i < e->endpoint_count; i++) {
        const struct etcd_endpoint *p = &e->endpoints[i];
        if ((tried & 1U << i) == 0 && (p->proved || !p->failed))
            return false;
    }
    return true;
}

/* ---- trust ---- */

static bool other_cluster(struct etcd_endpoint *p, uint64_t cluster)
{
    char why[ETCD_WHY];
    struct etcd *e = p->etcd;
    if (e->identity == 0) {
        if (etcd__identity_keep(cluster, e->identity_file) != 0) {
            snprintf(why, sizeof why, "%s cannot be written", e->identity_file);
            failed(p, true, why);
            return true;
        }
        e->identity = cluster;
    }
    if (e->identity == cluster)
        return false;
    snprintf(why, sizeof why, "another cluster: %s is a member of %llx, ours is %llx (%.100s)", p->url,
        (unsigned long long)cluster, (unsigned long long)e->identity, e->identity_file);
    failed(p, true, why);
    return true;
}

/* Says what a refusal means for somebody who can help. */
static void refused(struct etcd_endpoint *p, const struct etcd_answer *a, bool login)
{
    char why[ETCD_WHY];
    const struct etcd *e = p->etcd;
    if (a->error == ERROR_UNAUTHENTICATED && e->user == NULL)
        snprintf(why, sizeof why, "%s wants a log-in; set registry-user and registry-password-file", p->url);
    else if (a->error == ERROR_DENIED && login)
        snprintf(why, sizeof why, "%s does not take the user \"%.40s\" with the password of %.80s", p->url,
            e->user, e->password_file != NULL ? e->password_file : "no file (registry-password-file)");
    else if (a->error == ERROR_DENIED)
        snprintf(why, sizeof why,
            "%s: \"%.40s\" may not use keys that begin with \"%.60s/\"; give it a role that may", p->url,
            e->user != NULL ? e->user : "who logs in nowhere", e->cluster_name);
    else
        snprintf(why, sizeof why, "%s refuses: %.140s", p->url, a->text);
    failed(p, true, why);
}

bool etcd__endpoint_trusted(struct etcd_endpoint *p, const struct etcd_answer *a)
{
    struct etcd *e = p->etcd;
    if (a->tone == ETCD_SAID && other_cluster(p, a->cluster))
        return false;
    if (a->tone == ETCD_REFUSED && a->error == ERROR_UNAUTHENTICATED) {
        e->token[0] = '\0'; /* it ran out, or the member has started anew */
        failed(p, false, "its log-in has run out");
        p->retry_at = 0;
        return false;
    }
    if (a->tone == ETCD_REFUSED && a->error == ERROR_DENIED) {
        refused(p, a, false);
        return false;
    }
    return true;
}

/* ---- the proof ---- */

static void proved(struct etcd_endpoint *p, const struct etcd_answer *a)
{
    char why[ETCD_WHY];
    struct etcd *e = p->etcd;
    if (other_cluster(p, a->cluster))
        return;
    if (a->revision < p->floor) {
        snprintf(why, sizeof why,
            "%s is at revision %llu and has been at %llu: restored from a backup? see the guide", p->url,
            (unsigned long long)a->revision, (unsigned long long)p->floor);
        failed(p, true, why);
        return;
    }
    e->revision = a->revision > e->revision ? a->revision : e->revision;
    if (p->failed)
        LOG(LOG_INFO, "world", "registry: %s answers", p->url);
    p->proved = true;
    p->failed = p->odd = p->wanted = p->logged_in = false;
    p->why[0] = '\0';
    p->proofs++;
    e->busy = true;
    tell(e);
}

static void proof_answer(struct etcd_endpoint *p, const struct etcd_answer *a)
{
    char why[ETCD_WHY];
    if (a->tone == ETCD_SAID && a->revision != 0) {
        proved(p, a);
    } else if (a->tone == ETCD_REFUSED && a->error == ERROR_UNAUTHENTICATED && p->etcd->user != NULL &&
               !p->logged_in) {
        p->etcd->token[0] = '\0';
        p->etcd->doors_open = false;
        p->retry_at = 0;
    } else if (a->tone == ETCD_REFUSED) {
        refused(p, a, false);
    } else {
        snprintf(why, sizeof why,
            a->tone == ETCD_FAILED ? "%s has no leader or is in trouble: %.120s"
                                   : "what answers at %s is no etcd that we know: %.120s",
            p->url, a->text);
        failed(p, a->tone == ETCD_STRANGE, why);
    }
}

/* The token goes into a header of later requests, so only what can stand there. */
static bool take_token(struct etcd *e, const struct etcd_answer *a)
{
    const json_t *token = json_object_get(a->said, "token");
    size_t length = json_is_string(token) ? json_string_length(token) : 0;
    if (length == 0 || length >= sizeof e->token)
        return false;
    for (size_t i = 0; i < length; i++)
        if (json_string_value(token)[i] <= ' ' || json_string_value(token)[i] > '~')
            return false;
    memcpy(e->token, json_string_value(token), length + 1);
    return true;
}

static void login_answer(struct etcd_endpoint *p, const struct etcd_answer *a)
{
    char why[ETCD_WHY];
    struct etcd *e = p->etcd;
    if (a->tone == ETCD_SAID && other_cluster(p, a->cluster))
        return;
    if (a->tone == ETCD_REFUSED && a->error == ERROR_UNSUPPORTED) {
        if (!e->doors_open)
            LOG(LOG_WARNING, "world",
                "registry: %s has authentication switched off: everybody may change what is decided", p->url);
        e->doors_open = true;
    } else if (a->tone == ETCD_REFUSED) {
        refused(p, a, true);
        return;
    } else if (a->tone != ETCD_SAID || !take_token(e, a)) {
        snprintf(why, sizeof why, "%s answers the log-in with: %.140s", p->url,
            a->text[0] != '\0' ? a->text : "no token");
        failed(p, a->tone != ETCD_FAILED, why);
        return;
    }
    p->logged_in = true;
    prove(p);
}

static void proof_done(struct etcd_transfer *t, CURLcode code, long status)
{
    struct etcd_endpoint *p = t->endpoint;
    bool login = t->owner == NULL;
    struct etcd_answer a = {.root = NULL};
    char why[ETCD_WHY];
    if (code == CURLE_OK) {
        etcd__answer_read(&a, status, buffer_slice(&t->answer));
        if (login)
            p->proof = NULL; /* the next request follows */
        if (login)
            login_answer(p, &a);
        else
            proof_answer(p, &a);
    } else {
        etcd__why_lost(why, t, code);
        failed(p, code != CURLE_OPERATION_TIMEDOUT && code != CURLE_COULDNT_CONNECT, why);
    }
    etcd__answer_free(&a);
    if (!login || p->proof == t)
        p->proof = NULL;
    etcd__transfer_release(t);
}

static bool add_login(struct buffer *body, const struct etcd *e)
{
    char password[PASSWORD + 1];
    FILE *file = e->password_file != NULL ? fopen(e->password_file, "re") : NULL;
    size_t length = file != NULL ? fread(password, 1, sizeof password, file) : 0;
    if (file != NULL)
        fclose(file);
    struct slice rest = slice_of(password, length), text = {.length = 0};
    slice_cut(&rest, '\n', &text); /* the first line */
    if (slice_ends(text, SLICE("\r")))
        text.length--;
    bool good = file != NULL && length <= PASSWORD && !slice_empty(text);
    if (good)
        etcd__login_body(body, e->user, text);
    explicit_bzero(password, sizeof password);
    return good;
}

static void prove(struct etcd_endpoint *p)
{
    struct etcd *e = p->etcd;
    struct etcd_transfer *t = etcd__transfer_new(e, p);
    bool login = e->user != NULL && e->token[0] == '\0' && !e->doors_open;
    char why[ETCD_WHY];
    if (login && !add_login(&t->body, e)) {
        snprintf(why, sizeof why, "the password of \"%.40s\" cannot be read from %.120s", e->user,
            e->password_file != NULL ? e->password_file : "a file: registry-password-file is not set");
        etcd__transfer_release(t);
        failed(p, true, why);
        return;
    }
    if (!login)
        etcd__confirm_body(&t->body, e->cluster);
    p->floor = e->revision;
    t->owner = login ? NULL : p;
    t->done_h = proof_done;
    p->proof = t;
    etcd__transfer_begin(t, login ? "/v3/auth/authenticate" : "/v3/kv/range",
        timer_duration(TIMER_REGISTRY_PROOF), !login && !p->logged_in);
}

void etcd__endpoint_want(struct etcd_endpoint *p)
{
    p->wanted = true;
    p->etcd->busy = true;
}

void etcd__endpoints_tick(struct etcd *e, int64_t now)
{
    for (unsigned i = 0; i < e->endpoint_count; i++) {
        struct etcd_endpoint *p = &e->endpoints[i];
        if (p->proof == NULL && (p->proved ? p->wanted : p->retry_at <= now))
            prove(p);
    }
}

int64_t etcd__endpoints_next(const struct etcd *e)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < e->endpoint_count; i++) {
        const struct etcd_endpoint *p = &e->endpoints[i];
        if (p->proof == NULL && !p->proved && p->retry_at < next)
            next = p->retry_at;
    }
    return next;
}
