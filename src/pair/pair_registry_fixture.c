/* The registry of the fixture: keys with revisions, leases, watches; and how it fails. */
#include "base/error.h"
#include "pair/pair_fixture.h"
#include "unit.h"
#include "wire/pack.h"

struct registry_key *fixture__key(struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->key_count; i++)
        if (strcmp(f->keys[i].name, name) == 0)
            return &f->keys[i];
    return NULL;
}

void fixture__watch(
    struct fixture *f, unsigned host, const char *name, struct slice value, uint64_t revision, bool gone)
{
    struct host *h = &f->hosts[host];
    if (h->watches && h->pair != NULL && h->registry == REGISTRY_UP)
        fixture__later(f, (int)host,
            &(struct input){.kind = INPUT_WATCH,
                .token = PAIR_TOKEN,
                .name = slice_text(name),
                .bytes = value,
                .revision = revision,
                .answer = gone ? ANSWER_NO : ANSWER_YES},
            f->now + LATENCY);
}

static void watch_all(struct fixture *f, const struct registry_key *k, bool gone)
{
    for (unsigned i = 0; i < 2; i++)
        fixture__watch(f, i, k->name, buffer_slice(&k->value), k->revision, gone);
}

static void delete_key(struct fixture *f, struct registry_key *k)
{
    k->revision = ++f->revision;
    watch_all(f, k, true);
    buffer_free(&k->value);
    *k = f->keys[--f->key_count];
}

void fixture__expire(struct fixture *f)
{
    for (size_t i = 0; i < f->lease_count;) {
        if (f->leases[i].ends_at > f->now) {
            i++;
            continue;
        }
        uint64_t id = f->leases[i].id;
        f->leases[i] = f->leases[--f->lease_count];
        for (size_t k = 0; k < f->key_count;)
            if (f->keys[k].lease == id)
                delete_key(f, &f->keys[k]);
            else
                k++;
    }
}

static void add_entry(Tandem__RegistryAnswer *a, const struct registry_key *k, struct arena *arena)
{
    Tandem__RegistryEntry *e = arena_alloc(arena, sizeof *e);
    tandem__registry_entry__init(e);
    e->key = (char *)(uintptr_t)k->name;
    e->value = pack_bytes(buffer_slice(&k->value));
    e->revision = k->revision;
    e->has_lease = k->lease != 0;
    e->lease = k->lease;
    a->entries[a->n_entries++] = e;
}

static enum answer set_key(
    struct fixture *f, const Tandem__RegistrySet *m, Tandem__RegistryAnswer *a, struct arena *arena)
{
    struct registry_key *k = fixture__key(f, m->key);
    if ((k != NULL ? k->revision : 0) != m->expected_revision) {
        if (k != NULL)
            add_entry(a, k, arena);
        return ANSWER_NO;
    }
    if (k == NULL) {
        k = &f->keys[f->key_count++];
        *k = (struct registry_key){.revision = 0};
        snprintf(k->name, sizeof k->name, "%s", m->key);
    }
    buffer_clear(&k->value);
    buffer_add(&k->value, pack_slice(m->value));
    k->lease = m->has_lease ? m->lease : 0;
    k->revision = ++f->revision;
    a->has_revision = true;
    a->revision = f->revision;
    watch_all(f, k, false);
    return ANSWER_YES;
}

static enum answer renew(struct fixture *f, uint64_t id)
{
    for (size_t i = 0; i < f->lease_count; i++)
        if (f->leases[i].id == id) {
            f->leases[i].ends_at = f->now + timer_duration(TIMER_PAIR_LEASE);
            return ANSWER_YES;
        }
    return ANSWER_NO;
}

static enum answer carry_out(
    struct fixture *f, const Tandem__RegistryRequest *m, Tandem__RegistryAnswer *a, struct arena *arena)
{
    if (m->set != NULL)
        return set_key(f, m->set, a, arena);
    if (m->lease_renew != NULL)
        return renew(f, m->lease_renew->lease);
    a->has_revision = true;
    a->revision = f->revision;
    if (m->lease_grant != NULL) {
        assert_true(f->lease_count < sizeof f->leases / sizeof f->leases[0]);
        f->leases[f->lease_count].id = a->lease = ++f->last_lease;
        f->leases[f->lease_count++].ends_at = f->now + timer_duration(TIMER_PAIR_LEASE);
        a->has_lease = true;
        return ANSWER_YES;
    }
    for (size_t i = 0; i < f->key_count; i++)
        if (strncmp(f->keys[i].name, m->range->prefix, strlen(m->range->prefix)) == 0)
            add_entry(a, &f->keys[i], arena);
    return ANSWER_YES;
}

void fixture__answer(struct fixture *f, const struct delivery *question)
{
    struct host *h = &f->hosts[question->asker];
    struct arena arena = {0};
    struct buffer bytes = {0};
    Tandem__RegistryEntry *entries[8];
    Tandem__RegistryAnswer a = TANDEM__REGISTRY_ANSWER__INIT;
    struct input in = question->input;
    const Tandem__RegistryRequest *m =
        pack_read(&tandem__registry_request__descriptor, buffer_slice(&question->bytes), &arena);
    assert_non_null(m);
    a.entries = entries;
    in.answer = carry_out(f, m, &a, &arena);
    pack_add(&bytes, &a.base);
    if (f->lie != NULL)
        f->lie(f, &in.answer, &bytes);
    in.bytes = buffer_slice(&bytes);
    in.error = in.answer != ANSWER_NO ? 0 : m->set != NULL ? ERROR_CONFLICT : ERROR_MISSING;
    if (h->registry != REGISTRY_UP) {
        in.answer = ANSWER_UNKNOWN;
        in.bytes = SLICE("");
    }
    fixture__later(f, (int)h->index, &in, in.answer == ANSWER_UNKNOWN ? question->deadline : f->now + LATENCY)
        ->life = question->life;
    buffer_free(&bytes);
    arena_free(&arena);
}

void fixture__ask(struct host *h, const struct effect *e)
{
    struct fixture *f = h->fixture;
    struct input in = {.kind = INPUT_ANSWER, .object = e->object, .token = e->token, .bytes = e->second};
    assert_int_equal(e->service, SERVICE_REGISTRY);
    if (h->registry == REGISTRY_DOWN || h->registry == REGISTRY_AWAY) {
        bool away = h->registry == REGISTRY_AWAY;
        in.answer = away ? ANSWER_NO : ANSWER_UNKNOWN;
        in.error = away ? ERROR_UNREACHABLE : ERROR_TIMEOUT;
        in.bytes = SLICE("");
        fixture__later(f, (int)h->index, &in, away ? f->now + LATENCY : e->time);
        return;
    }
    struct delivery *d = fixture__later(f, -1, &in, f->now + LATENCY);
    d->asker = h->index;
    d->deadline = e->time;
    d->life = h->incarnation;
}
