/* However the bytes are cut, the same requests come out and the same answers go back. */
#include "http/http_fixture.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Small bounds are met more often. */
    static const struct http_limits limits = {.request_line = 200,
        .header_bytes = 300,
        .header_count = 8,
        .blank_lines = 2,
        .body = 64,
        .chunk_line = 24,
        .chunk_extensions = 40,
        .chunks = 6,
        .pipelined = 4096,
        .overrun = 1 << 20};
    struct http_drive whole = {0}, parts = {0};
    size_t piece = size != 0 ? 1 + data[0] % 7 : 1;
    struct slice bytes = slice_from(slice_of(data, size), 1);
    if (size == 0)
        return 0;
    http_open(&whole.c, &limits);
    http_open(&parts.c, &limits);
    http_drive_feed(&whole, bytes, bytes.length);
    http_drive_feed(&parts, bytes, piece);
    if (!slice_equal(buffer_slice(&whole.out), buffer_slice(&parts.out)) ||
        !slice_equal(buffer_slice(&whole.seen), buffer_slice(&parts.seen)) || whole.ended != parts.ended)
        abort();
    http_drive_close(&whole);
    http_drive_close(&parts);
    return 0;
}
