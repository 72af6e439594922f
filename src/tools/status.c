/* tandem status, tandem alarms, tandem acknowledge ID */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "tools/dispatch.h"
#include "tools/place.h"

#define UNREACHABLE EXIT_USAGE
#define COLUMNS 8
#define WIDEST 40

/* The answer as JSON, or NULL: it was said why. */
static json_t *ask(const struct options *o, const char *method, const char *path, unsigned *status)
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

static int print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    return EXIT_DONE;
}

/* ---- tables ---- */

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

static void print_table(const json_t *rows, const char *const *names)
{
    size_t widths[COLUMNS] = {0}, at;
    const json_t *row;
    for (size_t i = 0; names[i] != NULL; i++)
        widths[i] = width(rows, names[i]);
    print_row(NULL, names, widths);
    json_array_foreach(rows, at, row) print_row(row, names, widths);
}

/* ---- status ---- */

static size_t count_unwell(const json_t *rows)
{
    size_t count = 0, at;
    const json_t *row;
    json_array_foreach(rows, at, row)
    {
        const char *health = json_string_value(json_object_get(row, "health"));
        count += health == NULL || strcmp(health, "ok") != 0;
    }
    return count;
}

static long long number(const json_t *json, const char *name)
{
    return (long long)json_integer_value(json_object_get(json, name));
}

/* Engines that some process cannot reach: instances may go on without them for a while. */
static void print_parts(const json_t *members)
{
    const json_t *member, *part;
    size_t at, n;
    json_array_foreach(members, at, member) json_array_foreach(json_object_get(member, "parts"), n, part)
    {
        const char *health = json_string_value(json_object_get(part, "health"));
        if (health != NULL && strcmp(health, "ok") != 0)
            printf("%s: the %s is away: %s\n", json_string_value(json_object_get(member, "name")),
                json_string_value(json_object_get(part, "what")),
                json_string_value(json_object_get(part, "why")));
    }
}

int command_status(const struct options *o)
{
    static const char *const columns[] = {
        "role", "name", "location", "member", "health", "since", "why", NULL};
    unsigned status = 0;
    json_t *json = ask(o, "GET", "/api/status", &status);
    if (json == NULL)
        return UNREACHABLE;
    const json_t *instances = json_object_get(json, "instances"), *members = json_object_get(json, "members");
    const json_t *alarms = json_object_get(json, "alarms");
    long long urgent = number(alarms, "critical") + number(alarms, "major");
    bool well = count_unwell(instances) == 0 && count_unwell(members) == 0 && urgent == 0;
    if (options_flag(o, OPTION_JSON)) {
        print_json(json);
    } else {
        print_table(instances, columns);
        print_parts(members);
        if (urgent + number(alarms, "minor") != 0)
            printf("Alarms: %lld critical, %lld major, %lld minor; tandem alarms shows them\n",
                number(alarms, "critical"), number(alarms, "major"), number(alarms, "minor"));
    }
    json_decref(json);
    return well ? EXIT_DONE : EXIT_FAILED;
}

/* ---- alarms ---- */

int command_alarms(const struct options *o)
{
    static const char *const columns[] = {
        "id", "severity", "raised_at", "alarm", "acknowledged_by", "text", NULL};
    static const char *const ended[] = {
        "id", "severity", "raised_at", "cleared_at", "alarm", "acknowledged_by", "text", NULL};
    bool history = o->word_count == 1;
    unsigned status = 0;
    if (history && strcmp(o->words[0], "history") != 0) {
        command_complain("write it as: tandem alarms [history]");
        return EXIT_USAGE;
    }
    json_t *json = ask(o, "GET", history ? "/api/alarms?history=true&limit=200" : "/api/alarms", &status);
    if (json == NULL)
        return status != 0 ? EXIT_FAILED : UNREACHABLE;
    const json_t *alarms = json_object_get(json, "alarms");
    if (options_flag(o, OPTION_JSON))
        print_json(json);
    else if (json_array_size(alarms) == 0)
        puts(history ? "There was no alarm." : "No alarm is raised.");
    else
        print_table(alarms, history ? ended : columns);
    json_decref(json);
    return EXIT_DONE;
}

int command_acknowledge(const struct options *o)
{
    char path[96];
    unsigned status = 0;
    uint64_t id;
    if (slice_to_u64(&id, slice_text(o->words[0]), INT64_MAX) != 0) {
        command_complain("an alarm's number is expected; tandem alarms shows it");
        return EXIT_USAGE;
    }
    snprintf(path, sizeof path, "/api/alarms/%llu/acknowledge", (unsigned long long)id);
    json_t *json = ask(o, "POST", path, &status);
    if (json == NULL)
        return status != 0 ? EXIT_FAILED : UNREACHABLE;
    printf(
        "%llu: acknowledged: %s\n", (unsigned long long)id, json_string_value(json_object_get(json, "text")));
    json_decref(json);
    return EXIT_DONE;
}
