/* Does an answer fit its offer, and may a description follow another (RFC 3264 6, 8)? */
#include "sip/sdp_attributes.h"
#include "sip/sdp_int.h"

const char *sdp_misfit_text(enum sdp_misfit m)
{
    static const char *const texts[] = {"fits", "not as many media as were offered",
        "a medium of another type", "a medium is accepted that was not offered",
        "a direction that was not offered", "no codec in common", "a medium with another identification",
        "both sides or none would set the connection up", "an origin that does not follow the one before"};
    return (unsigned)m < SDP_MISFITS ? texts[m] : "";
}

int sdp_group_place(const struct sdp *s, struct slice semantics, struct slice mid)
{
    for (size_t i = 0; i < s->attribute_count && mid.length != 0; i++) {
        struct slice rest = s->attributes[i].value;
        if (!slice_equal(s->attributes[i].name, SLICE("group")) || !slice_equal(sdp__word(&rest), semantics))
            continue;
        for (int place = 0; rest.length != 0; place++)
            if (slice_equal(sdp__word(&rest), mid))
                return place;
    }
    return -1;
}

/* RFC 3264 6.1 */
static bool direction_fits(enum sdp_direction offered, enum sdp_direction answered)
{
    bool sends = answered == SDP_SENDRECV || answered == SDP_SENDONLY;
    bool hears = answered == SDP_SENDRECV || answered == SDP_RECVONLY;
    bool may_send = offered == SDP_SENDRECV || offered == SDP_RECVONLY;
    bool may_hear = offered == SDP_SENDRECV || offered == SDP_SENDONLY;
    return (!sends || may_send) && (!hears || may_hear);
}

enum { FORMATS_LIMIT = 64 }; /* of one medium that are compared: more than anybody offers */

struct format {
    struct slice text;
    bool named; /* by its codec; others are compared as written */
    struct sdp_codec codec;
};

/* Each is looked up once, so that many formats with many attributes do not cost the product of both. */
static size_t read_formats(struct format formats[FORMATS_LIMIT], const struct sdp_media *m)
{
    struct slice rest = m->formats;
    size_t count = 0;
    for (; rest.length != 0 && count < FORMATS_LIMIT; count++) {
        struct format *f = &formats[count];
        uint64_t number;
        f->text = sdp__word(&rest);
        f->named = slice_to_u64(&number, f->text, 127) == 0 && sdp_codec(m, (unsigned)number, &f->codec);
    }
    return count;
}

static bool same_format(const struct format *a, const struct format *b)
{
    if (!a->named || !b->named)
        return slice_equal(a->text, b->text);
    return slice_equal_nocase(a->codec.name, b->codec.name) && a->codec.rate == b->codec.rate &&
           a->codec.channels == b->codec.channels;
}

/* What is no speech: events, comfort noise, redundancy. Beside others they are no common codec. */
static bool is_companion(const struct format *f)
{
    static const struct slice names[] = {
        SLICE_INIT("telephone-event"), SLICE_INIT("CN"), SLICE_INIT("red"), SLICE_INIT("rtx")};
    for (size_t i = 0; f->named && i < sizeof names / sizeof *names; i++)
        if (slice_equal_nocase(f->codec.name, names[i]))
            return true;
    return false;
}

static bool has_common(const struct sdp_media *offer, const struct sdp_media *answer)
{
    struct format left[FORMATS_LIMIT], right[FORMATS_LIMIT];
    size_t offered = read_formats(left, offer), answered = read_formats(right, answer), companions = 0;
    for (size_t i = 0; i < offered; i++)
        companions += is_companion(&left[i]);
    for (size_t i = 0; i < offered; i++)
        for (size_t k = 0; k < answered; k++)
            if (same_format(&left[i], &right[k]) && (companions == offered || !is_companion(&left[i])))
                return true;
    return false;
}

/* The medium's own, or the session's. */
static bool setup_of(enum sdp_setup *setup, const struct sdp *s, const struct sdp_media *m)
{
    struct slice value;
    if (sdp_attribute(m, SLICE("setup"), &value))
        return sdp_setup_parse(setup, value) == 0;
    for (size_t i = 0; i < s->attribute_count; i++)
        if (slice_equal(s->attributes[i].name, SLICE("setup")))
            return sdp_setup_parse(setup, s->attributes[i].value) == 0;
    return false;
}

/* RFC 4145 4.1, RFC 8842 5.3: an answer decides. */
static bool setup_fits(
    const struct sdp *offer, const struct sdp_media *o, const struct sdp *answer, const struct sdp_media *a)
{
    enum sdp_setup offered, answered;
    if (!setup_of(&offered, offer, o) || !setup_of(&answered, answer, a))
        return true;
    if (answered == SDP_HOLDCONN)
        return true;
    if (answered == SDP_ACTPASS || offered == SDP_HOLDCONN)
        return false;
    return offered == SDP_ACTPASS || offered != answered;
}

static enum sdp_misfit check_medium(
    const struct sdp *offer, const struct sdp_media *o, const struct sdp *answer, const struct sdp_media *a)
{
    struct slice mid, other;
    if (!slice_equal_nocase(o->type, a->type) || !slice_equal_nocase(o->protocol, a->protocol))
        return SDP_MISFIT_TYPE;
    if (a->port == 0)
        return SDP_FITS; /* refused: nothing else of it counts */
    /* In a bundle, port 0 with bundle-only is an offer like another (RFC 9143 7.2). */
    if (o->port == 0 && !sdp_attribute(o, SLICE("bundle-only"), &mid))
        return SDP_MISFIT_REVIVED;
    if (!direction_fits(o->direction, a->direction))
        return SDP_MISFIT_DIRECTION;
    if (!has_common(o, a))
        return SDP_MISFIT_FORMAT;
    if (sdp_attribute(a, SLICE("mid"), &mid) &&
        (!sdp_attribute(o, SLICE("mid"), &other) || !slice_equal(mid, other)))
        return SDP_MISFIT_MID;
    return setup_fits(offer, o, answer, a) ? SDP_FITS : SDP_MISFIT_SETUP;
}

enum sdp_misfit sdp_check_answer(const struct sdp *offer, const struct sdp *answer, size_t *medium)
{
    if (offer->media_count != answer->media_count)
        return SDP_MISFIT_COUNT;
    for (size_t i = 0; i < offer->media_count; i++) {
        enum sdp_misfit m = check_medium(offer, &offer->media[i], answer, &answer->media[i]);
        if (m == SDP_FITS)
            continue;
        if (medium != NULL)
            *medium = i;
        return m;
    }
    return SDP_FITS;
}

/* But for how it ends its lines. */
static bool same_text(const struct sdp *a, const struct sdp *b)
{
    struct slice left = a->text, right = b->text;
    struct sdp__line l, r;
    int more;
    while ((more = sdp__next_line(&l, &left)) > 0)
        if (sdp__next_line(&r, &right) <= 0 || l.type != r.type || !slice_equal(l.value, r.value))
            return false;
    return sdp__next_line(&r, &right) == more;
}

enum sdp_misfit sdp_check_next(const struct sdp *before, const struct sdp *next)
{
    uint64_t version = before->origin.version;
    if (next->media_count < before->media_count)
        return SDP_MISFIT_COUNT;
    if (!slice_equal(before->origin.user, next->origin.user) || before->origin.id != next->origin.id ||
        (next->origin.version != version && next->origin.version != version + 1) ||
        (next->origin.version == version && !same_text(before, next)))
        return SDP_MISFIT_ORIGIN;
    return SDP_FITS;
}
