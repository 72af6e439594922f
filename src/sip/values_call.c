/* Values of headers about who calls whom and why: privacy, diversion, history, user data. */
#include "base/arena.h"
#include "base/error.h"
#include "sip/lex.h"
#include "sip/values.h"

/* ---- RFC 3323 ---- */

int sip_privacy_parse(unsigned *bits, struct slice value)
{
    static const struct {
        struct slice name;
        unsigned bit;
    } words[] = {
        {SLICE_INIT("header"), SIP_PRIVACY_HEADER},
        {SLICE_INIT("session"), SIP_PRIVACY_SESSION},
        {SLICE_INIT("user"), SIP_PRIVACY_USER},
        {SLICE_INIT("none"), SIP_PRIVACY_NONE},
        {SLICE_INIT("critical"), SIP_PRIVACY_CRITICAL},
        {SLICE_INIT("id"), SIP_PRIVACY_ID},
        {SLICE_INIT("history"), SIP_PRIVACY_HISTORY},
    };
    struct slice rest = slice_trim(value), word;
    *bits = 0;
    if (rest.length == 0)
        return ERROR_SYNTAX;
    while (slice_cut(&rest, ';', &word)) {
        word = slice_trim(word);
        if (!sip__all(word, SIP__TOKEN))
            return ERROR_SYNTAX;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (slice_equal_nocase(word, words[i].name))
                *bits |= words[i].bit;
    }
    return 0;
}

/* ---- RFC 7044, 5806 ---- */

int sip_history_parse(struct sip_history *h, struct slice value)
{
    struct slice index = {0}, part;
    uint64_t number;
    *h = (struct sip_history){.depth = 0};
    if (sip_name_address_parse(&h->address, value) != 0 || h->address.star ||
        !sip_parameter(h->address.parameters, SLICE("index"), &index) || index.length == 0)
        return ERROR_SYNTAX;
    while (slice_cut(&index, '.', &part)) {
        if (h->depth == SIP_HISTORY_DEPTH || slice_to_u64(&number, part, UINT16_MAX) != 0)
            return ERROR_SYNTAX;
        h->index[h->depth++] = (uint16_t)number;
    }
    return 0;
}

int sip_diversion_parse(struct sip_diversion *d, struct slice value)
{
    struct slice counter;
    uint64_t number = 1;
    *d = (struct sip_diversion){.reason = SLICE("unknown")};
    if (sip_name_address_parse(&d->address, value) != 0 || d->address.star)
        return ERROR_SYNTAX;
    if (sip_parameter(d->address.parameters, SLICE("counter"), &counter) &&
        slice_to_u64(&number, counter, 99) != 0)
        return ERROR_SYNTAX;
    (void)sip_parameter(d->address.parameters, SLICE("reason"), &d->reason);
    d->counter = (unsigned)number;
    return 0;
}

/* ---- RFC 7433 ---- */

static int decode_hex(struct slice *data, struct arena *arena)
{
    if (data->length % 2 != 0 || (data->length != 0 && !sip__all(*data, SIP__HEX)))
        return ERROR_SYNTAX;
    char *bytes = arena_alloc(arena, data->length / 2);
    for (size_t i = 0; i < data->length / 2; i++)
        bytes[i] = (char)(sip__hex_digit(data->data[2 * i]) << 4 | sip__hex_digit(data->data[2 * i + 1]));
    *data = slice_of(bytes, data->length / 2);
    return 0;
}

int sip_user_to_user_parse(struct sip_user_to_user *u, struct slice value, struct arena *arena)
{
    struct slice rest = slice_trim(value), encoding = {0};
    struct sip__parameter p;
    int more;
    *u = (struct sip_user_to_user){0};
    if (rest.length != 0 && rest.data[0] == '"') {
        size_t end = sip__quoted_end(rest);
        if (end == 0)
            return ERROR_SYNTAX;
        u->data = slice_of(rest.data + 1, end - 1);
        rest = slice_from(rest, end + 1);
    } else {
        u->data = slice_first(rest, sip__span(rest, SIP__TOKEN));
        rest = slice_from(rest, u->data.length);
        if (u->data.length == 0)
            return ERROR_SYNTAX;
    }
    while ((more = sip__next_parameter(&p, &rest)) > 0) {
        struct slice *where = slice_equal_nocase(p.name, SLICE("encoding"))  ? &encoding
                              : slice_equal_nocase(p.name, SLICE("purpose")) ? &u->purpose
                              : slice_equal_nocase(p.name, SLICE("content")) ? &u->content
                                                                             : NULL;
        if (where != NULL && where->data != NULL)
            return ERROR_SYNTAX;
        if (where != NULL)
            *where = p.value;
    }
    if (more < 0 || (encoding.data != NULL && !slice_equal_nocase(encoding, SLICE("hex"))))
        return ERROR_SYNTAX;
    return encoding.data != NULL ? decode_hex(&u->data, arena) : 0;
}
