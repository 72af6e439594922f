#include "base/hash.h"
#include "base/mem.h"
#include "config/config_int.h"
#include "config/process.h"

static const char *const role_names[] = {"proxy", "node", "history", "config", "session", "control"};
static const char *const person_role_names[] = {"agent", "supervisor", "administrator"};

struct configuration *config_retain(struct configuration *c)
{
    __atomic_add_fetch(&c->references, 1, __ATOMIC_RELAXED);
    return c;
}

void config__free(struct configuration *c)
{
    for (size_t i = 0; i < KIND_MAX; i++)
        tree_free(&c->rows[i]);
    if (c->derived != NULL)
        config__derived_release(c->derived);
    mem_free(c);
}

void config_release(struct configuration *c)
{
    if (c != NULL && __atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL) == 0)
        config__free(c);
}

uint64_t config_number(const struct configuration *c)
{
    return c->number;
}

bool config_is_empty(const struct configuration *c)
{
    size_t i = 0;
    while (i < KIND_MAX && tree_count(&c->rows[i]) == 0)
        i++;
    return i == KIND_MAX;
}

/* ---- tables ---- */

static struct slice name_at(const struct config_table *t, size_t number)
{
    return row_name(config__row(t, number));
}

void config__table_free(struct config_table *t)
{
    mem_free(t->rows);
    mem_free(t->index);
}

void config__index(struct config_table *t)
{
    size_t places = 4;
    while (places < t->count * 2)
        places *= 2;
    t->mask = places - 1;
    t->index = mem_zero(places * sizeof *t->index);
    for (size_t i = 0; i < t->count; i++) {
        size_t at = hash_bytes(hash_process_key, name_at(t, i)) & t->mask;
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
        if (slice_equal(name_at(t, t->index[at] - 1), name))
            return config__row(t, t->index[at] - 1);
    return NULL;
}

static const void *next_row(const struct config_table *t, size_t *at)
{
    return *at < t->count ? config__row(t, (*at)++) : NULL;
}

/* ---- by name ---- */

static const struct tree *tree_of(const struct configuration *c, const struct kind *k)
{
    return &c->rows[kind_number(k)];
}

const struct config_cluster *config_cluster(const struct configuration *c)
{
    return &c->derived->cluster;
}

bool config_names_header(struct config_list names, struct slice header)
{
    for (size_t i = 0; i < names.count; i++) {
        struct slice name = names.items[i];
        bool begins = slice_ends(name, SLICE("*"));
        if (begins ? slice_starts_nocase(header, slice_first(name, name.length - 1))
                   : slice_equal_nocase(header, name))
            return true;
    }
    return false;
}

const struct config_location *config_location(const struct configuration *c, struct slice name)
{
    return config__find(&c->derived->locations, name);
}

/* One whose location is not there, which only a damaged store says, is in nobody's hands. */
static bool is_somewhere(const struct configuration *c, const struct config_dn *dn)
{
    return dn->place < c->derived->place_count && c->derived->places[dn->place].location != NULL;
}

const struct config_dn *config_dn(const struct configuration *c, struct slice number)
{
    const struct config_dn *dn = tree_get(tree_of(c, &kind_dn), number);
    return dn != NULL && is_somewhere(c, dn) ? dn : NULL;
}

const struct config_person *config_person(const struct configuration *c, struct slice name)
{
    return tree_get(tree_of(c, &kind_person), name);
}

const struct config_application *config_application(const struct configuration *c, struct slice name)
{
    return config__find(&c->derived->applications, name);
}

const struct config_pair *config_pair(const struct configuration *c, struct slice name)
{
    return config__find(&c->derived->pairs, name);
}

const struct config_member *config_member(const struct configuration *c, struct slice name)
{
    return config__find(&c->derived->members, name);
}

bool config_member_admits(const struct configuration *c, struct slice name, struct slice serial)
{
    const struct config_member *m = config_member(c, name);
    return m != NULL && m->state == CONFIG_MEMBER_TRUSTED && !slice_empty(serial) &&
           (slice_equal(m->serial, serial) || slice_equal(m->serial_before, serial));
}

/* ---- in order of name ---- */

const struct config_location *config_next_location(const struct configuration *c, size_t *at)
{
    return next_row(&c->derived->locations, at);
}

const struct config_dn *config_next_dn(const struct configuration *c, size_t *at)
{
    const struct config_dn *dn;
    while ((dn = tree_at(tree_of(c, &kind_dn), *at)) != NULL) {
        ++*at;
        if (is_somewhere(c, dn))
            break;
    }
    return dn;
}

bool config_next_dn_change(
    const struct config_dn **before, const struct config_dn **after, struct config_dn_walk *walk)
{
    static const struct tree none;
    const void *was, *is;
    const struct tree *one = walk->one != NULL ? tree_of(walk->one, &kind_dn) : &none;
    const struct tree *other = walk->other != NULL ? tree_of(walk->other, &kind_dn) : &none;
    bool differs = tree_difference(&was, &is, one, &walk->one_at, other, &walk->other_at);
    *before = was;
    *after = is != NULL && is_somewhere(walk->other, is) ? is : NULL;
    return differs;
}

const struct config_ban *config_next_ban(const struct configuration *c, size_t *at)
{
    return tree_at(tree_of(c, &kind_ban), (*at)++);
}

const struct config_member *config_next_member(const struct configuration *c, size_t *at)
{
    return next_row(&c->derived->members, at);
}

const struct config_pair *config_next_pair(const struct configuration *c, size_t *at)
{
    return next_row(&c->derived->pairs, at);
}

const struct config_application *config_next_application(
    const struct configuration *c, enum config_role role, size_t *at)
{
    const struct config_application *a;
    while ((a = next_row(&c->derived->applications, at)) != NULL && a->role != role)
        ;
    return a;
}

size_t config_dn_count(const struct configuration *c)
{
    return tree_count(tree_of(c, &kind_dn));
}

/* ---- of a DN ---- */

const struct config_location *config_dn_location(const struct configuration *c, const struct config_dn *dn)
{
    return is_somewhere(c, dn) ? c->derived->places[dn->place].location : NULL;
}

bool config_lacks_digests(const struct configuration *c)
{
    const struct config_dn *dn;
    for (size_t at = 0; (dn = config_next_dn(c, &at)) != NULL;)
        if (dn->digests != 0)
            return (dn->digests & 1U << (CONFIG_DIGESTS - 1)) == 0;
    return false;
}

bool config_dn_ha1(char hex[CONFIG_HA1], const struct config_dn *dn, unsigned algorithm)
{
    const uint8_t *all[CONFIG_DIGESTS] = {dn->ha1_md5, dn->ha1_sha256, dn->ha1_sha512_256};
    if (algorithm >= CONFIG_DIGESTS || (dn->digests & 1U << algorithm) == 0)
        return false;
    const uint8_t *bytes = all[algorithm];
    size_t count = algorithm == 0 ? sizeof dn->ha1_md5 : sizeof dn->ha1_sha256;
    for (size_t i = 0; i < count; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    hex[count * 2] = '\0';
    return true;
}

/* ---- ownership ---- */

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

const struct config_pair *config_dn_pair(const struct configuration *c, const struct config_dn *dn)
{
    return config_slot_pair(c, config_dn_location(c, dn), dn->slot);
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
    return c->derived->local.operator_token_sha256;
}

struct config_list config_resolvers(const struct configuration *c)
{
    return c->derived->local.resolvers;
}

struct slice config_secret_key(const struct configuration *c)
{
    return c->derived->local.secret_key;
}
