/* JSON by hand: strings (RFC 8259 7), base64 (RFC 4648 4). */
#include "wire/json_int.h"

#include "base/error.h"
#include "base/utf8.h"
#include "wire/event.pb-c.h"

/* Bytes at the beginning that can stand as they are. */
static size_t plain_length(struct slice text)
{
    size_t i = 0;
    while (i < text.length) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x7f)
            break;
        i++;
    }
    return i;
}

static void add_escaped(struct buffer *out, unsigned char byte)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = byte != 0 ? strchr(from, byte) : NULL;
    if (at != NULL) {
        char pair[2] = {'\\', to[at - from]};
        buffer_add(out, slice_of(pair, 2));
    } else {
        buffer_add_format(out, "\\u%04x", byte);
    }
}

void json_add_string(struct buffer *out, struct slice text)
{
    buffer_add_byte(out, '"');
    while (text.length != 0) {
        size_t length = plain_length(text), skip = 0;
        if (length == 0 && ((unsigned char)text.data[0] < 0x80)) {
            add_escaped(out, (unsigned char)text.data[0]);
            skip = 1;
        } else if (length == 0) {
            length = utf8_character(text, &skip);
            if (length == 0)
                buffer_add_text(out, "\xef\xbf\xbd");
        }
        if (length != 0) {
            buffer_add(out, slice_first(text, length));
            skip = length;
        }
        text = slice_from(text, skip);
    }
    buffer_add_byte(out, '"');
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void json_add_attributes(struct buffer *out, Tandem__CallAttribute *const *list, size_t count)
{
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            buffer_add_byte(out, ',');
        json_add_string(out, slice_text(list[i]->name));
        buffer_add_byte(out, ':');
        json_add_string(out, slice_text(list[i]->value));
    }
    buffer_add_byte(out, '}');
}

void json_add_base64(struct buffer *out, struct slice bytes)
{
    buffer_add_byte(out, '"');
    while (bytes.length != 0) {
        struct slice three = slice_first(bytes, 3);
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < three.length ? (unsigned char)three.data[i] : 0U);
        char text[4];
        for (size_t i = 0; i < 4; i++)
            text[i] = i <= three.length ? letters[bits >> 6 * (3 - i) & 63] : '=';
        buffer_add(out, slice_of(text, 4));
        bytes = slice_from(bytes, three.length);
    }
    buffer_add_byte(out, '"');
}

int json_decode_base64(char *out, size_t *length, struct slice text)
{
    size_t n = 0;
    if (text.length % 4 != 0)
        return ERROR_SYNTAX;
    size_t padding = slice_ends(text, SLICE("==")) ? 2 : slice_ends(text, SLICE("=")) ? 1 : 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.length - padding; i++) {
        const char *at = text.data[i] != '\0' ? strchr(letters, text.data[i]) : NULL;
        if (at == NULL)
            return ERROR_SYNTAX;
        bits = bits << 6 | (uint32_t)(at - letters);
        if (i % 4 == 0)
            continue;
        out[n++] = (char)(bits >> (6 - i % 4 * 2));
    }
    if (padding != 0 && (bits & (padding == 2 ? 15 : 3)) != 0) /* one text for each value */
        return ERROR_SYNTAX;
    *length = n;
    return 0;
}

size_t json__value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return 4;
    }
}
