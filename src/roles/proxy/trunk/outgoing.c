/* What goes out: which trunks a number may take, and what becomes of each try.
 *
 *     INVITE ── rule ── may the DN? ── trunks in order ──> try ── 503, silence, no way ──> the next one
 *                                                           └─ 401, 407 ──> the same one, with credentials */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/trunk/trunk_int.h"
#include "sip/uri.h"
#include "sip/values.h"

static void refuse(struct proxy *p, struct sip_transaction *t, uint16_t status)
{
    if (status == 404)
        world_count(p->world, COUNTER_UNROUTABLE, 1);
    sip_respond_simple(t, status, SLICE("edge"));
}

static struct outgoing *outgoing_new(struct proxy *p, struct relay *r, const struct sip_message *m)
{
    struct outgoing *o = r->outgoing = mem_zero(sizeof *o);
    struct sip_cursor at = {0};
    struct slice via;
    (void)p;
    o->relay = r->id;
    o->call = trunk__call_key(m);
    while (sip_next_value(m, SIP_HEADER_VIA, &at, &via))
        sip_add_header(&o->vias, SIP_HEADER_VIA, via);
    return o;
}

static struct slice keep(struct slice s)
{
    return slice_of(s.length != 0 ? mem_copy(s.data, s.length) : NULL, s.length);
}

void trunk_relay_over(struct proxy *p, struct relay *r)
{
    struct outgoing *o = r->outgoing;
    trunk_relay_refused(p, r);
    if (o == NULL)
        return;
    world_timer_clear(&o->timer);
    mem_free((void *)(uintptr_t)o->number.data);
    mem_free((void *)(uintptr_t)o->caller.data);
    buffer_free(&o->vias);
    buffer_free(&o->credentials);
    mem_free(o);
    r->outgoing = NULL;
}

void trunk_relay_refused(struct proxy *p, struct relay *r)
{
    if (r->trunk_call != 0 && !r->answered)
        trunk__call_end(p, r->trunk_call);
    r->trunk_call = 0;
}

/* ---- one try ---- */

/* RFC 3323 4.2, RFC 3325 7: who asks for it is not named to those who are not trusted. */
static bool wants_privacy(const struct sip_message *m)
{
    unsigned bits;
    return sip_privacy_parse(&bits, sip_header_value(m, SIP_HEADER_PRIVACY)) == 0 &&
           (bits & (SIP_PRIVACY_ID | SIP_PRIVACY_USER | SIP_PRIVACY_HEADER)) != 0;
}

