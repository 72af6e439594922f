/* Values of headers that stand for one thing each. */
#include "sip/values.h"

#include "base/arena.h"
#include "base/error.h"
#include "sip/lex.h"

/* A word of a class at the beginning, taken off with the blanks behind it. */
static struct slice take(struct slice *rest, unsigned class)
{
    struct slice word = slice_first(*rest, sip__span(*rest, class));
    *rest = sip__skip_blanks(slice_from(*rest, word.length));
    return word;
}

static int number_of(uint32_t *number, struct slice text)
{
    uint64_t value;
    if (slice_to_u64(&value, text, UINT32_MAX) != 0)
        return ERROR_SYNTAX;
    *number = (uint32_t)value;
    return 0;
}

/* One parameter, where it has the name: into *where, and only once. 1: it was that one. */
static int word_parameter(struct slice *where, const struct sip__parameter *p, const char *name)
{
    if (!slice_equal_nocase(p->name, slice_text(name)))
        return 0;
    if (where->data != NULL)
        return ERROR_SYNTAX;
    *where = p->value;
    return 1;
}

static int number_parameter(uint32_t *where, const struct sip__parameter *p, const char *name)
{
    if (!slice_equal_nocase(p->name, slice_text(name)))
        return 0;
    return number_of(where, p->value) == 0 ? 1 : ERROR_SYNTAX;
}

/* ---- RFC 3262, 4028 ---- */

int sip_rseq_parse(uint32_t *rseq, struct slice value)
{
    return number_of(rseq, slice_trim(value)) == 0 && *rseq != 0 ? 0 : ERROR_SYNTAX;
}

int sip_rack_parse(struct sip_rack *r, struct slice value)
{
    struct slice rest = slice_trim(value);
    struct slice rseq = take(&rest, SIP__TOKEN), cseq = take(&rest, SIP__TOKEN);
    *r = (struct sip_rack){.method = rest};
    if (number_of(&r->rseq, rseq) != 0 || r->rseq == 0 || number_of(&r->cseq, cseq) != 0 ||
        r->cseq > INT32_MAX || !sip__all(rest, SIP__TOKEN))
        return ERROR_SYNTAX;
    return 0;
}

int sip_session_expires_parse(struct sip_session_expires *s, struct slice value)
{
    struct slice rest = slice_trim(value), refresher = {0};
    struct sip__parameter p;
    int more, error = 0;
    *s = (struct sip_session_expires){0};
    if (number_of(&s->seconds, take(&rest, SIP__TOKEN)) != 0)
        return ERROR_SYNTAX;
    while (error >= 0 && (more = sip__next_parameter(&p, &rest)) > 0)
        error = word_parameter(&refresher, &p, "refresher");
    if (error < 0 || more < 0)
        return ERROR_SYNTAX;
    if (slice_equal_nocase(refresher, SLICE("uac")))
        s->refresher = SIP_REFRESHER_UAC;
    else if (slice_equal_nocase(refresher, SLICE("uas")))
        s->refresher = SIP_REFRESHER_UAS;
    else if (refresher.data != NULL)
        return ERROR_SYNTAX;
    return 0;
}

/* ---- RFC 3891, 3326 ---- */

int sip_replaces_parse(struct sip_replaces *r, struct slice value)
{
    struct slice rest = slice_trim(value);
    struct sip__parameter p;
    int more;
    *r = (struct sip_replaces){0};
    ptrdiff_t semicolon = slice_find(rest, ';');
    if (semicolon <= 0)
        return ERROR_SYNTAX;
    r->call_id = slice_trim(slice_first(rest, (size_t)semicolon));
    if (!sip__all(r->call_id, SIP__VISIBLE))
        return ERROR_SYNTAX;
    rest = slice_from(rest, (size_t)semicolon);
    while ((more = sip__next_parameter(&p, &rest)) > 0) {
        if (word_parameter(&r->to_tag, &p, "to-tag") < 0 || word_parameter(&r->from_tag, &p, "from-tag") < 0)
            return ERROR_SYNTAX;
        if (slice_equal_nocase(p.name, SLICE("early-only")))
            r->early_only = true;
    }
    return more == 0 && sip__all(r->to_tag, SIP__TOKEN) && sip__all(r->from_tag, SIP__TOKEN) ? 0
                                                                                             : ERROR_SYNTAX;
}

