#include "world/real/etcd/request.h"

#include <stdio.h>

#include "wire/json.h"

/* The key of numbers: its revisions are the names of leases. */
#define NUMBER SLICE(".number")

static void add_bytes(struct buffer *out, const char *name, struct slice a, struct slice b)
{
    struct buffer joined = {.data = NULL};
    buffer_add(&joined, a);
    buffer_add(&joined, b);
    buffer_add_format(out, "\"%s\":", name);
    json_add_base64(out, buffer_slice(&joined));
    buffer_free(&joined);
}

static void full_key(struct buffer *out, struct slice cluster, struct slice key)
{
    buffer_add(out, cluster);
    buffer_add_byte(out, '/');
    buffer_add(out, key);
}

static void add_key(struct buffer *out, struct slice cluster, struct slice key)
{
    struct buffer full = {.data = NULL};
    full_key(&full, cluster, key);
    add_bytes(out, "key", buffer_slice(&full), SLICE(""));
    buffer_free(&full);
}

/* The first key that is larger than all that begin with this one. There is one: the slash behind the
 * cluster's name can be counted up. */
static void add_end(struct buffer *out, struct slice cluster, struct slice prefix)
{
    struct buffer end = {.data = NULL};
    full_key(&end, cluster, prefix);
    while (end.data[end.length - 1] == '\xff')
        end.length--;
    end.data[end.length - 1]++;
    buffer_add_byte(out, ',');
    add_bytes(out, "range_end", buffer_slice(&end), SLICE(""));
    buffer_free(&end);
}

/* "succeeded" says that there is nothing, for a list that is empty is left out and says nothing. */
static void add_range(
    struct buffer *out, struct slice cluster, struct slice key, bool exact, const char *more)
{
    struct buffer where = {.data = NULL};
    add_key(&where, cluster, key);
    if (!exact)
        add_end(&where, cluster, key);
    buffer_add_text(out, "{\"compare\":[{");
    buffer_add(out, buffer_slice(&where));
    buffer_add_text(
        out, ",\"target\":\"CREATE\",\"create_revision\":\"0\"}],\"failure\":[{\"request_range\":{");
    buffer_add(out, buffer_slice(&where));
    buffer_add_text(out, more);
    buffer_add_text(out, "}}]}");
    buffer_free(&where);
}

void etcd__range_body(struct buffer *out, struct slice cluster, struct slice key, bool exact)
{
    add_range(out, cluster, key, exact, "");
}

void etcd__look_body(struct buffer *out, struct slice cluster, unsigned limit)
{
    char more[32];
    snprintf(more, sizeof more, ",\"limit\":\"%u\"", limit);
    add_range(out, cluster, SLICE(""), false, more);
}

void etcd__page_body(
    struct buffer *out, struct slice cluster, struct slice from, unsigned limit, uint64_t revision)
{
    struct buffer full = {.data = NULL};
    full_key(&full, cluster, from);
    buffer_add_byte(out, '{');
    add_bytes(out, "key", buffer_slice(&full), slice_of("", 1)); /* the next key there can be */
    add_end(out, cluster, SLICE(""));
    buffer_add_format(out, ",\"limit\":\"%u\",\"revision\":\"%llu\"}", limit, (unsigned long long)revision);
    buffer_free(&full);
}

/* The lease stands before the value, see etcd__entry_read. */
static void add_put(
    struct buffer *out, struct slice cluster, struct slice key, struct slice value, uint64_t lease)
{
    char sign[32];
    int length = lease != 0 ? snprintf(sign, sizeof sign, "%llu=", (unsigned long long)lease)
                            : snprintf(sign, sizeof sign, "=");
    buffer_add_text(out, "{\"request_put\":{");
    add_key(out, cluster, key);
    buffer_add_byte(out, ',');
    add_bytes(out, "value", slice_of(sign, (size_t)length), value);
    if (lease != 0)
        buffer_add_format(out, ",\"lease\":\"%llu\"", (unsigned long long)lease);
}

void etcd__set_body(struct buffer *out, struct slice cluster, struct slice key, uint64_t expected,
    const struct slice *value, uint64_t lease)
{
    buffer_add_text(out, "{\"compare\":[{");
    add_key(out, cluster, key);
    buffer_add_format(out, ",\"target\":\"MOD\",\"mod_revision\":\"%llu\"}],\"success\":[",
        (unsigned long long)(expected < INT64_MAX ? expected : INT64_MAX));
    if (value != NULL) {
        add_put(out, cluster, key, *value, lease);
    } else {
        buffer_add_text(out, "{\"request_delete_range\":{");
        add_key(out, cluster, key);
    }
    buffer_add_text(out, "}}],\"failure\":[{\"request_txn\":");
    add_range(out, cluster, key, true, "");
    buffer_add_text(out, "}]}");
}

void etcd__number_body(struct buffer *out, struct slice cluster)
{
    buffer_add_text(out, "{\"success\":[");
    add_put(out, cluster, NUMBER, SLICE(""), 0);
    buffer_add_text(out, "}}]}");
}

void etcd__confirm_body(struct buffer *out, struct slice cluster)
{
    buffer_add_byte(out, '{');
    add_key(out, cluster, NUMBER);
    buffer_add_text(out, ",\"keys_only\":true}");
}

void etcd__lease_body(struct buffer *out, uint64_t lease, uint64_t seconds)
{
    buffer_add_format(out, "{\"ID\":\"%llu\"", (unsigned long long)lease);
    if (seconds != 0)
        buffer_add_format(out, ",\"TTL\":\"%llu\"", (unsigned long long)seconds);
    buffer_add_byte(out, '}');
}

void etcd__watch_body(struct buffer *out, struct slice cluster, uint64_t revision)
{
    buffer_add_text(out, "{\"create_request\":{");
    add_key(out, cluster, SLICE(""));
    add_end(out, cluster, SLICE(""));
    buffer_add_format(out, ",\"start_revision\":\"%llu\"}}", (unsigned long long)revision);
}

void etcd__login_body(struct buffer *out, const char *user, struct slice password)
{
    buffer_add_text(out, "{\"name\":");
    json_add_string(out, slice_text(user));
    buffer_add_text(out, ",\"password\":");
    json_add_string(out, password);
    buffer_add_byte(out, '}');
}
