/* Requests that wait for somebody else: the store, a job, the role config. Each wait ends. */
#include "roles/session/session_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/json.h"
#include "wire/pack.h"
#include "config/process.h"

#define PAGE 50U /* rows of history, unless told otherwise */
#define PAGE_MOST 200U
#define PART ((size_t)256 << 10) /* bytes of a body that go to a role at a time */

struct question *session__ask(
    struct connection *c, void (*answer)(struct question *q, const struct input *in))
{
    struct session *s = c->session;
    if (map_count(&s->questions) >= SESSION_QUESTIONS) {
        session__error(c, HTTP_STATUS_SERVICE_UNAVAILABLE, "OVERLOADED",
            "too much work at the moment; try again", "Retry-After: 1\r\n");
        return NULL;
    }
    struct question *q = mem_zero(sizeof *q);
    q->token = ++s->next_number;
    q->connection = c;
    q->answer = answer;
    c->question = q->token;
    map_put_number(&s->questions, q->token, q);
    return q;
}

void session__question_free(struct session *s, struct question *q)
{
    if (q->verifies)
        s->verifications--;
    session__gathering_free(q);
    world_timer_clear(&q->timer);
    map_remove_number(&s->questions, q->token);
    mem_free(q);
}

static void settle(struct session *s, struct question *q, const struct input *in)
{
    struct connection *c = q->connection;
    if (c != NULL) {
        c->question = 0;
        q->answer(q, in);
    }
    session__question_free(s, q);
    if (c != NULL)
        session__go_on(c);
}

void session__answered(struct session *s, const struct input *in)
{
    struct question *q = map_get_number(&s->questions, in->token);
    if (q != NULL)
        settle(s, q, in);
}

void session__question_timer(struct session *s, uint64_t token)
{
    static const struct input late = {.kind = INPUT_ANSWER, .answer = ANSWER_UNKNOWN, .error = ERROR_TIMEOUT};
    struct question *q = map_get_number(&s->questions, token);
    if (q != NULL)
        settle(s, q, &late);
}

static void no_answer(struct connection *c, const char *sentence)
{
    session__error(c, HTTP_STATUS_SERVICE_UNAVAILABLE, "UNAVAILABLE", sentence, "Retry-After: 2\r\n");
}

/* ---- history ---- */

static void add_text(struct buffer *out, const char *name, const Tandem__StoreValue *v)
{
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, slice_text(v->text));
}

static void add_time(struct buffer *out, const char *name, const Tandem__StoreValue *v)
{
    if (v->has_number)
        buffer_add_format(out, ",\"%s\":\"%" PRId64 "\"", name, v->number);
    else
        buffer_add_format(out, ",\"%s\":null", name);
}

/* "answered" of RESULT_ANSWERED */
static void add_result(struct buffer *out, const Tandem__StoreValue *v)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&tandem__call_result__descriptor, (int)v->number);
    buffer_add_text(out, ",\"result\":\"");
    for (const char *at = value != NULL ? value->name + strlen("RESULT_") : "FAILED"; *at != '\0'; at++)
        buffer_add_byte(out, *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at);
    buffer_add_byte(out, '"');
}

/* Columns as history_page returns them: cursor, call_id, started_at, answered_at, ended_at, from, to, result,
 * cause, node, location, attributes (a JSON object). */
static void add_row(struct buffer *out, Tandem__StoreValue *const *v)
{
    buffer_add_text(out, "{\"call_id\":");
    json_add_string(out, slice_text(v[1]->text));
    add_time(out, "started_at", v[2]);
    add_time(out, "answered_at", v[3]);
    add_time(out, "ended_at", v[4]);
    add_text(out, "from", v[5]);
    add_text(out, "to", v[6]);
    add_result(out, v[7]);
    add_text(out, "cause", v[8]);
    add_text(out, "node", v[9]);
    add_text(out, "location", v[10]);
    if (v[11]->text != NULL) {
        buffer_add_text(out, ",\"attributes\":");
        buffer_add_text(out, v[11]->text);
    }
    buffer_add_byte(out, '}');
}

