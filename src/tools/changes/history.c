/* tandem changes [NUMBER | KIND [NAME]], tandem undo NUMBER */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/changes/changes.h"
#include "tools/dispatch.h"
#include "tools/objects.h"

static bool is_number(const char *word)
{
    uint64_t number;
    return slice_to_u64(&number, slice_text(word), INT64_MAX) == 0;
}

static void add_escaped(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        buffer_add_format(out, "%%%02X", (unsigned char)*text);
}

/* ---- printing ---- */

static void print_head(const json_t *change)
{
    char at[32] = "";
    const char *text = json_string_value(json_object_get(change, "at"));
    time_t seconds = (time_t)(strtoll(text != NULL ? text : "0", NULL, 10) / 1000000);
    struct tm parts;
    const json_t *undoes = json_object_get(change, "undoes");
    const char *comment = json_string_value(json_object_get(change, "comment"));
    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S", &parts);
    printf("change %lld  %s UTC  %s", (long long)json_integer_value(json_object_get(change, "number")), at,
        json_string_value(json_object_get(change, "by")));
    if (undoes != NULL)
        printf("  undoes %lld", (long long)json_integer_value(undoes));
    printf("%s%s\n", comment != NULL && comment[0] != '\0' ? "  " : "", comment != NULL ? comment : "");
}

static void print_change(const json_t *change)
{
    struct buffer out = {0};
    const json_t *object;
    size_t at;
    long long more = (long long)json_integer_value(json_object_get(change, "more"));
    print_head(change);
    json_array_foreach(json_object_get(change, "changes"), at, object) difference_object(&out, object);
    if (more != 0)
        buffer_add_format(&out, "... and %lld objects more\n", more);
    fwrite(out.data != NULL ? out.data : "", 1, out.length, stdout);
    putchar('\n');
    buffer_free(&out);
}

static void print_page(const json_t *page)
{
    const json_t *change;
    size_t at;
    json_array_foreach(json_object_get(page, "changes"), at, change) print_change(change);
    if (json_is_integer(json_object_get(page, "next")))
        puts("there are older ones: --json has all fields, GET /api/changes?before=NUMBER the next page");
}

/* ---- changes ---- */

static int show(const struct options *o, struct slice path, const char *about, bool one)
{
    json_t *answer = objects_rest(o, "GET", path, NULL, about);
    if (answer == NULL)
        return EXIT_FAILED;
    if (options_flag(o, OPTION_JSON)) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (one) {
        print_change(answer);
    } else {
        print_page(answer);
    }
    json_decref(answer);
    return EXIT_DONE;
}

int command_changes(const struct options *o)
{
    struct buffer path = {0};
    bool one = o->word_count == 1 && is_number(o->words[0]);
    if (o->word_count != 0 && !one && objects_kind(o->words[0]) == NULL)
        return EXIT_USAGE;
    buffer_add_text(&path, "/api/changes");
    if (one)
        buffer_add_format(&path, "/%s", o->words[0]);
    else if (o->word_count != 0)
        buffer_add_format(&path, "?kind=%s", o->words[0]);
    if (o->word_count == 2) {
        buffer_add_text(&path, "&name=");
        add_escaped(&path, o->words[1]);
    }
    int status = show(o, buffer_slice(&path), one ? o->words[0] : "changes", one);
    buffer_free(&path);
    return status;
}

/* ---- undo ---- */

static void complain_h(void *argument, unsigned status, const json_t *answer)
{
    objects_complain(argument, status, answer);
}

int command_undo(const struct options *o)
{
    struct buffer path = {0};
    char about[64];
    if (!is_number(o->words[0])) {
        command_complain("\"%.64s\" is no number of a change; tandem changes shows them", o->words[0]);
        return EXIT_USAGE;
    }
    snprintf(about, sizeof about, "undo %s", o->words[0]);
    buffer_add_format(&path, "/api/changes/%s/undo", o->words[0]);
    change_query(&path, o, true);
    json_t *answer = change_send(o, buffer_slice(&path), NULL, complain_h, about);
    buffer_free(&path);
    if (answer == NULL)
        return EXIT_FAILED;
    difference_print(answer, options_flag(o, OPTION_DRY_RUN));
    json_decref(answer);
    return EXIT_DONE;
}
