#include "roles/proxy/questions.h"

#include "base/error.h"
#include "http/http.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trace/trace.h"
#include "wire/json.h"
#include "wire/pack.h"

#define TEXT_MOST 2048U /* of a path or a parameter */

static const struct {
    const char *path; /* with what stands behind a '/' */
    void (*answer)(struct proxy *p, const struct proxy_question *q);
} kinds[] = {
    {"registrations", proxy__registrations_question}, {"bans", guard_question}, {"trace", trace_question}};

void proxy__answer(struct proxy *p, const struct proxy_question *q, unsigned status, struct slice json)
{
    Tandem__ConfigAnswer m = TANDEM__CONFIG_ANSWER__INIT;
    struct buffer packed = {0};
    m.token = q->message->token;
    m.status = status;
    m.content_type = (char[]){"application/json"};
    m.has_body = true;
    m.body = pack_bytes(json);
    pack_add(&packed, &m.base);
    world_publish(p->world, slice_text(q->message->reply_to), buffer_slice(&packed));
    buffer_free(&packed);
}

void proxy__answer_error(
    struct proxy *p, const struct proxy_question *q, unsigned status, int error, const char *sentence)
{
    struct buffer body = {0};
    buffer_add_format(
        &body, "{\"error\":{\"code\":%d,\"symbol\":\"%s\",\"sentence\":", error, error_symbol(error));
    json_add_string(&body, slice_text(sentence));
    buffer_add_text(&body, ",\"path\":\"\"}}");
    proxy__answer(p, q, status, buffer_slice(&body));
    buffer_free(&body);
}

/* With what the escapes stand for; false: they are bad. */
static bool decode(struct proxy *p, struct slice text, bool plus, struct slice *out)
{
    size_t length = 0;
    if (text.length > TEXT_MOST)
        return false;
    char *room = arena_alloc(&p->arena, text.length + 1);
    if (http_decode(room, &length, text, plus) != 0)
        return false;
    *out = slice_of(room, length);
    return true;
}

bool proxy__question_parameter(
    struct proxy *p, const struct proxy_question *q, struct slice name, struct slice *value)
{
    struct slice rest = q->query, parameter, own;
    while (slice_cut(&rest, '&', &parameter)) {
        struct slice text = parameter;
        slice_cut(&text, '=', &own);
        if (slice_equal(own, name))
            return decode(p, text, true, value);
    }
    return false;
}

/* Other locations have proxies of their own, and of some things each proxy knows something else: who means
 * one says so. */
static bool is_meant(struct proxy *p, const struct proxy_question *q)
{
    struct slice location, proxy;
    return (!proxy__question_parameter(p, q, SLICE("location"), &location) ||
               slice_equal(location, slice_text(p->location))) &&
           (!proxy__question_parameter(p, q, SLICE("proxy"), &proxy) ||
               slice_equal(proxy, slice_text(p->name)));
}

static bool has_role(const Tandem__ConfigRequest *m, const char *role)
{
    return m->role != NULL && strcmp(m->role, role) == 0;
}

static void question_input(struct proxy *p, struct slice bytes)
{
    const Tandem__ConfigRequest *m = pack_read(&tandem__config_request__descriptor, bytes, &p->arena);
    struct slice path, rest = m != NULL ? slice_text(m->path) : (struct slice){0};
    if (m == NULL || !slice_cut(&rest, '?', &path) || !slice_starts(path, SLICE("/api/")) ||
        !proxy__bindings_known(p))
        return;
    struct proxy_question q = {.method = slice_text(m->method),
        .query = rest,
        .user = m->user != NULL ? m->user : "",
        .administrator = has_role(m, "administrator"),
        .supervisor = has_role(m, "supervisor"),
        .message = m};
    if (!is_meant(p, &q))
        return;
    if (!decode(p, slice_from(path, 5), false, &q.path)) {
        proxy__answer_error(p, &q, 400, ERROR_SYNTAX, "the path is not well-formed");
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct slice kind = slice_text(kinds[i].path), more = slice_from(q.path, kind.length);
        if (slice_starts(q.path, kind) && (more.length == 0 || more.data[0] == '/')) {
            kinds[i].answer(p, &q);
            return;
        }
    }
    proxy__answer_error(p, &q, 404, ERROR_MISSING, "there is nothing at this path; see the reference");
}

void proxy__questions_open(struct proxy *p)
{
    world_subscribe(p->world, SLICE("ctl.proxy"), PROXY_TOKEN_QUESTIONS);
}

bool proxy__questions_input(struct proxy *p, const struct input *in)
{
    if (in->kind != INPUT_BUS || in->token != PROXY_TOKEN_QUESTIONS)
        return false;
    question_input(p, in->bytes);
    return true;
}
