/* Digest authentication: what is hashed (RFC 7616 3.4, RFC 2617 3.2.2.1 for clients without qop). */
#include "sip/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/error.h"

#define SHA256_SIZE 32
#define SHA256_BLOCK 64
#define TIME_HEX 16 /* hexadecimal digits of a nonce's time; the keyed hash fills the rest */

static const struct slice colon = SLICE_INIT(":");

static bool prepare(struct digest_hashes *h, enum digest_algorithm a)
{
    static const char *const names[] = {"MD5", "SHA2-256", "SHA2-512/256"};
    if (h->types[a] == NULL)
        h->types[a] = EVP_MD_fetch(NULL, names[a], NULL);
    if (h->context == NULL)
        h->context = EVP_MD_CTX_new();
    return h->types[a] != NULL && h->context != NULL;
}

void digest_hashes_free(struct digest_hashes *h)
{
    for (size_t i = 0; i < DIGEST_ALGORITHMS; i++)
        EVP_MD_free(h->types[i]);
    EVP_MD_CTX_free(h->context);
    *h = (struct digest_hashes){.context = NULL};
}

/* Hashes the parts one behind the other; the length, or 0 when this system's OpenSSL forbids the algorithm.
 */
static size_t hash(struct digest_hashes *h, unsigned char out[EVP_MAX_MD_SIZE], enum digest_algorithm a,
    const struct slice *parts, size_t count)
{
    unsigned length = 0;
    bool good = prepare(h, a) && EVP_DigestInit_ex(h->context, h->types[a], NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = parts[i].length == 0 || EVP_DigestUpdate(h->context, parts[i].data, parts[i].length) == 1;
    good = good && EVP_DigestFinal_ex(h->context, out, &length) == 1;
    return good ? length : 0;
}

static void add_hex(char *out, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *out = '\0';
}

static void hash_hex(struct digest_hashes *h, char out[DIGEST_HEX], enum digest_algorithm a,
    const struct slice *parts, size_t count)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    add_hex(out, bytes, hash(h, bytes, a, parts, count));
}

void digest_ha1(
    char ha1[DIGEST_HEX], enum digest_algorithm a, struct slice user, struct slice realm, struct slice secret)
{
    struct slice parts[] = {user, colon, realm, colon, secret};
    struct digest_hashes h = {.context = NULL};
    hash_hex(&h, ha1, a, parts, 5);
    digest_hashes_free(&h);
}

static bool is_integrity(struct slice qop)
{
    return slice_equal_nocase(qop, SLICE("auth-int"));
}

/* What is asked for: the method, and the body where qop is auth-int. */
struct asked {
    struct slice method, qop, body; /* qop: the one that counts; empty for none */
};

/* The response over what stands in `d`. */
static void response_of(struct digest_hashes *h, char response[DIGEST_HEX], const struct digest *d,
    struct slice ha1, const struct asked *asked)
{
    char ha2[DIGEST_HEX], body[DIGEST_HEX], session[DIGEST_HEX];
    struct slice qop = asked->qop;
    struct slice second[] = {asked->method, colon, d->uri, colon, {0}};
    bool integrity = is_integrity(qop);
    if (integrity) {
        hash_hex(h, body, d->algorithm, &asked->body, 1);
        second[4] = slice_text(body);
    }
    hash_hex(h, ha2, d->algorithm, second, integrity ? 5 : 3);
    if (d->session) {
        struct slice parts[] = {ha1, colon, d->nonce, colon, d->cnonce};
        hash_hex(h, session, d->algorithm, parts, 5);
        ha1 = slice_text(session);
    }
    if (qop.length == 0) {
        struct slice parts[] = {ha1, colon, d->nonce, colon, slice_text(ha2)};
        hash_hex(h, response, d->algorithm, parts, 5);
    } else {
        struct slice parts[] = {
            ha1, colon, d->nonce, colon, d->nc, colon, d->cnonce, colon, qop, colon, slice_text(ha2)};
        hash_hex(h, response, d->algorithm, parts, 11);
    }
}

