#include "tools/identity/start_file.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "base/error.h"
#include "config/start/option.h"
#include "tools/file.h"
#include "tools/secret_key.h"
#include "wire/json.h"

#define PASSWORD_FILE "-password-file"

/* What we take from the platform: it knows its engines, but has nothing to say about our disk. */
static bool is_taken(const char *name)
{
    static const char *const engines[] = {"cluster", "registry", "bus", "store"};
    bool known = false, engine = false;
    for (int i = 0; i < OPTION_COUNT; i++)
        known = known || strcmp(option_name((enum option)i), name) == 0;
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        engine = engine || strncmp(name, engines[i], strlen(engines[i])) == 0;
    return known && engine && strlen(name) < 64;
}

/* JSON's notation of a text is one of TOML's (TOML 1.0.0, basic strings). */
static void add_value(struct buffer *out, const json_t *value)
{
    const json_t *item;
    size_t at;
    if (json_is_string(value)) {
        json_add_string(out, slice_of(json_string_value(value), json_string_length(value)));
        return;
    }
    buffer_add_byte(out, '[');
    json_array_foreach(value, at, item)
    {
        buffer_add_text(out, at != 0 ? ", " : "");
        json_add_string(out, slice_of(json_string_value(item), json_string_length(item)));
    }
    buffer_add_byte(out, ']');
}

static bool is_value(const json_t *value)
{
    const json_t *item;
    size_t at;
    bool good = json_is_string(value) || json_is_array(value);
    json_array_foreach(value, at, item) good = good && json_is_string(item);
    return good;
}

static void add_path(struct buffer *out, const char *option, const char *path)
{
    buffer_add_format(out, "%s = ", option);
    json_add_string(out, slice_text(path));
    buffer_add_byte(out, '\n');
}

static int add_secrets(struct buffer *out, const struct kept *k, json_t *files, struct buffer *complaint)
{
    const char *name;
    json_t *content;
    json_object_foreach(files, name, content)
    {
        char path[AUTHORITY_PATH + 80];
        size_t length = strlen(name);
        if (!is_taken(name) || !json_is_string(content) ||
            !slice_ends(slice_text(name), SLICE(PASSWORD_FILE)))
            continue;
        snprintf(path, sizeof path, "%s/%.*s", k->data, (int)(length - strlen("-file")), name);
        int error = tools_file_write_private(
            path, slice_of(json_string_value(content), json_string_length(content)), complaint);
        if (error != 0)
            return error;
        add_path(out, name, path);
    }
    return 0;
}

static int digit(char byte)
{
    return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Of the secrets in the database; a platform may not have one. */
static int write_key(const struct kept *k, const json_t *secrets, struct buffer *complaint)
{
    const char *text = json_string_value(json_object_get(secrets, "secret_key"));
    uint8_t key[SECRET_KEY];
    if (text == NULL)
        return 0;
    bool good = strlen(text) == 2 * sizeof key;
    for (size_t i = 0; good && i < sizeof key; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        key[i] = (uint8_t)(high << 4 | low);
    }
    if (!good) {
        buffer_add_text(complaint, "the platform's answer has a key of secrets that is none");
        return ERROR_SYNTAX;
    }
    int error = secret_key_write(key, slice_text(k->data), complaint);
    OPENSSL_cleanse(key, sizeof key);
    return error;
}

int start_file_write(bool *made, const char *path, const struct kept *k, const char *name,
    const json_t *answer, const json_t *secrets, struct buffer *complaint)
{
    struct buffer text = {0};
    const char *option;
    json_t *start = json_object_get(answer, "start"), *value;
    *made = json_object_get(start, "registry") != NULL;
    if (!*made)
        return 0; /* nor has it secrets to share */
    buffer_add_text(&text, "# Written by tandem join.\n");
    add_path(&text, "name", name);
    add_path(&text, "data", k->data);
    add_path(&text, "authority", k->authority);
    add_path(&text, "certificate", k->member);
    add_path(&text, "key", k->member);
    json_object_foreach(start, option, value)
    {
        if (!is_taken(option) || !is_value(value) || slice_ends(slice_text(option), SLICE(PASSWORD_FILE)))
            continue;
        buffer_add_format(&text, "%s = ", option);
        add_value(&text, value);
        buffer_add_byte(&text, '\n');
    }
    int error = write_key(k, secrets, complaint);
    if (error == 0)
        error = add_secrets(&text, k, json_object_get(secrets, "files"), complaint);
    if (error == 0)
        error = tools_file_write_private(path, buffer_slice(&text), complaint);
    buffer_free(&text);
    return error;
}
