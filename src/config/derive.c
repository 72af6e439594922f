/* What follows from locations and applications: inherited and local values, pairs, lists. All of it is made
 * anew when one of them changes; they are few. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config_int.h"
#include "config/part.h"

struct deriving {
    struct config_derived *made;
    const struct configuration *said;
    struct buffer *complaint;
};

static int complain(
    struct deriving *d, int error, const char *kind, struct slice name, const char *what, struct slice named)
{
    if (d->complaint != NULL)
        buffer_add_format(d->complaint, "%s %.*s: %s %.*s", kind, SLICE_ARG(name), what, SLICE_ARG(named));
    return error;
}

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

static void table_new(struct config_table *t, size_t size, size_t count)
{
    t->size = size;
    t->count = count;
    t->rows = mem_zero(count * size + 1);
}

static const struct tree *tree_of(const struct deriving *d, const struct kind *k)
{
    return &d->said->rows[kind_number(k)];
}

struct slice config__realm(const struct said_location *said)
{
    return slice_empty(said->row.realm) ? said->row.name : said->row.realm;
}

static void derive_cluster(struct deriving *d)
{
    const struct config_cluster *said = tree_get(tree_of(d, &kind_cluster), slice_text(kind_cluster.single));
    d->made->cluster = (struct config_cluster){
        .name = slice_text(kind_cluster.single),
        .phones = said != NULL ? said->phones : config__standard_phones(),
        .log = said != NULL ? copy_list(d, said->log) : (struct config_list){0},
    };
}

static uint32_t nearest(uint32_t own, uint32_t above)
{
    return own != 0 ? own : above;
}

static struct config_phones inherit(const struct said_location *said, const struct config_phones *above)
{
    const struct config_phones *own = &said->row.phones;
    struct config_phones p = {
        .sha256 = said->says_sha256 ? own->sha256 : above->sha256,
        .sha512_256 = said->says_sha512_256 ? own->sha512_256 : above->sha512_256,
        .register_standard = nearest(own->register_standard, above->register_standard),
        .register_shortest = nearest(own->register_shortest, above->register_shortest),
        .register_longest = nearest(own->register_longest, above->register_longest),
    };
    if (p.register_longest < p.register_shortest)
        p.register_longest = p.register_shortest;
    if (p.register_standard > p.register_longest)
        p.register_standard = p.register_longest;
    if (p.register_standard < p.register_shortest)
        p.register_standard = p.register_shortest;
    return p;
}

static void derive_locations(struct deriving *d)
{
    struct config_table *t = &d->made->locations;
    const struct tree *said = tree_of(d, &kind_location);
    table_new(t, sizeof(struct config_location), tree_count(said));
    for (size_t i = 0; i < t->count; i++) {
        const struct said_location *from = tree_at(said, i);
        struct config_location *l = config__row(t, i);
        *l = (struct config_location){.name = copy(d, from->row.name),
            .realm = copy(d, config__realm(from)),
            .phones = inherit(from, &d->made->cluster.phones),
            .networks = copy_list(d, from->row.networks),
            .unchallenged = copy_list(d, from->row.unchallenged),
            .dial_rate = from->row.dial_rate != 0 ? from->row.dial_rate : CONFIG_DIAL_RATE,
            .dial = from->row.dial != 0 ? from->row.dial : CONFIG_DIAL_NATIONAL,
            .guard = from->row.guard,
            .scanners = copy_list(d, from->row.scanners),
            .domains = copy_list(d, from->row.domains),
            .passing = {.headers = copy_list(d, from->row.passing.headers),
                .denied = copy_list(d, from->row.passing.denied),
                .bodies = copy_list(d, from->row.passing.bodies),
                .attributes = copy_list(d, from->row.passing.attributes)},
            .trace = from->row.trace};
        l->trace.hep_host = copy(d, l->trace.hep_host);
        l->trace.hep_password = copy(d, l->trace.hep_password);
    }
    config__index(t);
}

static void derive_places(struct deriving *d, const struct config_place *places, size_t count)
{
    d->made->places = arena_zero(&d->made->arena, count * sizeof *places + 1);
    d->made->place_count = count;
    for (size_t i = 0; i < count; i++)
        d->made->places[i] = (struct config_place){copy(d, places[i].name), copy(d, places[i].realm),
            config__find(&d->made->locations, places[i].name)};
}

/* ---- applications ---- */

