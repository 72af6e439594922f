#include "config/builder.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/config_int.h"

/* A DN that came before its location, without which there is no realm for its digests. */
struct waiting_dn {
    struct slice number, secret;
};

struct config_builder {
    struct configuration *made;
    struct config_derived *base; /* of the copy that it began with, or NULL */
    struct config_local local;
    bool by_hand; /* from nothing: what comes twice is a mistake, and so is what refers to nothing */
    bool few_changed;
    bool stale;
    struct map places;    /* by name: struct config_place, in the order of their numbers */
    struct map waiting;   /* by number */
    struct arena scratch; /* what the copy does not need: secrets, names of references */
    struct buffer sentence;
    int error; /* the first one */
};

static struct config_builder *builder_new(void)
{
    struct config_builder *b = mem_zero(sizeof *b);
    b->made = mem_zero(sizeof *b->made);
    b->made->references = 1;
    return b;
}

struct config_builder *config_builder_new(void)
{
    struct config_builder *b = builder_new();
    b->by_hand = b->few_changed = true;
    return b;
}

struct config_builder *config_builder_empty(void)
{
    struct config_builder *b = builder_new();
    b->few_changed = true;
    return b;
}

static void add_place(struct config_builder *b, struct slice name, struct slice realm)
{
    struct config_place *p = arena_zero(&b->scratch, sizeof *p);
    p->name = arena_copy(&b->scratch, name);
    p->realm = arena_copy(&b->scratch, realm);
    p->number = (uint16_t)map_count(&b->places);
    map_put(&b->places, p->name, p);
}

struct config_builder *config_builder_from(const struct configuration *before)
{
    struct config_builder *b = builder_new();
    b->base = before->derived;
    __atomic_add_fetch(&b->base->references, 1, __ATOMIC_RELAXED);
    b->local = b->base->local;
    b->made->number = before->number;
    for (size_t i = 0; i < KIND_MAX; i++)
        tree_share(&b->made->rows[i], &before->rows[i]);
    for (size_t i = 0; i < b->base->place_count; i++)
        add_place(b, b->base->places[i].name, b->base->places[i].realm);
    return b;
}

static void builder_free(struct config_builder *b)
{
    if (b->base != NULL)
        config__derived_release(b->base);
    map_free(&b->places);
    map_free(&b->waiting);
    buffer_free(&b->sentence);
    arena_free(&b->scratch);
    mem_free(b);
}

void config_builder_free(struct config_builder *b)
{
    config__free(b->made);
    builder_free(b);
}

static int complain(struct config_builder *b, int error, const char *kind, struct slice name,
    const char *what, struct slice named)
{
    if (b->error == 0)
        buffer_add_format(&b->sentence, "%s %.*s: %s %.*s", kind, SLICE_ARG(name), what, SLICE_ARG(named));
    b->error = b->error != 0 ? b->error : error;
    return error;
}

/* ---- rows ---- */

static struct tree *tree_of(struct config_builder *b, const struct kind *k)
{
    return &b->made->rows[kind_number(k)];
}

/* Those from which something is derived. */
static bool is_few(const struct kind *k)
{
    return k != &kind_dn && k != &kind_person && k != &kind_ban;
}

static void put(struct config_builder *b, const struct kind *k, const void *structure)
{
    struct slice name = row_name(structure);
    if (tree_put(tree_of(b, k), row_new(config__shape(k), structure)) && b->by_hand)
        complain(b, ERROR_EXISTS, k->name, name, "there are two of them named", name);
    b->few_changed = b->few_changed || is_few(k);
}

void config_builder_cluster(struct config_builder *b, const struct config_cluster *row)
{
    put(b, &kind_cluster, row);
}

void config__put_location(struct config_builder *b, const struct said_location *said)
{
    put(b, &kind_location, said);
}

void config_builder_location(struct config_builder *b, const struct config_location *row)
{
    struct said_location said = {
        .row = *row, .says_sha256 = row->phones.sha256, .says_sha512_256 = row->phones.sha512_256};
    said.row.pairs = said.row.proxies = (struct config_list){0};
    config__put_location(b, &said);
}

void config_builder_member(struct config_builder *b, const struct config_member *row, struct slice location)
{
    struct said_member said = {.row = *row, .location = location};
    said.row.location = NULL;
    put(b, &kind_member, &said);
}

