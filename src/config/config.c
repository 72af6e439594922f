#include "base/hash.h"
#include "base/mem.h"
#include "config/config_int.h"

static const char *const role_names[] = {"proxy", "node", "history", "config", "session"};
static const char *const person_role_names[] = {"agent", "supervisor", "administrator"};

struct configuration *config_retain(struct configuration *c)
{
    __atomic_add_fetch(&c->references, 1, __ATOMIC_RELAXED);
    return c;
}

static void table_free(struct config_table *t)
{
    mem_free(t->rows);
    mem_free(t->index);
}

void config__free(struct configuration *c)
{
    table_free(&c->locations);
    table_free(&c->members);
    table_free(&c->dns);
    table_free(&c->persons);
    table_free(&c->applications);
    table_free(&c->pairs);
    arena_free(&c->arena);
    mem_free(c);
}

void config_release(struct configuration *c)
{
    if (c != NULL && __atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL) == 0)
        config__free(c);
}

static struct slice row_name(const struct config_table *t, size_t number)
{
    return *(const struct slice *)config__row(t, number);
}

void config__index(struct config_table *t)
{
    size_t places = 4;
    while (places < t->count * 2)
        places *= 2;
    t->mask = places - 1;
    t->index = mem_zero(places * sizeof *t->index);
    for (size_t i = 0; i < t->count; i++) {
        size_t at = hash_bytes(hash_process_key, row_name(t, i)) & t->mask;
        while (t->index[at] != 0)
            at = (at + 1) & t->mask;
        t->index[at] = (uint32_t)i + 1;
    }
}

void *config__find(const struct config_table *t, struct slice name)
{
    if (t->index == NULL)
        return NULL;
    size_t at = hash_bytes(hash_process_key, name) & t->mask;
    for (; t->index[at] != 0; at = (at + 1) & t->mask)
        if (slice_equal(row_name(t, t->index[at] - 1), name))
            return config__row(t, t->index[at] - 1);
    return NULL;
}

const struct config_location *config_location(const struct configuration *c, struct slice name)
{
    return config__find(&c->locations, name);
}

const struct config_dn *config_dn(const struct configuration *c, struct slice number)
{
    return config__find(&c->dns, number);
}

const struct config_person *config_person(const struct configuration *c, struct slice name)
{
    return config__find(&c->persons, name);
}

const struct config_application *config_application(const struct configuration *c, struct slice name)
{
    return config__find(&c->applications, name);
}

const struct config_pair *config_pair(const struct configuration *c, struct slice name)
{
    return config__find(&c->pairs, name);
}

const struct config_member *config_member(const struct configuration *c, struct slice name)
{
    return config__find(&c->members, name);
}

bool config_member_admits(const struct configuration *c, struct slice name, struct slice serial)
{
    const struct config_member *m = config_member(c, name);
    return m != NULL && m->state == CONFIG_MEMBER_TRUSTED && !slice_empty(serial) &&
           (slice_equal(m->serial, serial) || slice_equal(m->serial_before, serial));
}

static const void *next_row(const struct config_table *t, size_t *at)
{
    return *at < t->count ? config__row(t, (*at)++) : NULL;
}

const struct config_location *config_next_location(const struct configuration *c, size_t *at)
{
    return next_row(&c->locations, at);
}

const struct config_dn *config_next_dn(const struct configuration *c, size_t *at)
{
    return next_row(&c->dns, at);
}

const struct config_member *config_next_member(const struct configuration *c, size_t *at)
{
    return next_row(&c->members, at);
}

const struct config_pair *config_next_pair(const struct configuration *c, size_t *at)
{
    return next_row(&c->pairs, at);
}

const struct config_application *config_next_application(
    const struct configuration *c, enum config_role role, size_t *at)
{
    const struct config_application *a;
    while ((a = next_row(&c->applications, at)) != NULL && a->role != role)
        ;
    return a;
}

size_t config_dn_count(const struct configuration *c)
{
    return c->dns.count;
}

uint8_t config_slot(struct slice number)
{
    return (uint8_t)(hash_stable(number) % CONFIG_SLOTS);
}

const struct config_pair *config_slot_pair(
    const struct configuration *c, const struct config_location *location, uint8_t slot)
{
    if (location == NULL || location->pairs.count == 0)
        return NULL;
    return config_pair(c, location->pairs.items[slot % location->pairs.count]);
}

const char *config_role_name(enum config_role role)
{
    return role_names[role];
}

const char *config_person_role_name(enum config_person_role role)
{
    return person_role_names[role];
}

struct slice config_operator_token_sha256(const struct configuration *c)
{
    return c->operator_token_sha256;
}
