/* tandem doctor: looks at what a machine and a cluster need, and says what is missing (SEC-8). */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "tools/dispatch.h"
#include "tools/doctor/doctor_int.h"
#include "tools/place.h"

static const char *const finding_words[FINDINGS] = {"ok", "doubtful", "WRONG"};

void doctor__say(struct doctor *d, enum finding f, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_add_format(&d->out, "%-10s%s\n", finding_words[f], text);
    d->counts[f]++;
}

int command_doctor(const struct options *options)
{
    struct place place;
    struct doctor d = {.options = options, .now = (int64_t)time(NULL)};
    d.running = place_list(&place, 1) != 0;
    doctor__ports(&d);
    doctor__clock(&d);
    doctor__certificates(&d);
    doctor__engines(&d);
    doctor__cluster(&d);
    fwrite(d.out.data, 1, d.out.length, stdout);
    printf("%u ok, %u doubtful, %u wrong\n", d.counts[FINDING_GOOD], d.counts[FINDING_DOUBTFUL],
        d.counts[FINDING_WRONG]);
    buffer_free(&d.out);
    return d.counts[FINDING_WRONG] == 0 ? EXIT_DONE : EXIT_FAILED;
}
