/* The pair's record in the registry, and the lease that says this member lives. One question about the record
 * is open at a time; an answer that says "unknown" leads to a look at the record, never to an act. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "pair/pair_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define KEY 192

static void record_key(const struct pair *p, char key[KEY])
{
    snprintf(key, KEY, "pair/%s", p->pair);
}

static void member_key(const struct pair *p, const char *member, char key[KEY])
{
    snprintf(key, KEY, "pair/%s/%s", p->pair, member);
}

static uint64_t ask(struct pair *p, const Tandem__RegistryRequest *request)
{
    struct buffer bytes = {0};
    uint64_t token = ++p->tokens;
    pack_add(&bytes, &request->base);
    world_ask(p->world, SERVICE_REGISTRY, buffer_slice(&bytes), PAIR_OBJECT, token,
        world_now(p->world) + timer_duration(TIMER_PAIR_ASK));
    buffer_free(&bytes);
    return token;
}

void pair__read(struct pair *p)
{
    char key[KEY];
    Tandem__RegistryRange range = TANDEM__REGISTRY_RANGE__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    record_key(p, key);
    range.prefix = key;
    request.range = &range;
    p->asked = ask(p, &request);
    p->asked_set = false;
    if (p->state == PAIR_ST_SHADOW)
        p->wanted = (struct pair_fact){.view = 0}; /* nothing was asked for yet */
}

void pair__set(struct pair *p, uint64_t view, const char *primary, bool alone)
{
    char key[KEY];
    struct buffer value = {0};
    Tandem__PairRecord record = TANDEM__PAIR_RECORD__INIT;
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    struct pair_fact wanted = {.view = view, .alone = alone};
    strcpy(wanted.primary, primary); /* which may be what was wanted before */
    p->wanted = wanted;
    record.view = view;
    record.primary = p->wanted.primary;
    record.alone = alone;
    pack_add(&value, &record.base);
    record_key(p, key);
    set.key = key;
    set.expected_revision = p->revision;
    set.has_value = true;
    set.value = pack_bytes(buffer_slice(&value));
    request.set = &set;
    p->asked = ask(p, &request);
    p->asked_set = true;
    buffer_free(&value);
}

static void note_record(struct pair *p, struct slice value, uint64_t revision)
{
    struct arena arena = {0};
    const Tandem__PairRecord *r = pack_read(&tandem__pair_record__descriptor, value, &arena);
    if (r != NULL && strlen(r->primary) < PAIR_NAME && revision >= p->revision) {
        p->record = (struct pair_fact){.view = r->view, .alone = r->alone};
        strcpy(p->record.primary, r->primary);
        if (revision != p->revision)
            p->record_since = world_now(p->world);
        p->revision = revision;
    }
    arena_free(&arena);
}

static void note_other(struct pair *p, bool gone)
{
    if (gone && !p->other_gone)
        p->gone_since = world_now(p->world);
    p->other_gone = gone;
}

/* A range that is what it says: cut short it lacks its revision, and a record once seen never goes. */
static bool is_whole(const struct pair *p, const Tandem__RegistryAnswer *a, const char *record)
{
    bool seen = p->revision == 0;
    for (size_t i = 0; i < a->n_entries; i++) {
        if (!slice_starts(slice_text(a->entries[i]->key), slice_text(record)))
            return false;
        seen = seen || strcmp(a->entries[i]->key, record) == 0;
    }
    return a->has_revision && seen;
}

