/* What the files of the role offer each other; session_int.h includes it. */
#ifndef TANDEM_ROLES_SESSION_CALLS_H
#define TANDEM_ROLES_SESSION_CALLS_H

#include "wire/client.pb-c.h"

/* connection.c */
void session__accept(struct session *s, const struct input *in);
void session__data(struct connection *c, struct slice bytes);
void session__end(struct connection *c); /* closes the flow; freed at the end of the turn */
void session__connection_timer(struct connection *c, uint32_t timer);
void session__go_on(struct connection *c); /* after an answer that came later */
void session__bye(struct connection *c, const char *reason, uint16_t code);
void session__send(struct connection *c, struct slice frame);
void session__reap(struct session *s);

/* route.c, static.c */
size_t session__body_limit(struct connection *c);
/* The table of routes, for tests; false at its end. */
bool session__route_at(size_t at, const char **path, unsigned *methods, bool *open);
void session__openapi(struct connection *c, struct sign_in *i); /* openapi.c */
void session__openapi_describe(struct buffer *out);
void session__route(struct connection *c);
void session__file(struct connection *c);
void session__error(
    struct connection *c, uint16_t status, const char *symbol, const char *sentence, const char *fields);
void session__unauthenticated(struct connection *c, const char *sentence);
void session__answer_json(struct connection *c, uint16_t status, struct slice fields, struct slice body);
bool session__asset_exists(struct slice path);

/* sign_in.c */
struct sign_in *session__signed_in(struct connection *c); /* by the cookie; NULL: nobody */
const struct config_person *session__person(const struct session *s, const struct sign_in *i);
void session__sign_in_end(struct session *s, struct sign_in *i, const char *why);
void session__sign_ins_check(struct session *s); /* the configuration is another one */
void session__sign_in_touch(struct session *s, struct sign_in *i);
void session__login(struct connection *c, struct sign_in *i);
void session__logout(struct connection *c, struct sign_in *i);
void session__me(struct connection *c, struct sign_in *i);

/* attempt.c: SEC-3 */
int64_t session__attempt_wait(struct session *s, struct slice user, const struct address *source); /* µs */
void session__attempt_failed(struct session *s, struct slice user, const struct address *source);
void session__attempt_good(struct session *s, struct slice user, const struct address *source);
void session__attempts_free(struct session *s);

/* question.c */
struct question *session__ask(
    struct connection *c, void (*answer)(struct question *q, const struct input *in));
void session__question_free(struct session *s, struct question *q);
void session__answered(struct session *s, const struct input *in);
void session__question_timer(struct session *s, uint64_t token);
void session__history(struct connection *c, struct sign_in *i);
void session__config(struct connection *c, struct sign_in *i);
/* The request goes to another role as it is, with who asks; `anybody`: without a log-in. */
struct question *session__forward(/* NULL: it was refused */
    struct connection *c, const struct sign_in *i, const char *role, bool anybody);
bool session__is_operator(const struct connection *c);
void session__config_answer(struct session *s, struct slice bytes);
void session__proxy(struct connection *c, struct sign_in *i);
void session__control(struct connection *c, struct sign_in *i);

/* gather.c: what each proxy knows something else of */
void session__gather(struct connection *c, struct sign_in *i);
void session__gathered(struct session *s, struct question *q, const Tandem__ConfigAnswer *m);
void session__gathering_free(struct question *q);

/* rate.c, identity.c */
bool session__rate_permits(struct session *s, const struct address *source, unsigned cost);
void session__rates_free(struct session *s);
void session__enrol(struct connection *c, struct sign_in *i);
void session__members(struct connection *c, struct sign_in *i);

/* origin.c: who tells what, and whether all was heard */
void session__origins_open(struct session *s);
void session__origins_configured(struct session *s);
void session__registrations(struct session *s, struct slice bytes); /* BindingChange */
void session__bindings(struct session *s, struct slice bytes);      /* BindingSnapshot */
void session__live(struct session *s, struct slice bytes);          /* LiveChange */
void session__origins_ask(struct session *s);
void session__origins_audit(struct session *s);

/* feed.c */
void session__feed_changed(struct session *s); /* something is in the view's list of changes */
void session__feed_flush(struct session *s);
void session__feed_deliver(struct session *s);
void session__feed_hello(struct connection *c, struct slice text);
void session__feed_ponged(struct connection *c, struct slice payload);
void session__feed_free(struct session *s);

static inline uint64_t session__object(enum session_object kind, uint64_t index)
{
    return OBJECT(kind, index);
}

#endif
