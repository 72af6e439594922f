/* Lists that the system answers, as tables for people or as they came. */
#include "tools/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/place.h"

#define COLUMNS 10
#define WIDEST 40

json_t *table_ask(const struct options *o, const char *method, const char *path, unsigned *status)
{
    struct buffer body = {0}, complaint = {0};
    json_t *json = NULL;
    int error = place_ask(status, &body, o, method, slice_text(path), (struct slice){0}, &complaint);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    else
        json = json_loadb(body.data != NULL ? body.data : "", body.length, 0, NULL);
    if (error == 0 && (json == NULL || *status != 200)) {
        const char *sentence = json_string_value(json_object_get(json_object_get(json, "error"), "sentence"));
        command_complain(
            "the system answers %u: %s", *status, sentence != NULL ? sentence : "without a reason");
        json_decref(json);
        json = NULL;
    }
    buffer_free(&body);
    buffer_free(&complaint);
    return json;
}

int table_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    return EXIT_DONE;
}

/* "2026-03-01 17:04:05" of µs since the epoch, local time. */
static void add_cell(struct buffer *out, const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    const char *text = json_string_value(value);
    struct slice at = slice_text(name);
    if (json_is_integer(value)) {
        buffer_add_format(out, "%lld", (long long)json_integer_value(value));
    } else if (text != NULL && (slice_ends(at, SLICE("_at")) || slice_equal(at, SLICE("since")))) {
        time_t seconds = (time_t)(strtoll(text, NULL, 10) / 1000000);
        struct tm when;
        char date[32] = "";
        if (localtime_r(&seconds, &when) != NULL)
            strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &when);
        buffer_add_text(out, date);
    } else {
        buffer_add_text(out, text != NULL && text[0] != '\0' ? text : "-");
    }
}

static size_t width(const json_t *rows, const char *name)
{
    size_t most = strlen(name), at;
    const json_t *row;
    json_array_foreach(rows, at, row)
    {
        struct buffer cell = {0};
        add_cell(&cell, row, name);
        most = cell.length > most ? cell.length : most;
        buffer_free(&cell);
    }
    return most < WIDEST ? most : WIDEST;
}

static void print_row(const json_t *row, const char *const *names, const size_t *widths)
{
    struct buffer line = {0}, cell = {0};
    for (size_t i = 0; names[i] != NULL; i++) {
        buffer_clear(&cell);
        if (row != NULL)
            add_cell(&cell, row, names[i]);
        else
            buffer_add_text(&cell, names[i]);
        buffer_add(&line, buffer_slice(&cell));
        for (size_t fill = cell.length; fill < widths[i] + 2; fill++)
            buffer_add_byte(&line, ' ');
        if (cell.length > widths[i])
            buffer_add_text(&line, "  ");
    }
    printf("%.*s\n", SLICE_ARG(slice_trim(buffer_slice(&line))));
    buffer_free(&line);
    buffer_free(&cell);
}

void table_print(const json_t *rows, const char *const *names)
{
    size_t widths[COLUMNS] = {0}, at;
    const json_t *row;
    for (size_t i = 0; names[i] != NULL; i++)
        widths[i] = width(rows, names[i]);
    print_row(NULL, names, widths);
    json_array_foreach(rows, at, row) print_row(row, names, widths);
}
