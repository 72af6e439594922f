#include "engine/registry.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/wheel.h"
#include "engine/registry_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

int registry_open(struct registry **r, struct files *files, int64_t now)
{
    struct registry *made = mem_zero(sizeof *made);
    made->next_expiry = WHEEL_NEVER;
    list_init(&made->watches);
    list_init(&made->changes);
    int error = files != NULL ? registry__journal_open(made, files, now) : 0;
    if (error != 0) {
        registry_close(made);
        return error;
    }
    *r = made;
    return 0;
}

void registry_close(struct registry *r)
{
    if (r == NULL)
        return;
    registry__watch_free(r);
    registry__state_free(r);
    journal_close(r->journal);
    arena_free(&r->arena);
    buffer_free(&r->scratch);
    mem_free(r);
}

int registry_sync(struct registry *r)
{
    return r->journal != NULL ? journal_sync(r->journal) : 0;
}

/* ---- leases ---- */

void registry_expire(struct registry *r, int64_t now)
{
    if (now < r->next_expiry)
        return;
    int64_t next = WHEEL_NEVER;
    struct lease *l;
    map_for_each (l, &r->leases) {
        if (l->expires_at > now) {
            next = l->expires_at < next ? l->expires_at : next;
            continue;
        }
        /* Ended even if that cannot be written down: then it ends once more after the next opening. */
        if (registry__keep_end(r, l->id) != 0)
            LOG(LOG_WARNING, "registry", "the end of lease %llu is not kept", (unsigned long long)l->id);
        registry__lease_end(r, l);
    }
    r->next_expiry = next;
    registry__tidy(r);
}

int64_t registry_next_expiry(const struct registry *r)
{
    return r->next_expiry;
}

static int lease_grant(struct registry *r, const Tandem__LeaseGrant *m, int64_t now, uint64_t *id)
{
    if (m->milliseconds == 0 || m->milliseconds > REGISTRY_LEASE_LONGEST)
        return ERROR_RANGE;
    if (map_count(&r->leases) >= REGISTRY_LEASES)
        return ERROR_LIMIT;
    int64_t length = (int64_t)m->milliseconds * 1000;
    int error = registry__keep_lease(r, r->last_lease + 1, length);
    if (error == 0)
        *id = registry__lease_add(r, r->last_lease + 1, length, now)->id;
    return error;
}

static int lease_renew(struct registry *r, uint64_t id, int64_t now)
{
    struct lease *l = map_get_number(&r->leases, id);
    if (l == NULL)
        return ERROR_MISSING;
    l->expires_at = now + l->length;
    return 0;
}

static int lease_revoke(struct registry *r, uint64_t id)
{
    struct lease *l = map_get_number(&r->leases, id);
    if (l == NULL)
        return ERROR_MISSING;
    int error = registry__keep_end(r, id);
    if (error == 0)
        registry__lease_end(r, l);
    return error;
}

/* ---- keys ---- */

/* Adds the entries from `at` on that begin with the prefix (exact: are the prefix). */
static void show(struct registry *r, Tandem__RegistryAnswer *answer, struct slice prefix, bool exact)
{
    bool found;
    size_t from = registry__find(r, prefix, &found), to = from;
    while (to < r->key_count && slice_starts(r->keys[to]->name, prefix) && !(exact && (to > from || !found)))
        to++;
    answer->n_entries = to - from;
    answer->entries = arena_alloc(&r->arena, (to - from) * sizeof *answer->entries);
    for (size_t i = from; i < to; i++) {
        const struct key *k = r->keys[i];
        Tandem__RegistryEntry *entry = arena_alloc(&r->arena, sizeof *entry);
        tandem__registry_entry__init(entry);
        entry->key = arena_text(&r->arena, k->name);
        entry->value = pack_bytes(k->value);
        entry->revision = k->revision;
        entry->has_lease = k->lease != NULL;
        entry->lease = k->lease != NULL ? k->lease->id : 0;
        answer->entries[i - from] = entry;
    }
}

static int change(struct registry *r, const Tandem__RegistrySet *m, struct slice name, const struct key *old)
{
    uint64_t revision = r->revision + 1;
    if (!m->has_value) {
        int error = old != NULL ? registry__keep_delete(r, name, revision) : 0;
        if (error == 0)
            registry__delete(r, name, revision);
        return error;
    }
    struct slice value = pack_slice(m->value);
    struct lease *lease = m->has_lease ? map_get_number(&r->leases, m->lease) : NULL;
    if (m->has_lease && lease == NULL)
        return ERROR_MISSING;
    size_t freed = old != NULL ? old->name.length + old->value.length : 0;
    if (value.length > REGISTRY_VALUE || (old == NULL && r->key_count >= REGISTRY_KEYS) ||
        r->bytes - freed + name.length + value.length > REGISTRY_BYTES)
        return ERROR_LIMIT;
    int error = registry__keep_put(r, name, value, m->has_lease ? m->lease : 0, revision);
    if (error == 0)
        registry__put(r, name, value, lease, revision);
    return error;
}

static int set(struct registry *r, const Tandem__RegistrySet *m, Tandem__RegistryAnswer *answer)
{
    struct slice name = slice_text(m->key);
    bool found;
    if (slice_empty(name) || name.length > REGISTRY_KEY)
        return ERROR_LIMIT;
    size_t at = registry__find(r, name, &found);
    const struct key *old = found ? r->keys[at] : NULL;
    if ((old != NULL ? old->revision : 0) != m->expected_revision) {
        show(r, answer, name, true);
        return ERROR_CONFLICT;
    }
    int error = change(r, m, name, old);
    answer->has_revision = error == 0;
    answer->revision = r->revision;
    return error;
}

static int carry_out(
    struct registry *r, const Tandem__RegistryRequest *m, Tandem__RegistryAnswer *answer, int64_t now)
{
    if ((m->range != NULL) + (m->set != NULL) + (m->lease_grant != NULL) + (m->lease_renew != NULL) +
            (m->lease_revoke != NULL) !=
        1)
        return ERROR_SYNTAX;
    if (m->set != NULL)
        return set(r, m->set, answer);
    if (m->lease_renew != NULL)
        return lease_renew(r, m->lease_renew->lease, now);
    if (m->lease_revoke != NULL)
        return lease_revoke(r, m->lease_revoke->lease);
    if (m->lease_grant != NULL) {
        int error = lease_grant(r, m->lease_grant, now, &answer->lease);
        answer->has_lease = error == 0;
        return error;
    }
    show(r, answer, slice_text(m->range->prefix), m->range->has_exact && m->range->exact);
    answer->has_revision = true;
    answer->revision = r->revision;
    return 0;
}

enum answer registry_ask(
    struct buffer *bytes, int *error, struct registry *r, struct slice request, int64_t now)
{
    registry_expire(r, now);
    arena_reset(&r->arena);
    Tandem__RegistryAnswer answer = TANDEM__REGISTRY_ANSWER__INIT;
    const Tandem__RegistryRequest *m = pack_read(&tandem__registry_request__descriptor, request, &r->arena);
    *error = m != NULL ? carry_out(r, m, &answer, now) : ERROR_SYNTAX;
    if (tandem__registry_answer__get_packed_size(&answer) > PACK_BYTES) {
        *error = ERROR_LIMIT;
        return ANSWER_NO;
    }
    pack_add(bytes, &answer.base);
    registry__tidy(r);
    return *error == 0 ? ANSWER_YES : ANSWER_NO;
}
