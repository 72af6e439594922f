#include "config/builder.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config_int.h"

/* A row on its way: what it says of others by name. The finished row comes first, and that begins with the
 * name. */
struct waiting_dn {
    struct config_dn row;
    struct slice location, secret;
};

struct waiting_member {
    struct config_member row;
    struct slice location;
};

struct waiting_application {
    struct config_application row;
    struct slice location;
};

struct rows {
    char *rows;
    size_t size, count, capacity;
};

struct config_builder {
    struct configuration *made;
    struct rows locations, members, dns, persons, applications;
    struct config_local local;
    struct arena scratch; /* what the copy does not need: secrets, names of references */
    struct buffer *complaint;
};

struct config_builder *config_builder_new(void)
{
    struct config_builder *b = mem_zero(sizeof *b);
    b->made = mem_zero(sizeof *b->made);
    b->made->references = 1;
    b->locations.size = sizeof(struct config_location);
    b->members.size = sizeof(struct waiting_member);
    b->dns.size = sizeof(struct waiting_dn);
    b->persons.size = sizeof(struct config_person);
    b->applications.size = sizeof(struct waiting_application);
    return b;
}

static void *rows_add(struct rows *r)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity != 0 ? r->capacity * 2 : 8;
        r->rows = mem_resize(r->rows, r->capacity * r->size);
    }
    return r->rows + r->count++ * r->size;
}

static void builder_free(struct config_builder *b)
{
    mem_free(b->locations.rows);
    mem_free(b->members.rows);
    mem_free(b->dns.rows);
    mem_free(b->persons.rows);
    mem_free(b->applications.rows);
    arena_free(&b->scratch);
    mem_free(b);
}

void config_builder_free(struct config_builder *b)
{
    config__free(b->made);
    builder_free(b);
}

/* ---- taking rows in ---- */

static struct slice copy(struct config_builder *b, struct slice s)
{
    return arena_copy(&b->made->arena, s);
}

static struct config_list copy_list(struct config_builder *b, struct config_list list)
{
    struct slice *items = arena_alloc(&b->made->arena, list.count * sizeof *items + 1);
    for (size_t i = 0; i < list.count; i++)
        items[i] = copy(b, list.items[i]);
    return (struct config_list){items, list.count};
}

void config_builder_location(struct config_builder *b, const struct config_location *row)
{
    struct config_location *l = rows_add(&b->locations);
    *l = (struct config_location){.name = copy(b, row->name), .sha256 = row->sha256};
    l->realm = slice_empty(row->realm) ? l->name : copy(b, row->realm);
}

void config_builder_dn_row(
    struct config_builder *b, const struct config_dn *row, struct slice location, struct slice secret)
{
    struct waiting_dn *d = rows_add(&b->dns);
    *d = (struct waiting_dn){.row = *row,
        .location = arena_copy(&b->scratch, location),
        .secret = arena_copy(&b->scratch, secret)};
    d->row.number = copy(b, row->number);
    d->row.name = copy(b, row->name);
    d->row.slot = config_slot(row->number);
}

void config_builder_dn(
    struct config_builder *b, struct slice number, struct slice location, struct slice secret)
{
    config_builder_dn_row(b, &(struct config_dn){.number = number}, location, secret);
}

void config_builder_person(struct config_builder *b, const struct config_person *row)
{
    struct config_person *p = rows_add(&b->persons);
    *p = *row;
    p->name = copy(b, row->name);
    p->display_name = copy(b, row->display_name);
    p->password = copy(b, row->password);
}

void config_builder_member(struct config_builder *b, const struct config_member *row, struct slice location)
{
    struct waiting_member *m = rows_add(&b->members);
    *m = (struct waiting_member){.row = *row, .location = arena_copy(&b->scratch, location)};
    m->row.name = copy(b, row->name);
    m->row.instance_id = copy(b, row->instance_id);
    m->row.serial = copy(b, row->serial);
    m->row.serial_before = copy(b, row->serial_before);
}

static struct slice local_place(struct config_builder *b, struct slice name, const char *end)
{
    struct buffer text = {0};
    buffer_add_format(&text, "local:%.*s%s", SLICE_ARG(name), end);
    struct slice place = copy(b, buffer_slice(&text));
    buffer_free(&text);
    return place;
}

