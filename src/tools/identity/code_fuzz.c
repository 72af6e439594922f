/* What somebody types as a code; one that is read is written the same way. */
#include "base/error.h"
#include "tools/identity/code.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct code one, other;
    char text[CODE_TEXT];
    if (code_read(&one, slice_of(data, size)) != 0)
        return 0;
    code_write(text, &one);
    if (code_read(&other, slice_text(text)) != 0 || memcmp(&one, &other, sizeof one) != 0)
        abort();
    return 0;
}
