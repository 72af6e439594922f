/* Questions of people: what the gateway passes on of /api/status, /api/trunks and
 * /api/alarms. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/control/control_int.h"
#include "wire/engine.pb-c.h"
#include "wire/json.h"
#include "wire/pack.h"

#define ALARMS "/api/alarms"
#define PAGE 50U /* alarms of the history, unless told otherwise */
#define PAGE_MOST 200U

static void refuse(
    struct control *c, const Tandem__ConfigRequest *m, unsigned status, int error, const char *sentence)
{
    struct buffer body = {0};
    buffer_add_format(
        &body, "{\"error\":{\"code\":%d,\"symbol\":\"%s\",\"sentence\":", error, error_symbol(error));
    json_add_string(&body, slice_text(sentence));
    buffer_add_text(&body, ",\"path\":\"\"}}");
    control__answer(c, m->reply_to, m->token, status, buffer_slice(&body));
    buffer_free(&body);
}

/* ---- alarms ---- */

static void answer_alarms(struct control *c, const Tandem__ConfigRequest *m)
{
    struct buffer body = {0};
    control__add_alarms(c, &body);
    control__answer(c, m->reply_to, m->token, 200, buffer_slice(&body));
    buffer_free(&body);
}

static bool parse_query(struct slice query, bool *history, uint64_t *before, uint64_t *limit)
{
    struct slice parameter, name, value;
    while (slice_cut(&query, '&', &parameter)) {
        value = parameter;
        slice_cut(&value, '=', &name);
        if (slice_equal(name, SLICE("history")))
            *history = !slice_equal(value, SLICE("false"));
        else if (slice_equal(name, SLICE("before"))) {
            if (slice_to_u64(before, value, INT64_MAX) != 0)
                return false;
        } else if (!slice_equal(name, SLICE("limit")) || slice_to_u64(limit, value, PAGE_MOST) != 0 ||
                   *limit == 0)
            return false;
    }
    return true;
}

static void ask_history(struct control *c, const Tandem__ConfigRequest *m, uint64_t before, uint64_t limit)
{
    if (map_count(&c->questions) >= CONTROL_QUESTIONS || strlen(m->reply_to) >= CONTROL_NAME * 2) {
        refuse(c, m, 503, ERROR_OVERLOADED, "too much work at the moment; try again");
        return;
    }
    struct control_question *q = mem_zero(sizeof *q);
    q->token = ++c->last_question;
    q->their_token = m->token;
    q->limit = limit;
    control__copy(q->reply_to, sizeof q->reply_to, slice_text(m->reply_to));
    map_put_number(&c->questions, q->token, q);
    control__ask_page(c, q, before);
}

static void get_alarms(struct control *c, const Tandem__ConfigRequest *m, struct slice query)
{
    uint64_t before = 0, limit = PAGE;
    bool history = false;
    if (!parse_query(query, &history, &before, &limit))
        refuse(c, m, 400, ERROR_SYNTAX,
            "the query takes history=true, before=NUMBER (the `next` of the page before) and limit=1..200");
    else if (!history)
        answer_alarms(c, m);
    else if (c->leads || c->lead == 0) /* one answer is enough: the store's is the same */
        ask_history(c, m, before, limit);
}

/* Columns: id, name, object, severity, text, raised_at, cleared_at, acknowledged_at, acknowledged_by. */
static void add_row(struct buffer *out, Tandem__StoreValue *const *v)
{
    Tandem__Alarm a = TANDEM__ALARM__INIT;
    a.id = (uint64_t)v[0]->number;
    a.name = v[1]->text;
    a.object = v[2]->text;
    a.severity = v[3]->text;
    a.text = v[4]->text;
    a.raised_at = v[5]->number;
    a.cleared_at = v[6]->number;
    a.acknowledged_at = v[7]->number;
    a.acknowledged_by = v[8]->text;
    control__add_alarm(out, &a);
}

static bool is_row(const Tandem__StoreRow *row)
{
    for (size_t i = 1; row->n_values == 9 && i < 5; i++)
        if (row->values[i]->text == NULL)
            return false;
    return row->n_values == 9;
}

static void add_page(struct control *c, struct buffer *body, const Tandem__StoreResult *rows, uint64_t limit)
{
    buffer_add_text(body, "{\"location\":");
    json_add_string(body, slice_text(c->location));
    buffer_add_text(body, ",\"alarms\":[");
    for (size_t i = 0; i < rows->n_rows && i < limit; i++) {
        if (!is_row(rows->rows[i]))
            continue;
        buffer_add_text(body, i != 0 ? "," : "");
        add_row(body, rows->rows[i]->values);
    }
    buffer_add_byte(body, ']');
    if (rows->n_rows > limit && limit != 0 && is_row(rows->rows[limit - 1]))
        buffer_add_format(body, ",\"next\":%" PRId64, rows->rows[limit - 1]->values[0]->number);
    buffer_add_byte(body, '}');
}

