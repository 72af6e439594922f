/* What a process measures, as Prometheus reads it: the text format 0.0.4. */
#ifndef TANDEM_HEALTH_METRICS_H
#define TANDEM_HEALTH_METRICS_H

#include "health/report.h"

#define HEALTH_THREADS 32
#define HEALTH_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct health_thread {
    char name[16];
    double cpu; /* seconds, of all threads of the name */
};

/* Of the process itself; what is not known is 0 and left out. */
struct health_process {
    uint64_t rounds, busy, late; /* of the loop; busy: µs */
    uint64_t inputs, output;     /* bytes that wait */
    uint64_t flows, questions, memory;
    uint64_t resident, virtual, descriptors, descriptors_most;
    double cpu;
    struct health_thread threads[HEALTH_THREADS];
    size_t thread_count;
};

void health_metrics(struct buffer *out, const struct health_member *m, const struct health_process *p);
/* Adds the list of all metrics in Markdown, for the reference. */
void health_metrics_reference(struct buffer *out);

#endif