static bool verify(
    const struct digest *d, struct digest_hashes *h, struct slice ha1, const struct asked *asked)
{
    char expected[DIGEST_HEX];
    if ((d->qop.length != 0 && (d->count == 0 || d->cnonce.length == 0)) ||
        (d->session && d->cnonce.length == 0))
        return false;
    response_of(h, expected, d, ha1, asked);
    size_t length = strlen(expected);
    return length != 0 && d->response.length == length &&
           CRYPTO_memcmp(d->response.data, expected, length) == 0;
}

bool digest_verify(const struct digest *d, struct digest_hashes *h, struct slice method, struct slice ha1)
{
    struct asked asked = {.method = method, .qop = d->qop};
    bool plain = d->qop.length == 0 || slice_equal_nocase(d->qop, SLICE("auth"));
    return plain && verify(d, h, ha1, &asked);
}

bool digest_verify_body(
    const struct digest *d, struct digest_hashes *h, struct slice method, struct slice ha1, struct slice body)
{
    struct asked asked = {method, d->qop, body};
    return is_integrity(d->qop) ? verify(d, h, ha1, &asked) : digest_verify(d, h, method, ha1);
}

/* ---- nonces ---- */

/* HMAC-SHA-256 (RFC 2104). */
static bool keyed_hash(struct digest_hashes *h, unsigned char out[EVP_MAX_MD_SIZE], struct slice key,
    const struct slice *parts, size_t count)
{
    unsigned char block[SHA256_BLOCK] = {0}, long_key[EVP_MAX_MD_SIZE], inner[EVP_MAX_MD_SIZE];
    struct slice all[8];
    if (key.length > sizeof block)
        key = slice_of(long_key, hash(h, long_key, DIGEST_SHA256, &key, 1));
    slice_put(block, key);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    all[0] = slice_of(block, sizeof block);
    memcpy(all + 1, parts, count * sizeof *parts);
    size_t length = hash(h, inner, DIGEST_SHA256, all, count + 1);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    all[1] = slice_of(inner, length);
    length = hash(h, out, DIGEST_SHA256, all, 2);
    OPENSSL_cleanse(block, sizeof block);
    return length == SHA256_SIZE;
}

void digest_nonce(
    char nonce[DIGEST_NONCE], struct digest_hashes *h, struct slice key, struct slice realm, int64_t now)
{
    unsigned char mac[EVP_MAX_MD_SIZE], time[TIME_HEX / 2];
    for (unsigned i = 0; i < sizeof time; i++)
        time[i] = (unsigned char)((uint64_t)now >> (56 - 8 * i));
    add_hex(nonce, time, sizeof time);
    struct slice parts[] = {slice_of(nonce, TIME_HEX), colon, realm};
    if (keyed_hash(h, mac, key, parts, 3))
        add_hex(nonce + TIME_HEX, mac, (DIGEST_NONCE - 1 - TIME_HEX) / 2);
}