static struct slice local_place(struct deriving *d, struct slice name, const char *end)
{
    struct buffer text = {0};
    buffer_add_format(&text, "local:%.*s%s", SLICE_ARG(name), end);
    struct slice place = copy(d, buffer_slice(&text));
    buffer_free(&text);
    return place;
}

static struct config_list join(struct deriving *d, struct config_list one, struct config_list other)
{
    struct slice *items = arena_alloc(&d->made->arena, (one.count + other.count) * sizeof *items + 1);
    for (size_t i = 0; i < one.count; i++)
        items[i] = one.items[i];
    for (size_t i = 0; i < other.count; i++)
        items[one.count + i] = other.items[i];
    return (struct config_list){items, one.count + other.count};
}

static void apply_local(struct deriving *d, struct config_application *a)
{
    const struct config_local *local = &d->made->local;
    if (a->role == CONFIG_ROLE_PROXY)
        a->listen = join(d, a->listen.count != 0 ? a->listen : local->listen, local->listen_more);
    else if (a->role == CONFIG_ROLE_SESSION && a->listen.count == 0 && !slice_empty(local->web))
        a->listen = copy_list(d, (struct config_list){&local->web, 1});
    if (slice_empty(a->link) && a->role == CONFIG_ROLE_NODE)
        a->link = local_place(d, a->name, "-link");
    if (slice_empty(a->inside) && (a->role == CONFIG_ROLE_NODE || a->role == CONFIG_ROLE_PROXY))
        a->inside = local_place(d, a->name, "");
}

static int derive_application(
    struct deriving *d, struct config_application *a, const struct said_application *said)
{
    *a = said->row;
    a->name = copy(d, a->name);
    a->pair = copy(d, a->pair);
    a->member = copy(d, a->member);
    a->listen = copy_list(d, a->listen);
    a->link = copy(d, a->link);
    a->inside = copy(d, a->inside);
    a->location = config__find(&d->made->locations, said->location);
    if (a->location == NULL)
        return complain(d, ERROR_REFERENCE, "application", a->name, "there is no location", said->location);
    if (a->role == CONFIG_ROLE_NODE && slice_empty(a->pair))
        return complain(d, ERROR_REFERENCE, "application", a->name, "a node belongs to a pair", a->pair);
    struct slice endpoint;
    const char *wrong = part_wrong(&endpoint, a);
    if (wrong != NULL)
        return complain(d, ERROR_RANGE, "application", a->name, wrong, endpoint);
    apply_local(d, a);
    return 0;
}

static int derive_members(struct deriving *d)
{
    struct config_table *t = &d->made->members;
    const struct tree *said = tree_of(d, &kind_member);
    int error = 0;
    table_new(t, sizeof(struct config_member), tree_count(said));
    for (size_t i = 0; i < t->count && error == 0; i++) {
        const struct said_member *from = tree_at(said, i);
        struct config_member *m = config__row(t, i);
        *m = from->row;
        m->name = copy(d, m->name);
        m->instance_id = copy(d, m->instance_id);
        m->serial = copy(d, m->serial);
        m->serial_before = copy(d, m->serial_before);
        m->location = config__find(&d->made->locations, from->location);
        if (m->location == NULL && !slice_empty(from->location))
            error = complain(d, ERROR_REFERENCE, "member", m->name, "there is no location", from->location);
    }
    config__index(t);
    return error;
}

static int derive_applications(struct deriving *d)
{
    struct config_table *t = &d->made->applications;
    const struct tree *said = tree_of(d, &kind_application);
    int error = 0;
    table_new(t, sizeof(struct config_application), tree_count(said));
    for (size_t i = 0; i < t->count && error == 0; i++)
        error = derive_application(d, config__row(t, i), tree_at(said, i));
    config__index(t);
    return error;
}

/* ---- pairs are what the nodes say ---- */

