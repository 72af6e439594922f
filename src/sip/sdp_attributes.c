/* Attributes of ICE, keys and RTP. */
#include "sip/sdp_attributes.h"

#include "base/error.h"
#include "sip/lex.h"
#include "sip/sdp_int.h"

static int number_of(uint64_t *number, struct slice text, uint64_t least, uint64_t most)
{
    return slice_to_u64(number, text, most) == 0 && *number >= least ? 0 : ERROR_SYNTAX;
}

static bool all_ice_chars(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        char c = s.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
                c == '/'))
            return false;
    }
    return s.length != 0;
}

bool sdp_ice_ufrag_good(struct slice value)
{
    return value.length >= 4 && value.length <= 256 && all_ice_chars(value);
}

bool sdp_ice_pwd_good(struct slice value)
{
    return value.length >= 22 && value.length <= 256 && all_ice_chars(value);
}

/* An IPv4 or IPv6 address, or a name. */
static bool good_address(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (!sip__is(s.data[i], SIP__HOST) && s.data[i] != ':')
            return false;
    return s.length != 0 && s.length <= 255;
}

/* [raddr x] [rport n] and then pairs of words. */
static int take_related(struct sdp_candidate *c, struct slice rest)
{
    uint64_t port;
    struct slice before = rest;
    if (slice_equal(sdp__word(&rest), SLICE("raddr"))) {
        c->related = sdp__word(&rest);
        if (!good_address(c->related))
            return ERROR_SYNTAX;
        before = rest;
    } else {
        rest = before;
    }
    if (slice_equal(sdp__word(&rest), SLICE("rport"))) {
        if (number_of(&port, sdp__word(&rest), 0, UINT16_MAX) != 0)
            return ERROR_SYNTAX;
        c->related_port = (uint16_t)port;
        before = rest;
    }
    c->extensions = rest = before;
    while (rest.length != 0) {
        struct slice name = sdp__word(&rest), value = sdp__word(&rest);
        if (name.length == 0 || value.length == 0)
            return ERROR_SYNTAX;
    }
    return 0;
}

int sdp_candidate_parse(struct sdp_candidate *c, struct slice value)
{
    uint64_t component, priority, port;
    *c = (struct sdp_candidate){.foundation = sdp__word(&value)};
    struct slice second = sdp__word(&value);
    c->transport = sdp__word(&value);
    struct slice fourth = sdp__word(&value);
    c->address = sdp__word(&value);
    struct slice sixth = sdp__word(&value), typ = sdp__word(&value);
    c->type = sdp__word(&value);
    if (c->foundation.length > 32 || !all_ice_chars(c->foundation) ||
        number_of(&component, second, 1, 256) != 0 || !sip__all(c->transport, SIP__TOKEN) ||
        number_of(&priority, fourth, 0, UINT32_MAX) != 0 || !good_address(c->address) ||
        number_of(&port, sixth, 0, UINT16_MAX) != 0 || !slice_equal(typ, SLICE("typ")) ||
        !sip__all(c->type, SIP__TOKEN))
        return ERROR_SYNTAX;
    c->component = (unsigned)component;
    c->priority = (uint32_t)priority;
    c->port = (uint16_t)port;
    return take_related(c, value);
}

/* ---- keys ---- */

int sdp_fingerprint_parse(struct sdp_fingerprint *f, struct slice value)
{
    static const struct {
        struct slice hash;
        size_t length;
    } hashes[] = {{SLICE_INIT("sha-1"), 20}, {SLICE_INIT("sha-224"), 28}, {SLICE_INIT("sha-256"), 32},
        {SLICE_INIT("sha-384"), 48}, {SLICE_INIT("sha-512"), 64}};
    *f = (struct sdp_fingerprint){.hash = sdp__word(&value)};
    struct slice hex = slice_trim(value);
    size_t wanted = 0;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (slice_equal_nocase(f->hash, hashes[i].hash))
            wanted = hashes[i].length;
    if (wanted == 0 || hex.length != wanted * 3 - 1)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < wanted; i++) {
        const char *at = hex.data + 3 * i;
        if (!sip__is(at[0], SIP__HEX) || !sip__is(at[1], SIP__HEX) || (i + 1 < wanted && at[2] != ':'))
            return ERROR_SYNTAX;
        f->bytes[i] = (unsigned char)(sip__hex_digit(at[0]) << 4 | sip__hex_digit(at[1]));
    }
    f->length = wanted;
    return 0;
}

