#include "health/metrics.h"

#include <inttypes.h>

#include "world/world_int.h"

enum metric {
#define METRIC(symbol, name, type, labels, text) METRIC_##symbol,
#include "health/metric.def"
#undef METRIC
    METRIC_COUNT
};

static const struct {
    const char *name, *type, *labels, *text;
} metrics[] = {
#define METRIC(symbol, name, type, labels, text) {name, type, labels, text},
#include "health/metric.def"
#undef METRIC
};

static void head(struct buffer *out, const char *prefix, const char *name, const char *type, const char *text)
{
    buffer_add_format(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, text, prefix, name, type);
}

static void begin(struct buffer *out, enum metric m)
{
    head(out, "", metrics[m].name, metrics[m].type, metrics[m].text);
}

/* In quotes; backslash, quote and line feed are escaped. */
static void add_label(struct buffer *out, const char *name, struct slice value)
{
    buffer_add_format(out, "%s=\"", name);
    for (size_t i = 0; i < value.length; i++) {
        char byte = value.data[i];
        if (byte == '\\' || byte == '"')
            buffer_add_byte(out, '\\');
        if (byte == '\n')
            buffer_add_text(out, "\\n");
        else
            buffer_add_byte(out, byte);
    }
    buffer_add_byte(out, '"');
}

static void add_instance(struct buffer *out, const struct health_instance *i)
{
    buffer_add_byte(out, '{');
    add_label(out, "role", i->role);
    buffer_add_byte(out, ',');
    add_label(out, "instance_name", i->name);
}

static void number(struct buffer *out, enum metric m, uint64_t value)
{
    begin(out, m);
    buffer_add_format(out, "%s %" PRIu64 "\n", metrics[m].name, value);
}

static void seconds(struct buffer *out, enum metric m, double value)
{
    begin(out, m);
    buffer_add_format(out, "%s %.6f\n", metrics[m].name, value);
}

/* Where 0 means that it is not known. */
static void known(struct buffer *out, enum metric m, uint64_t value)
{
    if (value != 0)
        number(out, m, value);
}

/* ---- instances ---- */

static void states(struct buffer *out, const struct health_member *m)
{
    begin(out, METRIC_STATE);
    for (size_t i = 0; i < m->instance_count; i++)
        for (int s = WORLD_STARTING; s <= WORLD_DRAINING; s++) {
            buffer_add_text(out, metrics[METRIC_STATE].name);
            add_instance(out, &m->instances[i]);
            buffer_add_format(out, ",state=\"%s\"} %d\n", world_state_name((enum world_state)s),
                (int)m->instances[i].world->condition.state == s);
        }
}

static void counters(struct buffer *out, const struct health_member *m)
{
    for (int c = 0; c < COUNTER_COUNT; c++) {
        head(out, "tandem_", counter_name((enum counter)c), "counter", counter_text((enum counter)c));
        for (size_t i = 0; i < m->instance_count; i++) {
            buffer_add_format(out, "tandem_%s", counter_name((enum counter)c));
            add_instance(out, &m->instances[i]);
            buffer_add_format(out, "} %" PRIu64 "\n", m->instances[i].world->counters.values[c]);
        }
    }
}

static void gauges(struct buffer *out, const struct health_member *m)
{
    for (int g = 0; g < GAUGE_COUNT; g++) {
        head(out, "tandem_", gauge_name((enum gauge)g), "gauge", gauge_text((enum gauge)g));
        for (size_t i = 0; i < m->instance_count; i++) {
            buffer_add_format(out, "tandem_%s", gauge_name((enum gauge)g));
            add_instance(out, &m->instances[i]);
            buffer_add_format(out, "} %" PRIu64 "\n", m->instances[i].world->gauges.values[g]);
        }
    }
}

static void one_measure(struct buffer *out, const struct health_instance *i, const struct measure_value *v)
{
    const struct measure_row *row = &measure_rows[v->measure];
    buffer_add_format(out, "tandem_%s", row->name);
    add_instance(out, i);
    buffer_add_byte(out, ',');
    add_label(out, row->label, slice_text(v->of));
    if (v->second != NULL) {
        buffer_add_byte(out, ',');
        add_label(out, row->second, slice_text(v->second));
    }
    buffer_add_format(out, "} %" PRIu64 "\n", v->value);
}

