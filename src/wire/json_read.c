/* JSON to messages. */
#include "wire/json_int.h"

#include <jansson.h>

#include "base/error.h"

/* Where we are, from the inside out. */
struct place {
    const struct place *outer;
    const char *name; /* NULL: `index` of an array */
    size_t index;
};

struct reading {
    struct arena *arena;
    struct buffer *why, *unknown;
};

static void add_place(struct buffer *out, const struct place *p)
{
    if (p == NULL)
        return;
    add_place(out, p->outer);
    if (p->name == NULL)
        buffer_add_format(out, "[%zu]", p->index);
    else
        buffer_add_format(out, "%s%s", p->outer != NULL ? "." : "", p->name);
}

static int wrong(struct reading *r, const struct place *p, int error, const char *text)
{
    if (r->why != NULL) {
        add_place(r->why, p);
        buffer_add_format(r->why, "%s%s", p != NULL ? ": " : "", text);
    }
    return error;
}

static int read_object(struct reading *r, const struct place *p, json_t *json,
    const ProtobufCMessageDescriptor *type, void **message);

/* An integer, or for 64 bits a string of one. */
static int read_signed(int64_t *number, json_t *json, int64_t lowest, int64_t highest, bool text)
{
    if (text && json_is_string(json)) {
        struct slice digits = slice_of(json_string_value(json), json_string_length(json));
        bool minus = slice_starts(digits, SLICE("-"));
        uint64_t size;
        int error = slice_to_u64(&size, slice_from(digits, minus), (uint64_t)INT64_MAX + minus);
        *number = minus ? (int64_t)(0 - size) : (int64_t)size;
        return error;
    }
    if (!json_is_integer(json))
        return ERROR_SYNTAX;
    *number = json_integer_value(json);
    return *number < lowest || *number > highest ? ERROR_RANGE : 0;
}

static int read_unsigned(uint64_t *number, json_t *json, uint64_t highest, bool text)
{
    if (text && json_is_string(json))
        return slice_to_u64(number, slice_of(json_string_value(json), json_string_length(json)), highest);
    if (!json_is_integer(json))
        return ERROR_SYNTAX;
    if (json_integer_value(json) < 0)
        return ERROR_RANGE;
    *number = (uint64_t)json_integer_value(json);
    return *number > highest ? ERROR_RANGE : 0;
}

static const char *expected_number(int error)
{
    return error == ERROR_RANGE ? "number out of range" : "whole number expected";
}

static int read_number(
    struct reading *r, const struct place *p, json_t *json, const ProtobufCFieldDescriptor *field, void *at)
{
    int64_t number = 0;
    uint64_t size = 0;
    int error = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        error = read_signed(&number, json, INT32_MIN, INT32_MAX, false);
        *(int32_t *)at = (int32_t)number;
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        error = read_unsigned(&size, json, UINT32_MAX, false);
        *(uint32_t *)at = (uint32_t)size;
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        error = read_signed(&number, json, INT64_MIN, INT64_MAX, true);
        *(int64_t *)at = number;
        break;
    default:
        error = read_unsigned(&size, json, UINT64_MAX, true);
        *(uint64_t *)at = size;
        break;
    }
    return error != 0 ? wrong(r, p, error, expected_number(error)) : 0;
}

static int read_enum(
    struct reading *r, const struct place *p, json_t *json, const ProtobufCEnumDescriptor *type, int *at)
{
    if (!json_is_string(json))
        return wrong(r, p, ERROR_SYNTAX, "name expected");
    struct slice name = slice_of(json_string_value(json), json_string_length(json));
    for (size_t i = 0; i < name.length; i++)
        if (name.data[i] >= 'A' && name.data[i] <= 'Z')
            return wrong(r, p, ERROR_SYNTAX, "name in lower case expected");
    for (unsigned i = 0; i < type->n_values; i++)
        if (slice_equal_nocase(name, slice_text(type->values[i].name))) {
            *at = type->values[i].value;
            return 0;
        }
    return wrong(r, p, ERROR_SYNTAX, "not one of the names that are possible");
}

static int read_bytes(struct reading *r, const struct place *p, json_t *json, ProtobufCBinaryData *at)
{
    if (!json_is_string(json))
        return wrong(r, p, ERROR_SYNTAX, "base64 expected");
    struct slice text = slice_of(json_string_value(json), json_string_length(json));
    char *bytes = arena_alloc(r->arena, text.length / 4 * 3 + 3);
    if (json_decode_base64(bytes, &at->len, text) != 0)
        return wrong(r, p, ERROR_SYNTAX, "base64 expected");
    at->data = (uint8_t *)bytes;
    return 0;
}

