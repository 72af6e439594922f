#include <stdio.h>

#include "base/error.h"
#include "tools/doctor/doctor_int.h"
#include "tools/place.h"

#define ENOUGH 2 /* instances of a role, so that one may die */
#define PATH SLICE("/api/config/application?limit=1000")

static const char *text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text != NULL ? text : "";
}

static size_t count_role(const json_t *applications, const char *role)
{
    size_t at, count = 0;
    const json_t *a;
    json_array_foreach(applications, at, a) count += strcmp(text_of(a, "role"), role) == 0;
    return count;
}

static bool is_of(const json_t *application, const char *pair)
{
    return strcmp(text_of(application, "role"), "node") == 0 &&
           strcmp(text_of(application, "pair"), pair) == 0;
}

/* Asked at the first of its nodes. */
static void pair(struct doctor *d, const json_t *applications, size_t first)
{
    const json_t *a, *one = json_array_get(applications, first);
    const char *name = text_of(one, "pair");
    size_t at, members = 1;
    bool together = false;
    json_array_foreach(applications, at, a)
    {
        if (at < first && is_of(a, name))
            return;
        if (at <= first || !is_of(a, name))
            continue;
        members++;
        together = strcmp(text_of(a, "member"), text_of(one, "member")) == 0;
    }
    if (members == 1)
        doctor__say(d, FINDING_DOUBTFUL, "the pair %s has one member: its calls end when that dies", name);
    else if (members > 2)
        doctor__say(d, FINDING_WRONG, "the pair %s has %zu members; two are a pair", name, members);
    else if (together)
        doctor__say(d, FINDING_WRONG,
            "both members of the pair %s are in one process; give the fields member different ones", name);
    else
        doctor__say(d, FINDING_GOOD, "the pair %s is complete", name);
}

void doctor__applications(struct doctor *d, const json_t *applications)
{
    static const struct {
        const char *role, *without;
    } roles[] = {{"proxy", "phones have nowhere else to go"}, {"session", "browsers have nowhere else to go"},
        {"config", "nothing can be configured while it is away"},
        {"history", "history waits while it is away"}, {"control", "nobody watches while it is away"}};
    size_t at;
    const json_t *a;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        size_t count = count_role(applications, roles[i].role);
        if (count >= ENOUGH)
            doctor__say(d, FINDING_GOOD, "%zu instances of %s", count, roles[i].role);
        else
            doctor__say(d, FINDING_DOUBTFUL, "%s of %s: %s", count == 0 ? "no instance" : "one instance",
                roles[i].role, roles[i].without);
    }
    json_array_foreach(applications, at, a)
    {
        if (strcmp(text_of(a, "role"), "node") == 0)
            pair(d, applications, at);
    }
}

void doctor__cluster(struct doctor *d)
{
    struct buffer body = {0}, complaint = {0};
    unsigned status = 0;
    int error = place_ask(&status, &body, d->options, "GET", PATH, (struct slice){0}, &complaint);
    json_t *json = error == 0 && status == 200 ? json_loadb(body.data, body.length, 0, NULL) : NULL;
    const json_t *objects = json_object_get(json, "objects");
    if (json_is_array(objects))
        doctor__applications(d, objects);
    else if (error != 0)
        doctor__say(d, FINDING_DOUBTFUL, "pairs and roles were not looked at: %.*s",
            SLICE_ARG(buffer_slice(&complaint)));
    else
        doctor__say(
            d, FINDING_WRONG, "the running system answers %u when it is asked for its applications", status);
    json_decref(json);
    buffer_free(&body);
    buffer_free(&complaint);
}
