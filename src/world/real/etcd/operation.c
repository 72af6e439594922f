#include "world/real/etcd/operation.h"

#include "base/error.h"
#include "engine/registry.h"
#include "wire/pack.h"
#include "world/real/etcd/request.h"

/* Bounds of all keys together: those of the registry in the process. */
#define LOOK_KEYS REGISTRY_KEYS

static const struct {
    const char *path;
    bool writes;
} steps[ETCD_STEPS] = {
    [ETCD_RANGE] = {"/v3/kv/txn", false},
    [ETCD_SET] = {"/v3/kv/txn", true},
    [ETCD_NUMBER] = {"/v3/kv/txn", true},
    [ETCD_GRANT] = {"/v3/lease/grant", true},
    [ETCD_RENEW] = {"/v3/lease/keepalive", true},
    [ETCD_LEFT] = {"/v3/lease/timetolive", false},
    [ETCD_CONFIRM] = {"/v3/kv/range", false},
    [ETCD_REVOKE] = {"/v3/lease/revoke", true},
    [ETCD_LOOK] = {"/v3/kv/txn", false}, /* the first page; the others /v3/kv/range */
};

static enum etcd_next done(struct etcd_operation *o, enum answer answer, int error)
{
    o->answer = answer;
    o->error = error;
    return ETCD_DONE;
}

static enum etcd_next step(struct etcd_operation *o, enum etcd_step next)
{
    o->step = next;
    return ETCD_MORE;
}

/* Nothing usable came. Only a compare-and-set must not be asked a second time: the first may have been it. */
static enum etcd_next unusable(struct etcd_operation *o)
{
    o->unsure = true;
    return o->step == ETCD_SET ? done(o, ANSWER_UNKNOWN, ERROR_UNKNOWN) : ETCD_AGAIN;
}

/* ---- what the role asked ---- */

static int read_set(struct etcd_operation *o, const Tandem__RegistrySet *m)
{
    o->step = ETCD_SET;
    o->key = slice_text(m->key);
    o->has_value = m->has_value;
    o->value = pack_slice(m->value);
    o->expected = m->expected_revision;
    o->has_lease = m->has_lease && m->has_value;
    o->lease = o->has_lease ? m->lease : 0;
    if (slice_empty(o->key) || o->key.length > REGISTRY_KEY || o->value.length > REGISTRY_VALUE)
        return ERROR_LIMIT;
    if (o->key.data[0] == ETCD_OWN)
        return ERROR_DENIED;
    return o->has_lease && (o->lease == 0 || o->lease > INT64_MAX) ? ERROR_MISSING : 0;
}

static int read_lease(struct etcd_operation *o, enum etcd_step first, uint64_t lease)
{
    o->step = first;
    o->lease = lease;
    return lease == 0 || lease > INT64_MAX ? ERROR_MISSING : 0;
}

static int read_request(struct etcd_operation *o, const Tandem__RegistryRequest *m)
{
    if (m == NULL || (m->range != NULL) + (m->set != NULL) + (m->lease_grant != NULL) +
                             (m->lease_renew != NULL) + (m->lease_revoke != NULL) !=
                         1)
        return ERROR_SYNTAX;
    if (m->set != NULL)
        return read_set(o, m->set);
    if (m->lease_renew != NULL)
        return read_lease(o, ETCD_RENEW, m->lease_renew->lease);
    if (m->lease_revoke != NULL)
        return read_lease(o, ETCD_REVOKE, m->lease_revoke->lease);
    if (m->lease_grant != NULL) {
        uint64_t milliseconds = m->lease_grant->milliseconds;
        o->step = ETCD_NUMBER;
        o->seconds = milliseconds / 1000 + (milliseconds % 1000 != 0);
        return milliseconds == 0 || milliseconds > REGISTRY_LEASE_LONGEST ? ERROR_RANGE : 0;
    }
    o->step = ETCD_RANGE;
    o->key = slice_text(m->range->prefix);
    o->exact = m->range->has_exact && m->range->exact;
    return o->key.length > REGISTRY_KEY ? ERROR_LIMIT : 0;
}

