#include "tools/identity/code.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/error.h"

#define BYTES (2 * (size_t)CODE_HALF)
#define LETTERS ((BYTES * 8 + 4) / 5)
#define GROUP 4

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

int code_fingerprint(unsigned char hash[32], X509 *certificate)
{
    return X509_digest(certificate, EVP_sha256(), hash, NULL) == 1 ? 0 : ERROR_SYSTEM;
}

int code_make(struct code *c, X509 *authority)
{
    unsigned char hash[32];
    if (code_fingerprint(hash, authority) != 0 || RAND_bytes(c->secret, sizeof c->secret) != 1)
        return ERROR_SYSTEM;
    memcpy(c->authority, hash, sizeof c->authority);
    return 0;
}

static unsigned bit(const struct code *c, size_t number)
{
    size_t byte = number / 8;
    const unsigned char *from = byte < CODE_HALF ? &c->authority[byte] : &c->secret[byte - CODE_HALF];
    return number < BYTES * 8 ? *from >> (7 - number % 8) & 1U : 0;
}

static void set_bit(struct code *c, size_t number)
{
    size_t byte = number / 8;
    unsigned char *to = byte < CODE_HALF ? &c->authority[byte] : &c->secret[byte - CODE_HALF];
    *to = (unsigned char)(*to | 0x80U >> number % 8);
}

void code_write(char text[CODE_TEXT], const struct code *c)
{
    for (size_t letter = 0; letter < LETTERS; letter++) {
        unsigned value = 0;
        for (size_t i = 0; i < 5; i++)
            value = value << 1 | bit(c, letter * 5 + i);
        if (letter != 0 && letter % GROUP == 0)
            *text++ = '-';
        *text++ = alphabet[value];
    }
    *text = '\0';
}

static int value_of(char byte)
{
    char lower = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    const char *at = lower != '\0' ? strchr(alphabet, lower) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

int code_read(struct code *c, struct slice text)
{
    size_t letters = 0;
    *c = (struct code){{0}, {0}};
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '-' || text.data[i] == ' ')
            continue;
        int value = value_of(text.data[i]);
        if (value < 0 || letters == LETTERS)
            return ERROR_SYNTAX;
        for (size_t k = 0; k < 5; k++) {
            size_t number = letters * 5 + k;
            if ((value >> (4 - k) & 1) == 0)
                continue;
            if (number >= BYTES * 8)
                return ERROR_SYNTAX; /* bits beyond the last byte: another spelling of the same code */
            set_bit(c, number);
        }
        letters++;
    }
    return letters == LETTERS ? 0 : ERROR_SYNTAX;
}

int code_hash(char text[CODE_HASH_TEXT], const struct code *c)
{
    unsigned char hash[32];
    if (EVP_Digest(c->secret, sizeof c->secret, hash, NULL, EVP_sha256(), NULL) != 1)
        return ERROR_SYSTEM;
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    return 0;
}