void config_builder_application(
    struct config_builder *b, const struct config_application *row, struct slice location)
{
    struct waiting_application *a = rows_add(&b->applications);
    *a = (struct waiting_application){.row = *row, .location = arena_copy(&b->scratch, location)};
    a->row.name = copy(b, row->name);
    a->row.pair = copy(b, row->pair);
    a->row.listen = copy_list(b, row->listen);
    a->row.link = copy(b, row->link);
    a->row.inside = copy(b, row->inside);
    if (slice_empty(row->link) && row->role == CONFIG_ROLE_NODE)
        a->row.link = local_place(b, row->name, "-link");
    if (slice_empty(row->inside) && (row->role == CONFIG_ROLE_NODE || row->role == CONFIG_ROLE_PROXY))
        a->row.inside = local_place(b, row->name, "");
}

void config_builder_local(struct config_builder *b, const struct config_local *local)
{
    b->local.listen = copy_list(b, local->listen);
    b->local.listen_more = copy_list(b, local->listen_more);
    b->local.web = copy(b, local->web);
    b->made->operator_token_sha256 = copy(b, local->operator_token_sha256);
}

/* ---- bringing it to its end ---- */

static int complain(struct config_builder *b, int error, const char *kind, struct slice name,
    const char *what, struct slice named)
{
    if (b->complaint != NULL)
        buffer_add_format(b->complaint, "%s %.*s: %s %.*s", kind, SLICE_ARG(name), what, SLICE_ARG(named));
    return error;
}