bool etcd__operation_read(struct etcd_operation *o, struct slice cluster, struct slice request)
{
    *o = (struct etcd_operation){.cluster = cluster};
    int error = read_request(o, pack_read(&tandem__registry_request__descriptor, request, &o->arena));
    if (error != 0)
        done(o, ANSWER_NO, error);
    return error == 0;
}

void etcd__operation_look(struct etcd_operation *o, struct slice cluster)
{
    *o = (struct etcd_operation){.cluster = cluster, .step = ETCD_LOOK};
}

void etcd__operation_free(struct etcd_operation *o)
{
    arena_free(&o->arena);
    buffer_free(&o->bytes);
}

/* ---- what etcd is asked ---- */

bool etcd__operation_writes(const struct etcd_operation *o)
{
    return steps[o->step].writes;
}

const char *etcd__operation_ask(struct etcd_operation *o, struct buffer *body, uint64_t floor)
{
    o->floor = floor;
    switch (o->step) {
    case ETCD_RANGE:
        etcd__range_body(body, o->cluster, o->key, o->exact);
        break;
    case ETCD_SET:
        etcd__set_body(body, o->cluster, o->key, o->expected, o->has_value ? &o->value : NULL, o->lease);
        break;
    case ETCD_NUMBER:
        etcd__number_body(body, o->cluster);
        break;
    case ETCD_CONFIRM:
        etcd__confirm_body(body, o->cluster);
        break;
    case ETCD_LOOK:
        if (o->revision != 0) {
            etcd__page_body(body, o->cluster, o->from, ETCD_PAGE, o->revision);
            return "/v3/kv/range";
        }
        etcd__look_body(body, o->cluster, ETCD_PAGE);
        break;
    default:
        etcd__lease_body(body, o->lease, o->step == ETCD_GRANT ? o->seconds : 0);
    }
    return steps[o->step].path;
}

/* ---- what came ---- */

static enum etcd_next yes(struct etcd_operation *o, const struct etcd_entry *entries, size_t count,
    uint64_t revision, uint64_t lease)
{
    Tandem__RegistryAnswer m = TANDEM__REGISTRY_ANSWER__INIT;
    Tandem__RegistryEntry *list = arena_alloc(&o->arena, count * sizeof *list);
    m.entries = arena_alloc(&o->arena, count * sizeof *m.entries);
    m.n_entries = count;
    for (size_t i = 0; i < count; i++) {
        Tandem__RegistryEntry *e = m.entries[i] = &list[i];
        tandem__registry_entry__init(e);
        e->key = arena_text(&o->arena, entries[i].key);
        e->value = pack_bytes(entries[i].value);
        e->revision = entries[i].revision;
        e->has_lease = entries[i].lease != 0;
        e->lease = entries[i].lease;
    }
    m.has_revision = revision != 0;
    m.revision = revision;
    m.has_lease = lease != 0;
    m.lease = lease;
    if (tandem__registry_answer__get_packed_size(&m) > PACK_BYTES)
        return done(o, ANSWER_NO, ERROR_LIMIT);
    buffer_clear(&o->bytes);
    pack_add(&o->bytes, &m.base);
    return done(o, ANSWER_YES, 0);
}

/* The only one of "responses", of the kind `name`. */
static const json_t *response(const json_t *said, const char *name)
{
    const json_t *list = json_object_get(said, "responses");
    const json_t *only = json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;
    return json_object_get(only, name);
}

static enum etcd_next range_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    struct etcd_entry *entries;
    struct slice last;
    size_t count;
    if (a->revision == 0 || a->revision < o->floor)
        return unusable(o);
    if (etcd__true(a->said, "succeeded"))
        return yes(o, NULL, 0, a->revision, 0);
    const json_t *range = response(a->said, "response_range");
    if (!etcd__entries_read(&entries, &count, NULL, &last, range, o->cluster, o->key, &o->arena) ||
        (o->exact && !slice_equal(last, o->key)))
        return unusable(o);
    for (size_t i = 0; i < count; i++)
        if (entries[i].revision > a->revision)
            return unusable(o);
    return yes(o, entries, count, a->revision, 0);
}

