#include "wire/pack.h"

enum { NUMBER, EIGHT_BYTES, LENGTH, FOUR_BYTES = 5 }; /* how a field lies there */

static void *arena_alloc_h(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_free_h(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

void pack_add(struct buffer *out, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    char *room = buffer_room(out, size);
    if (room != NULL)
        out->length += protobuf_c_message_pack(message, (uint8_t *)room);
}

struct slice pack_in(struct arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *room = arena_alloc(arena, size);
    return slice_of(room, protobuf_c_message_pack(message, room));
}

static size_t put_number(char room[10], uint64_t number)
{
    size_t length = 0;
    for (; number >= 128; number >>= 7)
        room[length++] = (char)((number & 127) | 128);
    room[length++] = (char)number;
    return length;
}

void pack_add_field(struct buffer *out, uint32_t number, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    char head[20];
    size_t length = put_number(head, (uint64_t)number << 3 | LENGTH);
    length += put_number(head + length, size);
    char *room = buffer_room(out, length + size);
    if (room == NULL)
        return;
    memcpy(room, head, length);
    out->length += length + protobuf_c_message_pack(message, (uint8_t *)room + length);
}

void *pack_read(const ProtobufCMessageDescriptor *type, struct slice bytes, struct arena *arena)
{
    ProtobufCAllocator allocator = {arena_alloc_h, arena_free_h, arena};
    if (bytes.length > PACK_BYTES)
        return NULL;
    return protobuf_c_message_unpack(type, &allocator, bytes.length, (const uint8_t *)bytes.data);
}

static bool take_number(uint64_t *number, struct slice *rest)
{
    *number = 0;
    for (unsigned i = 0; i < rest->length && i < 10; i++) {
        unsigned char byte = (unsigned char)rest->data[i];
        *number |= (uint64_t)(byte & 127) << (7 * i);
        if (byte < 128) {
            *rest = slice_from(*rest, i + 1);
            return true;
        }
    }
    return false;
}

bool pack_next(struct pack_field *f, struct slice *rest)
{
    struct slice at = *rest;
    uint64_t key, length = 0;
    if (!take_number(&key, &at) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
        return false;
    switch (key & 7) {
    case NUMBER:
        if (!take_number(&length, &at))
            return false;
        length = 0;
        break;
    case EIGHT_BYTES:
        length = 8;
        break;
    case LENGTH:
        if (!take_number(&length, &at))
            return false;
        break;
    case FOUR_BYTES:
        length = 4;
        break;
    default:
        return false;
    }
    if (length > at.length)
        return false;
    f->number = (uint32_t)(key >> 3);
    f->bytes = (key & 7) == LENGTH ? slice_first(at, length) : slice_of("", 0);
    *rest = slice_from(at, length);
    return true;
}
