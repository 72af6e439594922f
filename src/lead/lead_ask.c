/* What is asked of the registry, and what its answers are worth: one that lacks what it should say counts as
 * unknown. */
#include "base/error.h"
#include "lead/lead_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

/* ---- questions ---- */

static void send(struct lead *l, const Tandem__RegistryRequest *request)
{
    struct buffer bytes = {0};
    pack_add(&bytes, &request->base);
    world_ask(l->world, SERVICE_REGISTRY, buffer_slice(&bytes), l->object, ++l->questions,
        world_now(l->world) + timer_duration(TIMER_LEAD_ASK));
    buffer_free(&bytes);
}

static void ask(struct lead *l, const Tandem__RegistryRequest *request)
{
    send(l, request);
    l->asked = l->questions;
}

void lead__read(struct lead *l)
{
    Tandem__RegistryRange range = TANDEM__REGISTRY_RANGE__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    range.prefix = l->key;
    range.has_exact = range.exact = true;
    request.range = &range;
    ask(l, &request);
}

void lead__grant(struct lead *l)
{
    Tandem__LeaseGrant grant = TANDEM__LEASE_GRANT__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    grant.milliseconds = (uint64_t)timer_duration(TIMER_LEAD_LEASE) / 1000;
    request.lease_grant = &grant;
    l->lease = 0;
    l->until = 0;
    l->sent = world_now(l->world);
    ask(l, &request);
}

void lead__claim(struct lead *l)
{
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    set.key = l->key;
    set.has_value = true;
    set.value = pack_bytes(slice_text(l->name));
    set.has_lease = true;
    set.lease = l->lease;
    request.set = &set;
    ask(l, &request);
}

void lead__renew(struct lead *l)
{
    Tandem__LeaseRenew renew = TANDEM__LEASE_RENEW__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    renew.lease = l->lease;
    request.lease_renew = &renew;
    l->sent = world_now(l->world);
    ask(l, &request);
}

void lead__revoke(struct lead *l)
{
    Tandem__LeaseRevoke revoke = TANDEM__LEASE_REVOKE__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    if (l->lease == 0)
        return;
    revoke.lease = l->lease;
    request.lease_revoke = &revoke;
    send(l, &request);
    l->lease = 0;
    l->until = 0;
}

/* ---- answers ---- */

static void note_leader(struct lead *l, struct slice value)
{
    size_t length = value.length < LEAD_NAME ? value.length : LEAD_NAME - 1;
    slice_put(l->leader, slice_first(value, length));
    l->leader[length] = '\0';
}

static bool take_entry(struct lead *l, struct lead_answer *out, const Tandem__RegistryEntry *e)
{
    if (strcmp(e->key, l->key) != 0)
        return false;
    out->revision = e->revision;
    out->lease = e->has_lease ? e->lease : 0;
    out->holder = out->lease != 0 && out->lease == l->lease ? LEAD_SELF : LEAD_OTHER;
    note_leader(l, pack_slice(e->value));
    return true;
}

/* The key as it is: cut short a range lacks its revision. */
static bool take_range(struct lead *l, struct lead_answer *out, const Tandem__RegistryAnswer *a)
{
    if (!a->has_revision || a->n_entries > 1)
        return false;
    out->holder = LEAD_NOBODY;
    if (a->n_entries == 1)
        return take_entry(l, out, a->entries[0]);
    l->leader[0] = '\0';
    return true;
}

static bool take_yes(struct lead *l, struct lead_answer *out, const Tandem__RegistryAnswer *a)
{
    switch (l->state) {
    case LEAD_ST_READING:
        return take_range(l, out, a);
    case LEAD_ST_GRANTING:
        out->lease = a->lease;
        return a->has_lease && a->lease != 0;
    case LEAD_ST_CLAIMING:
        out->revision = a->revision;
        return a->has_revision && a->revision != 0;
    default:
        return true; /* a renewal says nothing more */
    }
}

/* A refusal counts when the registry has decided: not when nobody could be reached. A refused claim shows
 * whose the key is; where it does not, the key is read. */
static bool take_no(struct lead *l, struct lead_answer *out, const Tandem__RegistryAnswer *a, int error)
{
    if (l->state == LEAD_ST_CLAIMING)
        return error == ERROR_CONFLICT && a->n_entries == 1 && take_entry(l, out, a->entries[0]);
    return error == ERROR_MISSING;
}

void lead__answer(struct lead *l, const struct input *in)
{
    static const Tandem__RegistryAnswer nothing = TANDEM__REGISTRY_ANSWER__INIT;
    struct arena arena = {0};
    struct lead_answer answer = {.holder = LEAD_OTHER};
    const Tandem__RegistryAnswer *a =
        slice_empty(in->bytes) ? &nothing
                               : pack_read(&tandem__registry_answer__descriptor, in->bytes, &arena);
    enum lead_event event = LEAD_EV_UNKNOWN;
    if (in->answer == ANSWER_YES && a != NULL && take_yes(l, &answer, a))
        event = LEAD_EV_YES;
    else if (in->answer == ANSWER_NO && a != NULL && take_no(l, &answer, a, in->error))
        event = LEAD_EV_NO;
    l->asked = 0;
    lead__event(l, event, &answer);
    arena_free(&arena);
}

/* What the watch tells may be older than what is known: revisions say so. */
void lead__watch(struct lead *l, const struct input *in)
{
    bool leading = l->state == LEAD_ST_LEADING;
    if (!slice_equal(in->name, slice_text(l->key)) || (leading && in->revision <= l->number))
        return;
    note_leader(l, in->answer == ANSWER_NO ? (struct slice){0} : in->bytes);
    if (in->answer == ANSWER_NO)
        lead__event(l, LEAD_EV_FREE, NULL);
    else if (leading)
        lead__event(l, LEAD_EV_TAKEN, NULL);
}
