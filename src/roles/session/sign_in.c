/* Log-ins: made by a password, found by a cookie, ended by log-out, time, or a change of the person (SEC-4).
 */
#include "roles/session/session_int.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/browser.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/json.h"
#include "wire/pack.h"

#define COOKIE "tandem_session"
#define COOKIE_TEXT 32 /* hexadecimal digits */

/* Of a password that nobody knows: verified for users that do not exist, so that they cost the same time. */
static const char nobody[] =
    "$argon2id$v=19$m=19456,t=2,p=1$JfIESkHKtQD/do+lZEV7LQ$ScdXOjVRXSo8dUEVN8S1CMWklisUk7YmN6w3tpY8A3Q";

static void hash_id(char id[32], struct slice cookie)
{
    EVP_Digest(cookie.data, cookie.length, (unsigned char *)id, NULL, EVP_sha256(), NULL);
}

const struct config_person *session__person(const struct session *s, const struct sign_in *i)
{
    return config_person(world_configuration(s->world), slice_text(i->user));
}

struct sign_in *session__signed_in(struct connection *c)
{
    struct session *s = c->session;
    struct slice cookie;
    char id[32];
    if (!http_cookie(&c->http->request, SLICE(COOKIE), &cookie) || cookie.length != COOKIE_TEXT)
        return NULL;
    hash_id(id, cookie);
    struct sign_in *i = map_get(&s->sign_ins, slice_of(id, sizeof id));
    if (i != NULL)
        session__sign_in_touch(s, i);
    return i;
}

/* A live connection keeps it; without one the time of idleness begins. */
void session__sign_in_touch(struct session *s, struct sign_in *i)
{
    int64_t at = world_now(s->world) + timer_duration(TIMER_SESSION_IDLE);
    if (at > i->until || !list_empty(&i->connections))
        at = i->until;
    world_timer_set(
        s->world, &i->timer, session__object(SESSION_OBJECT_SIGN_IN, i->number), TIMER_SESSION_IDLE, at);
}

void session__sign_in_end(struct session *s, struct sign_in *i, const char *why)
{
    if (why != NULL)
        LOG(LOG_INFO, "roles/session", "log-in of %s ended: %s", i->user, why);
    struct list *link;
    while ((link = list_first(&i->connections)) != NULL) {
        struct connection *c = list_entry(link, struct connection, of_sign_in);
        list_remove(link);
        c->sign_in = NULL;
        session__bye(c, "logged_out", 4401);
    }
    world_timer_clear(&i->timer);
    map_remove(&s->sign_ins, slice_of(i->id, sizeof i->id));
    map_remove_number(&s->sign_ins_by_number, i->number);
    list_remove(&i->link);
    mem_free(i);
}

void session__sign_ins_check(struct session *s)
{
    list_for_each_safe (link, next, &s->sign_in_order) {
        struct sign_in *i = list_entry(link, struct sign_in, link);
        const struct config_person *p = session__person(s, i);
        if (p == NULL || p->disabled)
            session__sign_in_end(s, i, "the person may not log in any more");
        else if (hash_stable(p->password) != i->password)
            session__sign_in_end(s, i, "the password was changed");
    }
}

/* ---- log-in ---- */

static void make_room(struct session *s, struct slice user)
{
    struct sign_in *oldest = NULL;
    unsigned count = 0;
    list_for_each (link, &s->sign_in_order) {
        struct sign_in *i = list_entry(link, struct sign_in, link);
        if (!slice_equal(slice_text(i->user), user))
            continue;
        count++;
        if (oldest == NULL)
            oldest = i;
    }
    if (count >= SESSION_SIGN_INS_USER)
        session__sign_in_end(s, oldest, "newer ones of the same person");
    else if (map_count(&s->sign_ins) >= SESSION_SIGN_INS)
        session__sign_in_end(s, list_entry(list_first(&s->sign_in_order), struct sign_in, link), "too many");
}

static void add_user(struct buffer *out, const struct config_person *p)
{
    buffer_add_text(out, "{\"user\":");
    json_add_string(out, p->name);
    buffer_add_text(out, ",\"name\":");
    json_add_string(out, p->display_name.length != 0 ? p->display_name : p->name);
    buffer_add_text(out, ",\"role\":");
    json_add_string(out, slice_text(config_person_role_name(p->role)));
    buffer_add_byte(out, '}');
}

static void log_in(struct connection *c, const struct config_person *p)
{
    struct session *s = c->session;
    struct buffer fields = {0}, body = {0};
    char cookie[COOKIE_TEXT + 1];
    uint64_t first = world_random(s->world), second = world_random(s->world);
    make_room(s, p->name);
    snprintf(cookie, sizeof cookie, "%016llx%016llx", (unsigned long long)first, (unsigned long long)second);
    struct sign_in *i = mem_zero(sizeof *i);
    i->number = ++s->next_number;
    hash_id(i->id, slice_of(cookie, COOKIE_TEXT));
    slice_put(i->user, p->name);
    i->password = hash_stable(p->password);
    i->until = world_now(s->world) + timer_duration(TIMER_SESSION_LONGEST);
    list_init(&i->connections);
    list_append(&s->sign_in_order, &i->link);
    map_put(&s->sign_ins, slice_of(i->id, sizeof i->id), i);
    map_put_number(&s->sign_ins_by_number, i->number, i);
    session__sign_in_touch(s, i);
    world_count(s->world, COUNTER_SESSION_LOGINS, 1);
    LOG(LOG_NOTICE, "roles/session", "%s logged in", i->user);
    buffer_add_format(
        &fields, "Set-Cookie: " COOKIE "=%s; Path=/; HttpOnly; Secure; SameSite=Strict\r\n", cookie);
    add_user(&body, p);
    session__answer_json(c, HTTP_STATUS_OK, buffer_slice(&fields), buffer_slice(&body));
    OPENSSL_cleanse(fields.data, fields.length);
    OPENSSL_cleanse(cookie, sizeof cookie);
    buffer_free(&fields);
    buffer_free(&body);
}