/* What a range or a refused compare-and-set says; false where it says nothing usable. */
static bool note_answer(struct pair *p, struct slice bytes, bool whole)
{
    char record[KEY], other[KEY];
    struct arena arena = {0};
    const Tandem__RegistryAnswer *a = pack_read(&tandem__registry_answer__descriptor, bytes, &arena);
    record_key(p, record);
    member_key(p, p->other, other);
    if (a != NULL && whole && !is_whole(p, a, record))
        a = NULL;
    bool gone = whole || p->other_gone;
    for (size_t i = 0; a != NULL && i < a->n_entries; i++) {
        if (strcmp(a->entries[i]->key, record) == 0)
            note_record(p, pack_slice(a->entries[i]->value), a->entries[i]->revision);
        else if (p->other[0] != '\0' && strcmp(a->entries[i]->key, other) == 0)
            gone = false;
    }
    if (a != NULL)
        note_other(p, gone);
    arena_free(&arena);
    return a != NULL;
}

static bool is_wanted(const struct pair *p)
{
    bool asks = p->state == PAIR_ST_CLAIMING || p->state == PAIR_ST_TAKING || p->state == PAIR_ST_JOINING ||
                p->state == PAIR_ST_PARTING;
    return asks && p->record.view == p->wanted.view && p->record.alone == p->wanted.alone &&
           strcmp(p->record.primary, p->wanted.primary) == 0;
}

static void set_done(struct pair *p, struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__RegistryAnswer *a = pack_read(&tandem__registry_answer__descriptor, bytes, &arena);
    bool known = a != NULL && a->has_revision;
    if (known) {
        p->record = p->wanted;
        p->revision = a->revision;
    }
    arena_free(&arena);
    if (known)
        pair__event(p, PAIR_EV_YES);
}

static void record_answer(struct pair *p, const struct input *in)
{
    bool set = p->asked_set;
    p->asked = 0;
    if (set && in->answer == ANSWER_YES)
        set_done(p, in->bytes);
    else if (set && in->answer == ANSWER_NO && in->error == ERROR_CONFLICT &&
             note_answer(p, in->bytes, false))
        pair__event(p, is_wanted(p) ? PAIR_EV_YES : PAIR_EV_NO);
    else if (!set && in->answer == ANSWER_YES && note_answer(p, in->bytes, true))
        pair__event(p, is_wanted(p) ? PAIR_EV_YES : PAIR_EV_READ);
    /* Otherwise it is unknown, or nobody could be asked: the next tick looks, and nobody guesses meanwhile.
     */
}

/* ---- the lease: granted, then named by the member's key, then renewed ---- */

static void lease_ask(
    struct pair *p, const Tandem__RegistryRequest *request, enum pair_lease_question question)
{
    p->lease_question = question;
    if (question != PAIR_LEASE_MEMBER) /* naming a lease does not prolong it */
        p->lease_sent = world_now(p->world);
    p->lease_asked = ask(p, request);
}

static void lease_grant(struct pair *p)
{
    Tandem__LeaseGrant grant = TANDEM__LEASE_GRANT__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    grant.milliseconds = (uint64_t)timer_duration(TIMER_PAIR_LEASE) / 1000;
    request.lease_grant = &grant;
    p->lease = 0;
    lease_ask(p, &request, PAIR_LEASE_GRANT);
}

static void lease_renew(struct pair *p)
{
    Tandem__LeaseRenew renew = TANDEM__LEASE_RENEW__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    renew.lease = p->lease;
    request.lease_renew = &renew;
    lease_ask(p, &request, PAIR_LEASE_RENEW);
}

static void member_set(struct pair *p, uint64_t expected)
{
    char key[KEY];
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    member_key(p, p->name, key);
    set.key = key;
    set.expected_revision = expected;
    set.has_value = true;
    set.value = pack_bytes(SLICE("1"));
    set.has_lease = true;
    set.lease = p->lease;
    request.set = &set;
    lease_ask(p, &request, PAIR_LEASE_MEMBER);
}

/* Only a lease that the member's key hangs on protects this member: the other looks at the key. */
static void lease_good(struct pair *p)
{
    bool was_lost = p->lease_until <= world_now(p->world);
    p->lease_held = true;
    p->lease_until = p->lease_sent + timer_duration(TIMER_PAIR_LEASE_OWN);
    if (was_lost && p->state == PAIR_ST_FROZEN)
        pair__event(p, PAIR_EV_LEASE_BACK);
    else if (was_lost && p->asked == 0 && (p->state == PAIR_ST_READING || p->state == PAIR_ST_FRESH))
        pair__read(p);
}