void config_builder_person(struct config_builder *b, const struct config_person *row)
{
    put(b, &kind_person, row);
}

void config_builder_application(
    struct config_builder *b, const struct config_application *row, struct slice location)
{
    struct said_application said = {.row = *row, .location = location};
    said.row.location = NULL;
    put(b, &kind_application, &said);
}

void config_builder_ban(struct config_builder *b, const struct config_ban *row)
{
    put(b, &kind_ban, row);
}

void config_builder_trunk_group(struct config_builder *b, const struct config_trunk_group *row)
{
    put(b, &kind_trunk_group, row);
}

void config_builder_trunk(
    struct config_builder *b, const struct config_trunk *row, struct slice location, struct slice group)
{
    struct said_trunk said = {.row = *row, .location = location, .group = group};
    said.row.location = NULL;
    said.row.group = NULL;
    put(b, &kind_trunk, &said);
}

void config_builder_dial_rule(struct config_builder *b, const struct config_dial_rule *row,
    struct slice location, struct slice trunk, struct slice group)
{
    struct said_dial_rule said = {.row = *row, .location = location, .trunk = trunk, .group = group};
    said.row.location = NULL;
    said.row.trunk = NULL;
    said.row.group = NULL;
    put(b, &kind_dial_rule, &said);
}

void config_builder_remove(struct config_builder *b, const struct kind *k, struct slice name)
{
    if (k == &kind_dn)
        map_remove(&b->waiting, name);
    if (tree_remove(tree_of(b, k), name))
        b->few_changed = b->few_changed || is_few(k);
}

struct slice config_builder_key(const struct config_builder *b)
{
    return b->local.secret_key;
}

void config_builder_number(struct config_builder *b, uint64_t number)
{
    b->made->number = number;
}

void config_builder_local(struct config_builder *b, const struct config_local *local)
{
    b->local = *local;
    b->few_changed = true;
}

/* ---- DNs ---- */

static struct config_place *place_of(struct config_builder *b, struct slice location)
{
    struct config_place *p = map_get(&b->places, location);
    if (p == NULL && map_count(&b->places) < CONFIG_PLACES) {
        add_place(b, location, SLICE(""));
        b->few_changed = true;
        p = map_get(&b->places, location);
    }
    return p;
}

/* False: this machine's rules forbid the algorithm, and no phone can log in by it. */
static bool digest(uint8_t *out, size_t size, const EVP_MD *algorithm, struct slice text)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_Digest(text.data, text.length, hash, &length, algorithm, NULL) != 1 || length != size)
        return false;
    memcpy(out, hash, size);
    return true;
}

static void add_digests(struct config_dn *dn, struct slice realm, struct slice secret)
{
    struct buffer text = {0};
    buffer_add(&text, dn->number);
    buffer_add_byte(&text, ':');
    buffer_add(&text, realm);
    buffer_add_byte(&text, ':');
    buffer_add(&text, secret);
    if (digest(dn->ha1_md5, sizeof dn->ha1_md5, EVP_md5(), buffer_slice(&text)))
        dn->digests |= 1;
    if (digest(dn->ha1_sha256, sizeof dn->ha1_sha256, EVP_sha256(), buffer_slice(&text)))
        dn->digests |= 2;
    if (digest(dn->ha1_sha512_256, sizeof dn->ha1_sha512_256, EVP_sha512_256(), buffer_slice(&text)))
        dn->digests |= 4;
    buffer_free(&text);
}

/* The realm that the digests of a place are made for. Empty: there is no such location. */
static struct slice realm_of(struct config_builder *b, struct config_place *p)
{
    const struct said_location *l = tree_get(tree_of(b, &kind_location), p->name);
    if (l == NULL)
        return (struct slice){0};
    struct slice realm = config__realm(l);
    if (!slice_equal(realm, p->realm)) {
        b->stale = b->stale || !slice_empty(p->realm);
        p->realm = arena_copy(&b->scratch, realm);
        b->few_changed = true;
    }
    return p->realm;
}

static void wait_for_location(struct config_builder *b, struct slice number, struct slice secret)
{
    struct waiting_dn *w = arena_zero(&b->scratch, sizeof *w);
    w->number = arena_copy(&b->scratch, number);
    w->secret = arena_copy(&b->scratch, secret);
    map_put(&b->waiting, w->number, w);
}