static void verified(struct question *q, const struct input *in)
{
    struct connection *c = q->connection;
    struct session *s = c->session;
    const struct config_person *p = config_person(world_configuration(s->world), slice_text(q->user));
    struct slice user = slice_text(q->user);
    bool refused = in->answer == ANSWER_NO && in->error == ERROR_DENIED;
    if (in->answer == ANSWER_YES && q->known && p != NULL && !p->disabled) {
        session__attempt_good(s, user, &c->peer);
        log_in(c, p);
    } else if (in->answer == ANSWER_YES || refused || !q->known) {
        world_count(s->world, COUNTER_SESSION_LOGINS_FAILED, 1);
        LOG(LOG_NOTICE, "roles/session", "log-in of %s failed", q->known ? q->user : "an unknown user");
        session__unauthenticated(c, "the name or the password is wrong");
    } else {
        session__attempt_good(s, user, &c->peer); /* not the person's fault */
        LOG(LOG_WARNING, "roles/session", "a password could not be verified: %s", error_sentence(in->error));
        session__error(
            c, HTTP_STATUS_SERVICE_UNAVAILABLE, "OVERLOADED", "try again in a moment", "Retry-After: 1\r\n");
    }
}

static void ask_verification(
    struct connection *c, const Tandem__BrowserLogin *login, const struct config_person *p)
{
    struct session *s = c->session;
    bool known = p != NULL && !p->disabled && p->password.length != 0;
    struct question *q = session__ask(c, verified);
    if (q == NULL)
        return;
    struct slice user = slice_first(slice_text(login->user), sizeof q->user - 1);
    slice_put(q->user, user);
    q->known = known;
    q->verifies = true;
    s->verifications++;
    session__attempt_failed(s, user, &c->peer);
    struct buffer request = {0};
    ProtobufCBinaryData arguments[2] = {
        pack_bytes(slice_text(login->password)), pack_bytes(known ? p->password : SLICE(nobody))};
    Tandem__JobRequest job = TANDEM__JOB_REQUEST__INIT;
    job.name = (char *)(uintptr_t) "argon2-verify";
    job.n_arguments = 2;
    job.arguments = arguments;
    pack_add(&request, &job.base);
    world_ask(s->world, SERVICE_JOB, buffer_slice(&request), session__object(SESSION_OBJECT_QUESTION, 0),
        q->token, world_now(s->world) + timer_duration(TIMER_SESSION_ANSWER));
    OPENSSL_cleanse(request.data, request.length);
    buffer_free(&request);
}

void session__login(struct connection *c, struct sign_in *i)
{
    struct session *s = c->session;
    struct buffer why = {0};
    void *message;
    (void)i; /* who logs in anew keeps the older log-in until it ends */
    int error = json_read_message(
        &message, &tandem__browser_login__descriptor, c->http->request.body, NULL, &s->arena, &why);
    const Tandem__BrowserLogin *login = error == 0 ? message : NULL;
    if (login == NULL) {
        buffer_add_byte(&why, '\0');
        session__error(c, HTTP_STATUS_BAD_REQUEST, "SYNTAX", why.data, NULL);
    } else {
        struct slice user = slice_first(slice_text(login->user), 64);
        int64_t wait = session__attempt_wait(s, user, &c->peer);
        char retry[64];
        snprintf(retry, sizeof retry, "Retry-After: %lld\r\n", (long long)((wait + 999999) / 1000000));
        if (wait > 0) {
            world_count(s->world, COUNTER_SESSION_LOGINS_DELAYED, 1);
            session__error(c, HTTP_STATUS_TOO_MANY_REQUESTS, "TOO_MANY_ATTEMPTS",
                "too many log-ins failed; wait a little and try again", retry);
        } else if (s->verifications >= SESSION_VERIFICATIONS) {
            session__error(c, HTTP_STATUS_TOO_MANY_REQUESTS, "OVERLOADED",
                "too many log-ins at the moment; try again", "Retry-After: 1\r\n");
        } else {
            ask_verification(c, login, config_person(world_configuration(s->world), slice_text(login->user)));
        }
    }
    buffer_free(&why);
}

void session__logout(struct connection *c, struct sign_in *i)
{
    const struct http_answer answer = {.status = HTTP_STATUS_NO_CONTENT,
        .fields = SLICE("Set-Cookie: " COOKIE "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict\r\n")};
    session__sign_in_end(c->session, i, "logged out");
    http_answer(c->http, world_now(c->session->world), &answer, &c->session->out);
}

void session__me(struct connection *c, struct sign_in *i)
{
    struct buffer body = {0};
    add_user(&body, session__person(c->session, i)); /* checked at each change of the configuration */
    session__answer_json(c, HTTP_STATUS_OK, (struct slice){0}, buffer_slice(&body));
    buffer_free(&body);
}
