/* What the registry keeps over a restart. An entry: kind (1 byte), then little-endian numbers and bytes:
 *
 *     'O' base                                  opened: revisions and leases begin here
 *     'P' revision lease key-length key value   put
 *     'D' revision key                          deleted
 *     'L' lease length(µs)                      granted
 *     'E' lease                                 ended, and its keys with it */
#include <endian.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/wheel.h"
#include "engine/registry_int.h"

#define JOURNAL "registry.journal"
#define TIDY_BYTES ((uint64_t)1 << 20) /* below this nothing is written anew */

struct telling {
    struct registry *registry;
    int64_t now;
    uint64_t highest; /* of all bases, revisions and leases */
    bool opened_before, damaged;
};

static void begin(struct registry *r, char kind)
{
    buffer_clear(&r->scratch);
    buffer_add_byte(&r->scratch, kind);
}

static void add_number(struct buffer *b, uint64_t number)
{
    number = htole64(number);
    buffer_add(b, slice_of(&number, sizeof number));
}

static bool take_number(struct slice *rest, uint64_t *number)
{
    if (rest->length < sizeof *number)
        return false;
    memcpy(number, rest->data, sizeof *number);
    *number = le64toh(*number);
    *rest = slice_from(*rest, sizeof *number);
    return true;
}

static void note(struct telling *t, uint64_t number)
{
    if (number > t->highest)
        t->highest = number;
}

static bool told_put(struct telling *t, struct slice rest)
{
    uint64_t revision, lease, length;
    if (!take_number(&rest, &revision) || !take_number(&rest, &lease) || !take_number(&rest, &length) ||
        length > rest.length)
        return false;
    struct lease *of = lease != 0 ? map_get_number(&t->registry->leases, lease) : NULL;
    if (lease != 0 && of == NULL)
        return false;
    registry__put(t->registry, slice_first(rest, length), slice_from(rest, length), of, revision);
    note(t, revision);
    return true;
}

static bool told_lease(struct telling *t, struct slice rest)
{
    uint64_t lease, length;
    if (!take_number(&rest, &lease) || !take_number(&rest, &length) || length > INT64_MAX / 2 ||
        map_get_number(&t->registry->leases, lease) != NULL)
        return false;
    registry__lease_add(t->registry, lease, (int64_t)length, t->now);
    note(t, lease);
    return true;
}

static bool told_end(struct telling *t, struct slice rest)
{
    uint64_t lease;
    if (!take_number(&rest, &lease))
        return false;
    struct lease *ended = map_get_number(&t->registry->leases, lease);
    if (ended != NULL)
        registry__lease_end(t->registry, ended);
    return true;
}

static bool told_number(struct telling *t, struct slice *rest)
{
    uint64_t number;
    if (!take_number(rest, &number))
        return false;
    note(t, number);
    return true;
}

static void told(void *argument, struct slice entry)
{
    struct telling *t = argument;
    struct slice rest = slice_from(entry, 1);
    bool good = false;
    switch (entry.length != 0 ? entry.data[0] : 0) {
    case 'O':
        good = told_number(t, &rest);
        t->opened_before = true;
        break;
    case 'P':
        good = told_put(t, rest);
        break;
    case 'D':
        good = told_number(t, &rest);
        if (good)
            registry__delete(t->registry, rest, t->registry->revision);
        break;
    case 'L':
        good = told_lease(t, rest);
        break;
    case 'E':
        good = told_end(t, rest);
        break;
    default:
        break;
    }
    if (!good)
        t->damaged = true;
}

static int keep(struct registry *r)
{
    return r->journal != NULL ? journal_append(r->journal, buffer_slice(&r->scratch)) : 0;
}

static void write_opened(struct registry *r, uint64_t base)
{
    begin(r, 'O');
    add_number(&r->scratch, base);
}

static void write_lease(struct registry *r, uint64_t id, int64_t length)
{
    begin(r, 'L');
    add_number(&r->scratch, id);
    add_number(&r->scratch, (uint64_t)length);
}

static void write_put(
    struct registry *r, struct slice name, struct slice value, uint64_t lease, uint64_t revision)
{
    begin(r, 'P');
    add_number(&r->scratch, revision);
    add_number(&r->scratch, lease);
    add_number(&r->scratch, name.length);
    buffer_add(&r->scratch, name);
    buffer_add(&r->scratch, value);
}

int registry__journal_open(struct registry *r, struct files *files, int64_t now)
{
    struct telling t = {.registry = r, .now = now};
    r->loading = true;
    int error = journal_open(&r->journal, files, JOURNAL, told, &t);
    r->loading = false;
    if (error == 0 && t.damaged) {
        LOG(LOG_ERROR, "registry",
            "%s holds entries that are none of this version; nothing was changed; restore it from a backup "
            "or "
            "move it away to begin afresh",
            JOURNAL);
        error = ERROR_CORRUPT;
    }
    if (error != 0)
        return error;
    uint64_t base = t.opened_before ? (t.highest / REGISTRY_STRIDE + 1) * REGISTRY_STRIDE : 0;
    r->revision = r->last_lease = base;
    write_opened(r, base);
    error = keep(r);
    return error == 0 ? journal_sync(r->journal) : error;
}

int registry__keep_put(
    struct registry *r, struct slice name, struct slice value, uint64_t lease, uint64_t revision)
{
    write_put(r, name, value, lease, revision);
    return keep(r);
}

int registry__keep_delete(struct registry *r, struct slice name, uint64_t revision)
{
    begin(r, 'D');
    add_number(&r->scratch, revision);
    buffer_add(&r->scratch, name);
    return keep(r);
}

int registry__keep_lease(struct registry *r, uint64_t id, int64_t length)
{
    write_lease(r, id, length);
    return keep(r);
}

int registry__keep_end(struct registry *r, uint64_t id)
{
    begin(r, 'E');
    add_number(&r->scratch, id);
    return keep(r);
}

static void write_all(void *argument, struct journal_writer *w)
{
    struct registry *r = argument;
    write_opened(r, r->revision > r->last_lease ? r->revision : r->last_lease);
    journal_entry(w, buffer_slice(&r->scratch));
    struct lease *l;
    map_for_each (l, &r->leases) {
        write_lease(r, l->id, l->length);
        journal_entry(w, buffer_slice(&r->scratch));
    }
    for (size_t i = 0; i < r->key_count; i++) {
        const struct key *k = r->keys[i];
        write_put(r, k->name, k->value, k->lease != NULL ? k->lease->id : 0, k->revision);
        journal_entry(w, buffer_slice(&r->scratch));
    }
}

void registry__tidy(struct registry *r)
{
    uint64_t size = r->journal != NULL ? journal_size(r->journal) : 0;
    if (size < TIDY_BYTES || size < 4 * r->rewritten_at)
        return;
    if (journal_rewrite(r->journal, write_all, r) != 0)
        LOG(LOG_WARNING, "registry", "%s could not be written anew; the old one goes on", JOURNAL);
    /* Also after a failure: the next attempt waits until it has grown four times more. */
    r->rewritten_at = journal_size(r->journal);
}