static struct slice together(struct proxy *p, struct slice one, struct slice other)
{
    struct buffer out = {0};
    buffer_add(&out, one);
    buffer_add(&out, other);
    struct slice text = arena_copy(&p->arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

static struct slice rewritten(struct proxy *p, struct slice number)
{
    const struct config_dial_rule *rule =
        config_dial_out(world_configuration(p->world), trunk__location(p), number);
    struct buffer out = {0};
    if (rule == NULL)
        return number;
    config_dial_rewrite(&out, rule, number);
    struct slice text = arena_copy(&p->arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

/* How the parties are called out there. In dialogs that a trunk has begun they keep the names that it gave.
 */
static void name_parties(struct outside *o, struct proxy *p, const struct config_trunk *t,
    const struct sip_message *m, struct slice caller, struct slice number)
{
    *o = (struct outside){.trunk = t, .domain = t->domain};
    if (slice_empty(o->domain))
        o->domain = slice_text(p->realm);
    if (!slice_empty(caller))
        o->caller = together(p, t->caller_prefix, caller);
    if (!slice_empty(number))
        o->number = rewritten(p, number);
    o->anonymous = !t->trusted && wants_privacy(m);
    if (o->anonymous)
        o->caller = (struct slice){0};
}

static struct slice uri_of(struct proxy *p, const struct outside *o)
{
    struct buffer uri = {0};
    buffer_add_text(&uri, "sip:");
    trunk__add_user(&uri, o->number);
    buffer_add_format(&uri, "@%.*s", SLICE_ARG(o->domain));
    struct slice text = arena_copy(&p->arena, buffer_slice(&uri));
    buffer_free(&uri);
    return text;
}

static int send_try(struct proxy *p, struct relay *r, const struct sip_message *m, struct trunk_state *s)
{
    struct outgoing *o = r->outgoing;
    const struct config_trunk *t = trunk__config(s);
    struct outside *outside = arena_zero(&p->arena, sizeof *outside);
    struct destination to;
    int error = trunk__target(p, &to, t, t->host, t->port);
    if (error != 0)
        return error;
    name_parties(outside, p, t, m, o->caller, o->number);
    outside->listener = to.listener;
    outside->shift = o->shift;
    outside->credentials = buffer_slice(&o->credentials);
    snprintf(outside->attempt, sizeof outside->attempt, "%u", o->tries++);
    to.outside = outside;
    to.uri = uri_of(p, outside);
    o->trunk = s->number;
    o->transaction = proxy__relay_branch(p, r, m, &to, SLICE(""));
    if (o->transaction == 0)
        return ERROR_LIMIT;
    struct trunk_call *call = trunk__call(p, o->call);
    if (call != NULL)
        call->peer = to.target.address;
    world_timer_set(p->world, &o->timer, OBJECT(PROXY_OBJECT_TRUNK_TRY, r->id), 0,
        world_now(p->world) + timer_duration(TIMER_TRUNK_TRY));
    return 0;
}

/* The next trunk that takes the call; false: there is none. */
static bool try_next(struct proxy *p, struct relay *r, const struct sip_message *m)
{
    struct outgoing *o = r->outgoing;
    enum trunk_reason why;
    buffer_clear(&o->credentials);
    o->shift = 0;
    o->guard = (struct challenge_guard){0};
    while (o->next < o->count) {
        struct trunk_state *s = trunk__state_of(p, o->candidates[o->next++]);
        if (s == NULL || trunk__config(s) == NULL)
            continue;
        if (!trunk__in_service(s) && !o->urgent) {
            trunk__note(s, TRUNK_OUT_OF_SERVICE, "a call passed it by: it does not answer");
            continue;
        }
        if (!trunk__admits(s, &why) && !o->urgent) {
            trunk__note(s, why, "a call passed it by: %s", trunk__reason_name(why));
            continue;
        }
        trunk__call_begin(s, o->call, true);
        r->trunk_call = o->call;
        int error = send_try(p, r, m, s);
        if (error == 0)
            return true;
        trunk__call_end(p, o->call);
        trunk__note(s, TRUNK_UNREACHABLE, "a call could not be sent there: %s", error_sentence(error));
    }
    return false;
}

/* ---- what becomes of it ---- */

/* The pair's request once more; false: it was answered already. */
static bool original(struct sip_message *m, struct proxy *p, const struct relay *r)
{
    const struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    return server != NULL && server->request.length != 0 &&
           sip_parse(m, arena_copy(&p->arena, server->request), &p->arena, NULL) == 0;
}

static void next_or_refuse(struct proxy *p, struct relay *r, uint16_t status)
{
    struct sip_message m;
    struct outgoing *o = r->outgoing;
    world_timer_clear(&o->timer);
    if (o->transaction != 0)
        proxy__relay_close_branch(r, o->transaction);
    o->transaction = 0;
    if (o->begins && !r->cancelled && !r->answered && original(&m, p, r) && try_next(p, r, &m))
        return;
    proxy__relay_refuse(p, r, status);
}

static void give_up(struct proxy *p, struct relay *r, enum trunk_reason why, const char *what)
{
    struct trunk_state *s = trunk__state_of(p, r->outgoing->trunk);
    if (s != NULL)
        trunk__note(s, why, "%s", what);
    next_or_refuse(p, r, 503);
}

static int send_again(struct proxy *p, struct relay *r, const struct sip_message *m, struct trunk_state *s);

/* A challenge is answered where we begin a dialog, and within one (RFC 3261 22.2): there the request has gone
 * to a place that is the trunk's own (see trunk__is_there). A stranger whom we have called, or who has called
 * in, never gets a digest of ours. */
static void challenged(
    struct proxy *p, struct relay *r, struct sip_transaction *t, const struct sip_message *m)
{
    struct outgoing *o = r->outgoing;
    struct trunk_state *s = trunk__state_of(p, o->trunk);
    const struct config_trunk *c = s != NULL ? trunk__config(s) : NULL;
    struct sip_message request;
    int error = ERROR_MISSING;
    if (c != NULL && !r->cancelled && !r->answered && original(&request, p, r)) {
        struct outside outside;
        name_parties(&outside, p, c, &request, o->caller, o->number);
        struct digest_answer answer = {.method = request.method_name,
            .uri = o->begins ? uri_of(p, &outside) : request.uri,
            .body = request.body};
        error = trunk__answer(&o->credentials, &o->guard, s, m, &answer);
    }
    if (error == 0) {
        proxy__relay_close_branch(r, t->id);
        o->shift++;
        if ((o->begins ? send_try(p, r, &request, s) : send_again(p, r, &request, s)) == 0)
            return;
    }
    give_up(p, r, error == ERROR_DENIED ? TRUNK_FOREIGN_REALM : TRUNK_CREDENTIALS,
        error == ERROR_DENIED ? "it challenged for a realm that is not configured for it"
                              : "it did not take our credentials");
}

/* An answer to a try that was given up: a phone must not ring on out there. */
static bool late(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    if (m->status < 200 && sip_may_cancel(t))
        sip_cancel(&p->transactions, t);
    return m->status < 200 || m->status >= 300;
}

bool trunk_takes_response(
    struct proxy *p, struct relay *r, struct sip_transaction *t, const struct sip_message *m)
{
    struct outgoing *o = r->outgoing;
    struct trunk_state *s = trunk__state_of(p, o->trunk);
    if (t->id != o->transaction)
        return late(p, t, m);
    world_timer_clear(&o->timer);
    if (s != NULL)
        trunk__watch_heard(s, m->status != 503);
    if (m->status == 401 || m->status == 407) {
        challenged(p, r, t, m);
        return true;
    }
    if (m->status == 503 && o->begins) {
        give_up(p, r, TRUNK_OVERLOADED, "it answered 503");
        return true;
    }
    if (m->status >= 300 && s != NULL && o->begins)
        trunk__note(s, TRUNK_REFUSED, "a call was refused with %u", m->status);
    return false;
}

bool trunk_takes_failure(struct proxy *p, struct relay *r, struct sip_transaction *t)
{
    struct outgoing *o = r->outgoing;
    struct trunk_state *s = trunk__state_of(p, o->trunk);
    if (t->kind != SIP_ICT && t->kind != SIP_NICT)
        return true;
    if (t->id != o->transaction)
        return true;
    if (t->kind == SIP_ICT && t->state == SIP_ST_PROCEEDING)
        return false; /* it rings, and nobody answers: the caller hears that */
    if (s != NULL)
        trunk__watch_heard(s, false);
    give_up(p, r, TRUNK_SILENT, "it did not answer");
    return true;
}

/* Not even a 100 has come: another trunk may be quicker. This try is cancelled as soon as it says anything.
 */
void trunk__try_due(struct proxy *p, uint64_t relay)
{
    struct relay *r = map_get_number(&p->relays, relay);
    if (r == NULL || r->outgoing == NULL || !r->outgoing->begins)
        return;
    struct trunk_state *s = trunk__state_of(p, r->outgoing->trunk);
    const struct sip_transaction *silent = sip_transaction_find(&p->transactions, r->outgoing->transaction);
    if (silent != NULL && s != NULL && trunk__config(s) != NULL)
        names_dead(p, (enum transport)trunk__config(s)->transport, &silent->target.address);
    if (s != NULL)
        trunk__watch_heard(s, false);
    give_up(p, r, TRUNK_SILENT, "it did not answer in time");
}

/* ---- a new call ---- */

static bool add_candidate(struct outgoing *o, struct proxy *p, const struct config_trunk *t)
{
    struct trunk_state *s = trunk__state(p, t->name);
    if (s == NULL || t->disabled || slice_empty(t->host) || o->count == TRUNK_CANDIDATES)
        return false;
    for (unsigned i = 0; i < o->count; i++)
        if (o->candidates[i] == s->number)
            return false;
    o->candidates[o->count++] = s->number;
    return true;
}

/* One of the lowest order that is not in the list yet, drawn by weight. */
static const struct config_trunk *draw(
    struct outgoing *o, struct proxy *p, const struct config_trunk_group *g)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_trunk *t, *open[TRUNK_CANDIDATES];
    unsigned count = 0, sum = 0, order = UINT16_MAX + 1U;
    for (size_t at = 0; (t = config_next_trunk(c, &at)) != NULL;) {
        const struct trunk_state *s = t->group == g ? trunk__state(p, t->name) : NULL;
        bool known = s == NULL || t->disabled || slice_empty(t->host) || t->order > order;
        for (unsigned i = 0; i < o->count && !known; i++)
            known = o->candidates[i] == s->number;
        if (known)
            continue;
        if (t->order < order)
            count = sum = 0;
        order = t->order;
        if (count < TRUNK_CANDIDATES) {
            open[count++] = t;
            sum += t->weight != 0 ? t->weight : 1;
        }
    }
    if (count == 0)
        return NULL;
    uint64_t chosen = world_random(p->world) % sum;
    unsigned i = 0;
    for (; i < count - 1 && chosen >= (open[i]->weight != 0 ? open[i]->weight : 1U); i++)
        chosen -= open[i]->weight != 0 ? open[i]->weight : 1U;
    return open[i];
}

static void list_candidates(struct outgoing *o, struct proxy *p, const struct config_dial_rule *rule)
{
    const struct config_trunk *t;
    if (rule->trunk != NULL)
        add_candidate(o, p, rule->trunk);
    while (rule->group != NULL && o->count < TRUNK_CANDIDATES && (t = draw(o, p, rule->group)) != NULL)
        add_candidate(o, p, t);
}

/* 0, or the status that refuses the call (SEC-6). */
static uint16_t may_dial(
    struct proxy *p, const struct config_dial_rule *rule, const struct config_dn *dn, struct slice number)
{
    const struct configuration *c = world_configuration(p->world);
    const char *why = NULL;
    uint16_t status = 403;
    if (rule->trunk == NULL && rule->group == NULL)
        why = "the rule forbids it";
    else if (rule->needs <= CONFIG_DIAL_NONE)
        return 0;
    else if (dn == NULL || dn->disabled || config_dn_dial(c, dn) < rule->needs)
        why = "the caller may not dial it";
    else if (!trunk__dn_admits(p, dn))
        why = "the caller dials too much", status = 503;
    if (why == NULL)
        return 0;
    world_count(p->world, status == 503 ? COUNTER_TRUNK_DIAL_RATE : COUNTER_TRUNK_FORBIDDEN, 1);
    LOG(LOG_NOTICE, "proxy/trunk", "%.*s calls %.*s (rule %.*s): %s", dn != NULL ? (int)dn->number.length : 1,
        dn != NULL ? dn->number.data : "?", SLICE_ARG(number), SLICE_ARG(rule->name), why);
    return status;
}

bool trunk_outgoing(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    const struct configuration *c = world_configuration(p->world);
    struct slice number = trunk__called(p, m), caller = trunk__user(p, m->from);
    const struct config_dial_rule *rule;
    if (m->method != SIP_INVITE || !slice_empty(m->to_tag) || slice_empty(number) ||
        config_dn(c, number) != NULL)
        return false;
    rule = config_dial_out(c, trunk__location(p), number);
    uint16_t status = rule == NULL ? 404 : may_dial(p, rule, config_dn(c, caller), number);
    if (status != 0) {
        refuse(p, t, status);
        return true;
    }
    struct relay *r = proxy__relay_begin(p, t, m);
    struct outgoing *o = outgoing_new(p, r, m);
    o->begins = true;
    o->urgent = rule->needs <= CONFIG_DIAL_NONE;
    o->number = keep(number);
    o->caller = keep(caller);
    list_candidates(o, p, rule);
    world_count(p->world, COUNTER_RELAYED, 1);
    if (!try_next(p, r, m))
        proxy__relay_refuse(p, r, 503);
    return true;
}

/* ---- inside a dialog ---- */

/* The next hop: the trunk's own route, else where the dialog's other end is (RFC 3261 16.6 step 7). */
static struct slice next_hop(const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice value;
    if (sip_next_value(m, SIP_HEADER_ROUTE, &at, &value) &&
        sip_next_value(m, SIP_HEADER_ROUTE, &at, &value) && sip_name_address_parse(&a, value) == 0)
        return a.uri;
    return m->uri;
}

/* How much greater CSeq is there: as the way says since the dialog was made, and by what was challenged in
 * it.
 */
static void shift_numbers(struct outside *o, const struct trunk_call *call, const struct trunk_way *way,
    const struct sip_message *m)
{
    bool again = call != NULL && call->invite_cseq != 0;
    o->shift = way->shift + (call != NULL ? call->shift : 0);
    o->invite_shift = way->shift + (again ? call->invite_shift : 0);
    if (m->method == SIP_ACK) /* has the number of its INVITE */
        o->shift = again && call->invite_cseq == m->cseq ? o->invite_shift : way->shift;
}

/* The dialog's destination; ours in the arena. */
static bool dialog_target(
    struct proxy *p, struct destination *to, struct trunk_state **state, const struct sip_message *m)
{
    struct trunk_way way;
    struct sip_uri uri;
    if (!trunk__way_read(&way, m))
        return false;
    const struct config_trunk *t = trunk__by_token(p, way.token);
    const struct trunk_call *call = trunk__call(p, trunk__call_key(m));
    *state = t != NULL ? trunk__state(p, t->name) : NULL;
    if (*state == NULL)
        return false;
    bool good = sip_uri_parse(&uri, next_hop(m)) == 0 && trunk__is_there(t, call, uri.host) &&
                trunk__target(p, to, t, uri.host, uri.port) == 0;
    if (!good && (slice_empty(t->host) || trunk__target(p, to, t, t->host, t->port) != 0))
        return false;
    struct outside *o = arena_zero(&p->arena, sizeof *o);
    name_parties(o, p, t, m, trunk__user_inside(p, m->from), trunk__user_inside(p, m->to));
    o->listener = to->listener;
    o->anonymous = way.anonymous;
    shift_numbers(o, call, &way, m);
    to->outside = o;
    return true;
}

/* Once more, with what answers its challenge; later requests of the dialog go on from its number. */
static int send_again(struct proxy *p, struct relay *r, const struct sip_message *m, struct trunk_state *s)
{
    struct outgoing *o = r->outgoing;
    struct destination to;
    struct trunk_call *call = trunk__call(p, o->call);
    if (!dialog_target(p, &to, &s, m))
        return ERROR_UNREACHABLE;
    struct outside *outside = (struct outside *)(uintptr_t)to.outside;
    outside->shift = o->shift;
    outside->invite_shift = o->invite_shift;
    outside->credentials = buffer_slice(&o->credentials);
    snprintf(outside->attempt, sizeof outside->attempt, "%u", ++o->tries);
    if (call != NULL)
        call->shift++;
    if (call != NULL && m->method == SIP_INVITE)
        call->invite_shift = call->shift;
    o->transaction = proxy__relay_branch(p, r, m, &to, SLICE(""));
    return o->transaction != 0 ? 0 : ERROR_LIMIT;
}

bool trunk_in_dialog(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct destination to;
    struct trunk_state *s = NULL;
    struct trunk_way way;
    if (!trunk__way_read(&way, m))
        return false;
    if (!dialog_target(p, &to, &s, m)) {
        refuse(p, t, 481);
        return true;
    }
    if (m->method == SIP_BYE)
        trunk__call_end(p, trunk__call_key(m));
    else
        trunk__call_seen(p, trunk__call_key(m), s);
    struct trunk_call *call = trunk__call(p, trunk__call_key(m));
    if (call != NULL && m->method == SIP_INVITE) {
        call->invite_cseq = m->cseq;
        call->invite_shift = call->shift;
    }
    struct relay *r = proxy__relay_begin(p, t, m);
    struct outgoing *o = outgoing_new(p, r, m);
    o->trunk = s->number;
    o->shift = to.outside->shift;
    o->invite_shift = to.outside->invite_shift;
    o->transaction = proxy__relay_branch(p, r, m, &to, SLICE(""));
    world_count(p->world, COUNTER_RELAYED, 1);
    if (o->transaction == 0)
        proxy__relay_refuse(p, r, 513);
    return true;
}

bool trunk_ack(struct proxy *p, const struct sip_message *m, struct destination *to)
{
    struct trunk_state *s;
    return dialog_target(p, to, &s, m);
}