int sdp_setup_parse(enum sdp_setup *s, struct slice value)
{
    static const struct slice names[] = {
        SLICE_INIT("actpass"), SLICE_INIT("active"), SLICE_INIT("passive"), SLICE_INIT("holdconn")};
    for (unsigned i = 0; i < SDP_SETUPS; i++) {
        if (slice_equal_nocase(slice_trim(value), names[i])) {
            *s = (enum sdp_setup)i;
            return 0;
        }
    }
    return ERROR_SYNTAX;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Exactly `wanted` bytes (RFC 4648 4): padding may be missing, bits beyond the end must be zero. */
static int decode_key(unsigned char *key, size_t wanted, struct slice text)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t length = 0;
    while (text.length != 0 && text.data[text.length - 1] == '=')
        text.length--;
    if (text.length != (wanted * 8 + 5) / 6)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < text.length; i++) {
        int digit = base64_digit(text.data[i]);
        if (digit < 0)
            return ERROR_SYNTAX;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            key[length++] = (unsigned char)(bits >> have);
            bits &= (1U << have) - 1;
        }
    }
    return bits == 0 && length == wanted ? 0 : ERROR_SYNTAX;
}

static size_t key_length(struct slice suite)
{
    static const struct {
        struct slice name;
        size_t length; /* key and salt */
    } suites[] = {{SLICE_INIT("AES_CM_128_HMAC_SHA1_80"), 30}, {SLICE_INIT("AES_CM_128_HMAC_SHA1_32"), 30},
        {SLICE_INIT("AES_192_CM_HMAC_SHA1_80"), 38}, {SLICE_INIT("AES_192_CM_HMAC_SHA1_32"), 38},
        {SLICE_INIT("AES_256_CM_HMAC_SHA1_80"), 46}, {SLICE_INIT("AES_256_CM_HMAC_SHA1_32"), 46},
        {SLICE_INIT("AEAD_AES_128_GCM"), 28}, {SLICE_INIT("AEAD_AES_256_GCM"), 44}};
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (slice_equal(suite, suites[i].name))
            return suites[i].length;
    return 0;
}

int sdp_crypto_parse(struct sdp_crypto *c, struct slice value)
{
    static const struct slice method = SLICE_INIT("inline:");
    uint64_t tag;
    struct slice first = sdp__word(&value), part;
    *c = (struct sdp_crypto){.suite = sdp__word(&value)};
    struct slice key = sdp__word(&value);
    c->parameters = slice_trim(value);
    if (number_of(&tag, first, 1, 999999999) != 0 || !slice_starts_nocase(key, method))
        return ERROR_SYNTAX;
    c->tag = (uint32_t)tag;
    c->key_length = key_length(c->suite);
    if (c->key_length == 0 || slice_find(key, ';') >= 0)
        return ERROR_UNSUPPORTED;
    key = slice_from(key, method.length);
    if (!slice_cut(&key, '|', &part) || decode_key(c->key, c->key_length, part) != 0)
        return ERROR_SYNTAX;
    while (slice_cut(&key, '|', &part)) {
        struct slice *where = slice_find(part, ':') >= 0 ? &c->mki : &c->lifetime;
        if (part.length == 0 || where->data != NULL || (where == &c->lifetime && c->mki.data != NULL))
            return ERROR_SYNTAX;
        *where = part;
    }
    return 0;
}

/* ---- RTP ---- */

