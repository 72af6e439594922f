/* Messages to JSON. */
#include "wire/json_int.h"

#include <inttypes.h>
#include <math.h>

static void add_enum(struct buffer *out, const ProtobufCEnumDescriptor *type, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
    buffer_add_byte(out, '"');
    for (const char *at = value != NULL ? value->name : "unknown"; *at != '\0'; at++)
        buffer_add_byte(out, *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at);
    buffer_add_byte(out, '"');
}

static void add_real(struct buffer *out, double number)
{
    if (isfinite(number))
        buffer_add_format(out, "%.17g", number);
    else
        buffer_add_text(out, "null"); /* JSON has no such numbers */
}

static void add_value(struct buffer *out, const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        buffer_add_format(out, "%" PRId32, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        buffer_add_u64(out, *(const uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        buffer_add_format(out, "\"%" PRId64 "\"", *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        buffer_add_format(out, "\"%" PRIu64 "\"", *(const uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        add_real(out, *(const float *)at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        add_real(out, *(const double *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        buffer_add_text(out, *(const protobuf_c_boolean *)at ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        add_enum(out, field->descriptor, *(const int *)at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        json_add_string(out, slice_text(*(char *const *)at));
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *data = at;
        json_add_base64(out, slice_of(data->data, data->len));
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        json_add_message(out, *(const ProtobufCMessage *const *)at);
        break;
    }
}

static bool is_present(const ProtobufCFieldDescriptor *field, const char *message)
{
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const void *value = *(const void *const *)(const void *)(message + field->offset);
        if (value == NULL || value == field->default_value)
            return field->label == PROTOBUF_C_LABEL_REQUIRED && value != NULL;
    }
    const void *quantifier = message + field->quantifier_offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)quantifier == field->id;
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL || field->quantifier_offset == 0)
        return true;
    return *(const protobuf_c_boolean *)quantifier;
}

static void add_repeated(struct buffer *out, const ProtobufCFieldDescriptor *field, const char *message)
{
    size_t count = *(const size_t *)(const void *)(message + field->quantifier_offset);
    const char *values = *(const char *const *)(const void *)(message + field->offset);
    buffer_add_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            buffer_add_byte(out, ',');
        add_value(out, field, values + i * json__value_size(field->type));
    }
    buffer_add_byte(out, ']');
}

void json_add_message(struct buffer *out, const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    char before = '{';
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (!repeated && !is_present(field, base))
            continue;
        buffer_add_byte(out, before);
        buffer_add_byte(out, '"');
        buffer_add_text(out, field->name);
        buffer_add_text(out, "\":");
        if (repeated)
            add_repeated(out, field, base);
        else
            add_value(out, field, base + field->offset);
        before = ',';
    }
    buffer_add_text(out, before == '{' ? "{}" : "}");
}
