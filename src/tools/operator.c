#include "tools/operator.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tools/file.h"

#define TOKEN_BYTES 32

static void to_hex(char *hex, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    hex[2 * length] = '\0';
}

static void add_path(struct buffer *out, struct slice data)
{
    buffer_add(out, data);
    buffer_add_text(out, "/operator.token");
    buffer_add_byte(out, '\0');
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (!isxdigit((unsigned char)s.data[i]))
            return false;
    return s.length == 2 * TOKEN_BYTES;
}

int operator_read(char token[OPERATOR_TOKEN_HEX], struct slice data, struct buffer *complaint)
{
    struct buffer path = {0}, text = {0};
    add_path(&path, data);
    int error = tools_file_read(&text, path.data, complaint);
    struct slice found = slice_trim(buffer_slice(&text));
    if (error == 0 && !is_token(found)) {
        buffer_add_format(complaint, "%s is no token; start the system again to make a new one", path.data);
        error = ERROR_SYNTAX;
    }
    if (error == 0) {
        slice_put(token, found);
        token[found.length] = '\0';
    }
    buffer_free(&path);
    buffer_free(&text);
    return error;
}

static int make(char token[OPERATOR_TOKEN_HEX], const char *path, void (*random)(void *bytes, size_t length),
    struct buffer *complaint)
{
    unsigned char bytes[TOKEN_BYTES];
    char line[OPERATOR_TOKEN_HEX + 1];
    random(bytes, sizeof bytes);
    to_hex(token, bytes, sizeof bytes);
    memcpy(line, token, OPERATOR_TOKEN_HEX - 1);
    line[OPERATOR_TOKEN_HEX - 1] = '\n';
    return tools_file_write_private(path, slice_of(line, OPERATOR_TOKEN_HEX), complaint);
}

int operator_prepare(char sha256[OPERATOR_TOKEN_HEX], struct slice data,
    void (*random)(void *bytes, size_t length), struct buffer *complaint)
{
    char token[OPERATOR_TOKEN_HEX];
    unsigned char hash[EVP_MAX_MD_SIZE];
    struct buffer path = {0}, ignored = {0};
    struct stat about;
    int error = 0;

    add_path(&path, data);
    bool open_to_others = stat(path.data, &about) == 0 && (about.st_mode & 077) != 0;
    if (open_to_others || operator_read(token, data, &ignored) != 0)
        error = make(token, path.data, random, complaint);
    if (error == 0 && EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL) != 1) {
        buffer_add_text(complaint, "SHA-256 is not available in this machine's OpenSSL");
        error = ERROR_SYSTEM;
    }
    if (error == 0)
        to_hex(sha256, hash, 32);
    buffer_free(&path);
    buffer_free(&ignored);
    return error;
}
