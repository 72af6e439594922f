#include "config/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"

#define NONCE 12
#define TAG 16
#define HASH 32
_Static_assert(SEAL_MORE == NONCE + TAG, "a sealed text is nonce, text and tag");

/* Keys for two purposes from the one, so that a nonce tells nothing about the text. */
static bool keyed_hash(uint8_t out[HASH], struct slice key, struct slice text)
{
    unsigned length = 0;
    return HMAC(EVP_sha256(), key.data, (int)key.length, (const unsigned char *)text.data, text.length, out,
               &length) != NULL &&
           length == HASH;
}

static bool nonce_of(uint8_t nonce[NONCE], struct slice key, struct slice place, struct slice clear)
{
    uint8_t nonce_key[HASH], hash[HASH];
    struct buffer text = {0};
    bool good = keyed_hash(nonce_key, key, SLICE("tandem nonce"));
    buffer_add_format(&text, "%zu ", place.length); /* so that no two pairs of texts make the same bytes */
    buffer_add(&text, place);
    buffer_add(&text, clear);
    good = good && !text.overflowed && keyed_hash(hash, slice_of(nonce_key, HASH), buffer_slice(&text));
    if (good)
        memcpy(nonce, hash, NONCE);
    OPENSSL_cleanse(nonce_key, sizeof nonce_key);
    if (text.data != NULL)
        OPENSSL_cleanse(text.data, text.length);
    buffer_free(&text);
    return good;
}

/* AES-256-GCM in one direction; `tag` is made or checked. */
static bool cipher(char *out, bool seal, struct slice key, const uint8_t nonce[NONCE], struct slice place,
    struct slice in, uint8_t tag[TAG])
{
    uint8_t cipher_key[HASH];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length = 0;
    unsigned char *to = (unsigned char *)out;
    bool good =
        c != NULL && in.length <= INT32_MAX && place.length <= INT32_MAX &&
        keyed_hash(cipher_key, key, SLICE("tandem seal")) &&
        EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, cipher_key, nonce, seal) == 1 &&
        EVP_CipherUpdate(c, NULL, &length, (const unsigned char *)place.data, (int)place.length) == 1 &&
        (in.length == 0 ||
            EVP_CipherUpdate(c, to, &length, (const unsigned char *)in.data, (int)in.length) == 1);
    if (good && !seal)
        good = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1;
    good = good && EVP_CipherFinal_ex(c, to + in.length, &length) == 1;
    if (good && seal)
        good = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(cipher_key, sizeof cipher_key);
    return good;
}

int seal_add(struct buffer *out, struct slice key, struct slice place, struct slice clear)
{
    uint8_t nonce[NONCE], tag[TAG];
    char *room = buffer_room(out, clear.length + SEAL_MORE);
    if (room == NULL)
        return ERROR_LIMIT;
    if (key.length != SEAL_KEY || !nonce_of(nonce, key, place, clear) ||
        !cipher(room + NONCE, true, key, nonce, place, clear, tag))
        return ERROR_SYSTEM;
    memcpy(room, nonce, NONCE);
    memcpy(room + NONCE + clear.length, tag, TAG);
    out->length += clear.length + SEAL_MORE;
    return 0;
}

int seal_open(struct buffer *out, struct slice key, struct slice place, struct slice sealed)
{
    uint8_t nonce[NONCE], tag[TAG];
    if (key.length != SEAL_KEY || sealed.length < SEAL_MORE)
        return ERROR_DENIED;
    size_t length = sealed.length - SEAL_MORE;
    char *room = buffer_room(out, length + 1);
    if (room == NULL)
        return ERROR_LIMIT;
    memcpy(nonce, sealed.data, NONCE);
    memcpy(tag, sealed.data + NONCE + length, TAG);
    if (!cipher(room, false, key, nonce, place, slice_of(sealed.data + NONCE, length), tag)) {
        OPENSSL_cleanse(room, length);
        return ERROR_DENIED;
    }
    out->length += length;
    return 0;
}

/* ---- fields of objects ---- */

static bool is_kept_sealed(const struct field *f)
{
    return (f->flags & FIELD_SECRET) != 0 && f->type != FIELD_PASSWORD && (f->flags & FIELD_LIST) == 0;
}

static struct slice place_of(
    struct buffer *place, const struct kind *k, const json_t *body, const struct field *f)
{
    buffer_add_format(place, "%s/%.*s/%s", k->name, SLICE_ARG(object_name(k, body)), f->name);
    return buffer_slice(place);
}

bool object_is_sealed(const json_t *value)
{
    return json_is_object(value) && json_is_string(json_object_get(value, "sealed"));
}

static json_t *sealed_value(struct slice key, struct slice place, const json_t *value)
{
    struct buffer bytes = {0}, text = {0};
    json_t *sealed = NULL;
    struct slice clear = slice_of(json_string_value(value), json_string_length(value));
    if (seal_add(&bytes, key, place, clear) == 0) {
        size_t most = (bytes.length + 2) / 3 * 4;
        char *room = buffer_room(&text, most + 1);
        int length = EVP_EncodeBlock((unsigned char *)room, (unsigned char *)bytes.data, (int)bytes.length);
        sealed = json_pack("{ss%}", "sealed", room, (size_t)length);
    }
    buffer_free(&bytes);
    buffer_free(&text);
    return sealed;
}

void object_seal(const struct kind *k, json_t *body, struct slice key)
{
    for (size_t i = 0; i < k->field_count && key.length == SEAL_KEY; i++) {
        const struct field *f = &k->fields[i];
        const json_t *value = json_object_get(body, f->name);
        struct buffer place = {0};
        if (is_kept_sealed(f) && json_is_string(value)) {
            json_t *sealed = sealed_value(key, place_of(&place, k, body, f), value);
            if (sealed != NULL)
                json_object_set_new(body, f->name, sealed);
        }
        buffer_free(&place);
    }
}

static json_t *opened_value(struct slice key, struct slice place, const json_t *value)
{
    const json_t *sealed = json_object_get(value, "sealed");
    struct slice text = slice_of(json_string_value(sealed), json_string_length(sealed));
    struct buffer bytes = {0}, clear = {0};
    json_t *opened = NULL;
    char *room = text.length % 4 == 0 ? buffer_room(&bytes, text.length / 4 * 3 + 1) : NULL;
    int length = room != NULL ? EVP_DecodeBlock(
                                    (unsigned char *)room, (const unsigned char *)text.data, (int)text.length)
                              : -1;
    if (length > 0) {
        size_t padding = (size_t)slice_ends(text, SLICE("=")) + (size_t)slice_ends(text, SLICE("=="));
        bytes.length = (size_t)length - padding;
        if (seal_open(&clear, key, place, buffer_slice(&bytes)) == 0)
            opened = json_stringn(clear.data, clear.length);
    }
    if (clear.data != NULL)
        OPENSSL_cleanse(clear.data, clear.length);
    buffer_free(&bytes);
    buffer_free(&clear);
    return opened;
}

int object_unseal(const struct kind *k, json_t *body, struct slice key)
{
    int error = 0;
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        const json_t *value = json_object_get(body, f->name);
        struct buffer place = {0};
        if (!is_kept_sealed(f) || !object_is_sealed(value))
            continue;
        json_t *opened = opened_value(key, place_of(&place, k, body, f), value);
        if (opened != NULL)
            json_object_set_new(body, f->name, opened);
        else
            json_object_del(body, f->name);
        error = opened != NULL ? error : ERROR_DENIED;
        buffer_free(&place);
    }
    return error;
}
