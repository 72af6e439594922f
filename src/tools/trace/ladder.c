/* The messages as a ladder:
 *
 *                   1001          proxy-1          node-1
 *             127.0.0.1:5071
 *     10:03:04.123   |--INVITE 1 SDP-->|               |
 *     10:03:04.124   |<-407 INVITE 1---|               | */
#include <stdio.h>
#include <time.h>

#include "sip/message.h"
#include "tools/trace/trace.h"

#define TIME_WIDTH 13U /* "10:03:04.123 " */
#define STEP_LEAST 13U /* between two columns */
#define STEP_MOST 30U
#define WIDEST 1024U
#define SECOND INT64_C(1000000)

struct ladder {
    const struct trace *t;
    unsigned step; /* 0: there is no room for columns */
};

static struct ladder ladder_of(const struct trace *t, unsigned width)
{
    struct ladder l = {.t = t};
    unsigned count = (unsigned)t->party_count;
    if (width > WIDEST)
        width = WIDEST;
    if (count != 0 && width > TIME_WIDTH && (width - TIME_WIDTH) / count >= STEP_LEAST)
        l.step = (width - TIME_WIDTH) / count;
    if (l.step > STEP_MOST)
        l.step = STEP_MOST;
    return l;
}

static size_t column(const struct ladder *l, size_t party)
{
    return TIME_WIDTH + l->step / 2 + party * l->step;
}

static void add_line(struct buffer *out, const char *line, size_t length)
{
    while (length != 0 && line[length - 1] == ' ')
        length--;
    buffer_add(out, slice_of(line, length));
    buffer_add_byte(out, '\n');
}

static void add_time(struct buffer *out, int64_t at)
{
    time_t seconds = (time_t)(at / SECOND);
    struct tm parts;
    char text[16] = "00:00:00";
    if (localtime_r(&seconds, &parts) != NULL)
        strftime(text, sizeof text, "%H:%M:%S", &parts);
    buffer_add_format(out, "%s.%03d", text, (int)(at % SECOND / 1000));
}

/* ---- what an arrow says ---- */

/* The longest text that fits; the status or the method at least. */
static void label(char *room, size_t size, const struct trace_message *e, size_t most)
{
    const char *described = e->described ? " SDP" : "";
    int method = (int)e->method.length;
    for (int form = 0; form < 5; form++) {
        if (method == 0)
            snprintf(room, size, "not SIP");
        else if (e->status == 0)
            snprintf(room, size,
                form < 3    ? "%.*s %u%s"
                : form == 3 ? "%.*s %u"
                            : "%.*s",
                method, e->method.data, e->cseq, described);
        else if (form == 0)
            snprintf(room, size, "%u %s, %.*s %u%s", e->status, sip_reason(e->status), method, e->method.data,
                e->cseq, described);
        else
            snprintf(room, size,
                form == 1   ? "%u %.*s %u%s"
                : form == 2 ? "%u %.*s %u"
                : form == 3 ? "%u %.*s"
                            : "%u",
                e->status, method, e->method.data, e->cseq, described);
        if (strlen(room) <= most)
            return;
    }
    room[most < size ? most : size - 1] = '\0';
}

static void draw_arrow(char *line, const struct ladder *l, const struct trace_message *e)
{
    size_t low = e->from < e->to ? e->from : e->to, high = e->from < e->to ? e->to : e->from;
    size_t begin = column(l, low) + 1, length = column(l, high) - begin;
    char text[160], fill = e->again ? '~' : '-';
    memset(line + begin, fill, length);
    line[e->from < e->to ? begin + length - 1 : begin] = e->from < e->to ? '>' : '<';
    for (size_t k = low + 1; k < high; k++)
        line[column(l, k)] = '|';
    label(text, sizeof text, e, length - 2);
    size_t place = begin + (e->from < e->to ? 1 : 2);
    memcpy(line + place, text, strlen(text));
}

static void add_row(struct buffer *out, const struct ladder *l, const struct trace_message *e)
{
    char line[WIDEST + STEP_MOST];
    struct buffer time = {0};
    size_t width = column(l, l->t->party_count);
    memset(line, ' ', width);
    add_time(&time, e->at);
    slice_put(line, buffer_slice(&time));
    buffer_free(&time);
    for (size_t k = 0; k < l->t->party_count; k++)
        line[column(l, k)] = '|';
    if (e->from != e->to)
        draw_arrow(line, l, e);
    else
        label(line + column(l, e->from), l->step, e, l->step - 1);
    for (size_t i = 0; i < width; i++)
        if (line[i] == '\0')
            line[i] = ' ';
    add_line(out, line, width);
}

/* Where there is no room for columns. */
static void add_sentence(struct buffer *out, const struct trace *t, const struct trace_message *e)
{
    char text[160];
    label(text, sizeof text, e, sizeof text - 1);
    add_time(out, e->at);
    buffer_add_format(out, " %s -> %s: %s%s\n", trace_party_text(&t->parties[e->from]),
        trace_party_text(&t->parties[e->to]), text, e->again ? " (again)" : "");
}

/* ---- the whole ---- */

static void put_centred(char *line, const struct ladder *l, size_t party, const char *text)
{
    size_t length = strlen(text), most = l->step - 1, middle = column(l, party);
    if (length > most) {
        text += length - most; /* what tells addresses apart is at their end */
        length = most;
    }
    size_t begin = middle - (length + 1) / 2 + (length % 2);
    memcpy(line + begin, text, length);
}

/* The address without its transport. */
static void put_address(char *line, const struct ladder *l, size_t party)
{
    char text[sizeof l->t->parties[0].address];
    struct slice address = slice_text(l->t->parties[party].address), first;
    if (l->t->parties[party].name[0] == '\0' || !slice_cut(&address, ' ', &first))
        return;
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(first));
    put_centred(line, l, party, text);
}

void ladder_add_head(struct buffer *out, const struct trace *t, unsigned width)
{
    char names[WIDEST + STEP_MOST], addresses[WIDEST + STEP_MOST];
    struct ladder l = ladder_of(t, width);
    if (l.step == 0)
        return;
    memset(names, ' ', sizeof names);
    memset(addresses, ' ', sizeof addresses);
    for (size_t i = 0; i < t->party_count; i++) {
        put_centred(names, &l, i, trace_party_text(&t->parties[i]));
        put_address(addresses, &l, i);
    }
    add_line(out, names, column(&l, t->party_count));
    add_line(out, addresses, column(&l, t->party_count));
}

void ladder_add_rows(struct buffer *out, const struct trace *t, unsigned width, size_t first)
{
    struct ladder l = ladder_of(t, width);
    for (size_t i = first; i < t->count; i++)
        if (l.step != 0)
            add_row(out, &l, &t->messages[i]);
        else
            add_sentence(out, t, &t->messages[i]);
}
