#include "world/real/etcd/answer.h"

#include <stdlib.h>

#include "base/error.h"
#include "wire/json.h"

/* Errors that etcd finds out before it does anything, or at the same point of the log in all its members: the
 * request was not carried out. By its text, because codes of gRPC stand for many things at once. */
static const struct {
    const char *text;
    int error;
} refusals[] = {
    {"etcdserver: requested lease not found", ERROR_MISSING},
    {"etcdserver: lease already exists", ERROR_EXISTS},
    {"etcdserver: permission denied", ERROR_DENIED},
    {"etcdserver: authentication failed, invalid user ID or password", ERROR_DENIED},
    {"etcdserver: user name is empty", ERROR_UNAUTHENTICATED},
    {"etcdserver: invalid auth token", ERROR_UNAUTHENTICATED},
    {"etcdserver: revision of auth store is old", ERROR_UNAUTHENTICATED},
    {"auth: revision in header is old", ERROR_UNAUTHENTICATED},
    {"etcdserver: authentication is not enabled", ERROR_UNSUPPORTED},
    {"etcdserver: too many requests", ERROR_OVERLOADED},
    {"etcdserver: mvcc: database space exceeded", ERROR_DISK},
    {"etcdserver: request is too large", ERROR_LIMIT},
    {"etcdserver: mvcc: required revision has been compacted", ERROR_STALE},
};

static void note(struct etcd_answer *a, enum etcd_tone tone, const char *text)
{
    struct slice s = slice_first(slice_text(text), sizeof a->text - 1);
    a->tone = tone;
    for (size_t i = 0; i < s.length; i++) /* it goes into a line of the log */
        a->text[i] = s.data[i] >= ' ' && s.data[i] < 127 ? s.data[i] : ' ';
    a->text[s.length] = '\0';
}

bool etcd__number(int64_t *number, const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    if (json_is_integer(v)) {
        *number = json_integer_value(v);
        return true;
    }
    if (!json_is_string(v))
        return false;
    struct slice s = slice_of(json_string_value(v), json_string_length(v));
    bool minus = slice_starts(s, SLICE("-"));
    uint64_t size;
    if (slice_to_u64(&size, slice_from(s, minus), INT64_MAX) != 0)
        return false;
    *number = minus ? -(int64_t)size : (int64_t)size;
    return true;
}

bool etcd__true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* Identities of clusters use all 64 bits. */
static bool identity(uint64_t *number, const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) &&
           slice_to_u64(number, slice_of(json_string_value(v), json_string_length(v)), UINT64_MAX) == 0 &&
           *number != 0;
}

static void read_error(struct etcd_answer *a, const json_t *error, const json_t *message)
{
    if (json_is_object(error)) /* in the middle of a stream */
        message = json_object_get(error, "message");
    const char *text = json_string_value(json_is_string(message) ? message : error);
    note(a, ETCD_FAILED, text != NULL ? text : "an error without a text");
    for (size_t i = 0; text != NULL && i < sizeof refusals / sizeof refusals[0]; i++)
        if (strcmp(text, refusals[i].text) == 0) {
            a->tone = ETCD_REFUSED;
            a->error = refusals[i].error;
        }
}

static void read_header(struct etcd_answer *a)
{
    const json_t *header = json_object_get(a->said, "header");
    int64_t revision = 0, term = 0;
    if (!identity(&a->cluster, header, "cluster_id") || !etcd__number(&term, header, "raft_term") ||
        term <= 0) {
        note(a, ETCD_STRANGE, "an answer without its header");
        return;
    }
    /* It is left out of some; whoever needs it looks whether it is there. */
    if (!etcd__number(&revision, header, "revision") || revision < 0)
        revision = 0;
    a->tone = ETCD_SAID;
    a->term = (uint64_t)term;
    a->revision = (uint64_t)revision;
}