static int time_of(int64_t *time, struct slice nonce)
{
    uint64_t value = 0;
    for (size_t i = 0; i < TIME_HEX; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = nonce.data[i] != '\0' ? strchr(digits, nonce.data[i]) : NULL;
        if (digit == NULL)
            return ERROR_DENIED;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *time = (int64_t)value;
    return 0;
}

int digest_nonce_check(struct slice nonce, struct digest_hashes *h, struct slice key, struct slice realm,
    int64_t now, int64_t lifetime)
{
    char expected[DIGEST_NONCE];
    int64_t time;
    if (nonce.length != DIGEST_NONCE - 1 || time_of(&time, nonce) != 0)
        return ERROR_DENIED;
    digest_nonce(expected, h, key, realm, time);
    if (strlen(expected) != nonce.length || CRYPTO_memcmp(expected, nonce.data, nonce.length) != 0)
        return ERROR_DENIED;
    /* Another proxy's clock may be ahead of ours, but not by a whole lifetime. What is signed with our key is
     * a time that one of us had, so the difference cannot overflow. */
    return now - time > lifetime || time - now > lifetime ? ERROR_STALE : 0;
}

/* ---- what is sent ---- */

/* name="value", with escapes where the value needs them. */
static void add_quoted(struct buffer *out, const char *name, struct slice value)
{
    buffer_add_text(out, name);
    buffer_add_text(out, "=\"");
    while (value.length != 0) {
        size_t plain = 0;
        while (plain < value.length && memchr("\"\\\r\n", value.data[plain], 4) == NULL)
            plain++;
        buffer_add(out, slice_first(value, plain));
        value = slice_from(value, plain);
        if (value.length == 0)
            break;
        if (value.data[0] == '"' || value.data[0] == '\\')
            buffer_add_byte(out, '\\');
        buffer_add_byte(out, value.data[0] == '\r' || value.data[0] == '\n' ? ' ' : value.data[0]);
        value = slice_from(value, 1);
    }
    buffer_add_byte(out, '"');
}

static const char *algorithm_name(enum digest_algorithm a)
{
    static const char *const names[] = {"MD5", "SHA-256", "SHA-512-256"};
    return (unsigned)a < DIGEST_ALGORITHMS ? names[a] : names[DIGEST_MD5];
}

void digest_add_challenge(
    struct buffer *out, enum digest_algorithm a, struct slice realm, struct slice nonce, bool stale)
{
    add_quoted(out, "Digest realm", realm);
    add_quoted(out, ", nonce", nonce);
    buffer_add_format(out, ", algorithm=%s, qop=\"auth\"", algorithm_name(a));
    if (stale)
        buffer_add_text(out, ", stale=true");
}

static bool offers(struct slice offered, struct slice wanted)
{
    struct slice part;
    while (slice_cut(&offered, ',', &part))
        if (slice_equal_nocase(slice_trim(part), wanted))
            return true;
    return false;
}

bool digest_preferred(const struct digest *d, const struct digest *best, const struct digest_known *known)
{
    bool ours = false;
    for (size_t i = 0; i < known->realm_count; i++)
        ours = ours || slice_equal(known->realms[i], d->realm);
    return ours && d->algorithm >= known->least &&
           (best->nonce.data == NULL || d->algorithm > best->algorithm);
}

static void add_user(struct buffer *out, struct digest_hashes *h, const struct digest *d, struct slice user)
{
    char hashed[DIGEST_HEX];
    struct slice parts[] = {user, colon, d->realm};
    if (d->userhash) {
        hash_hex(h, hashed, d->algorithm, parts, 3);
        user = slice_text(hashed);
    }
    add_quoted(out, "Digest username", user);
}

void digest_answer(struct buffer *out, const struct digest *challenge, const struct digest_answer *a)
{
    char ha1[DIGEST_HEX], response[DIGEST_HEX], count[9];
    struct digest_hashes h = {.context = NULL};
    struct digest d = *challenge;
    struct asked asked = {.method = a->method, .body = a->body};
    if (offers(challenge->qop, SLICE("auth")))
        asked.qop = SLICE("auth");
    else if (offers(challenge->qop, SLICE("auth-int")))
        asked.qop = SLICE("auth-int");
    snprintf(count, sizeof count, "%08x", a->count);
    d.uri = a->uri;
    d.cnonce = a->cnonce;
    d.nc = slice_text(count);
    digest_ha1(ha1, d.algorithm, a->user, d.realm, a->secret);
    response_of(&h, response, &d, slice_text(ha1), &asked);
    OPENSSL_cleanse(ha1, sizeof ha1);
    add_user(out, &h, &d, a->user);
    digest_hashes_free(&h);
    add_quoted(out, ", realm", d.realm);
    add_quoted(out, ", nonce", d.nonce);
    add_quoted(out, ", uri", a->uri);
    add_quoted(out, ", response", slice_text(response));
    buffer_add_format(out, ", algorithm=%s%s", algorithm_name(d.algorithm), d.session ? "-sess" : "");
    if (asked.qop.length != 0 || d.session)
        add_quoted(out, ", cnonce", a->cnonce);
    if (asked.qop.length != 0)
        buffer_add_format(out, ", nc=%s, qop=%.*s", count, SLICE_ARG(asked.qop));
    if (d.opaque.data != NULL)
        add_quoted(out, ", opaque", d.opaque);
    if (d.userhash)
        buffer_add_text(out, ", userhash=true");
}

void digest_add_answer(struct buffer *out, const struct digest *challenge, struct slice user,
    struct slice secret, struct slice method, struct slice uri, struct slice cnonce, uint32_t nc)
{
    struct digest_answer a = {
        .user = user, .secret = secret, .method = method, .uri = uri, .cnonce = cnonce, .count = nc};
    digest_answer(out, challenge, &a);
}
