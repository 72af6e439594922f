/* tandem members, trust, revoke, code, renew, authority: who belongs to the platform. */
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "tools/dispatch.h"
#include "tools/identity/bundle.h"
#include "tools/identity/code.h"
#include "tools/identity/kept.h"
#include "tools/identity/renew.h"
#include "tools/objects.h"

/* ---- printing ---- */

static const char *text_of(const json_t *member, const char *field)
{
    const char *text = json_string_value(json_object_get(member, field));
    return text != NULL ? text : "-";
}

static void day(char text[20], const json_t *member, const char *field)
{
    time_t at = (time_t)(json_integer_value(json_object_get(member, field)) / 1000000);
    struct tm parts;
    snprintf(text, 20, "-");
    if (at != 0 && gmtime_r(&at, &parts) != NULL)
        strftime(text, 20, "%Y-%m-%d %H:%M", &parts);
}

static void print_members(const json_t *list)
{
    const json_t *m;
    size_t at;
    printf("%-20s %-8s %-12s %-16s %-17s %s\n", "name", "state", "location", "address", "certificate ends",
        "fingerprint of its key");
    json_array_foreach(list, at, m)
    {
        char ends[20];
        day(ends, m, "ends_at");
        printf("%-20s %-8s %-12s %-16s %-17s %s\n", text_of(m, "name"), text_of(m, "state"),
            text_of(m, "location"), text_of(m, "address"), ends, text_of(m, "fingerprint"));
    }
}

int command_members(const struct options *o)
{
    json_t *all = json_array();
    char after[64] = "";
    bool more = true, good = true;
    while (more && good) {
        struct buffer path = {0};
        buffer_add_format(&path, "/api/members%s%s", after[0] != '\0' ? "?after=" : "", after);
        json_t *page = objects_rest(o, "GET", buffer_slice(&path), NULL, "members");
        const char *next = json_string_value(json_object_get(page, "next"));
        buffer_free(&path);
        json_array_extend(all, json_object_get(page, "members"));
        good = page != NULL;
        more = next != NULL;
        if (more)
            snprintf(after, sizeof after, "%s", next);
        json_decref(page);
    }
    if (good && options_flag(o, OPTION_JSON)) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (good) {
        print_members(all);
    }
    json_decref(all);
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- wishes ---- */

/* About one member; NULL has been explained. */
static json_t *wish(const struct options *o, const char *verb, const json_t *content)
{
    struct buffer path = {0}, about = {0};
    const char *name = o->words[0];
    buffer_add_text(&path, "/api/members/");
    for (const char *byte = name; *byte != '\0'; byte++)
        buffer_add_format(
            &path, strchr("/?%# ", *byte) != NULL || *byte < ' ' ? "%%%02X" : "%c", (unsigned char)*byte);
    buffer_add_format(&path, "/%s", verb);
    buffer_add_format(&about, "member %.64s", name);
    buffer_add_byte(&about, '\0');
    json_t *answer = objects_rest(o, "POST", buffer_slice(&path), content, about.data);
    buffer_free(&path);
    buffer_free(&about);
    return answer;
}

int command_trust(const struct options *o)
{
    struct slice fingerprint = options_text(o, OPTION_FINGERPRINT);
    json_t *content = json_object();
    if (!slice_empty(fingerprint))
        json_object_set_new(content, "fingerprint", json_stringn(fingerprint.data, fingerprint.length));
    json_t *answer = wish(o, "trust", content);
    if (answer != NULL)
        printf(
            "%s is trusted; the fingerprint of its key is %s\n", o->words[0], text_of(answer, "fingerprint"));
    json_decref(content);
    json_decref(answer);
    return answer != NULL ? EXIT_DONE : EXIT_FAILED;
}

int command_revoke(const struct options *o)
{
    json_t *content = json_object(), *answer = wish(o, "revoke", content);
    if (answer != NULL)
        printf("%s is revoked: its certificate is good for nothing any more\n", o->words[0]);
    json_decref(content);
    json_decref(answer);
    return answer != NULL ? EXIT_DONE : EXIT_FAILED;
}

int command_code(const struct options *o)
{
    char ends[20];
    json_t *content = json_object(), *answer = wish(o, "code", content);
    day(ends, answer, "code_ends_at");
    if (answer != NULL && options_flag(o, OPTION_JSON))
        json_dumpf(answer, stdout, JSON_INDENT(2));
    else if (answer != NULL)
        printf("%s\nGood once, for %s, until %s UTC. On that machine: tandem join https://THIS-MACHINE "
               "--name %s --code -\n",
            text_of(answer, "code"), o->words[0], ends, o->words[0]);
    json_decref(content);
    json_decref(answer);
    return answer != NULL ? EXIT_DONE : EXIT_FAILED;
}

/* ---- on this machine ---- */

int command_renew(const struct options *o)
{
    struct buffer complaint = {0};
    bool done;
    int error = renew(&done, options_text(o, OPTION_DATA), RENEW_NOW, (int64_t)time(NULL), &complaint);
    if (error != 0)
        command_complain("%.*s",
            SLICE_ARG(complaint.length != 0 ? buffer_slice(&complaint) : slice_text(error_sentence(error))));
    else if (!done)
        command_complain("this machine has not joined a platform; see tandem help join");
    else
        puts("A new key and its certificate are in place; a running program takes them within a minute.");
    buffer_free(&complaint);
    return error == 0 && done ? EXIT_DONE : EXIT_FAILED;
}
