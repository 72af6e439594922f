/* Whatever is accepted can be written, read again and written again: the same text. */
#include "wire/json.h"

#include <stdlib.h>

#include "wire/engine.pb-c.h"
#include "wire/event.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const types[] = {&tandem__store_request__descriptor,
        &tandem__live_change__descriptor, &tandem__call_event__descriptor,
        &tandem__binding_snapshot__descriptor};
    struct arena arena = {0};
    struct buffer once = {0}, twice = {0}, why = {0}, unknown = {0};
    const struct json_options options = {.unknown = &unknown};
    void *message;
    if (size == 0)
        return 0;
    const ProtobufCMessageDescriptor *type = types[data[0] % 4];
    struct slice text = slice_of(data + 1, size - 1);
    json_add_string(&once, text); /* never fails, and is always a string */
    buffer_clear(&once);
    if (json_read_message(&message, type, text, data[0] & 4 ? &options : NULL, &arena, &why) == 0) {
        json_add_message(&once, message);
        if (json_read_message(&message, type, buffer_slice(&once), NULL, &arena, &why) != 0)
            abort();
        json_add_message(&twice, message);
        if (!slice_equal(buffer_slice(&once), buffer_slice(&twice)))
            abort();
    } else if (why.length == 0) {
        abort();
    }
    arena_free(&arena);
    buffer_free(&once);
    buffer_free(&twice);
    buffer_free(&why);
    buffer_free(&unknown);
    return 0;
}
