#include "roles/proxy/guard/overload.h"

#include "sip/uri.h"

#define VALIDITY 500U    /* ms, where none is said: RFC 7339 4.3 */
#define FRACTION 100000U /* of oc-seq: "1282321615.782" */
#define FRACTION_DIGITS 5U

/* "1282321615.782"; digits behind the fifth do not count. */
static bool read_sequence(uint64_t *sequence, struct slice text)
{
    struct slice whole;
    uint64_t number, fraction = 0;
    if (!slice_cut(&text, '.', &whole) || slice_to_u64(&number, whole, UINT32_MAX) != 0)
        return false;
    text = slice_first(text, FRACTION_DIGITS);
    if (!slice_empty(text) && slice_to_u64(&fraction, text, FRACTION) != 0)
        return false;
    for (size_t i = text.length; i < FRACTION_DIGITS; i++)
        fraction *= 10;
    *sequence = number * FRACTION + fraction;
    return true;
}

bool overload_parse(struct overload *o, struct slice parameters)
{
    struct slice value;
    uint64_t number;
    *o = (struct overload){.validity = VALIDITY};
    if (!sip_parameter(parameters, SLICE("oc"), &value) || slice_to_u64(&number, value, 100) != 0)
        return false;
    o->loss = (unsigned)number;
    if (sip_parameter(parameters, SLICE("oc-algo"), &value) && !slice_equal_nocase(value, SLICE("loss")))
        return false; /* the only one that we have offered */
    if (sip_parameter(parameters, SLICE("oc-validity"), &value)) {
        if (slice_to_u64(&number, value, UINT32_MAX) != 0)
            return false;
        o->validity = number < OVERLOAD_LONGEST ? (uint32_t)number : OVERLOAD_LONGEST;
    }
    return !sip_parameter(parameters, SLICE("oc-seq"), &value) || read_sequence(&o->sequence, value);
}

bool overload_newer(const struct overload *o, const struct overload *than)
{
    return o->sequence >= than->sequence;
}
