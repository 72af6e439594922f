/* Whatever is accepted can be written again, and says the same but for what was changed. */
#include <stdlib.h>

#include "sip/sdp.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static void look(const struct sdp *s)
{
    struct slice value;
    struct sdp_codec codec;
    for (size_t i = 0; i < s->media_count; i++)
        for (unsigned format = 0; format < 128; format++) {
            (void)sdp_codec(&s->media[i], format, &codec);
            (void)sdp_fmtp(&s->media[i], format, &value);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct buffer out = {0};
    struct sdp a, b;
    /* Room for what line ends and directions add to it. */
    if (size < SDP_LIMIT / 4 && sdp_parse(&a, slice_of(data, size), &arena) == 0) {
        look(&a);
        must(sdp_equal_media(&a, &a) && sdp_answer_fits(&a, &a));
        sdp_add_with_origin(&out, a.text, 1, UINT64_MAX);
        must(sdp_parse(&b, buffer_slice(&out), &arena) == 0);
        must(b.origin.id == 1 && b.origin.version == UINT64_MAX);
        must(slice_equal(a.origin.address, b.origin.address));
        must(sdp_equal_media(&a, &b) && sdp_equal_media(&b, &a) && sdp_answer_fits(&a, &b));
        buffer_clear(&out);
        sdp_add_with_direction(&out, a.text, SDP_INACTIVE);
        must(sdp_parse(&b, buffer_slice(&out), &arena) == 0 && sdp_answer_fits(&a, &b));
        for (size_t i = 0; i < b.media_count; i++)
            must(b.media[i].direction == SDP_INACTIVE);
        buffer_clear(&out);
        sdp_add_with_rejected(&out, a.text, UINT32_MAX);
        must(sdp_parse(&b, buffer_slice(&out), &arena) == 0 && sdp_answer_fits(&a, &b));
        for (size_t i = 0; i < b.media_count; i++)
            must(b.media[i].port == 0);
    }
    buffer_free(&out);
    arena_free(&arena);
    return 0;
}