int sdp_rtcp_parse(struct sdp_rtcp *r, struct slice value)
{
    uint64_t port;
    *r = (struct sdp_rtcp){0};
    if (number_of(&port, sdp__word(&value), 0, UINT16_MAX) != 0)
        return ERROR_SYNTAX;
    r->port = (uint16_t)port;
    if (value.length == 0)
        return 0;
    struct slice net = sdp__word(&value), kind = sdp__word(&value);
    r->address = sdp__word(&value);
    return slice_equal_nocase(net, SLICE("IN")) && kind.length != 0 && good_address(r->address) &&
                   value.length == 0
               ? 0
               : ERROR_SYNTAX;
}

int sdp_feedback_parse(struct sdp_feedback *f, struct slice value)
{
    uint64_t number = 0;
    struct slice format = sdp__word(&value);
    *f = (struct sdp_feedback){.format = -1, .type = sdp__word(&value)};
    f->parameters = value;
    if (!slice_equal(format, SLICE("*"))) {
        if (number_of(&number, format, 0, 127) != 0)
            return ERROR_SYNTAX;
        f->format = (int)number;
    }
    return sip__all(f->type, SIP__TOKEN) ? 0 : ERROR_SYNTAX;
}

int sdp_extension_parse(struct sdp_extension *e, struct slice value)
{
    uint64_t id;
    struct slice first = sdp__word(&value), number = first;
    ptrdiff_t slash = slice_find(first, '/');
    *e = (struct sdp_extension){.direction = SDP_SENDRECV, .uri = sdp__word(&value)};
    e->attributes = value;
    if (slash >= 0) {
        struct sdp__line line = {'a', slice_from(first, (size_t)slash + 1)};
        number = slice_first(first, (size_t)slash);
        if (!sdp__direction(&e->direction, &line))
            return ERROR_SYNTAX;
    }
    if (number_of(&id, number, 1, 4351) != 0 || id == 15 || (id > 255 && id < 4096) ||
        slice_find(e->uri, ':') <= 0 || !sip__all(e->uri, SIP__VISIBLE))
        return ERROR_SYNTAX;
    e->id = (unsigned)id;
    return 0;
}

int sdp_source_parse(struct sdp_source *s, struct slice value)
{
    uint64_t ssrc;
    if (number_of(&ssrc, sdp__word(&value), 0, UINT32_MAX) != 0)
        return ERROR_SYNTAX;
    struct sdp_attribute a = sdp__attribute(value);
    *s = (struct sdp_source){(uint32_t)ssrc, a.name, a.value};
    return sip__all(a.name, SIP__TOKEN) ? 0 : ERROR_SYNTAX;
}

int sdp_events_parse(uint64_t *events, struct slice value)
{
    struct slice rest = slice_trim(value), part;
    *events = 0;
    if (rest.length == 0)
        return ERROR_SYNTAX;
    while (slice_cut(&rest, ',', &part)) {
        struct slice low = slice_trim(part), high = low;
        uint64_t first, last;
        ptrdiff_t dash = slice_find(low, '-');
        if (dash >= 0) {
            high = slice_from(low, (size_t)dash + 1);
            low = slice_first(low, (size_t)dash);
        }
        if (number_of(&first, low, 0, 255) != 0 || number_of(&last, high, first, 255) != 0)
            return ERROR_SYNTAX;
        for (uint64_t i = first; i <= last && i < 64; i++)
            *events |= (uint64_t)1 << i;
    }
    return 0;
}

int sdp_format_named(const struct sdp_media *m, struct slice name, uint32_t rate)
{
    struct slice rest = m->formats;
    while (rest.length != 0) {
        struct sdp_codec codec;
        uint64_t format;
        if (slice_to_u64(&format, sdp__word(&rest), 127) == 0 && sdp_codec(m, (unsigned)format, &codec) &&
            codec.rate == rate && slice_equal_nocase(codec.name, name))
            return (int)format;
    }
    return -1;
}