void etcd__answer_read(struct etcd_answer *a, long status, struct slice body)
{
    char text[128];
    *a = (struct etcd_answer){.tone = ETCD_STRANGE};
    if (body.length != 0 && body.length <= ETCD_BODY)
        a->root = json_loadb(body.data, body.length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(a->root)) {
        struct slice words =
            slice_first(slice_trim(body), 100); /* Go's servers say in a line what is wrong */
        bool page = slice_empty(words) || slice_starts(words, SLICE("<")) || status == 200;
        snprintf(text, sizeof text, page ? "HTTP %ld%.*s" : "HTTP %ld, %.*s", status,
            page ? 0 : (int)words.length, words.data);
        note(a, ETCD_STRANGE, text);
        return;
    }
    const json_t *error = json_object_get(a->root, "error"), *result = json_object_get(a->root, "result");
    a->said = json_is_object(result) ? result : a->root;
    if (error != NULL) {
        read_error(a, error, json_object_get(a->root, "message"));
    } else if (status != 200) {
        snprintf(text, sizeof text, "HTTP %ld", status);
        note(a, ETCD_STRANGE, text);
    } else {
        read_header(a);
    }
}

void etcd__answer_free(struct etcd_answer *a)
{
    json_decref(a->root);
    a->root = NULL;
    a->said = NULL;
}

/* ---- entries ---- */

static bool bytes_of(struct slice *out, const json_t *object, const char *name, struct arena *arena)
{
    const json_t *v = json_object_get(object, name);
    if (!json_is_string(v))
        return false;
    struct slice text = slice_of(json_string_value(v), json_string_length(v));
    char *at = arena_alloc(arena, text.length / 4 * 3 + 3);
    out->data = at;
    return json_decode_base64(at, &out->length, text) == 0;
}

/* Before each value stands its lease, or nothing, and a sign: an empty value is told apart from one that got
 * lost, and so is a key without a lease. */
static bool take_lease(struct etcd_entry *e)
{
    struct slice lease;
    if (slice_find(e->value, '=') < 0 || !slice_cut(&e->value, '=', &lease))
        return false;
    return slice_empty(lease) || (slice_to_u64(&e->lease, lease, INT64_MAX) == 0 && e->lease != 0);
}

bool etcd__entry_read(
    struct etcd_entry *e, bool *own, const json_t *kv, bool gone, struct slice cluster, struct arena *arena)
{
    int64_t revision;
    struct slice key;
    *e = (struct etcd_entry){.gone = gone};
    if (!bytes_of(&key, kv, "key", arena) || !etcd__number(&revision, kv, "mod_revision") || revision <= 0)
        return false;
    if (!slice_starts(key, cluster) || key.length <= cluster.length || key.data[cluster.length] != '/')
        return false;
    e->key = slice_from(key, cluster.length + 1);
    e->revision = (uint64_t)revision;
    *own = slice_starts(e->key, SLICE("."));
    if (*own)
        return true;
    if (slice_empty(e->key) || memchr(e->key.data, '\0', e->key.length) != NULL)
        return false;
    if (gone)
        return true;
    return bytes_of(&e->value, kv, "value", arena) && take_lease(e);
}

bool etcd__entries_read(struct etcd_entry **entries, size_t *count, bool *more, struct slice *last,
    const json_t *range, struct slice cluster, struct slice prefix, struct arena *arena)
{
    const json_t *list = json_object_get(range, "kvs");
    size_t size = json_array_size(list), taken = 0;
    int64_t total;
    bool is_more = etcd__true(range, "more");
    if (size == 0 || !etcd__number(&total, range, "count") || (is_more && more == NULL) ||
        (is_more ? total <= (int64_t)size : total != (int64_t)size))
        return false;
    *entries = arena_alloc(arena, size * sizeof **entries);
    *last = (struct slice){.length = 0};
    for (size_t i = 0; i < size; i++) {
        struct etcd_entry *e = &(*entries)[taken];
        bool own;
        if (!etcd__entry_read(e, &own, json_array_get(list, i), false, cluster, arena))
            return false;
        if (!slice_starts(e->key, prefix) || (i > 0 && slice_compare(*last, e->key) >= 0))
            return false;
        *last = e->key;
        taken += !own;
    }
    *count = taken;
    if (more != NULL)
        *more = is_more;
    return true;
}
