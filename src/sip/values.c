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

/* ---- RFC 3326 ---- */

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
