#include "tools/trace/ask.h"

#include <stdio.h>

#include "base/error.h"

#define ASKED_DIGITS (ASKED_CALL - 1U)
#define DIALOGS 16U /* of one call that are asked for */
#define PAGES 1000U /* of one proxy, one after the other */

void asked_free(struct asked *a)
{
    json_decref(a->dialogs);
    json_decref(a->answers);
    json_decref(a->positions);
}

/* ---- questions ---- */

static void add_escaped(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            buffer_add_byte(out, c);
        else
            buffer_add_format(out, "%%%02X", (unsigned char)c);
    }
}

/* The answers, a new reference; NULL: it was said why. */
static json_t *ask(struct asked *a, struct buffer *path)
{
    unsigned status = 0;
    buffer_add_byte(path, '\0');
    json_t *json = table_ask(a->o, "GET", path->data, &status);
    buffer_free(path);
    size_t silent = (size_t)json_integer_value(json_object_get(json, "asked"));
    silent -= json_array_size(json_object_get(json, "answers"));
    if (json != NULL && silent != 0 && !a->told)
        command_complain("%zu of the proxies did not answer; what they have seen is missing", silent);
    a->told = a->told || silent != 0;
    return json;
}

const char *asked_text(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text != NULL ? text : "";
}

static bool has_dialog(const json_t *dialogs, const char *sip)
{
    const json_t *row;
    size_t at;
    json_array_foreach(dialogs, at, row) if (strcmp(asked_text(row, "sip"), sip) == 0) return true;
    return false;
}

/* What several proxies know of one dialog stands once; those that know its call are believed. */
static void add_dialogs(json_t *dialogs, const json_t *answers)
{
    const json_t *answer;
    json_t *row;
    size_t i, k;
    for (int with_call = 1; with_call >= 0; with_call--)
        json_array_foreach(answers, i, answer) json_array_foreach(json_object_get(answer, "dialogs"), k,
            row) if ((asked_text(row, "call")[0] != '\0') == (with_call == 1) &&
                     !has_dialog(dialogs, asked_text(row, "sip"))) json_array_append(dialogs, row);
}

json_t *ask_dialogs(struct asked *a, const char *field, const char *value)
{
    struct buffer path = {0};
    buffer_add_format(&path, "/api/trace/dialogs?%s=", field);
    add_escaped(&path, slice_text(value));
    json_t *json = ask(a, &path), *dialogs = json != NULL ? json_array() : NULL;
    if (dialogs != NULL)
        add_dialogs(dialogs, json_object_get(json, "answers"));
    json_decref(json);
    return dialogs;
}

static bool is_call_id(const char *text)
{
    return strlen(text) == ASKED_DIGITS && strspn(text, "0123456789abcdef") == ASKED_DIGITS;
}

void ask_call(struct asked *a, const char *word)
{
    a->dialogs = is_call_id(word) ? ask_dialogs(a, "call", word) : json_array();
    if (a->dialogs != NULL && json_array_size(a->dialogs) != 0) {
        snprintf(a->call, sizeof a->call, "%s", word);
        return;
    }
    if (a->dialogs == NULL)
        return;
    json_decref(a->dialogs);
    a->dialogs = ask_dialogs(a, "sip", word);
    const char *call = asked_text(json_array_get(a->dialogs, 0), "call");
    if (call[0] == '\0')
        return;
    snprintf(a->call, sizeof a->call, "%s", call);
    json_decref(a->dialogs);
    a->dialogs = ask_dialogs(a, "call", a->call);
}

bool ask_new_dialogs(struct asked *a)
{
    json_t *row, *dialogs = a->call[0] != '\0' ? ask_dialogs(a, "call", a->call) : json_array();
    size_t at;
    bool asked = dialogs != NULL;
    json_array_foreach(dialogs, at, row) if (!has_dialog(a->dialogs, asked_text(row, "sip")))
        json_array_append(a->dialogs, row);
    json_decref(dialogs);
    return asked;
}

/* ---- messages ---- */

static void start_path(struct buffer *path, const struct asked *a)
{
    size_t count = json_array_size(a->dialogs);
    buffer_add_text(path, "/api/trace/messages?sip=");
    for (size_t i = 0; i < count && i < DIALOGS; i++) {
        if (i != 0)
            buffer_add_text(path, "%20");
        add_escaped(path, slice_text(asked_text(json_array_get(a->dialogs, i), "sip")));
    }
}

/* Takes the answers; true: some proxy has more. */
static bool take(struct asked *a, const json_t *answers)
{
    json_t *answer;
    size_t at;
    bool more = false;
    json_array_foreach(answers, at, answer)
    {
        const char *proxy = asked_text(answer, "proxy");
        json_array_append(a->answers, answer);
        json_object_set_new(a->positions, proxy,
            json_pack("{ss, ss, sb}", "last", asked_text(answer, "last"), "started",
                asked_text(answer, "started"), "more", json_is_true(json_object_get(answer, "more"))));
        more = more || json_is_true(json_object_get(answer, "more"));
    }
    return more;
}

/* The next page of one proxy; one that was started again begins at its first message. */
static bool ask_page(struct asked *a, const char *proxy, const char *after, const char *started)
{
    struct buffer path = {0};
    start_path(&path, a);
    buffer_add_text(&path, "&proxy=");
    add_escaped(&path, slice_text(proxy));
    buffer_add_format(&path, "&after=%s", after);
    json_t *json = ask(a, &path), *answer = json_array_get(json_object_get(json, "answers"), 0);
    bool again = answer != NULL && strcmp(asked_text(answer, "started"), started) != 0;
    bool asked = answer != NULL;
    if (again)
        json_object_set_new(a->positions, proxy,
            json_pack("{ss, ss, sb}", "last", "0", "started", asked_text(answer, "started"), "more", true));
    else
        (void)take(a, json_object_get(json, "answers"));
    json_decref(json);
    return asked;
}

/* Those with more; `all`: those that may have more by now, too. */
static void ask_positions(struct asked *a, bool all)
{
    const char *proxy;
    json_t *position, *before = json_deep_copy(a->positions);
    json_object_foreach(before, proxy, position)
    {
        bool more = all || json_is_true(json_object_get(position, "more"));
        for (unsigned i = 0; more && i < PAGES; i++) {
            json_t *now = json_object_get(a->positions, proxy);
            char after[24], started[24];
            snprintf(after, sizeof after, "%s", asked_text(now, "last"));
            snprintf(started, sizeof started, "%s", asked_text(now, "started"));
            more = ask_page(a, proxy, after, started) &&
                   json_is_true(json_object_get(json_object_get(a->positions, proxy), "more"));
        }
    }
    json_decref(before);
}

bool ask_messages(struct asked *a)
{
    struct buffer path = {0};
    a->answers = json_array();
    a->positions = json_object();
    start_path(&path, a);
    json_t *json = ask(a, &path);
    if (json == NULL)
        return false;
    if (take(a, json_object_get(json, "answers")))
        ask_positions(a, false);
    json_decref(json);
    return true;
}

void ask_more(struct asked *a)
{
    ask_positions(a, true);
}

void ask_put_together(struct trace *t, const struct asked *a)
{
    const json_t *answer;
    size_t at;
    json_array_foreach(a->answers, at, answer) trace_add(t, answer);
    trace_sort(t);
}