/* Another value, or none, stands where ours was to go. */
static enum etcd_next conflict(struct etcd_operation *o, const struct etcd_answer *a)
{
    const json_t *inner = response(a->said, "response_txn");
    struct etcd_entry *entries = NULL;
    struct slice last;
    size_t count = 0;
    if (etcd__true(inner, "succeeded")) {
        if (o->expected == 0)
            return unusable(o); /* it was not there, and yet it was */
    } else if (!etcd__entries_read(&entries, &count, NULL, &last, response(inner, "response_range"),
                   o->cluster, o->key, &o->arena) ||
               count != 1 || !slice_equal(last, o->key) || entries[0].revision == o->expected) {
        return unusable(o);
    }
    yes(o, entries, count, 0, 0);
    return done(o, ANSWER_NO, ERROR_CONFLICT);
}

static enum etcd_next set_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    if (a->revision == 0 || a->revision < o->floor)
        return unusable(o);
    if (!etcd__true(a->said, "succeeded"))
        return conflict(o, a);
    const char *kind = o->has_value ? "response_put" : "response_delete_range";
    bool changed = o->has_value || o->expected != 0;
    if (response(a->said, kind) == NULL || a->revision < o->expected ||
        (changed && a->revision <= (o->floor > o->expected ? o->floor : o->expected)))
        return unusable(o);
    return yes(o, NULL, 0, a->revision, 0);
}

static enum etcd_next number_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    if (!etcd__true(a->said, "succeeded") || response(a->said, "response_put") == NULL ||
        a->revision <= o->floor)
        return unusable(o);
    o->lease = a->revision;
    o->grant_sent = false;
    return step(o, ETCD_GRANT);
}

/* A lease that an answer speaks of is ours. */
static bool speaks_of(const struct etcd_operation *o, const struct etcd_answer *a)
{
    int64_t lease;
    return etcd__number(&lease, a->said, "ID") && lease > 0 && (uint64_t)lease == o->lease;
}

static enum etcd_next grant_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    int64_t seconds;
    if (!speaks_of(o, a) || !etcd__number(&seconds, a->said, "TTL") || seconds < (int64_t)o->seconds)
        return unusable(o);
    return yes(o, NULL, 0, 0, o->lease);
}

static enum etcd_next renew_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    int64_t seconds;
    if (!speaks_of(o, a))
        return unusable(o);
    o->ended = !etcd__number(&seconds, a->said, "TTL") || seconds <= 0;
    o->term = a->term;
    return step(o, o->ended ? ETCD_LEFT : ETCD_CONFIRM);
}

static enum etcd_next left_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    int64_t seconds;
    if (!speaks_of(o, a) || !etcd__number(&seconds, a->said, "TTL") || seconds == 0)
        return unusable(o);
    o->term = a->term;
    o->ended = seconds < 0;
    return step(o, o->ended ? ETCD_CONFIRM : ETCD_RENEW);
}

/* Renewals are answered by the leader alone, and one that was stopped for a while may take itself for it.
 * This read has gone through a majority; when it knows of no later term than the renewal did, the renewal was
 * the leader's. */
static enum etcd_next confirm_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    if (a->revision == 0 || a->revision < o->floor)
        return unusable(o);
    if (a->term != o->term) {
        step(o, ETCD_RENEW);
        return ETCD_AGAIN;
    }
    return o->ended ? done(o, ANSWER_NO, ERROR_MISSING) : yes(o, NULL, 0, 0, 0);
}

