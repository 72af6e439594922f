/* tandem trace CALL: which dialogs belong to the call, then their messages, from all proxies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/trace/ask.h"

#define ARGUMENT_MOST 256U
#define WIDTH 80U
#define SECOND INT64_C(1000000)

/* ---- which call ---- */

static void add_date(struct buffer *out, const json_t *row)
{
    time_t at = (time_t)(strtoll(asked_text(row, "began_at"), NULL, 10) / SECOND);
    struct tm parts;
    char text[24] = "";
    if (localtime_r(&at, &parts) != NULL)
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    buffer_add_text(out, text);
}

static int newest_first(const void *one, const void *other)
{
    long long a = strtoll(asked_text(*(json_t *const *)one, "last_at"), NULL, 10),
              b = strtoll(asked_text(*(json_t *const *)other, "last_at"), NULL, 10);
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
        const char *call = asked_text(rows[i], "call");
        bool before = false;
        for (size_t k = 0; k < i && call[0] != '\0'; k++)
            before = before || strcmp(asked_text(rows[k], "call"), call) == 0;
        if (before)
            continue;
        add_date(&out, rows[i]);
        buffer_add_format(&out, "  %-9s  %-16s  %-16s  %s\n", asked_text(rows[i], "method"),
            asked_text(rows[i], "from"), asked_text(rows[i], "to"),
            call[0] != '\0' ? call : asked_text(rows[i], "sip"));
    }
    fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    free(rows);
}

static int choose(struct asked *a, const char *word)
{
    json_t *dialogs = ask_dialogs(a, "number", word);
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
        buffer_add_format(out, "  %s %s to %s, ", asked_text(row, "method"), asked_text(row, "from"),
            asked_text(row, "to"));
        add_date(out, row);
        buffer_add_format(out, ", Call-ID %s\n", asked_text(row, "sip"));
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
        alive = ask_new_dialogs(a);
        ask_more(a);
        ask_put_together(&t, a);
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
    if (!ask_messages(a))
        return EXIT_FAILED;
    ask_put_together(&t, a);
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
    ask_call(&a, o->words[0]);
    if (a.dialogs != NULL)
        status = json_array_size(a.dialogs) != 0 ? trace_call(&a) : choose(&a, o->words[0]);
    asked_free(&a);
    return status;
}
