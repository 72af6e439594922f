/* Inside `tandem doctor`: each check says what it found, in a line. */
#ifndef TANDEM_TOOLS_DOCTOR_INT_H
#define TANDEM_TOOLS_DOCTOR_INT_H

#include <jansson.h>

#include "config/start/option.h"

enum finding { FINDING_GOOD, FINDING_DOUBTFUL, FINDING_WRONG, FINDINGS };

struct doctor {
    const struct options *options;
    int64_t now;  /* seconds since the epoch */
    bool running; /* a system runs on this machine */
    struct buffer out;
    unsigned counts[FINDINGS];
};

void doctor__say(struct doctor *d, enum finding f, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* machine.c: ports, certificates, whether the clock is kept right */
void doctor__ports(struct doctor *d);
void doctor__clock(struct doctor *d);
void doctor__certificates(struct doctor *d);
void doctor__certificate(struct doctor *d, const char *path);

/* engines.c: names and addresses of what is beside the process, and its clock */
void doctor__engines(struct doctor *d);
/* "https://host:2379", "192.0.2.1:5432", "[::1]": false: it is none. */
bool doctor__split(struct slice address, const char *standard, char host[256], char port[8]);
/* Seconds since the epoch of "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7); -1: it is none. */
int64_t doctor__date(const char *text);

/* cluster.c: whether what is configured has no single point */
void doctor__cluster(struct doctor *d);
void doctor__applications(struct doctor *d, const json_t *applications);

#endif
