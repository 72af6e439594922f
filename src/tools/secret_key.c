#include "tools/secret_key.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tools/file.h"

#define HEX (2 * SECRET_KEY)

static void add_path(struct buffer *out, struct slice data)
{
    buffer_add(out, data);
    buffer_add_text(out, "/secret.key");
    buffer_add_byte(out, '\0');
}

static int digit(char byte)
{
    return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool from_hex(uint8_t key[SECRET_KEY], struct slice text)
{
    if (text.length != HEX)
        return false;
    for (size_t i = 0; i < SECRET_KEY; i++) {
        int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void forget(struct buffer *text)
{
    if (text->data != NULL)
        OPENSSL_cleanse(text->data, text->length);
    buffer_free(text);
}

int secret_key_read(uint8_t key[SECRET_KEY], struct slice data, struct buffer *complaint)
{
    struct buffer path = {0}, text = {0};
    struct stat about;
    add_path(&path, data);
    int error = tools_file_read(&text, path.data, complaint);
    if (error == 0 && stat(path.data, &about) == 0 && (about.st_mode & 077) != 0) {
        buffer_add_format(complaint,
            "%s can be read by others than its owner; set its mode to 600, and change the secrets if "
            "somebody "
            "may have read it",
            path.data);
        error = ERROR_DENIED;
    }
    if (error == 0 && !from_hex(key, slice_trim(buffer_slice(&text)))) {
        buffer_add_format(complaint,
            "%s is no key of %d hexadecimal digits; put the right one back, nothing else opens the secrets "
            "in "
            "the database",
            path.data, HEX);
        error = ERROR_SYNTAX;
    }
    forget(&text);
    buffer_free(&path);
    return error;
}

static int write_new(const uint8_t key[SECRET_KEY], struct slice data, struct buffer *complaint)
{
    struct buffer path = {0}, text = {0};
    add_path(&path, data);
    for (size_t i = 0; i < SECRET_KEY; i++)
        buffer_add_format(&text, "%02x", key[i]);
    buffer_add_byte(&text, '\n');
    int error = tools_file_write_private(path.data, buffer_slice(&text), complaint);
    forget(&text);
    buffer_free(&path);
    return error;
}

int secret_key_prepare(uint8_t key[SECRET_KEY], struct slice data, void (*random)(void *bytes, size_t length),
    struct buffer *complaint)
{
    struct buffer ignored = {0};
    int error = secret_key_read(key, data, &ignored);
    if (error == ERROR_MISSING) {
        random(key, SECRET_KEY);
        error = write_new(key, data, complaint);
    } else if (error != 0) {
        buffer_add(complaint, buffer_slice(&ignored));
    }
    buffer_free(&ignored);
    return error;
}

int secret_key_write(const uint8_t key[SECRET_KEY], struct slice data, struct buffer *complaint)
{
    uint8_t there[SECRET_KEY];
    struct buffer ignored = {0};
    int error = secret_key_read(there, data, &ignored);
    if (error == ERROR_MISSING) {
        error = write_new(key, data, complaint);
    } else if (error != 0) {
        buffer_add(complaint, buffer_slice(&ignored));
    } else if (CRYPTO_memcmp(there, key, SECRET_KEY) != 0) {
        buffer_add_format(complaint,
            "%.*s/secret.key is the key of another cluster; take an empty data folder for this one",
            SLICE_ARG(data));
        error = ERROR_EXISTS;
    }
    OPENSSL_cleanse(there, sizeof there);
    buffer_free(&ignored);
    return error;
}