/* The key is there: of an earlier life, or of this one when the answer to setting it was lost. */
static void member_there(struct pair *p, const Tandem__RegistryEntry *e)
{
    if (e->has_lease && e->lease == p->lease)
        lease_renew(p);
    else
        member_set(p, e->revision);
    p->lease_held = e->has_lease && e->lease == p->lease;
}

static void lease_answer(struct pair *p, const struct input *in)
{
    struct arena arena = {0};
    const Tandem__RegistryAnswer *a = pack_read(&tandem__registry_answer__descriptor, in->bytes, &arena);
    bool yes = in->answer == ANSWER_YES;
    p->lease_asked = 0;
    if (p->lease_question == PAIR_LEASE_GRANT && yes && a != NULL && a->has_lease) {
        p->lease = a->lease;
        member_set(p, 0);
    } else if (p->lease_question == PAIR_LEASE_MEMBER && yes) {
        lease_good(p);
    } else if (p->lease_question == PAIR_LEASE_MEMBER && in->answer == ANSWER_NO && a != NULL &&
               a->n_entries == 1) {
        member_there(p, a->entries[0]);
    } else if (p->lease_question == PAIR_LEASE_RENEW && yes) {
        lease_good(p);
    } else if (in->answer == ANSWER_NO && (in->error == ERROR_MISSING || in->error == ERROR_CONFLICT)) {
        p->lease = 0; /* it has ended: another one at the next tick */
        p->lease_sent = 0;
        p->lease_held = false;
    }
    arena_free(&arena);
}

/* ---- called by the room ---- */

void pair__registry_open(struct pair *p)
{
    char key[KEY];
    record_key(p, key);
    world_watch(p->world, slice_text(key), PAIR_TOKEN);
    lease_grant(p);
    pair__read(p);
}

void pair__registry_answer(struct pair *p, const struct input *in)
{
    if (in->token == p->asked)
        record_answer(p, in);
    else if (in->token == p->lease_asked)
        lease_answer(p, in);
}

void pair__registry_watch(struct pair *p, const struct input *in)
{
    char key[KEY], other[KEY];
    record_key(p, key);
    member_key(p, p->other, other);
    if (p->other[0] != '\0' && slice_equal(in->name, slice_text(other)))
        note_other(p, in->answer == ANSWER_NO);
    if (!slice_equal(in->name, slice_text(key)) || in->answer == ANSWER_NO || in->revision <= p->revision)
        return;
    note_record(p, in->bytes, in->revision);
    bool primary = pair__is_primary(p);
    uint64_t view = primary ? p->view : p->shadow_view;
    bool follows = primary || p->state == PAIR_ST_SYNCING || p->state == PAIR_ST_SHADOW;
    if (follows && (p->record.view > view || (primary && strcmp(p->record.primary, p->name) != 0)))
        pair__event(p, PAIR_EV_SUPERSEDED);
}

void pair__registry_tick(struct pair *p)
{
    int64_t now = world_now(p->world);
    bool due = p->lease_asked == 0 && now - p->lease_sent >= timer_duration(TIMER_PAIR_RENEW);
    if (due && p->lease == 0)
        lease_grant(p);
    else if (due && !p->lease_held)
        member_set(p, 0);
    else if (due)
        lease_renew(p);
    bool settled = p->state == PAIR_ST_SYNCING || p->state == PAIR_ST_SHADOW || p->state == PAIR_ST_ALONE ||
                   p->state == PAIR_ST_CATCHING || p->state == PAIR_ST_PAIRED;
    if (!settled && p->asked == 0)
        pair__read(p);
}
