/* Who may ask what. SEC-3: every call but the log-in needs one; what changes something must come from our own
 * page. */
#include "roles/session/session_int.h"

#include "base/log.h"

#define READ (HTTP_BIT(HTTP_GET) | HTTP_BIT(HTTP_HEAD))
#define WRITE (HTTP_BIT(HTTP_POST) | HTTP_BIT(HTTP_PUT) | HTTP_BIT(HTTP_DELETE) | HTTP_BIT(HTTP_PATCH))

#define LARGE_BODY ((size_t)16 << 20) /* only of who has logged in */
#define OPEN_BODY ((size_t)1 << 20)

struct route {
    const char *path; /* with '/' at the end: all below it */
    unsigned methods;
    size_t body;
    bool open; /* without log-in; then the handler's `i` may be NULL */
    void (*handle)(struct connection *c, struct sign_in *i);
};

static void websocket(struct connection *c, struct sign_in *i)
{
    static const struct slice protocols[] = {SLICE_INIT("tandem.v1")};
    static const struct websocket_rules rules = {true, protocols, 1};
    static const struct websocket_limits limits = {.message = 65536, .fragments = 64};
    struct slice protocol;
    if (websocket_handshake(c->http, world_now(c->session->world), &rules, &protocol, &c->session->out) != 0)
        return;
    websocket_open(&c->websocket, &limits);
    c->sign_in = i;
    list_append(&i->connections, &c->of_sign_in);
    session__sign_in_touch(c->session, i);
}

static const struct route routes[] = {
    {"/api/login", HTTP_BIT(HTTP_POST), 8192, true, session__login},
    {"/api/logout", HTTP_BIT(HTTP_POST), 8192, false, session__logout},
    {"/api/me", READ, 0, false, session__me},
    {"/api/history", READ, 0, false, session__history},
    {"/api/status", READ, 0, true, session__control},
    {"/api/trunks", READ, 0, true, session__control},
    {"/api/alarms", READ, 0, true, session__control},
    {"/api/alarms/", HTTP_BIT(HTTP_POST), 1024, true, session__control},
    {"/api/enrol", HTTP_BIT(HTTP_POST), 16384, true, session__enrol},
    {"/api/enrol/", READ | HTTP_BIT(HTTP_POST), 16384, true, session__enrol},
    {"/api/members", READ, 0, true, session__members},
    {"/api/members/", HTTP_BIT(HTTP_POST), 8192, true, session__members},
    {"/api/bans", READ, 0, true, session__proxy},
    {"/api/bans/", HTTP_BIT(HTTP_DELETE), 0, true, session__proxy},
    {"/api/registrations", READ, 0, true, session__proxy},
    {"/api/registrations/", HTTP_BIT(HTTP_DELETE), 0, true, session__proxy},
    {"/api/trace/", READ, 0, true, session__gather},
    {"/api/ws", HTTP_BIT(HTTP_GET), 0, false, websocket},
    {"/api/openapi.json", READ, 0, true, session__openapi},
    {"/api/changes", READ | HTTP_BIT(HTTP_POST), LARGE_BODY, true, session__config},
    {"/api/changes/", READ | HTTP_BIT(HTTP_POST), 8192, true, session__config},
    {"/api/export", READ, 0, true, session__config},
    {"/api/import", HTTP_BIT(HTTP_POST), LARGE_BODY, true, session__config},
    {"/api/config", READ, 0, true, session__config},
    {"/api/config/", READ | HTTP_BIT(HTTP_PUT) | HTTP_BIT(HTTP_DELETE), (size_t)1 << 20, true,
        session__config},
};

static const struct route *find(struct slice path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct slice wanted = slice_text(routes[i].path);
        if (slice_ends(wanted, SLICE("/")) ? slice_starts(path, wanted) : slice_equal(path, wanted))
            return &routes[i];
    }
    return NULL;
}

size_t session__body_limit(struct connection *c)
{
    const struct route *r = find(c->http->request.path);
    size_t limit = r != NULL ? r->body : 0;
    if (limit > OPEN_BODY && session__signed_in(c) == NULL && !session__is_operator(c))
        limit = OPEN_BODY;
    return limit;
}

bool session__route_at(size_t at, const char **path, unsigned *methods, bool *open)
{
    if (at >= sizeof routes / sizeof *routes)
        return false;
    *path = routes[at].path;
    *methods = routes[at].methods;
    *open = routes[at].open;
    return true;
}

void session__error(
    struct connection *c, uint16_t status, const char *symbol, const char *sentence, const char *fields)
{
    http_answer_error(c->http, world_now(c->session->world), status, slice_text(symbol), slice_text(sentence),
        slice_text(fields), &c->session->out);
}

/* A challenge must be there (RFC 9110 15.5.2); browsers do not ask anybody because of this one. */
void session__unauthenticated(struct connection *c, const char *sentence)
{
    session__error(c, HTTP_STATUS_UNAUTHORIZED, "UNAUTHENTICATED", sentence,
        "WWW-Authenticate: Bearer realm=\"tandem\"\r\n");
}

void session__answer_json(struct connection *c, uint16_t status, struct slice fields, struct slice body)
{
    const struct http_answer answer = {
        .status = status, .type = SLICE("application/json"), .fields = fields, .body = body};
    http_answer(c->http, world_now(c->session->world), &answer, &c->session->out);
}

/* A page of somebody else can make a browser send a request, but not with this header, nor with our origin.
 */
static bool is_forged(const struct http_request *r)
{
    if (!(HTTP_BIT(r->method) & WRITE))
        return false;
    return !slice_equal(http_field(r, SLICE("X-Tandem-Request")), SLICE("1")) || !websocket_same_origin(r);
}

static bool is_api(struct slice path)
{
    return slice_equal(path, SLICE("/api")) || slice_starts(path, SLICE("/api/"));
}

void session__route(struct connection *c)
{
    const struct http_request *r = &c->http->request;
    int64_t now = world_now(c->session->world);
    const struct route *route = find(r->path);
    if (route == NULL && is_api(r->path)) {
        session__error(
            c, HTTP_STATUS_NOT_FOUND, NULL, "there is nothing at this path; see the reference", NULL);
        return;
    }
    unsigned methods = route != NULL ? route->methods : READ;
    if (r->method == HTTP_OPTIONS || !(HTTP_BIT(r->method) & methods)) {
        if (route == NULL && !session__asset_exists(r->path) && !slice_equal(r->path, SLICE("*")) &&
            r->method != HTTP_OTHER && r->method != HTTP_CONNECT && r->method != HTTP_TRACE)
            session__error(c, HTTP_STATUS_NOT_FOUND, NULL, "there is no such page", NULL);
        else
            http_answer_methods(c->http, now, methods, &c->session->out);
        return;
    }
    if (route == NULL) {
        session__file(c);
        return;
    }
    if (is_forged(r)) {
        LOG(LOG_NOTICE, "roles/session", "refused a request that did not come from our page");
        session__error(c, HTTP_STATUS_FORBIDDEN, "FORGED",
            "the request did not come from this application; send the header X-Tandem-Request: 1", NULL);
        return;
    }
    struct sign_in *i = session__signed_in(c);
    if (i == NULL && !route->open) {
        session__unauthenticated(c, "log in first");
        return;
    }
    route->handle(c, i);
}
