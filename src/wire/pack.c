#include "wire/pack.h"

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

void *pack_read(const ProtobufCMessageDescriptor *type, struct slice bytes, struct arena *arena)
{
    ProtobufCAllocator allocator = {arena_alloc_h, arena_free_h, arena};
    if (bytes.length > PACK_BYTES)
        return NULL;
    return protobuf_c_message_unpack(type, &allocator, bytes.length, (const uint8_t *)bytes.data);
}