static int compare_rows(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static int sort(struct config_builder *b, struct rows *r, const char *kind)
{
    if (r->count > 1)
        qsort(r->rows, r->count, r->size, compare_rows);
    for (size_t i = 1; i < r->count; i++) {
        struct slice name = *(struct slice *)(r->rows + i * r->size);
        if (slice_equal(name, *(struct slice *)(r->rows + (i - 1) * r->size)))
            return complain(b, ERROR_EXISTS, kind, name, "there are two of them named", name);
    }
    return 0;
}

/* The table takes the first `size` bytes of each row. */
static void fill(struct config_table *t, const struct rows *r, size_t size)
{
    t->size = size;
    t->count = r->count;
    t->rows = mem_alloc(r->count * size + 1);
    for (size_t i = 0; i < r->count; i++)
        memcpy(config__row(t, i), r->rows + i * r->size, size);
    config__index(t);
}

static void hash_secret(char *hex, const EVP_MD *algorithm, const struct waiting_dn *d, struct slice realm)
{
    struct buffer text = {0};
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    buffer_add_format(
        &text, "%.*s:%.*s:%.*s", SLICE_ARG(d->row.number), SLICE_ARG(realm), SLICE_ARG(d->secret));
    if (EVP_Digest(text.data, text.length, hash, &length, algorithm, NULL) != 1)
        length = 0; /* an algorithm that this machine's rules forbid: no phone can log in by it */
    for (unsigned i = 0; i < length; i++) {
        hex[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
    hex[length * 2] = '\0';
    buffer_free(&text);
}

static int end_dns(struct config_builder *b)
{
    for (size_t i = 0; i < b->dns.count; i++) {
        struct waiting_dn *d = (struct waiting_dn *)(void *)b->dns.rows + i;
        d->row.location = config_location(b->made, d->location);
        if (d->row.location == NULL)
            return complain(b, ERROR_REFERENCE, "dn", d->row.number, "there is no location", d->location);
        if (slice_empty(d->secret))
            continue;
        hash_secret(d->row.ha1_md5, EVP_md5(), d, d->row.location->realm);
        hash_secret(d->row.ha1_sha256, EVP_sha256(), d, d->row.location->realm);
    }
    fill(&b->made->dns, &b->dns, sizeof(struct config_dn));
    return 0;
}

static int end_members(struct config_builder *b)
{
    for (size_t i = 0; i < b->members.count; i++) {
        struct waiting_member *m = (struct waiting_member *)(void *)b->members.rows + i;
        if (slice_empty(m->location))
            continue;
        m->row.location = config_location(b->made, m->location);
        if (m->row.location == NULL)
            return complain(b, ERROR_REFERENCE, "member", m->row.name, "there is no location", m->location);
    }
    fill(&b->made->members, &b->members, sizeof(struct config_member));
    return 0;
}

static struct config_list join(struct config_builder *b, struct config_list one, struct config_list other)
{
    struct slice *items = arena_alloc(&b->made->arena, (one.count + other.count) * sizeof *items + 1);
    for (size_t i = 0; i < one.count; i++)
        items[i] = one.items[i];
    for (size_t i = 0; i < other.count; i++)
        items[one.count + i] = other.items[i];
    return (struct config_list){items, one.count + other.count};
}

static void apply_local(struct config_builder *b, struct config_application *a)
{
    if (a->role == CONFIG_ROLE_PROXY)
        a->listen = join(b, a->listen.count != 0 ? a->listen : b->local.listen, b->local.listen_more);
    else if (a->role == CONFIG_ROLE_SESSION && a->listen.count == 0 && !slice_empty(b->local.web))
        a->listen = copy_list(b, (struct config_list){&b->local.web, 1});
}

static int end_applications(struct config_builder *b)
{
    for (size_t i = 0; i < b->applications.count; i++) {
        struct waiting_application *a = (struct waiting_application *)(void *)b->applications.rows + i;
        a->row.location = config_location(b->made, a->location);
        if (a->row.location == NULL)
            return complain(
                b, ERROR_REFERENCE, "application", a->row.name, "there is no location", a->location);
        if (a->row.role == CONFIG_ROLE_NODE && slice_empty(a->row.pair))
            return complain(
                b, ERROR_REFERENCE, "application", a->row.name, "a node belongs to a pair", a->row.pair);
        apply_local(b, &a->row);
    }
    fill(&b->made->applications, &b->applications, sizeof(struct config_application));
    return 0;
}

/* Pairs are what the nodes say. */
static int end_pairs(struct config_builder *b)
{
    struct rows pairs = {.size = sizeof(struct config_pair)};
    const struct config_application *a;
    int error = 0;

    for (size_t at = 0;
         error == 0 && (a = config_next_application(b->made, CONFIG_ROLE_NODE, &at)) != NULL;) {
        struct config_pair *p = NULL;
        for (size_t i = 0; i < pairs.count && p == NULL; i++) {
            p = (struct config_pair *)(void *)pairs.rows + i;
            if (!slice_equal(p->name, a->pair))
                p = NULL;
        }
        if (p == NULL) {
            p = rows_add(&pairs);
            *p = (struct config_pair){.name = a->pair, .location = a->location, .members = {a}};
        } else if (p->members[1] != NULL)
            error = complain(
                b, ERROR_RANGE, "application", a->name, "there are two others already in pair", a->pair);
        else if (p->location != a->location)
            error = complain(
                b, ERROR_RANGE, "application", a->name, "in another location than the rest of pair", a->pair);
        else
            p->members[1] = a;
    }
    if (error == 0 && (error = sort(b, &pairs, "pair")) == 0)
        fill(&b->made->pairs, &pairs, sizeof(struct config_pair));
    mem_free(pairs.rows);
    return error;
}

/* What belongs to a location, in order of name. */
static void end_locations(struct config_builder *b)
{
    struct configuration *c = b->made;
    for (size_t i = 0; i < c->locations.count; i++) {
        struct config_location *l = config__row(&c->locations, i);
        struct slice *pairs = arena_alloc(&c->arena, c->pairs.count * sizeof *pairs + 1);
        struct slice *proxies = arena_alloc(&c->arena, c->applications.count * sizeof *proxies + 1);
        l->pairs.items = pairs;
        l->proxies.items = proxies;
        const struct config_pair *p;
        for (size_t at = 0; (p = config_next_pair(c, &at)) != NULL;)
            if (p->location == l)
                pairs[l->pairs.count++] = p->name;
        const struct config_application *a;
        for (size_t at = 0; (a = config_next_application(c, CONFIG_ROLE_PROXY, &at)) != NULL;)
            if (a->location == l)
                proxies[l->proxies.count++] = a->name;
    }
}

static int end_all(struct config_builder *b)
{
    int error;
    if ((error = sort(b, &b->locations, "location")) != 0 || (error = sort(b, &b->members, "member")) != 0 ||
        (error = sort(b, &b->dns, "dn")) != 0 || (error = sort(b, &b->persons, "person")) != 0 ||
        (error = sort(b, &b->applications, "application")) != 0)
        return error;
    fill(&b->made->locations, &b->locations, sizeof(struct config_location));
    fill(&b->made->persons, &b->persons, sizeof(struct config_person));
    if ((error = end_members(b)) != 0 || (error = end_dns(b)) != 0 || (error = end_applications(b)) != 0 ||
        (error = end_pairs(b)) != 0)
        return error;
    end_locations(b);
    return 0;
}

int config_builder_end(struct configuration **out, struct config_builder *b, struct buffer *complaint)
{
    b->complaint = complaint;
    int error = end_all(b);
    *out = error == 0 ? b->made : NULL;
    if (error != 0)
        config__free(b->made);
    builder_free(b);
    return error;
}
