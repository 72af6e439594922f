/* Answers of a server: bounded, and a body never larger than what came. */
#include "tools/https.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer body = {0};
    unsigned status;
    if (https_parse(&status, &body, slice_of(data, size)) == 0 &&
        (status < 100 || status > 599 || body.length > size))
        __builtin_trap();
    buffer_free(&body);
    return 0;
}
