/* Our registration at a carrier (RFC 3261 10.2): one proxy of the location keeps it, renews it in time, and
 * waits longer after each failure. */
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "roles/proxy/trunk/trunk_int.h"
#include "sip/uri.h"

static struct trunk_state *self(void *object)
{
    return object;
}

static void set_timer(struct trunk_state *s, int64_t after)
{
    world_timer_set(s->proxy->world, &s->register_timer, OBJECT(PROXY_OBJECT_TRUNK, s->number),
        TRUNK_TIMER_REGISTER, world_now(s->proxy->world) + after);
}

static void changed(void *object)
{
    self(object)->registering_since = world_now(self(object)->proxy->world);
}

static int send_request(struct trunk_state *s, struct slice credentials)
{
    const struct config_trunk *t = trunk__config(s);
    struct destination to;
    struct trunk_request request = {.method = SIP_REGISTER,
        .cseq = ++s->register_cseq,
        .call_id = s->register_call_id,
        .expires = s->register_expires > t->register_expires ? s->register_expires : t->register_expires,
        .credentials = credentials};
    int error = trunk__target(s->proxy, &to, t, t->host, t->port);
    if (error == 0)
        s->register_transaction = trunk__send_own(s, t, &to, &request);
    return error;
}

/* Renewed well before the end: at four fifths, so that there is time for another try. */
static void enter_done(void *object)
{
    struct trunk_state *s = self(object);
    int64_t left = s->registered_until - world_now(s->proxy->world);
    changed(object);
    s->register_failures = 0;
    set_timer(s, left / 5 * 4);
    LOG(LOG_NOTICE, "proxy/trunk", "registered at %s", s->name);
}

static void enter_asking(void *object)
{
    struct trunk_state *s = self(object);
    s->register_guard = (struct challenge_guard){0};
    set_timer(s, timer_duration(TIMER_SIP_64_T1) + timer_duration(TIMER_TRUNK_TRY));
    int error = send_request(s, SLICE(""));
    if (error != 0) {
        trunk__note(s, TRUNK_UNREACHABLE, "we cannot register there: %s", error_sentence(error));
        (void)!fsm_input(&trunk_register_machine, &s->registering, s, REGISTERING_EV_REFUSED, NULL);
    }
}

/* 5 s, 10 s, ... up to 5 minutes, and a tenth by chance, so that a carrier that comes back is not stormed. */
static void enter_waiting(void *object)
{
    struct trunk_state *s = self(object);
    int64_t pause = timer_duration(TIMER_TRUNK_REGISTER), most = timer_duration(TIMER_TRUNK_REGISTER_MOST);
    changed(object);
    for (unsigned i = 0; i < s->register_failures && pause < most; i++)
        pause *= 2;
    pause = pause < most ? pause : most;
    s->register_failures++;
    set_timer(s, pause + (int64_t)(world_random(s->proxy->world) % (uint64_t)(pause / 10)));
}

static void enter_off(void *object)
{
    changed(object);
    world_timer_clear(&self(object)->register_timer);
    self(object)->register_transaction = 0;
    self(object)->registered_until = 0;
}

static const char *const events[REGISTERING_EVENTS] = {"begin", "accepted", "refused", "due", "end"};

static const struct fsm_state states[REGISTERING_STATES] = {
    [REGISTERING_OFF] = {"off", TIMER_NONE, false, enter_off},
    [REGISTERING_ASKING] = {"asking", TIMER_NONE, false, enter_asking},
    [REGISTERING_DONE] = {"done", TIMER_NONE, false, enter_done},
    [REGISTERING_WAITING] = {"waiting", TIMER_NONE, false, enter_waiting},
};

static const struct fsm_row rows[] = {
    {REGISTERING_OFF, REGISTERING_EV_BEGIN, REGISTERING_ASKING, 0, NULL},
    {REGISTERING_OFF, REGISTERING_EV_END, FSM_STAY, 0, NULL},
    {REGISTERING_ASKING, REGISTERING_EV_BEGIN, FSM_STAY, 0, NULL},
    {REGISTERING_ASKING, REGISTERING_EV_ACCEPTED, REGISTERING_DONE, 0, NULL},
    {REGISTERING_ASKING, REGISTERING_EV_REFUSED, REGISTERING_WAITING, 0, NULL},
    {REGISTERING_ASKING, REGISTERING_EV_DUE, REGISTERING_WAITING, 0, NULL},
    {REGISTERING_ASKING, REGISTERING_EV_END, REGISTERING_OFF, 0, NULL},
    {REGISTERING_DONE, REGISTERING_EV_BEGIN, FSM_STAY, 0, NULL},
    {REGISTERING_DONE, REGISTERING_EV_DUE, REGISTERING_ASKING, 0, NULL},
    {REGISTERING_DONE, REGISTERING_EV_END, REGISTERING_OFF, 0, NULL},
    {REGISTERING_WAITING, REGISTERING_EV_BEGIN, FSM_STAY, 0, NULL},
    {REGISTERING_WAITING, REGISTERING_EV_DUE, REGISTERING_ASKING, 0, NULL},
    {REGISTERING_WAITING, REGISTERING_EV_END, REGISTERING_OFF, 0, NULL},
};

