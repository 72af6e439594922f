#include "tools/identity/proof.h"

#include <inttypes.h>
#include <openssl/err.h>

#include "base/error.h"

int proof_sign(struct buffer *signature, EVP_PKEY *key, struct slice text)
{
    unsigned char bytes[PROOF_TEXT / 2];
    size_t length = sizeof bytes;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool done = c != NULL && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(c, bytes, &length, (const unsigned char *)text.data, text.length) == 1;
    for (size_t i = 0; done && i < length; i++)
        buffer_add_format(signature, "%02x", bytes[i]);
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return done ? 0 : ERROR_SYSTEM;
}

static int digit(char byte)
{
    return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool from_hexadecimal(unsigned char *bytes, struct slice text)
{
    if (text.length % 2 != 0 || text.length == 0 || text.length > PROOF_TEXT)
        return false;
    for (size_t i = 0; i < text.length; i += 2) {
        int high = digit(text.data[i]), low = digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (unsigned char)(high << 4 | low);
    }
    return true;
}

int proof_check(EVP_PKEY *key, struct slice text, struct slice signature)
{
    unsigned char bytes[PROOF_TEXT / 2];
    if (!from_hexadecimal(bytes, signature))
        return ERROR_UNAUTHENTICATED;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good =
        c != NULL && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(c, bytes, signature.length / 2, (const unsigned char *)text.data, text.length) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return good ? 0 : ERROR_UNAUTHENTICATED;
}

void proof_text(struct buffer *out, struct slice instance_id, int64_t at, struct slice request)
{
    buffer_add_format(out, "tandem identity %s\n%.*s\n%" PRId64 "\n%.*s",
        slice_empty(request) ? "fetch" : "renew", SLICE_ARG(instance_id), at, SLICE_ARG(request));
}
