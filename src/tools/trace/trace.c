#include "tools/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sip/message.h"
#include "sip/uri.h"

void trace_free(struct trace *t)
{
    mem_free(t->messages);
    arena_free(&t->arena);
    *t = (struct trace){.messages = NULL};
}

const char *trace_party_text(const struct trace_party *p)
{
    return p->name[0] != '\0' ? p->name : p->address;
}

static struct slice text_of(const json_t *row, const char *field)
{
    const json_t *value = json_object_get(row, field);
    return slice_of(json_string_value(value), json_string_length(value));
}

/* The one with this address, or, one of ours, with this name. The last place is for all that are too many. */
static size_t party(struct trace *t, struct slice name, struct slice address)
{
    size_t i = 0;
    for (; i < t->party_count; i++) {
        const struct trace_party *p = &t->parties[i];
        if (address.length != 0 ? slice_equal(slice_text(p->address), address)
                                : p->address[0] == '\0' && slice_equal(slice_text(p->name), name))
            return i;
    }
    if (i == TRACE_PARTIES)
        return i - 1;
    struct trace_party *p = &t->parties[t->party_count++];
    *p = (struct trace_party){.name = ""};
    slice_put(p->name, slice_first(name, sizeof p->name - 1));
    slice_put(p->address, slice_first(address, sizeof p->address - 1));
    return i;
}

static size_t peer_of(struct trace *t, const json_t *row)
{
    struct slice kind = text_of(row, "kind"), name = text_of(row, "name");
    char address[96], trunk[64] = "";
    if (slice_equal(kind, SLICE("pair")) || slice_equal(kind, SLICE("proxy")))
        return party(t, name, SLICE(""));
    snprintf(address, sizeof address, "%.*s %.*s", SLICE_ARG(text_of(row, "peer")),
        SLICE_ARG(text_of(row, "transport")));
    if (slice_equal(kind, SLICE("trunk")))
        snprintf(trunk, sizeof trunk, "trunk %.*s", SLICE_ARG(name));
    return party(t, slice_text(trunk), slice_text(address));
}

/* Who begins a dialog is named in its From, who is called in its To. */
static void name_peer(struct trace *t, size_t peer, const struct sip_message *m, bool received)
{
    struct trace_party *p = &t->parties[peer];
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice user;
    char room[sizeof p->name - 1];
    if (p->name[0] != '\0' || !m->is_request || m->to_tag.length != 0 ||
        sip_name_address_parse(&a, received ? m->from : m->to) != 0 || sip_uri_parse(&uri, a.uri) != 0 ||
        sip_uri_user(&user, &uri, room, sizeof room) != 0)
        return;
    memmove(p->name, user.data != NULL ? user.data : "", user.length);
    p->name[user.length] = '\0';
}

static void read_sip(struct trace *t, struct trace_message *e, size_t peer, bool outside)
{
    struct sip_message m;
    struct slice type;
    (void)!sip_parse(&m, e->text, &t->arena, NULL); /* what of it is good is shown */
    type = sip_header_value(&m, SIP_HEADER_CONTENT_TYPE);
    e->call_id = m.call_id;
    e->method = m.method_name;
    e->status = m.is_request ? 0 : m.status;
    e->cseq = m.cseq;
    e->described = m.body.length != 0 && slice_starts_nocase(type, SLICE("application/sdp"));
    if (outside)
        name_peer(t, peer, &m, e->received);
}