void control__page_came(struct control *c, const struct input *in)
{
    struct control_question *q = map_remove_number(&c->questions, in->token);
    const Tandem__StoreAnswer *a =
        in->answer == ANSWER_YES ? pack_read(&tandem__store_answer__descriptor, in->bytes, &c->arena) : NULL;
    if (q == NULL)
        return;
    if (a == NULL || a->n_results != 1) {
        Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
        m.reply_to = q->reply_to;
        m.token = q->their_token;
        refuse(
            c, &m, 503, ERROR_UNREACHABLE, "the store does not give the history of alarms; try again later");
    } else {
        struct buffer body = {0};
        add_page(c, &body, a->results[0], q->limit);
        control__answer(c, q->reply_to, q->their_token, 200, buffer_slice(&body));
        buffer_free(&body);
    }
    mem_free(q);
}

/* ---- acknowledging ---- */

static struct control_alarm *find(struct control *c, uint64_t id)
{
    struct control_alarm *a;
    map_for_each (a, &c->alarms)
        if (a->id == id && a->state != ALARM_ST_PENDING)
            return a;
    return NULL;
}

static void acknowledge(struct control *c, const Tandem__ConfigRequest *m, struct slice number)
{
    uint64_t id;
    struct buffer body = {0};
    struct control_alarm *a = slice_to_u64(&id, number, INT64_MAX) == 0 && id != 0 ? find(c, id) : NULL;
    if (!c->leads)
        return; /* the one that does answers */
    if (a == NULL) {
        refuse(c, m, 404, ERROR_MISSING, "no alarm with this number is raised; see tandem alarms");
        return;
    }
    if (a->acknowledged_at == 0) {
        a->acknowledged_at = world_now(c->world);
        control__copy(a->acknowledged_by, sizeof a->acknowledged_by, slice_text(m->user));
        LOG(LOG_NOTICE, "roles/control", "alarm %s of %s acknowledged by %s",
            control__alarm_rows[a->kind].name, a->object, a->acknowledged_by);
        control__alarm_changed(a);
    }
    control__add_alarm(&body, control__alarm_message(a, &c->arena));
    control__answer(c, m->reply_to, m->token, 200, buffer_slice(&body));
    buffer_free(&body);
}

/* ---- all requests ---- */

static bool is_permitted(const Tandem__ConfigRequest *m)
{
    struct slice role = slice_text(m->role);
    return slice_equal(role, SLICE("administrator")) || slice_equal(role, SLICE("supervisor"));
}

static void answer_with(
    struct control *c, const Tandem__ConfigRequest *m, void (*add)(struct control *c, struct buffer *out))
{
    struct buffer body = {0};
    add(c, &body);
    control__answer(c, m->reply_to, m->token, 200, buffer_slice(&body));
    buffer_free(&body);
}

void control__request(struct control *c, struct slice bytes)
{
    const Tandem__ConfigRequest *m = pack_read(&tandem__config_request__descriptor, bytes, &c->arena);
    if (m == NULL) {
        LOG(LOG_WARNING, "roles/control", "a request on ctl.control is not well-formed");
        return;
    }
    struct slice query = slice_text(m->path), path, rest;
    slice_cut(&query, '?', &path);
    bool reads = strcmp(m->method, "GET") == 0;
    if (slice_equal(path, SLICE("/api/status")) && reads) {
        answer_with(c, m, control__add_status);
    } else if (!is_permitted(m)) {
        refuse(c, m, 403, ERROR_DENIED, error_sentence(ERROR_DENIED));
    } else if (slice_equal(path, SLICE("/api/trunks")) && reads) {
        answer_with(c, m, control__add_trunks);
    } else if (slice_equal(path, SLICE(ALARMS)) && reads) {
        get_alarms(c, m, query);
    } else if (slice_starts(path, SLICE(ALARMS "/")) && slice_ends(path, SLICE("/acknowledge")) &&
               strcmp(m->method, "POST") == 0) {
        rest = slice_from(path, sizeof ALARMS);
        acknowledge(c, m, slice_first(rest, rest.length - (sizeof "/acknowledge" - 1)));
    } else {
        refuse(c, m, 404, ERROR_MISSING, "there is nothing at this path; see the reference");
    }
}
