/* Whatever is accepted can be written again, and says the same but for what was changed. */
#include <stdlib.h>

#include "sip/sdp_attributes.h"

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

/* Every attribute's value, read as every attribute that there is. */
static void read(const struct sdp_attribute *attributes, size_t count)
{
    struct sdp_candidate candidate;
    struct sdp_fingerprint fingerprint;
    struct sdp_crypto crypto;
    struct sdp_rtcp rtcp;
    struct sdp_feedback feedback;
    struct sdp_extension extension;
    struct sdp_source source;
    enum sdp_setup setup;
    uint64_t events;
    for (size_t i = 0; i < count; i++) {
        struct slice value = attributes[i].value;
        must(sdp_candidate_parse(&candidate, value) != 0 || candidate.type.length != 0);
        must(sdp_fingerprint_parse(&fingerprint, value) != 0 || fingerprint.length <= SDP_FINGERPRINT);
        must(sdp_crypto_parse(&crypto, value) != 0 || crypto.key_length <= SDP_KEY);
        must(sdp_rtcp_parse(&rtcp, value) != 0 || rtcp.address.length <= value.length);
        must(sdp_feedback_parse(&feedback, value) != 0 || feedback.format < 128);
        must(sdp_extension_parse(&extension, value) != 0 || extension.id != 0);
        must(sdp_source_parse(&source, value) != 0 || source.name.length != 0);
        must(sdp_setup_parse(&setup, value) != 0 || setup < SDP_SETUPS);
        must(sdp_events_parse(&events, value) != 0 || value.length != 0);
    }
}

/* A description is an answer to itself where all of it works both ways. */
static void compare(const struct sdp *s)
{
    enum sdp_misfit m = sdp_check_answer(s, s, NULL);
    must(m != SDP_MISFIT_COUNT && m != SDP_MISFIT_TYPE && m != SDP_MISFIT_REVIVED && m != SDP_MISFIT_MID);
    must(sdp_check_next(s, s) == SDP_FITS);
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
        read(a.attributes, a.attribute_count);
        for (size_t i = 0; i < a.media_count; i++)
            read(a.media[i].attributes, a.media[i].attribute_count);
        compare(&a);
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
