/* Each start of an instance has a number that no earlier one had: the clock's milliseconds, or where the
 * clock was set back, one more than the last number, which DATA/incarnation keeps. Nothing else must be there
 * for it: a process starts although everything beside it is away. */
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "run/run_int.h"
#include "tools/file.h"

static int64_t milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int read_last(struct run *r, const char *path)
{
    struct buffer text = {0}, complaint = {0};
    int error = tools_file_read(&text, path, &complaint);
    struct slice number = buffer_slice(&text);
    if (number.length != 0 && number.data[number.length - 1] == '\n')
        number.length--;
    if (error == 0 && slice_to_u64(&r->incarnation, number, (uint64_t)1 << 44) != 0)
        r->incarnation = 0; /* damaged: the clock is what is left */
    buffer_free(&text);
    buffer_free(&complaint);
    return error == ERROR_MISSING ? 0 : error;
}

int run__incarnation(struct run *r, uint64_t *number)
{
    char path[AUTHORITY_PATH + 16], text[32];
    struct buffer complaint = {0};
    snprintf(path, sizeof path, "%s/incarnation", r->data);
    int error = r->incarnation == 0 ? read_last(r, path) : 0;
    uint64_t now = (uint64_t)milliseconds_now();
    *number = r->incarnation >= now ? r->incarnation + 1 : now;
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)*number);
    if (error == 0)
        error = tools_file_write_private(path, slice_text(text), &complaint);
    if (error != 0)
        LOG(LOG_ERROR, "run", "%s cannot be kept: %.*s", path, SLICE_ARG(buffer_slice(&complaint)));
    r->incarnation = *number;
    buffer_free(&complaint);
    return error;
}
