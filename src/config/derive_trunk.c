/* Trunks, their groups and the rules of dialling, with the names in them resolved. */
#include "base/error.h"
#include "base/mem.h"
#include "config/config_int.h"

struct deriving {
    struct config_derived *made;
    const struct configuration *said;
    struct buffer *complaint;
};

static struct slice copy(struct deriving *d, struct slice s)
{
    return arena_copy(&d->made->arena, s);
}

static struct config_list copy_list(struct deriving *d, struct config_list list)
{
    struct slice *items = arena_alloc(&d->made->arena, list.count * sizeof *items + 1);
    for (size_t i = 0; i < list.count; i++)
        items[i] = copy(d, list.items[i]);
    return (struct config_list){items, list.count};
}

static const struct tree *table_new(
    struct deriving *d, struct config_table *t, size_t size, const struct kind *k)
{
    const struct tree *said = &d->said->rows[kind_number(k)];
    t->size = size;
    t->count = tree_count(said);
    t->rows = mem_zero(t->count * size + 1);
    return said;
}

/* What a name means; NULL for an empty one. */
static const void *resolve(struct deriving *d, int *error, const struct config_table *in,
    const struct kind *of, struct slice name, const struct kind *wanted, struct slice named)
{
    const void *row = slice_empty(named) ? NULL : config__find(in, named);
    if (row != NULL || slice_empty(named))
        return row;
    if (*error == 0 && d->complaint != NULL)
        buffer_add_format(d->complaint, "%s %.*s: there is no %s %.*s", of->name, SLICE_ARG(name),
            wanted->name, SLICE_ARG(named));
    *error = ERROR_REFERENCE;
    return NULL;
}

static void derive_groups(struct deriving *d)
{
    struct config_table *t = &d->made->trunk_groups;
    const struct tree *said = table_new(d, t, sizeof(struct config_trunk_group), &kind_trunk_group);
    for (size_t i = 0; i < t->count; i++) {
        struct config_trunk_group *g = config__row(t, i);
        *g = *(const struct config_trunk_group *)tree_at(said, i);
        g->name = copy(d, g->name);
    }
    config__index(t);
}

/* The realm of a carrier is mostly its domain. */
static void default_names(struct deriving *d, struct config_trunk *t)
{
    if (slice_empty(t->domain))
        t->domain = t->host;
    if (t->realms.count == 0 && !slice_empty(t->domain))
        t->realms = copy_list(d, (struct config_list){&t->domain, 1});
}

static int derive_trunks(struct deriving *d)
{
    struct config_table *t = &d->made->trunks;
    const struct tree *said = table_new(d, t, sizeof(struct config_trunk), &kind_trunk);
    int error = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct said_trunk *from = tree_at(said, i);
        struct config_trunk *o = config__row(t, i);
        *o = from->row;
        o->name = copy(d, o->name);
        o->host = copy(d, o->host);
        o->networks = copy_list(d, o->networks);
        o->certificate_name = copy(d, o->certificate_name);
        o->domain = copy(d, o->domain);
        o->user = copy(d, o->user);
        o->secret = copy(d, o->secret);
        o->realms = copy_list(d, o->realms);
        o->denied = copy_list(d, o->denied);
        o->caller_prefix = copy(d, o->caller_prefix);
        default_names(d, o);
        o->location =
            resolve(d, &error, &d->made->locations, &kind_trunk, o->name, &kind_location, from->location);
        o->group =
            resolve(d, &error, &d->made->trunk_groups, &kind_trunk, o->name, &kind_trunk_group, from->group);
    }
    config__index(t);
    return error;
}

static int derive_rules(struct deriving *d)
{
    struct config_table *t = &d->made->dial_rules;
    const struct tree *said = table_new(d, t, sizeof(struct config_dial_rule), &kind_dial_rule);
    int error = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct said_dial_rule *from = tree_at(said, i);
        struct config_dial_rule *r = config__row(t, i);
        *r = from->row;
        r->name = copy(d, r->name);
        r->prefix = copy(d, r->prefix);
        r->add = copy(d, r->add);
        r->location =
            resolve(d, &error, &d->made->locations, &kind_dial_rule, r->name, &kind_location, from->location);
        r->trunk = resolve(d, &error, &d->made->trunks, &kind_dial_rule, r->name, &kind_trunk, from->trunk);
        r->group = resolve(
            d, &error, &d->made->trunk_groups, &kind_dial_rule, r->name, &kind_trunk_group, from->group);
    }
    config__index(t);
    return error;
}

int config__derive_trunks(
    struct config_derived *made, const struct configuration *said, struct buffer *complaint)
{
    struct deriving d = {made, said, complaint};
    derive_groups(&d);
    int error = derive_trunks(&d);
    return error != 0 ? error : derive_rules(&d);
}