static void history_came(struct question *q, const struct input *in)
{
    struct connection *c = q->connection;
    const Tandem__StoreAnswer *a =
        in->answer == ANSWER_YES ? pack_read(&tandem__store_answer__descriptor, in->bytes, &c->session->arena)
                                 : NULL;
    if (a == NULL || a->n_results != 1) {
        no_answer(c, "the history cannot be read at the moment; try again");
        return;
    }
    struct buffer body = {0};
    const Tandem__StoreResult *r = a->results[0];
    size_t count = r->n_rows < q->limit ? r->n_rows : q->limit;
    buffer_add_text(&body, "{\"calls\":[");
    for (size_t i = 0; i < count; i++) {
        if (r->rows[i]->n_values < 12)
            continue;
        if (body.data[body.length - 1] == '}')
            buffer_add_byte(&body, ',');
        add_row(&body, r->rows[i]->values);
    }
    if (r->n_rows > count && count != 0 && r->rows[count - 1]->n_values != 0)
        buffer_add_format(&body, "],\"next\":\"%" PRId64 "\"}", r->rows[count - 1]->values[0]->number);
    else
        buffer_add_text(&body, "],\"next\":null}");
    session__answer_json(c, HTTP_STATUS_OK, (struct slice){0}, buffer_slice(&body));
    buffer_free(&body);
}

/* A number of the query: absent leaves *number as it is. */
static int query_number(const struct connection *c, struct slice name, uint64_t *number, uint64_t most)
{
    struct slice text;
    int error = http_query(&c->http->request, name, &c->session->arena, &text);
    if (error == ERROR_MISSING)
        return 0;
    return error != 0 ? error : slice_to_u64(number, text, most);
}

void session__history(struct connection *c, struct sign_in *i)
{
    struct session *s = c->session;
    uint64_t limit = PAGE, before = 0;
    struct slice dn = {0};
    (void)i;
    int error = query_number(c, SLICE("limit"), &limit, PAGE_MOST);
    if (error == 0)
        error = query_number(c, SLICE("before"), &before, INT64_MAX);
    if (error == 0)
        error = http_query(&c->http->request, SLICE("dn"), &s->arena, &dn);
    if ((error != 0 && error != ERROR_MISSING) || limit == 0 || !utf8_valid(dn) || dn.length > 64) {
        session__error(c, HTTP_STATUS_BAD_REQUEST, "SYNTAX",
            "the query takes limit=1..200, before=NUMBER (the `next` of the page before) and dn=TEXT", NULL);
        return;
    }
    struct question *q = session__ask(c, history_came);
    if (q == NULL)
        return;
    q->limit = limit;
    Tandem__StoreValue values[3] = {
        TANDEM__STORE_VALUE__INIT, TANDEM__STORE_VALUE__INIT, TANDEM__STORE_VALUE__INIT};
    Tandem__StoreValue *parameters[3] = {&values[0], &values[1], &values[2]};
    if (dn.length != 0)
        values[0].text = arena_text(&s->arena, dn);
    values[1].has_number = before != 0;
    values[1].number = (int64_t)before;
    values[2].has_number = true;
    values[2].number = (int64_t)limit + 1; /* one more says whether there is another page */
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT;
    Tandem__StoreStatement *statements[1] = {&statement};
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    statement.name = (char *)(uintptr_t) "history_page";
    statement.n_parameters = 3;
    statement.parameters = parameters;
    request.n_statements = 1;
    request.statements = statements;
    struct buffer bytes = {0};
    pack_add(&bytes, &request.base);
    world_ask(s->world, SERVICE_STORE, buffer_slice(&bytes), session__object(SESSION_OBJECT_QUESTION, 0),
        q->token, world_now(s->world) + timer_duration(TIMER_SESSION_ANSWER));
    buffer_free(&bytes);
}

/* ---- other roles ---- */

/* Only called when there is no answer. */
static void role_failed(struct question *q, const struct input *in)
{
    char sentence[96];
    (void)in;
    snprintf(sentence, sizeof sentence, "the role %s does not answer at the moment; try again", q->role);
    no_answer(q->connection, sentence);
}

