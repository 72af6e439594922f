#include "world/effect.h"

static const struct {
    const char *name;
    bool waits, repeats;
} kinds[EFFECT_COUNT] = {
#define EFFECT(symbol, name, waits, repeats) [EFFECT_##symbol] = {name, waits, repeats},
#include "world/effect.def"
#undef EFFECT
};

/* How an effect lies in the list; the two slices follow, then zeroes up to a multiple of eight bytes. */
struct head {
    uint8_t kind, zero;
    uint16_t service;
    uint32_t first, second, zero2;
    uint64_t flow, object, token;
    int64_t time;
    struct address address;
};

const char *effect_name(enum effect_kind kind)
{
    return kinds[kind].name;
}

bool effect_waits(enum effect_kind kind)
{
    return kinds[kind].waits;
}

bool effect_repeats(enum effect_kind kind)
{
    return kinds[kind].repeats;
}

static size_t padding(size_t length)
{
    return -length & 7;
}

void effect_add(struct buffer *list, const struct effect *e)
{
    struct head head = {.kind = (uint8_t)e->kind,
        .service = (uint16_t)e->service,
        .first = (uint32_t)e->first.length,
        .second = (uint32_t)e->second.length,
        .flow = e->flow,
        .object = e->object,
        .token = e->token,
        .time = e->time,
        .address = e->address};
    size_t body = e->first.length + e->second.length;
    size_t size = sizeof head + body + padding(body);
    char *room = buffer_room(list, size);
    if (room == NULL)
        return;
    memcpy(room, &head, sizeof head);
    slice_put(room + sizeof head, e->first);
    slice_put(room + sizeof head + e->first.length, e->second);
    memset(room + sizeof head + body, 0, padding(body));
    list->length += size;
}

bool effect_next(struct slice *rest, struct effect *e)
{
    struct head head;
    if (rest->length < sizeof head)
        return false;
    memcpy(&head, rest->data, sizeof head);
    size_t body = (size_t)head.first + head.second;
    if (head.kind >= EFFECT_COUNT || body + padding(body) > rest->length - sizeof head)
        return false;
    *e = (struct effect){.kind = (enum effect_kind)head.kind,
        .service = head.service,
        .flow = head.flow,
        .object = head.object,
        .token = head.token,
        .time = head.time,
        .address = head.address,
        .first = slice_of(rest->data + sizeof head, head.first),
        .second = slice_of(rest->data + sizeof head + head.first, head.second)};
    *rest = slice_from(*rest, sizeof head + body + padding(body));
    return true;
}

/* The first line of what is printable, so that a SIP message is known by its start line. */
static void describe_bytes(struct buffer *out, struct slice bytes)
{
    buffer_add_format(out, " (%zu bytes) ", bytes.length);
    for (size_t i = 0; i < bytes.length && i < 120; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        if (c == '\r' || c == '\n')
            break;
        buffer_add_byte(out, c >= 0x20 && c < 0x7f ? (char)c : '.');
    }
}

void effect_describe(struct buffer *out, const struct effect *e)
{
    buffer_add_text(out, kinds[e->kind].name);
    if (e->flow != 0)
        buffer_add_format(out, " flow=%llu", (unsigned long long)e->flow);
    if (e->object != 0)
        buffer_add_format(
            out, " object=%02x:%llx", OBJECT_KIND(e->object), (unsigned long long)OBJECT_INDEX(e->object));
    if (e->token != 0)
        buffer_add_format(out, " token=%llu", (unsigned long long)e->token);
    if (e->address.family != 0) {
        buffer_add_text(out, " to ");
        address_add(out, &e->address);
    }
    if (e->first.length != 0)
        buffer_add_format(out, " %.*s", SLICE_ARG(slice_first(e->first, 80)));
    if (e->second.length != 0)
        describe_bytes(out, e->second);
}