static int read_value(
    struct reading *r, const struct place *p, json_t *json, const ProtobufCFieldDescriptor *field, void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        if (!json_is_number(json))
            return wrong(r, p, ERROR_SYNTAX, "number expected");
        if (field->type == PROTOBUF_C_TYPE_FLOAT)
            *(float *)at = (float)json_number_value(json);
        else
            *(double *)at = json_number_value(json);
        return 0;
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return wrong(r, p, ERROR_SYNTAX, "true or false expected");
        *(protobuf_c_boolean *)at = json_is_true(json);
        return 0;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(r, p, json, field->descriptor, at);
    case PROTOBUF_C_TYPE_STRING:
        if (!json_is_string(json))
            return wrong(r, p, ERROR_SYNTAX, "text expected");
        *(char **)at = arena_text(r->arena, slice_of(json_string_value(json), json_string_length(json)));
        return 0;
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(r, p, json, at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_object(r, p, json, field->descriptor, at);
    default:
        return read_number(r, p, json, field, at);
    }
}

static int read_repeated(struct reading *r, const struct place *p, json_t *json,
    const ProtobufCFieldDescriptor *field, char *message)
{
    if (!json_is_array(json))
        return wrong(r, p, ERROR_SYNTAX, "array expected");
    size_t count = json_array_size(json);
    size_t size = json__value_size(field->type);
    char *values = arena_zero(r->arena, count * size + 1);
    for (size_t i = 0; i < count; i++) {
        const struct place here = {p, NULL, i};
        int error = read_value(r, &here, json_array_get(json, i), field, values + i * size);
        if (error != 0)
            return error;
    }
    *(size_t *)(void *)(message + field->quantifier_offset) = count;
    *(void **)(void *)(message + field->offset) = values;
    return 0;
}

static int read_member(struct reading *r, const struct place *p, json_t *json,
    const ProtobufCFieldDescriptor *field, char *message)
{
    void *quantifier = message + field->quantifier_offset;
    if (json_is_null(json) && field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_repeated(r, p, json, field, message);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(uint32_t *)quantifier != 0)
            return wrong(r, p, ERROR_SYNTAX, "excludes another member that is there as well");
        *(uint32_t *)quantifier = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0) {
        *(protobuf_c_boolean *)quantifier = true;
    }
    return read_value(r, p, json, field, message + field->offset);
}

static int unknown_member(struct reading *r, const struct place *p, json_t *json)
{
    if (r->unknown == NULL)
        return wrong(r, p, ERROR_SYNTAX, "not known; check the name");
    add_place(r->unknown, p);
    buffer_add_byte(r->unknown, '=');
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text != NULL)
        buffer_add_text(r->unknown, text);
    free(text);
    buffer_add_byte(r->unknown, '\n');
    return 0;
}

static int read_object(struct reading *r, const struct place *p, json_t *json,
    const ProtobufCMessageDescriptor *type, void **message)
{
    if (!json_is_object(json))
        return wrong(r, p, ERROR_SYNTAX, "object expected");
    char *base = arena_zero(r->arena, type->sizeof_message);
    protobuf_c_message_init(type, base);
    *message = base;
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
        const struct place here = {p, name, 0};
        int error =
            field != NULL ? read_member(r, &here, value, field, base) : unknown_member(r, &here, value);
        if (error != 0)
            return error;
    }
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct place here = {p, type->fields[i].name, 0};
        if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED &&
            json_object_get(json, type->fields[i].name) == NULL)
            return wrong(r, &here, ERROR_SYNTAX, "is missing");
    }
    return 0;
}

/* The library recurses, so depth is bounded before it looks at the text. */
static bool is_too_deep(struct slice text)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (byte == '"')
            in_string = !in_string;
        else if (in_string)
            i += byte == '\\';
        else if ((byte == '{' || byte == '[') && ++depth > JSON_DEPTH)
            return true;
        else if ((byte == '}' || byte == ']') && depth != 0)
            depth--;
    }
    return false;
}

int json_read_message(void **message, const ProtobufCMessageDescriptor *type, struct slice text,
    const struct json_options *options, struct arena *arena, struct buffer *why)
{
    struct reading r = {arena, why, options != NULL ? options->unknown : NULL};
    size_t limit = options != NULL && options->limit != 0 ? options->limit : JSON_BYTES;
    json_error_t error;
    if (text.length > limit)
        return wrong(&r, NULL, ERROR_LIMIT, "the text is too long");
    if (is_too_deep(text))
        return wrong(&r, NULL, ERROR_LIMIT, "too many objects and arrays inside each other");
    json_t *json = json_loadb(text.length != 0 ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        if (why != NULL)
            buffer_add_format(why, "line %d, column %d: %s", error.line, error.column, error.text);
        return ERROR_SYNTAX;
    }
    int result = read_object(&r, NULL, json, type, message);
    json_decref(json);
    return result;
}