static void measures(struct buffer *out, const struct health_member *m)
{
    for (int k = 0; k < MEASURE_COUNT; k++) {
        head(out, "tandem_", measure_rows[k].name, measure_rows[k].type, measure_rows[k].text);
        for (size_t i = 0; i < m->instance_count; i++) {
            const struct measure_set *set = &m->instances[i].world->measures;
            for (size_t n = 0; n < set->count; n++)
                if ((int)set->values[n].measure == k)
                    one_measure(out, &m->instances[i], &set->values[n]);
        }
    }
}

/* ---- the process ---- */

static void about(struct buffer *out, const struct health_member *m)
{
    begin(out, METRIC_BUILD);
    buffer_add_format(out, "%s{", metrics[METRIC_BUILD].name);
    add_label(out, "version", slice_text(m->version));
    buffer_add_byte(out, ',');
    add_label(out, "member", m->name);
    buffer_add_text(out, "} 1\n");
    number(out, METRIC_READY, health_ready(m));
    begin(out, METRIC_AWAY);
    for (size_t i = 0; i < m->part_count; i++) {
        buffer_add_format(out, "%s{", metrics[METRIC_AWAY].name);
        add_label(out, "engine", slice_text(m->parts[i].what));
        buffer_add_format(out, "} %d\n", m->parts[i].away);
    }
}

static void loop(struct buffer *out, const struct health_process *p)
{
    number(out, METRIC_ROUNDS, p->rounds);
    seconds(out, METRIC_BUSY, (double)p->busy / 1000000);
    number(out, METRIC_LATE, p->late);
    begin(out, METRIC_QUEUED);
    buffer_add_format(out, "%s{queue=\"inputs\"} %" PRIu64 "\n%s{queue=\"output\"} %" PRIu64 "\n",
        metrics[METRIC_QUEUED].name, p->inputs, metrics[METRIC_QUEUED].name, p->output);
    number(out, METRIC_FLOWS, p->flows);
    number(out, METRIC_QUESTIONS, p->questions);
    number(out, METRIC_MEMORY, p->memory);
}

static void threads(struct buffer *out, const struct health_process *p)
{
    begin(out, METRIC_THREAD);
    for (size_t i = 0; i < p->thread_count; i++) {
        buffer_add_format(out, "%s{", metrics[METRIC_THREAD].name);
        add_label(out, "thread", slice_text(p->threads[i].name));
        buffer_add_format(out, "} %.6f\n", p->threads[i].cpu);
    }
}

void health_metrics(struct buffer *out, const struct health_member *m, const struct health_process *p)
{
    about(out, m);
    states(out, m);
    loop(out, p);
    known(out, METRIC_DISK_SIZE, m->disk_size);
    if (m->disk_size != 0)
        number(out, METRIC_DISK_FREE, m->disk_free);
    known(out, METRIC_CERTIFICATE, (uint64_t)(m->certificate_until / 1000000));
    threads(out, p);
    seconds(out, METRIC_CPU, p->cpu);
    known(out, METRIC_RESIDENT, p->resident);
    known(out, METRIC_VIRTUAL, p->virtual);
    known(out, METRIC_OPEN, p->descriptors);
    known(out, METRIC_MOST, p->descriptors_most);
    seconds(out, METRIC_STARTED, (double)m->started_at / 1000000);
    counters(out, m);
    gauges(out, m);
    measures(out, m);
}

void health_metrics_reference(struct buffer *out)
{
    buffer_add_text(out,
        "# Metrics\n\nWhat each process offers to Prometheus at `/metrics` when its start file has "
        "`metrics`. The ones "
        "with the labels `role` and `instance_name` exist for each instance of the process.\n\n"
        "| metric | type | labels | what it is |\n| --- | --- | --- | --- |\n");
    for (int m = 0; m < METRIC_COUNT; m++)
        buffer_add_format(out, "| `%s` | %s | %s | %s |\n", metrics[m].name, metrics[m].type,
            metrics[m].labels, metrics[m].text);
    for (int c = 0; c < COUNTER_COUNT; c++)
        buffer_add_format(out, "| `tandem_%s` | counter | role, instance_name | %s |\n",
            counter_name((enum counter)c), counter_text((enum counter)c));
    for (int g = 0; g < GAUGE_COUNT; g++)
        buffer_add_format(out, "| `tandem_%s` | gauge | role, instance_name | %s |\n",
            gauge_name((enum gauge)g), gauge_text((enum gauge)g));
    for (int k = 0; k < MEASURE_COUNT; k++)
        buffer_add_format(out, "| `tandem_%s` | %s | role, instance_name, %s%s%s | %s |\n",
            measure_rows[k].name, measure_rows[k].type, measure_rows[k].label,
            measure_rows[k].second[0] != '\0' ? ", " : "", measure_rows[k].second, measure_rows[k].text);
}
