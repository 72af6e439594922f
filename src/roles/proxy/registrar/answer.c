/* The answer to a REGISTER: all that is registered now, or why not. */
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/registrar/request.h"

#define FLOW_TIMER 120U /* seconds within which a phone on a stream sends a keep-alive (RFC 5626 4.4) */

/* Days since 1 January 1970 as a date, by counting whole cycles of 400 years from a 1 March. */
static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468, era = shifted / 146097, of_era = shifted - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
}

static char *put_number(char *to, int number, int digits)
{
    for (int i = digits; i-- != 0; number /= 10)
        to[i] = (char)('0' + number % 10);
    return to + digits + 1;
}

void registrar_add_date(struct buffer *out, int64_t time)
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[] = "ddd, 00 mmm 0000 00:00:00 GMT", *at = text + 5; /* written for each answer */
    int64_t seconds = time / 1000000;
    int year, month, day, of_day = (int)(seconds % 86400);
    date_of(seconds / 86400, &year, &month, &day);
    memcpy(text, days + seconds / 86400 % 7 * 3, 3);
    at = put_number(at, day, 2);
    memcpy(at, months + ((ptrdiff_t)month - 1) * 3, 3);
    at = put_number(at + 4, year, 4);
    at = put_number(at, of_day / 3600, 2);
    at = put_number(at, of_day / 60 % 60, 2);
    put_number(at, of_day % 60, 2);
    buffer_add(out, slice_of(text, sizeof text - 1));
}

static void add_contact(struct buffer *out, const struct binding *b, int64_t now)
{
    struct slice instance = binding_instance(b);
    buffer_add_text(out, "Contact: <");
    buffer_add(out, binding_contact(b));
    buffer_add_text(out, ">;expires=");
    buffer_add_u64(out, (uint64_t)(b->expires_at - now + 999999) / 1000000);
    if (b->q != 1000)
        buffer_add_format(out, ";q=0.%03u", b->q);
    if (instance.length != 0)
        buffer_add_format(out, ";+sip.instance=\"%.*s\"", SLICE_ARG(instance));
    if (b->reg_id != 0)
        buffer_add_format(out, ";reg-id=%u", b->reg_id);
    buffer_add_text(out, "\r\n");
}

static void add_good(struct buffer *out, const struct registration *g)
{
    struct proxy *p = g->proxy;
    int64_t now = world_now(p->world);
    for (const struct binding *b = g->aor != NULL ? g->aor->first : NULL; b != NULL; b = b->next)
        if (proxy__binding_lives(p, b))
            add_contact(out, b, now);
    if (g->path.length != 0)
        sip_add_header(out, SIP_HEADER_PATH, g->path);
    if (g->outbound)
        buffer_add_text(out, "Require: outbound\r\n");
    if (g->outbound && g->from->address.family == 0)
        buffer_add_format(out, "Flow-Timer: %u\r\n", FLOW_TIMER);
    buffer_add_text(out, "Supported: path, outbound\r\nDate: ");
    registrar_add_date(out, now);
    buffer_add_text(out, "\r\n");
}

void proxy__register_answer(const struct registration *g, struct sip_transaction *t, uint16_t status)
{
    struct slice reason = status == 439 ? SLICE("First Hop Lacks Outbound Support") : (struct slice){0};
    struct sip_answer a;
    if (!sip_answer_begin(&a, t, status, reason, SLICE("edge")))
        return;
    struct buffer *out = &a.message;
    if (status == 423)
        buffer_add_format(out, "Min-Expires: %u\r\n", g->phones->register_shortest);
    if (status == 420)
        sip_add_header(out, SIP_HEADER_UNSUPPORTED, g->unsupported);
    if (status == 200)
        add_good(out, g);
    sip_add_body(out, SLICE(""), SLICE(""));
    sip_answer_send(&a, t);
}
