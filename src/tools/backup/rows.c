#include <jansson.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/utf8.h"
#include "tools/backup/backup.h"

static int add_line(struct buffer *out, json_t *line)
{
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (text == NULL)
        return ERROR_LIMIT;
    buffer_add_text(out, text);
    buffer_add_byte(out, '\n');
    free(text);
    return out->overflowed ? ERROR_LIMIT : 0;
}

int backup__table_line(struct buffer *out, const struct database_table *table)
{
    json_t *line = json_array();
    for (size_t i = 0; i < table->count; i++)
        json_array_append_new(line, json_string(table->columns[i]));
    return add_line(out, line);
}

/* Bytes that are no text: {"bytes": "base64"}; text that is none: {"text": "base64"}. */
static json_t *packed(const char *as, struct slice bytes)
{
    struct buffer room = {.data = NULL};
    char *at = buffer_room(&room, bytes.length / 3 * 4 + 8);
    if (at == NULL)
        return NULL;
    int length = EVP_EncodeBlock((unsigned char *)at, (const unsigned char *)bytes.data, (int)bytes.length);
    json_t *value = json_pack("{ss%}", as, at, (size_t)length);
    buffer_free(&room);
    return value;
}

static json_t *json_of(const struct database_value *v)
{
    switch (v->kind) {
    case DATABASE_NUMBER:
        return json_integer(v->number);
    case DATABASE_TEXT:
        if (utf8_valid(v->bytes) &&
            memchr(v->bytes.data != NULL ? v->bytes.data : "", '\0', v->bytes.length) == NULL)
            return json_stringn(v->bytes.length != 0 ? v->bytes.data : "", v->bytes.length);
        return packed("text", v->bytes);
    case DATABASE_BLOB:
        return packed("bytes", v->bytes);
    default:
        return json_null();
    }
}

int backup__row_line(struct buffer *out, const struct database_value *values, size_t count)
{
    json_t *line = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(line, json_of(&values[i])) != 0) {
            json_decref(line);
            return ERROR_LIMIT;
        }
    return add_line(out, line);
}

static json_t *read_line(struct slice line)
{
    json_error_t error;
    json_t *read = json_loadb(line.data, line.length, 0, &error);
    if (json_is_array(read))
        return read;
    json_decref(read);
    return NULL;
}

/* Only what a table and its columns are called in a schema. */
static bool is_name(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        if ((text[i] < 'a' || text[i] > 'z') && (text[i] < '0' || text[i] > '9') && text[i] != '_')
            return false;
    return text[0] != '\0' && strlen(text) < DATABASE_NAME;
}

int backup__read_table(struct database_table *table, struct slice line)
{
    json_t *read = read_line(line), *column;
    size_t i;
    if (read == NULL || json_array_size(read) > DATABASE_COLUMNS || !is_name(table->name)) {
        json_decref(read);
        return ERROR_CORRUPT;
    }
    table->count = json_array_size(read);
    int error = table->count == 0 ? ERROR_CORRUPT : 0;
    json_array_foreach(read, i, column)
    {
        const char *name = json_string_value(column);
        if (name == NULL || !is_name(name))
            error = ERROR_CORRUPT;
        else
            slice_put(table->columns[i], slice_of(name, strlen(name) + 1));
    }
    json_decref(read);
    return error;
}

static int unpack(struct database_value *v, const json_t *object, struct arena *arena)
{
    const json_t *text = json_object_get(object, "text"), *bytes = json_object_get(object, "bytes");
    struct slice encoded = slice_text(json_string_value(text != NULL ? text : bytes));
    if (json_object_size(object) != 1 || encoded.data == NULL || encoded.length % 4 != 0)
        return ERROR_CORRUPT;
    v->kind = text != NULL ? DATABASE_TEXT : DATABASE_BLOB;
    char *room = arena_alloc(arena, encoded.length + 1);
    int length =
        EVP_DecodeBlock((unsigned char *)room, (const unsigned char *)encoded.data, (int)encoded.length);
    if (length < 0)
        return ERROR_CORRUPT;
    for (size_t i = 0; i < 2 && length > 0 && slice_ends(encoded, SLICE("=")); i++) {
        encoded.length--;
        length--;
    }
    v->bytes = slice_of(room, (size_t)length);
    return 0;
}

int backup__read_row(struct database_value *values, size_t count, struct slice line, struct arena *arena)
{
    json_t *read = read_line(line), *value;
    size_t i;
    int error = read == NULL || json_array_size(read) != count ? ERROR_CORRUPT : 0;
    json_array_foreach(read, i, value)
    {
        if (error != 0)
            break;
        values[i] = (struct database_value){.kind = DATABASE_NULL};
        if (json_is_integer(value)) {
            values[i].kind = DATABASE_NUMBER;
            values[i].number = json_integer_value(value);
        } else if (json_is_string(value)) {
            values[i].kind = DATABASE_TEXT;
            values[i].bytes =
                arena_copy(arena, slice_of(json_string_value(value), json_string_length(value)));
        } else if (json_is_object(value)) {
            error = unpack(&values[i], value, arena);
        } else if (!json_is_null(value)) {
            error = ERROR_CORRUPT;
        }
    }
    json_decref(read);
    return error;
}
