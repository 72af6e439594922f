/* protobuf-c with our buffers and arenas: packing adds to a buffer, unpacking lives and dies with an arena.
 */
#ifndef TANDEM_WIRE_PACK_H
#define TANDEM_WIRE_PACK_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buffer.h"

#define PACK_BYTES (4U << 20) /* one message */

void pack_add(struct buffer *out, const ProtobufCMessage *message);
struct slice pack_in(struct arena *arena, const ProtobufCMessage *message);
/* As a field of a message that is put together piece by piece. */
void pack_add_field(struct buffer *out, uint32_t number, const ProtobufCMessage *message);

/* NULL where the bytes are not such a message. Never free it: it belongs to the arena. */
void *pack_read(const ProtobufCMessageDescriptor *type, struct slice bytes, struct arena *arena);

/* Walks the fields of a message as they lie there, for whoever needs one of many and not a copy of all. False
 * at the end, and where the bytes are none: then *rest is not empty. */
struct pack_field {
    uint32_t number;
    struct slice bytes; /* of a field with a length: text, bytes, a message; of others empty */
};
bool pack_next(struct pack_field *f, struct slice *rest);

static inline ProtobufCBinaryData pack_bytes(struct slice s)
{
    return (ProtobufCBinaryData){s.length, (uint8_t *)(uintptr_t)s.data};
}
static inline struct slice pack_slice(ProtobufCBinaryData data)
{
    return slice_of(data.data, data.len);
}

#endif
