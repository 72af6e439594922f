/* tandem trace CALL: which dialogs belong to the call, then their messages, from all proxies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/table.h"
#include "tools/trace/trace.h"

#define CALL_DIGITS 16U
#define ARGUMENT_MOST 256U
#define DIALOGS 16U /* of one call that are shown */
#define PAGES 1000U /* of one proxy, one after the other */
#define WIDTH 80U
#define SECOND INT64_C(1000000)

struct asked {
    const struct options *o;
    char call[CALL_DIGITS + 1]; /* "": a dialog that is part of no call of a node */
    json_t *dialogs;            /* rows, each Call-ID once */
    json_t *answers;            /* pages of messages as they came */
    json_t *positions;          /* by proxy: the last number, and when the proxy was started */
    bool told;                  /* that a proxy is silent */
};

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

static const char *text_of(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text != NULL ? text : "";
}

static bool has_dialog(const json_t *dialogs, const char *sip)
{
    const json_t *row;
    size_t at;
    json_array_foreach(dialogs, at, row) if (strcmp(text_of(row, "sip"), sip) == 0) return true;
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
            row) if ((text_of(row, "call")[0] != '\0') == (with_call == 1) &&
                     !has_dialog(dialogs, text_of(row, "sip"))) json_array_append(dialogs, row);
}

/* Dialogs with this property, as a new list; NULL: nobody could be asked. */
static json_t *find_dialogs(struct asked *a, const char *field, const char *value)
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

/* ---- which call ---- */

static bool is_call_id(const char *text)
{
    return strlen(text) == CALL_DIGITS && strspn(text, "0123456789abcdef") == CALL_DIGITS;
}

static void add_date(struct buffer *out, const json_t *row)
{
    time_t at = (time_t)(strtoll(text_of(row, "began_at"), NULL, 10) / SECOND);
    struct tm parts;
    char text[24] = "";
    if (localtime_r(&at, &parts) != NULL)
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    buffer_add_text(out, text);
}

static int newest_first(const void *one, const void *other)
{
    long long a = strtoll(text_of(*(json_t *const *)one, "last_at"), NULL, 10),
              b = strtoll(text_of(*(json_t *const *)other, "last_at"), NULL, 10);
    return a > b ? -1 : a < b;
}

/* What somebody may have meant by a number. Of a call one line, whichever its dialogs. */
static void list_dialogs(const json_t *dialogs)
{
    size_t count = json_array_size(dialogs);
    const json_t **rows = calloc(count + 1, sizeof *rows);
    struct buffer out = {0};
    for (size_t i = 0; rows != NULL && i < count; i++)
        rows[i] = json_array_get(dialogs, i);
    if (rows != NULL)
        qsort(rows, count, sizeof *rows, newest_first);
    buffer_add_format(
        &out, "%-19s  %-9s  %-16s  %-16s  %s\n", "began", "method", "from", "to", "tandem trace");
    for (size_t i = 0; rows != NULL && i < count; i++) {
        const char *call = text_of(rows[i], "call");
        bool before = false;
        for (size_t k = 0; k < i && call[0] != '\0'; k++)
            before = before || strcmp(text_of(rows[k], "call"), call) == 0;
        if (before)
            continue;
        add_date(&out, rows[i]);
        buffer_add_format(&out, "  %-9s  %-16s  %-16s  %s\n", text_of(rows[i], "method"),
            text_of(rows[i], "from"), text_of(rows[i], "to"),
            call[0] != '\0' ? call : text_of(rows[i], "sip"));
    }
    fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    free(rows);
}

/* The dialogs of the call into a->dialogs; NULL there: nobody could be asked, and that was said. */
static void find_call(struct asked *a, const char *word)
{
    a->dialogs = is_call_id(word) ? find_dialogs(a, "call", word) : json_array();
    if (a->dialogs != NULL && json_array_size(a->dialogs) != 0) {
        snprintf(a->call, sizeof a->call, "%s", word);
        return;
    }
    if (a->dialogs == NULL)
        return;
    json_decref(a->dialogs);
    a->dialogs = find_dialogs(a, "sip", word);
    const char *call = text_of(json_array_get(a->dialogs, 0), "call");
    if (call[0] == '\0')
        return;
    snprintf(a->call, sizeof a->call, "%s", call);
    json_decref(a->dialogs);
    a->dialogs = find_dialogs(a, "call", a->call);
}

static int choose(struct asked *a, const char *word)
{
    json_t *dialogs = find_dialogs(a, "number", word);
    int status = EXIT_FAILED;
    if (dialogs == NULL)
        return EXIT_FAILED;
    if (json_array_size(dialogs) == 0)
        command_complain(
            "no proxy has messages of %.64s: they keep the newest ones only (trace_memory of the location)",
            word);
    else if (options_flag(a->o, OPTION_JSON))
        status = table_json(dialogs);
    else
        status = EXIT_DONE;
    if (status == EXIT_DONE && !options_flag(a->o, OPTION_JSON))
        list_dialogs(dialogs);
    json_decref(dialogs);
    return status;
}

