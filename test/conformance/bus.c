#include "bus.h"

#include <string.h>

#define SETTLE SLICE("settle")

struct stage *bus_other(struct stage *s)
{
    struct real_server all = stage_params.bus;
    if (stage_is("embedded"))
        return s;
    if (!stage_is("nats-gateway"))
        return stage_another(s);
    size_t half = all.count / 2; /* the addresses of this side, then those of the other */
    stage_params.bus.count = half;
    stage_restart(s);
    stage_params.bus.addresses += half;
    struct stage *another = stage_another(s);
    stage_params.bus = all;
    return another;
}

static bool settled(const struct seat *to, size_t from, const char *subject)
{
    for (const struct note *n; (n = seat_note(to, from)) != NULL; from++)
        if (slice_equal(n->bytes, SETTLE) && slice_equal(n->name, slice_text(subject)))
            return true;
    return false;
}

void bus_settle(struct seat *from, struct seat *to, const char *subject)
{
    size_t before = to->note_count;
    for (int i = 0; i < 15000; i++) { /* a minute */
        if (settled(to, before, subject)) {
            stage_run(from->stage, 20); /* what was sent meanwhile comes too */
            return;
        }
        if (i % 5 == 0)
            seat_publish(from, subject, SETTLE);
        stage_run(from->stage, 4);
    }
    stage_fail(__FILE__, __LINE__, "\"%s\" never came; the bus is %s", subject,
        bus_condition(from->stage)->away ? bus_condition(from->stage)->why : "there");
}

void bus_number(struct seat *from, const char *subject, uint64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    seat_publish(from, subject, slice_of(text, (size_t)length));
}

const char *bus_notes(const struct seat *s, size_t from)
{
    static char text[4096];
    size_t length = 0;
    text[0] = '\0';
    list_for_each (link, &s->notes) {
        const struct note *n = list_entry(link, struct note, link);
        if (from > 0)
            from--;
        else if (n->kind == INPUT_BUS && !slice_equal(n->bytes, SETTLE) && length < sizeof text - 400)
            length += (size_t)snprintf(text + length, sizeof text - length, "%llu:%.*s=%.*s ",
                (unsigned long long)n->token, SLICE_ARG(n->name), SLICE_ARG(slice_first(n->bytes, 40)));
    }
    return text;
}

size_t bus_rising(const struct seat *s, size_t from, uint64_t *last)
{
    size_t count = 0;
    *last = 0;
    list_for_each (link, &s->notes) {
        const struct note *n = list_entry(link, struct note, link);
        uint64_t number;
        if (from > 0) {
            from--;
            continue;
        }
        if (slice_equal(n->bytes, SETTLE))
            continue;
        CHECK_SAME(slice_to_u64(&number, n->bytes, UINT64_MAX), 0);
        if (number <= *last)
            stage_fail(__FILE__, __LINE__, "%llu came after %llu", (unsigned long long)number,
                (unsigned long long)*last);
        *last = number;
        count++;
    }
    return count;
}

const struct real_condition *bus_condition(const struct stage *s)
{
    return real_engines_condition(s->engines, REAL_PART_BUS);
}
