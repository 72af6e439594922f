/* tandem status, tandem trunks, tandem alarms, tandem acknowledge ID */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "tools/dispatch.h"
#include "tools/table.h"

#define UNREACHABLE EXIT_USAGE

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
    json_t *json = table_ask(o, "GET", "/api/status", &status);
    if (json == NULL)
        return UNREACHABLE;
    const json_t *instances = json_object_get(json, "instances"), *members = json_object_get(json, "members");
    const json_t *alarms = json_object_get(json, "alarms");
    long long urgent = number(alarms, "critical") + number(alarms, "major");
    bool well = count_unwell(instances) == 0 && count_unwell(members) == 0 && urgent == 0;
    if (options_flag(o, OPTION_JSON)) {
        table_json(json);
    } else {
        table_print(instances, columns);
        print_parts(members);
        if (urgent + number(alarms, "minor") != 0)
            printf("Alarms: %lld critical, %lld major, %lld minor; tandem alarms shows them\n",
                number(alarms, "critical"), number(alarms, "major"), number(alarms, "minor"));
    }
    json_decref(json);
    return well ? EXIT_DONE : EXIT_FAILED;
}

/* ---- trunks ---- */

/* 1: a trunk is out of service, or not registered where it should be. */
int command_trunks(const struct options *o)
{
    static const char *const columns[] = {
        "name", "location", "state", "since", "calls", "capacity", "registration", "error", NULL};
    const json_t *trunk;
    size_t at;
    bool well = true;
    unsigned status = 0;
    json_t *json = table_ask(o, "GET", "/api/trunks", &status);
    if (json == NULL)
        return status != 0 ? EXIT_FAILED : UNREACHABLE;
    const json_t *trunks = json_object_get(json, "trunks");
    json_array_foreach(trunks, at, trunk)
    {
        const char *state = json_string_value(json_object_get(trunk, "state"));
        const char *registration = json_string_value(json_object_get(trunk, "registration"));
        well = well && state != NULL && strcmp(state, "out-of-service") != 0 &&
               strcmp(state, "unknown") != 0 &&
               (registration == NULL || strcmp(registration, "registered") == 0);
    }
    if (options_flag(o, OPTION_JSON))
        table_json(json);
    else if (json_array_size(trunks) == 0)
        puts("There is no trunk; the guide Trunks says how to make one.");
    else
        table_print(trunks, columns);
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
    json_t *json =
        table_ask(o, "GET", history ? "/api/alarms?history=true&limit=200" : "/api/alarms", &status);
    if (json == NULL)
        return status != 0 ? EXIT_FAILED : UNREACHABLE;
    const json_t *alarms = json_object_get(json, "alarms");
    if (options_flag(o, OPTION_JSON))
        table_json(json);
    else if (json_array_size(alarms) == 0)
        puts(history ? "There was no alarm." : "No alarm is raised.");
    else
        table_print(alarms, history ? ended : columns);
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
    json_t *json = table_ask(o, "POST", path, &status);
    if (json == NULL)
        return status != 0 ? EXIT_FAILED : UNREACHABLE;
    printf(
        "%llu: acknowledged: %s\n", (unsigned long long)id, json_string_value(json_object_get(json, "text")));
    json_decref(json);
    return EXIT_DONE;
}