static int join_pair(struct deriving *d, struct config_pair *p, const struct config_application *a)
{
    if (p->members[1] != NULL)
        return complain(
            d, ERROR_RANGE, "application", a->name, "there are two others already in pair", a->pair);
    if (p->location != a->location)
        return complain(
            d, ERROR_RANGE, "application", a->name, "in another location than the rest of pair", a->pair);
    p->members[1] = a;
    return 0;
}

static int compare_pairs(const void *a, const void *b)
{
    return slice_compare(row_name(a), row_name(b));
}

static int derive_pairs(struct deriving *d)
{
    struct config_table *t = &d->made->pairs;
    const struct config_table *applications = &d->made->applications;
    int error = 0;
    table_new(t, sizeof(struct config_pair), applications->count);
    t->count = 0;
    for (size_t i = 0; i < applications->count && error == 0; i++) {
        const struct config_application *a = config__row(applications, i);
        struct config_pair *p = NULL;
        if (a->role != CONFIG_ROLE_NODE)
            continue;
        for (size_t k = 0; k < t->count && p == NULL; k++)
            p = slice_equal(row_name(config__row(t, k)), a->pair) ? config__row(t, k) : NULL;
        if (p != NULL) {
            error = join_pair(d, p, a);
        } else {
            p = config__row(t, t->count++);
            *p = (struct config_pair){.name = a->pair, .location = a->location, .members = {a}};
        }
    }
    qsort(t->rows, t->count, t->size, compare_pairs);
    config__index(t);
    return error;
}

/* What belongs to a location, in order of name. */
static void list_members(struct deriving *d)
{
    const struct config_table *locations = &d->made->locations, *pairs = &d->made->pairs,
                              *applications = &d->made->applications;
    for (size_t i = 0; i < locations->count; i++) {
        struct config_location *l = config__row(locations, i);
        struct slice *pair_names = arena_alloc(&d->made->arena, pairs->count * sizeof *pair_names + 1);
        struct slice *proxies = arena_alloc(&d->made->arena, applications->count * sizeof *proxies + 1);
        l->pairs.items = pair_names;
        l->proxies.items = proxies;
        for (size_t k = 0; k < pairs->count; k++) {
            const struct config_pair *p = config__row(pairs, k);
            if (p->location == l)
                pair_names[l->pairs.count++] = p->name;
        }
        for (size_t k = 0; k < applications->count; k++) {
            const struct config_application *a = config__row(applications, k);
            if (a->location == l && a->role == CONFIG_ROLE_PROXY)
                proxies[l->proxies.count++] = a->name;
        }
    }
}

/* ---- the whole ---- */

static void copy_local(struct deriving *d, const struct config_local *local)
{
    d->made->local = (struct config_local){
        .listen = copy_list(d, local->listen),
        .listen_more = copy_list(d, local->listen_more),
        .web = copy(d, local->web),
        .operator_token_sha256 = copy(d, local->operator_token_sha256),
        .secret_key = copy(d, local->secret_key),
        .resolvers = copy_list(d, local->resolvers),
    };
}

int config__derive(struct config_derived **out, const struct configuration *c,
    const struct config_place *places, size_t place_count, const struct config_local *local,
    struct buffer *complaint)
{
    struct deriving d = {.made = mem_zero(sizeof *d.made), .said = c, .complaint = complaint};
    d.made->references = 1;
    copy_local(&d, local);
    derive_cluster(&d);
    derive_locations(&d);
    derive_places(&d, places, place_count);
    int error = derive_members(&d);
    if (error == 0)
        error = derive_applications(&d);
    if (error == 0)
        error = derive_pairs(&d);
    if (error == 0)
        list_members(&d);
    if (error == 0)
        error = config__derive_trunks(d.made, c, complaint);
    *out = error == 0 ? d.made : NULL;
    if (error != 0)
        config__derived_release(d.made);
    return error;
}

void config__derived_release(struct config_derived *d)
{
    if (__atomic_sub_fetch(&d->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    config__table_free(&d->locations);
    config__table_free(&d->members);
    config__table_free(&d->applications);
    config__table_free(&d->pairs);
    config__table_free(&d->trunk_groups);
    config__table_free(&d->trunks);
    config__table_free(&d->dial_rules);
    arena_free(&d->arena);
    mem_free(d);
}
