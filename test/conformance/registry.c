#include "registry.h"

const Tandem__RegistryAnswer *registry_answer(struct seat *s, const struct reply *r)
{
    arena_reset(&s->stage->arena);
    const Tandem__RegistryAnswer *a =
        pack_read(&tandem__registry_answer__descriptor, r->bytes, &s->stage->arena);
    CHECK(a != NULL);
    return a;
}

static const struct reply *ask(struct seat *s, const Tandem__RegistryRequest *m)
{
    return seat_ask(s, SERVICE_REGISTRY, &m->base, REGISTRY_WAIT);
}

uint64_t registry_send_set(struct seat *s, const char *key, uint64_t expected, const char *value,
    uint64_t lease, int64_t milliseconds)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    set.key = (char *)(uintptr_t)key;
    set.expected_revision = expected;
    set.has_value = value != NULL;
    set.value = pack_bytes(slice_text(value));
    set.has_lease = lease != NO_LEASE;
    set.lease = lease;
    m.set = &set;
    return seat_send(s, SERVICE_REGISTRY, &m.base, milliseconds);
}

static int known(const struct reply *r)
{
    if (r->answer == ANSWER_UNKNOWN)
        stage_fail(__FILE__, __LINE__, "the answer is unknown: %s", error_symbol(r->error));
    CHECK((r->answer == ANSWER_YES) == (r->error == 0));
    return r->error;
}

int64_t registry_set(struct seat *s, const char *key, uint64_t expected, const char *value, uint64_t lease)
{
    uint64_t token = registry_send_set(s, key, expected, value, lease, REGISTRY_WAIT);
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, STAGE_PATIENCE);
    const struct reply *r = seat_reply(s, token);
    int error = known(r);
    if (error != 0)
        return error;
    const Tandem__RegistryAnswer *a = registry_answer(s, r);
    CHECK(a->has_revision);
    return (int64_t)a->revision;
}

uint64_t registry_grant(struct seat *s, uint64_t milliseconds)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseGrant g = TANDEM__LEASE_GRANT__INIT;
    g.milliseconds = milliseconds;
    m.lease_grant = &g;
    const struct reply *r = ask(s, &m);
    CHECK_SAME(known(r), 0);
    const Tandem__RegistryAnswer *a = registry_answer(s, r);
    CHECK(a->has_lease && a->lease != 0);
    return a->lease;
}

int registry_renew(struct seat *s, uint64_t lease)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseRenew l = TANDEM__LEASE_RENEW__INIT;
    l.lease = lease;
    m.lease_renew = &l;
    return known(ask(s, &m));
}

int registry_revoke(struct seat *s, uint64_t lease)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseRevoke l = TANDEM__LEASE_REVOKE__INIT;
    l.lease = lease;
    m.lease_revoke = &l;
    return known(ask(s, &m));
}

static const struct reply *read_range(struct seat *s, const char *prefix, bool exact)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange g = TANDEM__REGISTRY_RANGE__INIT;
    g.prefix = (char *)(uintptr_t)prefix;
    g.has_exact = exact;
    g.exact = exact;
    m.range = &g;
    return ask(s, &m);
}

const char *registry_range(struct seat *s, const char *prefix, bool exact)
{
    static char text[4096];
    const struct reply *r = read_range(s, prefix, exact);
    CHECK_SAME(known(r), 0);
    const Tandem__RegistryAnswer *a = registry_answer(s, r);
    CHECK(a->has_revision);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < a->n_entries && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s=%.*s ", a->entries[i]->key,
            SLICE_ARG(pack_slice(a->entries[i]->value)));
    return text;
}

uint64_t registry_revision(struct seat *s, const char *key)
{
    for (int times = 0; times < 50; times++) {
        const struct reply *r = read_range(s, key, true);
        if (r->answer == ANSWER_YES) {
            const Tandem__RegistryAnswer *a = registry_answer(s, r);
            return a->n_entries == 1 ? a->entries[0]->revision : 0;
        }
        stage_run(s->stage, 100);
    }
    stage_fail(__FILE__, __LINE__, "%s cannot be read", key);
}

const char *registry_notes(const struct seat *s, size_t from)
{
    static char text[4096];
    size_t length = 0;
    const struct note *n;
    text[0] = '\0';
    for (; (n = seat_note(s, from)) != NULL && length < sizeof text; from++)
        if (n->kind == INPUT_WATCH)
            length += (size_t)snprintf(text + length, sizeof text - length,
                n->answer == ANSWER_NO ? "%llu:%.*s-%.*s " : "%llu:%.*s=%.*s ", (unsigned long long)n->token,
                SLICE_ARG(n->name), SLICE_ARG(n->bytes));
    return text;
}
