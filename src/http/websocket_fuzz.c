/* However the bytes are cut, the same echoes, pongs and close codes come out; on both sides. */
#include "http/websocket_fixture.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct websocket_limits limits = {.message = 300, .fragments = 6};
    struct websocket_drive whole = {0}, parts = {0};
    if (size < 2)
        return 0;
    struct slice bytes = slice_from(slice_of(data, size), 2);
    if (data[1] & 1) {
        websocket_open_client(&whole.w, &limits, 7);
        websocket_open_client(&parts.w, &limits, 7);
    } else {
        websocket_open(&whole.w, &limits);
        websocket_open(&parts.w, &limits);
    }
    websocket_drive_feed(&whole, bytes, bytes.length);
    websocket_drive_feed(&parts, bytes, 1 + data[0] % 9);
    if (!slice_equal(buffer_slice(&whole.out), buffer_slice(&parts.out)) || whole.code != parts.code ||
        whole.messages != parts.messages || whole.failed != parts.failed || whole.closed != parts.closed)
        abort();
    websocket_drive_close(&whole);
    websocket_drive_close(&parts);
    return 0;
}
