/* Questions that each proxy answers for itself: what they say is put into one answer. One that is silent is
 * waited for a moment; then its answer is missing. */
#include "base/log.h"
#include "base/mem.h"
#include "roles/session/session_int.h"
#include "wire/pack.h"

#define BODIES ((size_t)6 << 20) /* bytes of all answers together; those beyond are missing */
#define QUERY_MOST 200U          /* of a line in the log */

struct gathering {
    unsigned asked, answered;
    struct buffer bodies;
    unsigned refusal; /* status of the first answer that is none */
    struct buffer refused;
};

void session__gathering_free(struct question *q)
{
    if (q->gathering == NULL)
        return;
    buffer_free(&q->gathering->bodies);
    buffer_free(&q->gathering->refused);
    mem_free(q->gathering);
    q->gathering = NULL;
}

static void answer(struct question *q, const struct input *in)
{
    const struct gathering *g = q->gathering;
    struct buffer body = {0};
    (void)in;
    if (g->bodies.length == 0 && g->refusal == 0) {
        session__error(q->connection, HTTP_STATUS_SERVICE_UNAVAILABLE, "UNAVAILABLE",
            "no proxy answers at the moment; try again", "Retry-After: 2\r\n");
        return;
    }
    if (g->bodies.length == 0) {
        session__answer_json(
            q->connection, (uint16_t)g->refusal, (struct slice){0}, buffer_slice(&g->refused));
        return;
    }
    buffer_add_format(&body, "{\"asked\":%u,\"answers\":[", g->asked);
    buffer_add(&body, buffer_slice(&g->bodies));
    buffer_add_text(&body, "]}");
    session__answer_json(q->connection, HTTP_STATUS_OK, (struct slice){0}, buffer_slice(&body));
    buffer_free(&body);
}

static void take(struct gathering *g, const Tandem__ConfigAnswer *m)
{
    struct slice body = m->has_body ? pack_slice(m->body) : (struct slice){0};
    g->answered++;
    if (m->status == HTTP_STATUS_OK && body.length != 0 && g->bodies.length + body.length < BODIES) {
        if (g->bodies.length != 0)
            buffer_add_byte(&g->bodies, ',');
        buffer_add(&g->bodies, body);
    } else if (g->refusal == 0) {
        g->refusal = m->status >= 400 && m->status <= 599 ? m->status : HTTP_STATUS_BAD_GATEWAY;
        buffer_add(&g->refused, body);
    }
}

void session__gathered(struct session *s, struct question *q, const Tandem__ConfigAnswer *m)
{
    take(q->gathering, m);
    if (q->gathering->answered == q->gathering->asked)
        session__question_timer(s, q->token); /* nobody is waited for any longer */
}

/* How many will answer. */
static unsigned count(struct connection *c)
{
    const struct configuration *all = world_configuration(c->session->world);
    struct slice wanted = {0}, location = {0};
    const struct config_application *a;
    unsigned number = 0;
    (void)!http_query(&c->http->request, SLICE("proxy"), &c->session->arena, &wanted);
    (void)!http_query(&c->http->request, SLICE("location"), &c->session->arena, &location);
    for (size_t at = 0; (a = config_next_application(all, CONFIG_ROLE_PROXY, &at)) != NULL;)
        number += (wanted.length == 0 || slice_equal(wanted, a->name)) &&
                  (location.length == 0 || slice_equal(location, a->location->name));
    return number;
}

/* What people say to each other is personal: who reads it is written down, once and not page by page. */
static void note(const struct connection *c, const struct question *q)
{
    const struct http_request *r = &c->http->request;
    if (slice_ends(r->path, SLICE("/messages")) && slice_find_slice(r->query, SLICE("after=")) < 0)
        LOG(LOG_NOTICE, "roles/session", "%s looks at SIP messages: %.*s?%.*s", q->user, SLICE_ARG(r->path),
            SLICE_ARG(slice_first(r->query, QUERY_MOST)));
}

void session__gather(struct connection *c, struct sign_in *i)
{
    struct session *s = c->session;
    unsigned asked = count(c);
    if (asked == 0 && (i != NULL || session__is_operator(c))) {
        session__error(
            c, HTTP_STATUS_NOT_FOUND, NULL, "the configuration has no such proxy; see tandem status", NULL);
        return;
    }
    struct question *q = session__forward(c, i, "proxy", false);
    if (q == NULL)
        return;
    q->gathering = mem_zero(sizeof *q->gathering);
    q->gathering->asked = asked;
    q->gathering->bodies.limit = BODIES + 1;
    q->answer = answer;
    note(c, q);
    world_timer_set(s->world, &q->timer, session__object(SESSION_OBJECT_QUESTION, q->token),
        TIMER_SESSION_GATHER, world_now(s->world) + timer_duration(TIMER_SESSION_GATHER));
}