/* ---- messages ---- */

static void start_path(struct buffer *path, const struct asked *a)
{
    size_t count = json_array_size(a->dialogs);
    buffer_add_text(path, "/api/trace/messages?sip=");
    for (size_t i = 0; i < count && i < DIALOGS; i++) {
        if (i != 0)
            buffer_add_text(path, "%20");
        add_escaped(path, slice_text(text_of(json_array_get(a->dialogs, i), "sip")));
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
        const char *proxy = text_of(answer, "proxy");
        json_array_append(a->answers, answer);
        json_object_set_new(a->positions, proxy,
            json_pack("{ss, ss, sb}", "last", text_of(answer, "last"), "started", text_of(answer, "started"),
                "more", json_is_true(json_object_get(answer, "more"))));
        more = more || json_is_true(json_object_get(answer, "more"));
    }
    return more;
}

/* The next page of one proxy; one that was started again begins at its first message. */
static bool ask_more(struct asked *a, const char *proxy, const char *after, const char *started)
{
    struct buffer path = {0};
    start_path(&path, a);
    buffer_add_text(&path, "&proxy=");
    add_escaped(&path, slice_text(proxy));
    buffer_add_format(&path, "&after=%s", after);
    json_t *json = ask(a, &path), *answer = json_array_get(json_object_get(json, "answers"), 0);
    bool again = answer != NULL && strcmp(text_of(answer, "started"), started) != 0;
    bool asked = answer != NULL;
    if (again)
        json_object_set_new(a->positions, proxy,
            json_pack("{ss, ss, sb}", "last", "0", "started", text_of(answer, "started"), "more", true));
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
            snprintf(after, sizeof after, "%s", text_of(now, "last"));
            snprintf(started, sizeof started, "%s", text_of(now, "started"));
            more = ask_more(a, proxy, after, started) &&
                   json_is_true(json_object_get(json_object_get(a->positions, proxy), "more"));
        }
    }
    json_decref(before);
}

static bool ask_messages(struct asked *a)
{
    struct buffer path = {0};
    start_path(&path, a);
    json_t *json = ask(a, &path);
    if (json == NULL)
        return false;
    if (take(a, json_object_get(json, "answers")))
        ask_positions(a, false);
    json_decref(json);
    return true;
}

static void put_together(struct trace *t, const struct asked *a)
{
    const json_t *answer;
    size_t at;
    json_array_foreach(a->answers, at, answer) trace_add(t, answer);
    trace_sort(t);
}

/* ---- showing ---- */

static unsigned terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
        return size.ws_col;
    return columns != NULL && atoi(columns) > 0 ? (unsigned)atoi(columns) : WIDTH;
}

static void add_title(struct buffer *out, const struct asked *a)
{
    const json_t *row;
    size_t at;
    if (a->call[0] != '\0')
        buffer_add_format(out, "Call %s\n", a->call);
    json_array_foreach(a->dialogs, at, row)
    {
        buffer_add_format(
            out, "  %s %s to %s, ", text_of(row, "method"), text_of(row, "from"), text_of(row, "to"));
        add_date(out, row);
        buffer_add_format(out, ", Call-ID %s\n", text_of(row, "sip"));
    }
    buffer_add_byte(out, '\n');
}

static void add_raw(struct buffer *out, const struct trace *t, size_t first)
{
    for (size_t i = first; i < t->count; i++) {
        const struct trace_message *e = &t->messages[i];
        struct slice rest = e->text, line;
        time_t seconds = (time_t)(e->at / SECOND);
        struct tm parts;
        char time[24] = "";
        if (localtime_r(&seconds, &parts) != NULL)
            strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S", &parts);
        buffer_add_format(out, "---- %s.%06d  %s -> %s%s\n", time, (int)(e->at % SECOND),
            trace_party_text(&t->parties[e->from]), trace_party_text(&t->parties[e->to]),
            e->again ? "  (again)" : "");
        while (slice_cut(&rest, '\n', &line))
            buffer_add_format(out, "%.*s\n",
                SLICE_ARG(slice_ends(line, SLICE("\r")) ? slice_first(line, line.length - 1) : line));
        buffer_add_byte(out, '\n');
    }
}

static void add_shown(
    struct buffer *out, const struct asked *a, const struct trace *t, size_t first, bool head)
{
    unsigned width = terminal_width();
    bool again = false;
    if (options_flag(a->o, OPTION_RAW)) {
        add_raw(out, t, first);
        return;
    }
    if (head)
        ladder_add_head(out, t, width);
    ladder_add_rows(out, t, width, first);
    for (size_t i = first; i < t->count; i++)
        again = again || t->messages[i].again;
    if (again && head)
        buffer_add_text(out, "\n~~~ the same was sent again\n");
}