static enum etcd_next take_page(struct etcd_operation *o, const json_t *range, bool *more)
{
    struct etcd_entry *entries;
    struct slice last;
    size_t count;
    if (!etcd__entries_read(&entries, &count, more, &last, range, o->cluster, SLICE(""), &o->arena) ||
        (!slice_empty(o->from) && slice_compare(o->from, last) >= 0))
        return unusable(o);
    if (o->count + count > LOOK_KEYS)
        return done(o, ANSWER_NO, ERROR_LIMIT);
    if (o->count + count > o->capacity) {
        size_t capacity = (o->count + count) * 2;
        struct etcd_entry *larger = arena_alloc(&o->arena, capacity * sizeof *larger);
        if (o->count > 0)
            memcpy(larger, o->entries, o->count * sizeof *larger);
        o->entries = larger;
        o->capacity = capacity;
    }
    if (count > 0)
        memcpy(o->entries + o->count, entries, count * sizeof *entries);
    o->count += count;
    o->from = last;
    return ETCD_MORE;
}

static enum etcd_next look_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    bool first = o->revision == 0, more = false;
    if (a->revision == 0 || a->revision < (first ? o->floor : o->revision))
        return unusable(o);
    const json_t *range = first ? response(a->said, "response_range") : a->said;
    if (!(first && etcd__true(a->said, "succeeded"))) {
        enum etcd_next next = take_page(o, range, &more);
        if (next != ETCD_MORE)
            return next;
    }
    if (first)
        o->revision = a->revision;
    return more ? ETCD_MORE : done(o, ANSWER_YES, 0);
}

/* etcd has not done it, and says why. */
static enum etcd_next refused(struct etcd_operation *o, const struct etcd_answer *a)
{
    if (o->step == ETCD_GRANT && a->error == ERROR_EXISTS) {
        if (o->grant_sent) /* nobody else takes this number: it is the first request's */
            return yes(o, NULL, 0, 0, o->lease);
        return step(o, ETCD_NUMBER);
    }
    if (o->step == ETCD_REVOKE && a->error == ERROR_MISSING && o->revoke_sent)
        return yes(o, NULL, 0, 0, 0);
    if (o->step == ETCD_LOOK && a->error == ERROR_STALE) { /* too slow: from the beginning */
        o->revision = o->count = 0;
        o->from = SLICE("");
        return ETCD_AGAIN;
    }
    return done(o, ANSWER_NO, a->error);
}

static enum etcd_next said(struct etcd_operation *o, const struct etcd_answer *a)
{
    switch (o->step) {
    case ETCD_RANGE:
        return range_answer(o, a);
    case ETCD_SET:
        return set_answer(o, a);
    case ETCD_NUMBER:
        return number_answer(o, a);
    case ETCD_GRANT:
        return grant_answer(o, a);
    case ETCD_RENEW:
        return renew_answer(o, a);
    case ETCD_LEFT:
        return left_answer(o, a);
    case ETCD_CONFIRM:
        return confirm_answer(o, a);
    case ETCD_REVOKE:
        return yes(o, NULL, 0, 0, 0);
    default:
        return look_answer(o, a);
    }
}

enum etcd_next etcd__operation_answer(struct etcd_operation *o, const struct etcd_answer *a)
{
    enum etcd_step asked = o->step;
    enum etcd_next next = a->tone == ETCD_SAID      ? said(o, a)
                          : a->tone == ETCD_REFUSED ? refused(o, a)
                                                    : unusable(o);
    o->grant_sent = o->grant_sent || (asked == ETCD_GRANT && next == ETCD_AGAIN);
    o->revoke_sent = o->revoke_sent || asked == ETCD_REVOKE;
    return next;
}

enum etcd_next etcd__operation_lost(struct etcd_operation *o, bool sent)
{
    if (!sent)
        return ETCD_AGAIN;
    o->grant_sent = o->grant_sent || o->step == ETCD_GRANT;
    o->revoke_sent = o->revoke_sent || o->step == ETCD_REVOKE;
    return unusable(o);
}

enum etcd_next etcd__operation_too_large(struct etcd_operation *o)
{
    return o->step == ETCD_RANGE || o->step == ETCD_LOOK ? done(o, ANSWER_NO, ERROR_LIMIT) : unusable(o);
}

void etcd__operation_give_up(struct etcd_operation *o)
{
    if (o->unsure)
        done(o, ANSWER_UNKNOWN, ERROR_TIMEOUT);
    else
        done(o, ANSWER_NO, ERROR_UNREACHABLE);
}