const struct fsm trunk_register_machine = {
    .name = "trunk_register",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = REGISTERING_STATES,
    .event_count = REGISTERING_EVENTS,
    .row_count = FSM_COUNT(rows),
};

static void event(struct trunk_state *s, enum registering_event e)
{
    (void)!fsm_input(&trunk_register_machine, &s->registering, s, (uint8_t)e, NULL);
}

/* Where and as whom: who changes that waits neither for the next renewal nor for a pause to end. */
static uint64_t terms_of(const struct config_trunk *t)
{
    uint64_t terms = hash_stable_add(t->port, t->host), transport = t->transport;
    terms = hash_stable_add(terms, slice_of((const char *)&transport, sizeof transport));
    terms = hash_stable_add(hash_stable_add(terms, t->domain), t->user);
    for (size_t i = 0; i < t->realms.count; i++)
        terms = hash_stable_add(terms, t->realms.items[i]);
    return hash_stable_add(terms, t->secret);
}

void trunk__register_again(struct trunk_state *s)
{
    s->register_failures = 0;
    if (s->registering == REGISTERING_DONE || s->registering == REGISTERING_WAITING)
        event(s, REGISTERING_EV_DUE);
}

void trunk__register_follow(struct trunk_state *s)
{
    const struct config_trunk *t = trunk__config(s);
    bool wanted = t != NULL && t->registers && !t->disabled && !slice_empty(t->host) &&
                  !slice_empty(t->user) && s->proxy->trunks->leads && s->proxy->listener_count != 0;
    if (wanted && s->register_call_id == 0)
        s->register_call_id = world_random(s->proxy->world);
    uint64_t terms = wanted ? terms_of(t) : 0, before = s->register_terms;
    s->register_terms = terms;
    event(s, wanted ? REGISTERING_EV_BEGIN : REGISTERING_EV_END);
    if (wanted && before != 0 && before != terms)
        trunk__register_again(s);
}

void trunk__register_due(struct trunk_state *s)
{
    event(s, REGISTERING_EV_DUE);
}

/* ---- answers ---- */

/* Seconds that the registrar gives: of our Contact, else of Expires (RFC 3261 10.2.4). */
static uint64_t granted(const struct sip_message *m, uint64_t asked)
{
    struct sip_cursor at = {0};
    struct slice value, text;
    struct sip_name_address a;
    uint64_t seconds = asked;
    if (slice_to_u64(&seconds, sip_header_value(m, SIP_HEADER_EXPIRES), 86400) != 0)
        seconds = asked;
    while (sip_next_value(m, SIP_HEADER_CONTACT, &at, &value)) {
        uint64_t own;
        if (sip_name_address_parse(&a, value) == 0 && sip_parameter(a.parameters, SLICE("expires"), &text) &&
            slice_to_u64(&own, text, 86400) == 0 && own < seconds)
            seconds = own;
    }
    return seconds < 10 ? 10 : seconds;
}

static void refused(struct trunk_state *s, enum trunk_reason why, const char *what, unsigned status)
{
    trunk__note(s, why, what, status);
    event(s, REGISTERING_EV_REFUSED);
}

static void challenged(struct trunk_state *s, const struct config_trunk *t, const struct sip_message *m)
{
    struct buffer line = {0}, uri = {0};
    buffer_add_format(&uri, "sip:%.*s", SLICE_ARG(t->domain));
    struct digest_answer answer = {.method = SLICE("REGISTER"), .uri = buffer_slice(&uri)};
    int error = trunk__answer(&line, &s->register_guard, s, m, &answer);
    if (error == 0)
        error = send_request(s, buffer_slice(&line));
    buffer_free(&line);
    buffer_free(&uri);
    if (error == ERROR_DENIED)
        refused(s, TRUNK_FOREIGN_REALM,
            "it answered our registration with %u for a realm that is not configured for it", m->status);
    else if (error != 0)
        refused(s, TRUNK_CREDENTIALS, "it did not take our credentials: %u", m->status);
}

/* RFC 3261 10.2.8: too short for it. */
static bool longer(struct trunk_state *s, const struct sip_message *m)
{
    uint64_t seconds;
    if (m->status != 423 || slice_to_u64(&seconds, sip_header_value(m, SIP_HEADER_MIN_EXPIRES), 86400) != 0 ||
        seconds <= s->register_expires)
        return false;
    s->register_expires = (uint32_t)seconds;
    return send_request(s, SLICE("")) == 0;
}

void trunk__register_response(struct trunk_state *s, struct sip_transaction *t, const struct sip_message *m)
{
    const struct config_trunk *c = trunk__config(s);
    if (c == NULL || t->id != s->register_transaction || (m != NULL && m->status < 200))
        return;
    if (m == NULL) {
        refused(s, TRUNK_SILENT, "it did not answer our registration", 0);
    } else if (m->status < 300) {
        s->registered_until = world_now(s->proxy->world) + (int64_t)granted(m, c->register_expires) * 1000000;
        event(s, REGISTERING_EV_ACCEPTED);
    } else if (m->status == 401 || m->status == 407) {
        challenged(s, c, m);
    } else if (!longer(s, m)) {
        refused(s, TRUNK_REFUSED, "it refused our registration with %u", m->status);
    }
}
