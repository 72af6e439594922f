/* Any message of the schema as JSON and back, by its descriptor: names as in the .proto file, 64-bit integers
 * as strings, enums as lower-case names, bytes as base64 (RFC 4648 4), absent optionals left out. */
#ifndef TANDEM_WIRE_JSON_H
#define TANDEM_WIRE_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buffer.h"

#define JSON_DEPTH 32                /* objects and arrays inside each other */
#define JSON_BYTES ((size_t)1 << 20) /* of a text, unless the options say otherwise */

void json_add_message(struct buffer *out, const ProtobufCMessage *message);

struct json_options {
    size_t limit;           /* bytes of the text; 0: JSON_BYTES */
    struct buffer *unknown; /* NULL: a member that the message does not have is an error. Else such members
                               are left out, and added here, a line "path=value" each */
};

/* Reads an object: 0 and *message (it belongs to the arena), else ERROR_SYNTAX, ERROR_RANGE or ERROR_LIMIT
 * and, where `why` is not NULL, one line of text: "calls[2].from: text expected". Strict (RFC 8259): nothing
 * behind the object, no member twice, no NUL in texts, no number where it does not fit. 64-bit integers may
 * be strings or integers; null stands for an optional member that is absent. */
int json_read_message(void **message, const ProtobufCMessageDescriptor *type, struct slice text,
    const struct json_options *options, struct arena *arena, struct buffer *why)
    __attribute__((warn_unused_result));

/* ---- for JSON written by hand ---- */
/* With quotes, escaped; what is not UTF-8 becomes U+FFFD. */
void json_add_string(struct buffer *out, struct slice text);
struct Tandem__CallAttribute;
/* {"name":"value",...} */
void json_add_attributes(struct buffer *out, struct Tandem__CallAttribute *const *list, size_t count);
void json_add_base64(struct buffer *out, struct slice bytes); /* with quotes */
/* Decodes base64 with padding; room for 3 bytes per 4 of text is needed. ERROR_SYNTAX. */
int json_decode_base64(char *out, size_t *length, struct slice text) __attribute__((warn_unused_result));

#endif
