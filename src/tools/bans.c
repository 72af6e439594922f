/* tandem bans, ban, unban: who is shut out. What is banned by hand is an object of the configuration; what
 * the program bans by itself is known to the proxies. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "tools/dispatch.h"
#include "tools/objects.h"
#include "world/network.h"

#define NAME 65
#define SECOND INT64_C(1000000)

/* "192.0.2.0/24" is named "192.0.2.0_24": names have neither colons nor slashes. */
static bool read_network(char name[NAME], const char *text)
{
    struct network n;
    if (network_parse(&n, slice_text(text)) != 0 || strlen(text) >= NAME) {
        command_complain(
            "%.64s is no address and no network such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32; a "
            "network must have no bits behind its length",
            text);
        return false;
    }
    size_t length = 0;
    for (const char *at = text; *at != '\0'; at++)
        if (*at != '[' && *at != ']')
            name[length++] = (char)(*at == '/' ? '_' : *at == ':' ? '-' : *at);
    name[length] = '\0';
    return true;
}

/* "90s", "30m", "12h", "7d"; seconds without a letter. */
static bool read_time(int64_t *seconds, struct slice text)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t number;
    int64_t factor = 1;
    struct slice digits = text;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text.length > 1 && text.data[text.length - 1] == units[i].unit) {
            factor = units[i].seconds;
            digits = slice_first(text, text.length - 1);
        }
    if (slice_to_u64(&number, digits, 36500U * 86400U) != 0 || number == 0)
        return false;
    *seconds = (int64_t)number * factor;
    return true;
}

static struct slice path_of(struct buffer *room, const char *begin, const char *name)
{
    buffer_clear(room);
    buffer_add_text(room, begin);
    for (const char *at = name; *at != '\0'; at++)
        buffer_add_format(room, *at == '/' || *at == ':' || *at == '[' || *at == ']' ? "%%%02X" : "%c", *at);
    return buffer_slice(room);
}

int command_ban(const struct options *o)
{
    char name[NAME];
    int64_t seconds = 0;
    struct buffer path = {0};
    struct slice why = options_text(o, OPTION_WHY), lasts = options_text(o, OPTION_FOR);
    if (!read_network(name, o->words[0]))
        return EXIT_USAGE;
    if (!slice_empty(lasts) && !read_time(&seconds, lasts)) {
        command_complain("--for takes a time such as 90s, 30m, 12h or 7d");
        return EXIT_USAGE;
    }
    json_t *body = json_pack("{ss}", "network", o->words[0]);
    if (seconds != 0)
        json_object_set_new(body, "until", json_integer(((int64_t)time(NULL) + seconds) * SECOND));
    if (!slice_empty(why))
        json_object_set_new(body, "why", json_stringn(why.data, why.length));
    json_t *answer = objects_rest(o, "PUT", path_of(&path, "/api/config/ban/", name), body, "ban");
    if (answer != NULL)
        printf("%s is shut out%s%.*s; tandem unban %s lets it in again\n", o->words[0],
            seconds != 0 ? " for " : "", SLICE_ARG(lasts), o->words[0]);
    buffer_free(&path);
    json_decref(body);
    json_decref(answer);
    return answer != NULL ? EXIT_DONE : EXIT_FAILED;
}

/* Both kinds of ban; one that is not there is no mistake as long as the other is. */
int command_unban(const struct options *o)
{
    char name[NAME];
    struct buffer path = {0};
    unsigned by_hand = 0, automatic = 0;
    if (!read_network(name, o->words[0]))
        return EXIT_USAGE;
    json_t *first = objects_send(&by_hand, o, "DELETE", path_of(&path, "/api/config/ban/", name), NULL);
    json_t *second = first == NULL ? NULL
                                   : objects_send(&automatic, o, "DELETE",
                                         path_of(&path, "/api/bans/", o->words[0]), NULL);
    bool done = (by_hand == 200 && second != NULL) || automatic == 200;
    if (done)
        printf("%s is let in again\n", o->words[0]);
    else if (first != NULL && by_hand != 404)
        objects_complain("unban", by_hand, first);
    else if (second != NULL)
        objects_complain("unban", automatic, second);
    buffer_free(&path);
    json_decref(first);
    json_decref(second);
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* ---- showing ---- */

static void add_time(char text[24], const json_t *row)
{
    const char *until = json_string_value(json_object_get(row, "until"));
    time_t at = until != NULL ? (time_t)(strtoll(until, NULL, 10) / SECOND) : 0;
    struct tm parts;
    snprintf(text, 24, "-");
    if (at != 0 && localtime_r(&at, &parts) != NULL)
        strftime(text, 24, "%Y-%m-%d %H:%M:%S", &parts);
}

static const char *text_of(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_bans(const json_t *answer)
{
    const json_t *row, *bans = json_object_get(answer, "bans"), *numbers = json_object_get(answer, "numbers");
    char until[24];
    size_t at;
    if (json_array_size(bans) == 0)
        puts("Nobody is banned.");
    else
        printf("%-44s %-8s %-20s %s\n", "network", "by", "until", "why");
    json_array_foreach(bans, at, row)
    {
        add_time(until, row);
        printf(
            "%-44s %-8s %-20s %s\n", text_of(row, "network"), text_of(row, "by"), until, text_of(row, "why"));
    }
    if (json_array_size(numbers) != 0)
        printf("\n%-20s %s\n", "number", "what it does");
    json_array_foreach(numbers, at, row) printf("%-20s %s\n", text_of(row, "number"), text_of(row, "what"));
}

int command_bans(const struct options *o)
{
    json_t *answer = objects_rest(o, "GET", SLICE("/api/bans"), NULL, "bans");
    if (answer == NULL)
        return EXIT_FAILED;
    if (options_flag(o, OPTION_JSON)) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_bans(answer);
    }
    json_decref(answer);
    return EXIT_DONE;
}
