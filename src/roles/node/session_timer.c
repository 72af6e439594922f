/* Session timers (RFC 4028): one side shows from time to time that the call still stands. Where the phone
 * agrees to nothing we look ourselves, at an interval of our own. */
#include <stdio.h>

#include "roles/node/node_int.h"
#include "sip/values.h"

#define SECOND 1000000
#define LONGEST 86400U /* s: longer ones are kept, refreshes come at least once a day */

/* Both headers are written alike (RFC 4028 4, 5); what is not well-formed says nothing. */
static uint32_t seconds_of(const struct sip_message *m, enum sip_header_id id, enum sip_refresher *refresher)
{
    struct sip_session_expires said;
    if (sip_session_expires_parse(&said, sip_header_value(m, id)) != 0)
        said = (struct sip_session_expires){.refresher = SIP_REFRESHER_NONE};
    *refresher = said.refresher;
    return said.seconds > LONGEST ? LONGEST : said.seconds;
}

static uint32_t least(void)
{
    return (uint32_t)(timer_duration(TIMER_SESSION_LEAST) / SECOND);
}

uint32_t node__session_asked(const struct sip_message *m)
{
    enum sip_refresher refresher;
    uint32_t asked = seconds_of(m, SIP_HEADER_SESSION_EXPIRES, &refresher);
    uint32_t minimum = seconds_of(m, SIP_HEADER_MIN_SE, &refresher);
    return minimum > asked ? minimum : asked;
}

bool node__session_too_short(const struct sip_message *m)
{
    enum sip_refresher refresher;
    uint32_t asked = seconds_of(m, SIP_HEADER_SESSION_EXPIRES, &refresher);
    return asked != 0 && asked < least() && sip_has_option(m, SIP_HEADER_SUPPORTED, SLICE("timer"));
}

/* We refresh unless the phone wants to, and it can. */
void node__session_request(struct leg *l, const struct sip_message *m)
{
    enum sip_refresher refresher;
    uint32_t asked = seconds_of(m, SIP_HEADER_SESSION_EXPIRES, &refresher);
    bool able = sip_has_option(m, SIP_HEADER_SUPPORTED, SLICE("timer"));
    if (asked == 0 || asked < least() || !able) {
        l->refresher = REFRESH_AUDIT;
    } else {
        l->expires = asked;
        l->refresher = refresher == SIP_REFRESHER_UAC ? REFRESH_PHONE : REFRESH_OURS;
    }
    node__session_arm(l);
}

void node__session_response(struct leg *l, const struct sip_message *m)
{
    enum sip_refresher refresher;
    uint32_t said = seconds_of(m, SIP_HEADER_SESSION_EXPIRES, &refresher);
    if (said == 0) {
        l->refresher = REFRESH_AUDIT;
    } else {
        l->expires = said < least() ? least() : said;
        l->refresher = refresher == SIP_REFRESHER_UAS ? REFRESH_PHONE : REFRESH_OURS;
    }
    node__session_arm(l);
}

/* We refresh at half of the time; the phone that does not is given up a third, or 32 s, before the end
 * (RFC 4028 10). */
void node__session_arm(struct leg *l)
{
    int64_t expires = (int64_t)l->expires * SECOND, wait = timer_duration(TIMER_LEG_AUDIT);
    int64_t margin =
        expires / 3 < timer_duration(TIMER_SIP_64_T1) ? expires / 3 : timer_duration(TIMER_SIP_64_T1);
    if (l->state != LEG_ST_ESTABLISHED)
        return;
    if (l->refresher == REFRESH_PHONE)
        wait = expires - margin;
    else if (l->refresher == REFRESH_OURS && expires / 2 < wait)
        wait = expires / 2;
    node__leg_set_deadline(l, world_now(l->node->world) + wait);
    node__leg_changed(l);
}

/* Min-SE of our requests: what the phone has said, and no more than what we ask for (RFC 4028 7.4). */
static uint32_t least_of(const struct leg *l)
{
    uint32_t said = l->least_expires < l->expires ? l->least_expires : l->expires;
    return said > least() ? said : least();
}

void node__session_add(struct buffer *out, const struct leg *l, bool response)
{
    bool phone = l->refresher == REFRESH_PHONE, agreed = l->refresher != REFRESH_AUDIT;
    if (response) {
        if (!agreed)
            return;
        buffer_add_format(out, "Session-Expires: %u;refresher=%s\r\n", l->expires, phone ? "uac" : "uas");
        if (phone)
            buffer_add_text(out, "Require: timer\r\n");
        return;
    }
    if (l->expires == 0)
        return;
    buffer_add_format(out, "Session-Expires: %u%s\r\nMin-SE: %u\r\n", l->expires,
        !agreed ? ""
        : phone ? ";refresher=uas"
                : ";refresher=uac",
        least_of(l));
}