/* Sub-commands of the program on this machine speak as administrator, by a token instead of a log-in. */
bool session__is_operator(const struct connection *c)
{
    struct slice wanted = config_operator_token_sha256(world_configuration(c->session->world));
    struct slice given = http_field(&c->http->request, SLICE("Authorization"));
    unsigned char digest[32];
    char text[65];
    if (wanted.length != 64 || !slice_starts_nocase(given, SLICE("Bearer ")))
        return false;
    given = slice_trim(slice_from(given, 7));
    EVP_Digest(given.data, given.length, digest, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return CRYPTO_memcmp(text, wanted.data, 64) == 0;
}

/* "192.0.2.7", "2001:db8::7" */
static char *source_of(struct connection *c)
{
    struct buffer text = {0};
    address_add_ip(&text, &c->peer);
    struct slice ip = buffer_slice(&text);
    if (slice_starts(ip, SLICE("[")))
        ip = slice_of(ip.data + 1, ip.length - 2);
    char *source = arena_text(&c->session->arena, ip);
    buffer_free(&text);
    return source;
}

/* A part of the request's body, from `offset` on; the first one says whose it is. */
static void tell_part(struct connection *c, struct question *q, uint64_t offset)
{
    struct session *s = c->session;
    const struct http_request *r = &c->http->request;
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    char reply_to[SESSION_SUBJECT], subject[SESSION_SUBJECT], id[17];
    struct slice part = slice_first(slice_from(r->body, (size_t)offset), PART);
    struct buffer path = {0}, bytes = {0};
    snprintf(reply_to, sizeof reply_to, "ctl.session.%.*s.config", SLICE_ARG(s->name));
    buffer_add(&path, r->raw_path);
    if (r->query.length != 0)
        buffer_add_byte(&path, '?');
    buffer_add(&path, r->query);
    m.reply_to = reply_to;
    m.token = q->token;
    m.method = (char *)(uintptr_t)(r->method == HTTP_HEAD ? "GET" : http_method_name(r->method));
    m.path = arena_text(&s->arena, buffer_slice(&path));
    m.has_body = part.length != 0;
    m.body = pack_bytes(part);
    m.has_length = part.length != r->body.length;
    m.length = r->body.length;
    m.has_offset = offset != 0;
    m.offset = offset;
    m.user = q->user[0] != '\0' ? q->user : NULL;
    m.role = (char *)(uintptr_t)q->right;
    m.source = source_of(c);
    snprintf(id, sizeof id, "%016" PRIx64, q->id);
    m.id = id;
    pack_add(&bytes, &m.base);
    snprintf(subject, sizeof subject, "ctl.%s", q->role);
    world_publish(s->world, slice_text(subject), buffer_slice(&bytes));
    world_timer_set(s->world, &q->timer, session__object(SESSION_OBJECT_QUESTION, q->token),
        TIMER_SESSION_ANSWER, world_now(s->world) + timer_duration(TIMER_SESSION_ANSWER));
    buffer_free(&path);
    buffer_free(&bytes);
}

void session__config_answer(struct session *s, struct slice bytes)
{
    const Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, bytes, &s->arena);
    struct question *q = m != NULL ? map_get_number(&s->questions, m->token) : NULL;
    if (q != NULL && q->gathering != NULL) {
        session__gathered(s, q, m); /* it may be gone now */
        return;
    }
    if (q == NULL || q->answer != role_failed)
        return;
    struct connection *c = q->connection;
    if (c != NULL && m->status == 100) {
        tell_part(c, q, m->wanted);
        return;
    }
    session__question_free(s, q);
    if (c == NULL)
        return;
    c->question = 0;
    const struct http_answer answer = {
        .status = m->status >= 200 && m->status <= 599 ? (uint16_t)m->status : HTTP_STATUS_BAD_GATEWAY,
        .type = slice_text(m->content_type),
        .body = m->has_body ? pack_slice(m->body) : (struct slice){0},
    };
    http_answer(c->http, world_now(s->world), &answer, &s->out);
    session__go_on(c);
}

struct question *session__forward(
    struct connection *c, const struct sign_in *i, const char *role, bool anybody)
{
    const struct config_person *p = i != NULL ? session__person(c->session, i) : NULL;
    if (p == NULL && !anybody && !session__is_operator(c)) {
        session__unauthenticated(c, "log in first");
        return NULL;
    }
    struct question *q = session__ask(c, role_failed);
    if (q == NULL)
        return NULL;
    q->role = role;
    q->id = world_random(c->session->world);
    if (!anybody) {
        snprintf(q->user, sizeof q->user, "%.*s", SLICE_ARG(p != NULL ? p->name : SLICE("operator")));
        q->right = config_person_role_name(p != NULL ? p->role : CONFIG_PERSON_ADMINISTRATOR);
    }
    tell_part(c, q, 0);
    return q;
}

void session__config(struct connection *c, struct sign_in *i)
{
    session__forward(c, i, "config", false);
}

void session__proxy(struct connection *c, struct sign_in *i)
{
    session__forward(c, i, "proxy", false);
}

void session__control(struct connection *c, struct sign_in *i)
{
    session__forward(c, i, "control", false);
}