static void show(const struct asked *a, const struct trace *t)
{
    struct buffer out = {.limit = (size_t)256 << 20};
    add_title(&out, a);
    add_shown(&out, a, t, 0, true);
    fwrite(out.data, 1, out.length, stdout);
    fflush(stdout);
    buffer_free(&out);
}

/* What comes from now on; ends with the program. */
static void follow(struct asked *a, size_t shown, size_t columns)
{
    for (bool alive = true; alive;) {
        struct trace t = {.messages = NULL};
        struct buffer out = {.limit = (size_t)256 << 20};
        sleep(1);
        json_t *dialogs = a->call[0] != '\0' ? find_dialogs(a, "call", a->call) : NULL;
        alive = a->call[0] == '\0' || dialogs != NULL;
        for (size_t i = 0; i < json_array_size(dialogs); i++)
            if (!has_dialog(a->dialogs, text_of(json_array_get(dialogs, i), "sip")))
                json_array_append(a->dialogs, json_array_get(dialogs, i));
        json_decref(dialogs);
        ask_positions(a, true);
        put_together(&t, a);
        if (t.count > shown)
            add_shown(&out, a, &t, shown, t.party_count != columns);
        fwrite(out.data != NULL ? out.data : "", 1, out.length, stdout);
        fflush(stdout);
        shown = t.count;
        columns = t.party_count;
        buffer_free(&out);
        trace_free(&t);
    }
}

static int show_json(const struct asked *a, const struct trace *t)
{
    json_t *messages = json_array();
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_message *e = &t->messages[i];
        char at[24];
        snprintf(at, sizeof at, "%lld", (long long)e->at);
        json_array_append_new(
            messages, json_pack("{ss, ss, ss, ss, ss%, sb, ss%}", "at", at, "proxy", e->proxy, "from",
                          trace_party_text(&t->parties[e->from]), "to", trace_party_text(&t->parties[e->to]),
                          "sip", e->call_id.data != NULL ? e->call_id.data : "", e->call_id.length, "again",
                          e->again, "text", e->text.data, e->text.length));
    }
    json_t *json = json_pack("{ss, sO, so}", "call", a->call, "dialogs", a->dialogs, "messages", messages);
    int status = table_json(json);
    json_decref(json);
    return status;
}

static int write_pcap(const struct asked *a, const struct trace *t)
{
    struct buffer out = {.limit = (size_t)256 << 20};
    char path[1024];
    struct slice wanted = options_text(a->o, OPTION_PCAP);
    snprintf(path, sizeof path, "%.*s", SLICE_ARG(wanted));
    pcap_add(&out, t);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), number = errno;
    bool written = file >= 0 && write(file, out.data, out.length) == (ssize_t)out.length;
    if (file >= 0 && !written)
        number = errno;
    if (file >= 0 && close(file) != 0)
        written = false;
    if (written)
        printf("%zu messages are in %s\n", t->count, path);
    else
        command_complain("cannot write %s: %s", path, strerror(number));
    buffer_free(&out);
    return written ? EXIT_DONE : EXIT_FAILED;
}

static int trace_call(struct asked *a)
{
    struct trace t = {.messages = NULL};
    int status = EXIT_DONE;
    a->answers = json_array();
    a->positions = json_object();
    if (!ask_messages(a))
        return EXIT_FAILED;
    put_together(&t, a);
    if (!slice_empty(options_text(a->o, OPTION_PCAP)))
        status = write_pcap(a, &t);
    else if (options_flag(a->o, OPTION_JSON))
        status = show_json(a, &t);
    else
        show(a, &t);
    size_t shown = t.count, columns = t.party_count;
    trace_free(&t);
    if (status == EXIT_DONE && options_flag(a->o, OPTION_FOLLOW))
        follow(a, shown, columns);
    return status;
}

int command_trace(const struct options *o)
{
    struct asked a = {.o = o};
    int status = EXIT_FAILED;
    if (o->words[0][0] == '\0' || strlen(o->words[0]) > ARGUMENT_MOST) {
        command_complain("the id of a call, a Call-ID or a number is expected");
        return EXIT_USAGE;
    }
    if (options_flag(o, OPTION_FOLLOW) &&
        (options_flag(o, OPTION_JSON) || !slice_empty(options_text(o, OPTION_PCAP)))) {
        command_complain("--follow goes with a ladder or --raw, not with --json or --pcap");
        return EXIT_USAGE;
    }
    find_call(&a, o->words[0]);
    if (a.dialogs != NULL)
        status = json_array_size(a.dialogs) != 0 ? trace_call(&a) : choose(&a, o->words[0]);
    json_decref(a.dialogs);
    json_decref(a.answers);
    json_decref(a.positions);
    return status;
}
