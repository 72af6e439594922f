/* Whatever comes: an answer is a STUN message, not much longer than what it answers, and never itself
 * answered. */
#include <stdlib.h>

#include "roles/proxy/edge/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out = {0}, again = {0};
    struct slice request = slice_of(data, size);
    struct address peer = {.port = 5060, .family = size % 2 != 0 ? 4 : 6};
    if (stun_answer(&out, request, &peer) == 0) {
        struct slice answer = buffer_slice(&out);
        if (!stun_is(request) || answer.length > request.length + 24 || answer.length < 20 ||
            answer.length !=
                20 + ((size_t)(unsigned char)answer.data[2] << 8 | (unsigned char)answer.data[3]))
            abort();
        if (stun_answer(&again, answer, &peer) == 0)
            abort();
    } else if (out.length != 0) {
        abort();
    }
    buffer_free(&out);
    buffer_free(&again);
    return 0;
}
