/* tandem reference [NAME]: what the tables say, as Markdown. tools/reference writes docs/reference from it.
 */
#include <stdio.h>

#include "base/counter.h"
#include "base/error.h"
#include "base/timer.h"
#include "config/kind.h"
#include "health/metrics.h"
#include "roles/control/control.h"
#include "tools/network/accounts.h"
#include "tools/network/ports.h"
#include "tools/dispatch.h"
#include "tools/graph.h"

static void counters(struct buffer *out)
{
    buffer_add_text(out, "# Counters\n\nOne set per instance.\n\n| counter | counts |\n| --- | --- |\n");
    for (int c = 0; c < COUNTER_COUNT; c++)
        buffer_add_format(
            out, "| `%s` | %s |\n", counter_name((enum counter)c), counter_text((enum counter)c));
}

static void errors(struct buffer *out)
{
    buffer_add_text(out,
        "# Errors\n\nThe sentence says what happened and what to do; where it happened stands beside "
        "it.\n\n| code | symbol | sentence |\n| --- | --- | --- |\n");
    for (int number = 1; number < ERROR_NUMBER_COUNT; number++)
        buffer_add_format(
            out, "| %d | `%s` | %s |\n", -number, error_symbol(-number), error_sentence(-number));
}

static void machines(struct buffer *out)
{
    const struct fsm *machine;
    buffer_add_text(out, "# State machines\n\nFor Graphviz; `tandem graph NAME` prints one.\n");
    for (size_t at = 0; (machine = graph_machine(at)) != NULL; at++) {
        buffer_add_format(out, "\n## %s\n\n```dot\n", machine->name);
        fsm_graph(machine, out);
        buffer_add_text(out, "```\n");
    }
}

static void timers(struct buffer *out)
{
    buffer_add_text(out, "# Timers\n\n| timer | milliseconds | bounds |\n| --- | --- | --- |\n");
    for (int t = TIMER_NONE + 1; t < TIMER_COUNT; t++)
        buffer_add_format(out, "| `%s` | %lld | %s |\n", timer_name((enum timer)t),
            (long long)(timer_duration((enum timer)t) / 1000), timer_text((enum timer)t));
}

static const struct {
    const char *name;
    void (*add)(struct buffer *out);
} parts[] = {
    {"alarms", control_reference},
    {"commands", dispatch_reference},
    {"counters", counters},
    {"errors", errors},
    {"machines", machines},
    {"metrics", health_metrics_reference},
    {"objects", kind_reference},
    {"options", option_reference},
    {"permissions", accounts_reference},
    {"ports", ports_reference},
    {"timers", timers},
};

int command_reference(const struct options *options)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (options->word_count == 0) {
            puts(parts[i].name);
        } else if (strcmp(parts[i].name, options->words[0]) == 0) {
            struct buffer out = {0};
            parts[i].add(&out);
            fwrite(out.data, 1, out.length, stdout);
            buffer_free(&out);
            return EXIT_DONE;
        }
    }
    if (options->word_count == 0)
        return EXIT_DONE;
    command_complain("there is no part \"%.64s\"; tandem reference lists all", options->words[0]);
    return EXIT_USAGE;
}