int sip_reason_parse(struct sip_reason_value *r, struct slice value)
{
    struct slice rest = slice_trim(value);
    struct sip__parameter p;
    uint32_t cause = 0;
    int more;
    *r = (struct sip_reason_value){.protocol = take(&rest, SIP__TOKEN)};
    if (r->protocol.length == 0)
        return ERROR_SYNTAX;
    while ((more = sip__next_parameter(&p, &rest)) > 0)
        if (number_parameter(&cause, &p, "cause") < 0 || word_parameter(&r->text, &p, "text") < 0 ||
            cause > UINT16_MAX)
            return ERROR_SYNTAX;
    r->cause = (uint16_t)cause;
    return more;
}

/* ---- RFC 3261 ---- */

/* "(may hold (others) and \) )" at the beginning: its length, or 0. */
static size_t comment_length(struct slice s)
{
    unsigned depth = 0;
    for (size_t i = 0; i < s.length; i++) {
        if (s.data[i] == '\\')
            i++;
        else if (s.data[i] == '(')
            depth++;
        else if (s.data[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

int sip_retry_after_parse(struct sip_retry_after *r, struct slice value)
{
    struct slice rest = slice_trim(value);
    struct sip__parameter p;
    int more;
    *r = (struct sip_retry_after){0};
    size_t digits = 0;
    while (digits < rest.length && rest.data[digits] >= '0' && rest.data[digits] <= '9')
        digits++;
    if (number_of(&r->seconds, slice_first(rest, digits)) != 0)
        return ERROR_SYNTAX;
    rest = sip__skip_blanks(slice_from(rest, digits));
    if (rest.length != 0 && rest.data[0] == '(') {
        size_t length = comment_length(rest);
        if (length == 0)
            return ERROR_SYNTAX;
        rest = slice_from(rest, length);
    }
    while ((more = sip__next_parameter(&p, &rest)) > 0)
        if (number_parameter(&r->duration, &p, "duration") < 0)
            return ERROR_SYNTAX;
    return more;
}

int sip_warning_parse(struct sip_warning *w, struct slice value)
{
    struct slice rest = slice_trim(value);
    uint64_t code;
    *w = (struct sip_warning){0};
    struct slice number = take(&rest, SIP__TOKEN);
    ptrdiff_t space = slice_find(rest, ' ');
    if (number.length != 3 || slice_to_u64(&code, number, 999) != 0 || space <= 0)
        return ERROR_SYNTAX;
    w->code = (uint16_t)code;
    w->agent = slice_first(rest, (size_t)space);
    rest = sip__skip_blanks(slice_from(rest, (size_t)space));
    if (rest.length < 2 || rest.data[0] != '"' || sip__quoted_end(rest) != rest.length - 1)
        return ERROR_SYNTAX;
    w->text = slice_of(rest.data + 1, rest.length - 2);
    return 0;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    int64_t era = y / 400, of_era = y % 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool two_digits(int64_t *number, struct slice s, size_t at, int64_t most)
{
    uint64_t value;
    if (at + 2 > s.length || slice_to_u64(&value, slice_of(s.data + at, 2), 99) != 0)
        return false;
    *number = (int64_t)value;
    return *number <= most;
}

/* "Sat, 13 Nov 2010 23:29:00 GMT" */
int sip_date_parse(int64_t *seconds, struct slice value)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", days[] = "ThuFriSatSunMonTueWed";
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct slice s = slice_trim(value);
    int64_t day, hour, minute, second;
    uint64_t year;
    if (s.length != 29 || slice_to_u64(&year, slice_of(s.data + 12, 4), 9999) != 0 || year < 1970 ||
        !two_digits(&day, s, 5, 31) || !two_digits(&hour, s, 17, 23) || !two_digits(&minute, s, 20, 59) ||
        !two_digits(&second, s, 23, 60))
        return ERROR_SYNTAX;
    const struct slice pattern = SLICE(",  :: GMT");
    const char between[] = {s.data[3], s.data[4], s.data[16], s.data[19], s.data[22]};
    ptrdiff_t month = slice_find_slice(SLICE(months), slice_of(s.data + 8, 3));
    if (memcmp(between, pattern.data, sizeof between) != 0 || s.data[7] != ' ' || s.data[11] != ' ' ||
        !slice_ends(s, SLICE(" GMT")) || month < 0 || month % 3 != 0 || day == 0)
        return ERROR_SYNTAX;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > lengths[month / 3] + (leap && month == 3))
        return ERROR_SYNTAX;
    int64_t since = days_of((int64_t)year, month / 3 + 1, day);
    if (memcmp(s.data, days + since % 7 * 3, 3) != 0)
        return ERROR_SYNTAX;
    *seconds = since * 86400 + hour * 3600 + minute * 60 + second;
    return 0;
}
