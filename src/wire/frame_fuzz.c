/* However the stream is cut, the same frames come out of it; written again they are the same bytes. */
#include "wire/frame.h"

#include <stdlib.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_all(struct buffer *out, struct slice bytes, size_t piece)
{
    struct frame_reader r = {0};
    struct frame f;
    int error = ERROR_AGAIN;
    while (bytes.length != 0 && error == ERROR_AGAIN) {
        struct slice part = slice_first(bytes, piece);
        bytes = slice_from(bytes, part.length);
        while ((error = frame_next(&r, &part, &f)) == 0)
            frame_add(out, f.kind, f.payload);
    }
    frame_reader_free(&r);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole = {0}, parts = {0};
    if (size == 0)
        return 0;
    struct slice bytes = slice_of(data + 1, size - 1);
    int error = read_all(&whole, bytes, bytes.length);
    if (read_all(&parts, bytes, 1 + data[0] % 9) != error)
        abort();
    if (!slice_equal(buffer_slice(&whole), buffer_slice(&parts)) ||
        !slice_starts(bytes, buffer_slice(&whole)))
        abort();
    buffer_free(&whole);
    buffer_free(&parts);
    return 0;
}
