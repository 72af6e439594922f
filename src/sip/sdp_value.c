/* Looking into a description: attributes, codecs, comparisons. */
#include "sip/sdp_int.h"

bool sdp_attribute(const struct sdp_media *m, struct slice name, struct slice *value)
{
    for (size_t i = 0; i < m->attribute_count; i++) {
        if (slice_equal(m->attributes[i].name, name)) {
            *value = m->attributes[i].value;
            return true;
        }
    }
    return false;
}

/* "<format> <rest>" in the attributes with this name. */
static bool of_format(const struct sdp_media *m, struct slice name, unsigned format, struct slice *rest)
{
    for (size_t i = 0; i < m->attribute_count; i++) {
        struct slice value = m->attributes[i].value;
        uint64_t number;
        if (!slice_equal(m->attributes[i].name, name) ||
            slice_to_u64(&number, sdp__word(&value), UINT8_MAX) != 0 || number != format)
            continue;
        *rest = slice_trim(value);
        return true;
    }
    return false;
}

bool sdp_fmtp(const struct sdp_media *m, unsigned format, struct slice *value)
{
    return of_format(m, SLICE("fmtp"), format, value);
}

/* RFC 3551 6; G722 runs at 16000 but says 8000. */
static bool static_codec(unsigned format, struct sdp_codec *codec)
{
    static const struct {
        unsigned format;
        struct sdp_codec codec;
    } table[] = {
        {0, {SLICE_INIT("PCMU"), 8000, 1}},
        {3, {SLICE_INIT("GSM"), 8000, 1}},
        {4, {SLICE_INIT("G723"), 8000, 1}},
        {8, {SLICE_INIT("PCMA"), 8000, 1}},
        {9, {SLICE_INIT("G722"), 8000, 1}},
        {10, {SLICE_INIT("L16"), 44100, 2}},
        {11, {SLICE_INIT("L16"), 44100, 1}},
        {13, {SLICE_INIT("CN"), 8000, 1}},
        {15, {SLICE_INIT("G728"), 8000, 1}},
        {18, {SLICE_INIT("G729"), 8000, 1}},
        {26, {SLICE_INIT("JPEG"), 90000, 1}},
        {31, {SLICE_INIT("H261"), 90000, 1}},
        {34, {SLICE_INIT("H263"), 90000, 1}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].format == format) {
            *codec = table[i].codec;
            return true;
        }
    }
    return false;
}

bool sdp_codec(const struct sdp_media *m, unsigned format, struct sdp_codec *codec)
{
    struct slice value, rate, channels;
    uint64_t number;
    if (!of_format(m, SLICE("rtpmap"), format, &value))
        return static_codec(format, codec);
    *codec = (struct sdp_codec){.channels = 1};
    if (!slice_cut(&value, '/', &codec->name) || codec->name.length == 0 || !slice_cut(&value, '/', &rate) ||
        slice_to_u64(&number, rate, 1000000) != 0)
        return false;
    codec->rate = (uint32_t)number;
    if (slice_cut(&value, '/', &channels)) {
        if (slice_to_u64(&number, channels, 255) != 0 || number == 0)
            return false;
        codec->channels = (unsigned)number;
    }
    return true;
}

bool sdp_is_hold(const struct sdp *s)
{
    bool any = false;
    for (size_t i = 0; i < s->media_count; i++) {
        const struct sdp_media *m = &s->media[i];
        if (m->port == 0)
            continue;
        any = true;
        if (m->direction != SDP_SENDONLY && m->direction != SDP_INACTIVE &&
            !slice_equal(m->connection, SLICE("0.0.0.0")))
            return false;
    }
    return any;
}

/* The next line that counts for equality. */
static bool next_counting(struct sdp__line *line, struct slice *rest)
{
    enum sdp_direction ignored;
    while (sdp__next_line(line, rest) > 0)
        if (line->type != 'o' && !sdp__direction(&ignored, line))
            return true;
    return false;
}

bool sdp_equal_media(const struct sdp *a, const struct sdp *b)
{
    struct slice left = a->text, right = b->text;
    struct sdp__line l, r;
    if (a->media_count != b->media_count)
        return false;
    for (size_t i = 0; i < a->media_count; i++)
        if (a->media[i].direction != b->media[i].direction)
            return false;
    while (next_counting(&l, &left))
        if (!next_counting(&r, &right) || l.type != r.type || !slice_equal(l.value, r.value))
            return false;
    return !next_counting(&r, &right);
}

bool sdp_answer_fits(const struct sdp *offer, const struct sdp *answer)
{
    if (offer->media_count != answer->media_count)
        return false;
    for (size_t i = 0; i < offer->media_count; i++) {
        const struct sdp_media *o = &offer->media[i], *a = &answer->media[i];
        if (!slice_equal_nocase(o->type, a->type) || !slice_equal_nocase(o->protocol, a->protocol) ||
            (o->port == 0 && a->port != 0))
            return false;
    }
    return true;
}