void config_builder_dn_row(
    struct config_builder *b, const struct config_dn *row, struct slice location, struct slice secret)
{
    struct config_dn dn = *row;
    struct config_place *p = place_of(b, location);
    map_remove(&b->waiting, dn.number);
    if (p == NULL) {
        complain(b, ERROR_LIMIT, "dn", dn.number, "there were too many locations before", location);
        return;
    }
    dn.place = p->number;
    dn.slot = config_slot(dn.number);
    struct slice realm = realm_of(b, p);
    if (slice_empty(realm))
        wait_for_location(b, dn.number, secret);
    else if (!slice_empty(secret))
        add_digests(&dn, realm, secret);
    put(b, &kind_dn, &dn);
}

void config_builder_dn(
    struct config_builder *b, struct slice number, struct slice location, struct slice secret)
{
    config_builder_dn_row(b, &(struct config_dn){.number = number}, location, secret);
}

/* ---- images ---- */

void config__builder_place(struct config_builder *b, struct slice name, struct slice realm)
{
    if (map_get(&b->places, name) == NULL && map_count(&b->places) < CONFIG_PLACES)
        add_place(b, name, realm);
}

void config__builder_row(struct config_builder *b, const struct kind *k, void *structure)
{
    struct said_application *application = structure;
    struct config_person *person = structure;
    struct config_member *member = structure;
    struct config_dn *dn = structure;
    if (k == &kind_application && application->row.role >= CONFIG_ROLE_COUNT)
        return;
    if (k == &kind_person && person->role > CONFIG_PERSON_ADMINISTRATOR) {
        person->role = CONFIG_PERSON_AGENT;
        person->disabled = true;
    }
    if (k == &kind_dn)
        dn->disabled = dn->disabled || dn->kind > CONFIG_DN_EXTENSION;
    if (k == &kind_dn && dn->dial > CONFIG_DIAL_ALL)
        dn->dial = CONFIG_DIAL_NONE;
    if (k == &kind_member && member->state > CONFIG_MEMBER_REVOKED)
        member->state = CONFIG_MEMBER_REVOKED;
    put(b, k, structure);
}

/* ---- bringing it to its end ---- */

static struct config_place *place_at(struct config_builder *b, size_t number)
{
    struct config_place *p;
    map_for_each (p, &b->places)
        if (p->number == number)
            return p;
    return NULL;
}

/* A realm that none can have (its names have no question mark): once the location is there the DNs are read
 * again. */
#define NO_REALM SLICE("?")

static void end_waiting(struct config_builder *b)
{
    struct waiting_dn *w;
    map_for_each (w, &b->waiting) {
        const struct config_dn *row = tree_get(tree_of(b, &kind_dn), w->number);
        struct config_dn dn = *row;
        struct config_place *p = place_at(b, dn.place);
        struct slice realm = realm_of(b, p);
        if (slice_empty(realm) && b->by_hand)
            complain(b, ERROR_REFERENCE, "dn", dn.number, "there is no location", p->name);
        if (slice_empty(realm))
            p->realm = NO_REALM;
        else if (!slice_empty(w->secret)) {
            add_digests(&dn, realm, w->secret);
            tree_put(tree_of(b, &kind_dn), row_new(config__shape(&kind_dn), &dn));
        }
    }
}

static int end_all(struct config_builder *b, struct buffer *complaint)
{
    struct config_place *p;
    end_waiting(b);
    if (b->error != 0) {
        if (complaint != NULL)
            buffer_add(complaint, buffer_slice(&b->sentence));
        return b->error;
    }
    if (!b->few_changed) {
        b->made->derived = b->base;
        b->base = NULL;
        return 0;
    }
    size_t count = 0;
    struct config_place *places = arena_zero(&b->scratch, map_count(&b->places) * sizeof *places + 1);
    map_for_each (p, &b->places)
        places[count++] = *p;
    return config__derive(&b->made->derived, b->made, places, count, &b->local, complaint);
}

bool config_builder_stale(struct config_builder *b)
{
    struct config_place *p;
    map_for_each (p, &b->places)
        if (!slice_empty(p->realm))
            realm_of(b, p);
    return b->stale;
}

int config_builder_end(struct configuration **out, struct config_builder *b, struct buffer *complaint)
{
    int error = end_all(b, complaint);
    *out = error == 0 ? b->made : NULL;
    if (error != 0)
        config__free(b->made);
    builder_free(b);
    return error;
}