static uint64_t number_of(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static void add_message(struct trace *t, const char *proxy, const json_t *row)
{
    struct trace_message e = {.at = (int64_t)number_of(row, "at"), .number = number_of(row, "number")};
    struct address local, peer_address;
    struct slice text = text_of(row, "text"), kind = text_of(row, "kind");
    size_t own, peer;
    if (text.length == 0 || t->count == TRACE_MESSAGES)
        return;
    if (address_parse(&local, text_of(row, "local")) != 0)
        local = (struct address){.family = 0};
    if (address_parse(&peer_address, text_of(row, "peer")) != 0)
        peer_address = (struct address){.family = 0};
    e.text = arena_copy(&t->arena, text);
    e.proxy = arena_text(&t->arena, slice_text(proxy));
    e.received = json_is_true(json_object_get(row, "received"));
    e.by_proxy = slice_equal(kind, SLICE("proxy"));
    if (e.received) { /* who sends stands on the left */
        peer = peer_of(t, row);
        own = party(t, slice_text(proxy), SLICE(""));
    } else {
        own = party(t, slice_text(proxy), SLICE(""));
        peer = peer_of(t, row);
    }
    e.from = e.received ? peer : own;
    e.to = e.received ? own : peer;
    e.from_address = e.received ? peer_address : local;
    e.to_address = e.received ? local : peer_address;
    read_sip(t, &e, peer, slice_equal(kind, SLICE("outside")));
    if (t->count == t->capacity) {
        t->capacity = t->capacity != 0 ? 2 * t->capacity : 64;
        t->messages = mem_resize(t->messages, t->capacity * sizeof *t->messages);
    }
    t->messages[t->count++] = e;
}

void trace_add(struct trace *t, const json_t *answer)
{
    const char *proxy = json_string_value(json_object_get(answer, "proxy"));
    const json_t *row;
    size_t at;
    if (proxy == NULL)
        return;
    json_array_foreach(json_object_get(answer, "messages"), at, row) add_message(t, proxy, row);
}

/* ---- order ---- */

static int compare(const void *one, const void *other)
{
    const struct trace_message *a = one, *b = other;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    int names = strcmp(a->proxy, b->proxy);
    return names != 0 ? names : a->number < b->number ? -1 : a->number > b->number;
}

/* Equal for messages that say the same between the same two. */
static uint64_t mark_of(const struct trace_message *e)
{
    char way[32];
    snprintf(way, sizeof way, "%zu %zu ", e->from, e->to);
    return hash_stable_add(hash_stable(slice_text(way)), e->text);
}

/* Columns in the order in which they first say or hear something. */
static void order_parties(struct trace *t)
{
    struct trace_party ordered[TRACE_PARTIES];
    size_t place[TRACE_PARTIES], count = 0;
    bool seen[TRACE_PARTIES] = {false};
    for (size_t i = 0; i < t->count; i++) {
        const size_t two[] = {t->messages[i].from, t->messages[i].to};
        for (int k = 0; k < 2; k++) {
            if (seen[two[k]])
                continue;
            seen[two[k]] = true;
            place[two[k]] = count;
            ordered[count++] = t->parties[two[k]];
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        t->messages[i].from = place[t->messages[i].from];
        t->messages[i].to = place[t->messages[i].to];
    }
    memcpy(t->parties, ordered, count * sizeof ordered[0]);
    t->party_count = count;
}

/* Between proxies both of them saw it: who has sent it counts. Where only the receiver did, it stays. */
static void leave_out(struct trace *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct trace_message *e = &t->messages[i];
        if (!e->by_proxy || !e->received)
            continue;
        for (size_t k = 0; k < t->count && !e->left_out; k++) {
            struct trace_message *sent = &t->messages[k];
            if (sent->by_proxy && !sent->received && sent->from == e->from && sent->to == e->to &&
                !sent->left_out && slice_equal(sent->text, e->text)) {
                e->left_out = true;
                sent->by_proxy = false; /* it stands for one */
            }
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (!t->messages[i].left_out)
            t->messages[kept++] = t->messages[i];
    t->count = kept;
}

static int compare_numbers(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

static void mark_again(struct trace *t)
{
    uint64_t *marks = mem_zero((t->count + 1) * sizeof *marks);
    for (size_t i = 0; i < t->count; i++) {
        uint64_t mark = mark_of(&t->messages[i]);
        size_t low = 0;
        t->messages[i].again = bsearch(&mark, marks, i, sizeof *marks, compare_numbers) != NULL;
        while (low < i && marks[low] < mark)
            low++;
        memmove(marks + low + 1, marks + low, (i - low) * sizeof *marks);
        marks[low] = mark;
    }
    mem_free(marks);
}

void trace_sort(struct trace *t)
{
    if (t->count == 0)
        return;
    qsort(t->messages, t->count, sizeof *t->messages, compare);
    leave_out(t);
    order_parties(t);
    mark_again(t);
}
