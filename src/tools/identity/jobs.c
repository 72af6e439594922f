#include "tools/identity/jobs.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <time.h>

#include "base/error.h"
#include "tools/authority.h"
#include "tools/file.h"
#include "tools/identity/bundle.h"
#include "tools/identity/code.h"
#include "tools/identity/envelope.h"
#include "tools/identity/issue.h"
#include "tools/identity/proof.h"
#include "tools/identity/request.h"
#include "tools/secret_key.h"

#define PASSWORD_FILE "-password-file"

static int dump_h(const char *bytes, size_t length, void *out)
{
    buffer_add(out, slice_of(bytes, length));
    return 0;
}

/* Takes the JSON. */
static int result(struct buffer *out, json_t *json)
{
    int error = json != NULL && json_dump_callback(json, dump_h, out, JSON_COMPACT) == 0 ? 0 : ERROR_SYSTEM;
    json_decref(json);
    return error;
}

static json_t *text(const struct buffer *b)
{
    return json_stringn(b->length != 0 ? b->data : "", b->length);
}

static int read_authority(const struct identity_jobs *j, struct buffer *pem, struct bundle *b)
{
    char path[AUTHORITY_PATH];
    snprintf(path, sizeof path, "%s/certificates/authority.pem", j->data);
    int error = bundle_read(b, path);
    if (error == 0)
        bundle_write(pem, b);
    return error;
}

static int authority_h(void *self, const struct slice *arguments, struct buffer *out)
{
    struct buffer pem = {0};
    struct bundle b;
    (void)arguments;
    int error = read_authority(self, &pem, &b);
    if (error == 0)
        error = result(out, json_pack("{so}", "authority", text(&pem)));
    bundle_free(&b);
    buffer_free(&pem);
    return error;
}

static int check_h(void *self, const struct slice *arguments, struct buffer *out)
{
    const struct identity_jobs *j = self;
    char fingerprint[FINGERPRINT_TEXT], hash[CODE_HASH_TEXT] = "";
    struct code code;
    EVP_PKEY *key = NULL;
    int error = issue_check_name(j->data, arguments[0], out);
    if (error == 0)
        error = request_check(&key, arguments[1], arguments[0], out);
    if (error == 0)
        error = request_fingerprint(fingerprint, key);
    EVP_PKEY_free(key);
    if (error == 0 && !slice_empty(arguments[2])) {
        error = code_read(&code, arguments[2]);
        if (error != 0)
            buffer_add_text(out, "the code is not well-formed; it has 52 letters and digits");
        else
            error = code_hash(hash, &code);
    }
    return error != 0 ? error : result(out, json_pack("{ss, ss}", "fingerprint", fingerprint, "code", hash));
}

static int code_h(void *self, const struct slice *arguments, struct buffer *out)
{
    struct buffer pem = {0};
    struct bundle b;
    struct code code;
    char written[CODE_TEXT], hash[CODE_HASH_TEXT];
    (void)arguments;
    int error = read_authority(self, &pem, &b);
    if (error == 0)
        error = code_make(&code, b.items[0]);
    if (error == 0)
        error = code_hash(hash, &code);
    if (error == 0) {
        code_write(written, &code);
        error = result(out, json_pack("{ss, ss}", "text", written, "hash", hash));
    }
    bundle_free(&b);
    buffer_free(&pem);
    return error;
}

static int verify_h(void *self, const struct slice *arguments, struct buffer *out)
{
    struct buffer signed_text = {0};
    uint64_t at;
    (void)self;
    EVP_PKEY *key = request_read_key(arguments[0]);
    int error = key != NULL ? slice_to_u64(&at, arguments[2], INT64_MAX) : ERROR_UNAUTHENTICATED;
    if (error == 0) {
        proof_text(&signed_text, arguments[1], (int64_t)at, arguments[3]);
        error = proof_check(key, buffer_slice(&signed_text), arguments[4]);
    }
    EVP_PKEY_free(key);
    buffer_free(&signed_text);
    return error != 0 ? error : result(out, json_object());
}

static int sign_h(void *self, const struct slice *arguments, struct buffer *out)
{
    const struct identity_jobs *j = self;
    struct issued issued;
    uint64_t days;
    if (slice_to_u64(&days, arguments[3], 3650) != 0)
        return ERROR_RANGE;
    struct issue wish = {.data = j->data,
        .name = arguments[0],
        .request = arguments[1],
        .address = arguments[2],
        .days = (int)days,
        .now = (int64_t)time(NULL)};
    int error = issue_certificate(&issued, &wish, out);
    if (error == 0)
        error = result(out,
            json_pack("{so, ss, ss, sI}", "certificate", text(&issued.certificate), "serial", issued.serial,
                "fingerprint", issued.fingerprint, "ends_at", (json_int_t)issued.ends_at));
    buffer_free(&issued.certificate);
    return error;
}

/* This process is a member too, and nobody else can say so. */
static int self_h(void *self, const struct slice *arguments, struct buffer *out)
{
    const struct identity_jobs *j = self;
    char serial[SERIAL_TEXT], fingerprint[FINGERPRINT_TEXT];
    struct buffer pem = {0};
    struct bundle b;
    (void)arguments;
    if (j->member == NULL)
        return result(out, json_object());
    int error = bundle_read(&b, j->certificate);
    if (error == 0)
        error = issue_serial(serial, b.items[0]);
    if (error == 0)
        error = request_fingerprint(fingerprint, X509_get0_pubkey(b.items[0]));
    if (error == 0) {
        bundle_write_one(&pem, b.items[0]);
        error = result(out, json_pack("{ss, so, ss, ss, sI}", "name", j->member, "certificate", text(&pem),
                                "serial", serial, "fingerprint", fingerprint, "ends_at",
                                (json_int_t)issue_time(X509_get0_notAfter(b.items[0]))));
    }
    buffer_free(&pem);
    bundle_free(&b);
    return error;
}

/* ---- what a new member is told ---- */

/* Where the engines are, and who we are to them; not what is this machine's own. */
static bool is_shared(const char *name)
{
    static const char *const shared[] = {"cluster", "registry", "bus", "store"};
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (strncmp(name, shared[i], strlen(shared[i])) == 0)
            return true;
    return false;
}

static json_t *value_of(const struct option_value *v)
{
    if (v->count == 0)
        return json_stringn(v->text.data != NULL ? v->text.data : "", v->text.length);
    json_t *list = json_array();
    for (size_t i = 0; i < v->count; i++)
        json_array_append_new(list, json_stringn(v->items[i].data, v->items[i].length));
    return list;
}

/* The option's value is a file here; the other machine needs what is in it. */
static int add_file(json_t *files, const char *name, struct slice path, struct buffer *complaint)
{
    struct buffer content = {0}, where = {0};
    buffer_add(&where, path);
    buffer_add_byte(&where, '\0');
    int error = tools_file_read(&content, where.data, complaint);
    if (error == 0)
        json_object_set_new(files, name, text(&content));
    buffer_free(&where);
    buffer_free(&content);
    return error;
}

static int add_options(const struct options *o, json_t *start, json_t *files, struct buffer *complaint)
{
    int error = 0;
    for (int i = 0; i < OPTION_COUNT && error == 0; i++) {
        const char *name = option_name((enum option)i);
        const struct option_value *v = &o->values[i];
        if (!is_shared(name) || (v->count == 0 && slice_empty(v->text)))
            continue;
        if (slice_ends(slice_text(name), SLICE(PASSWORD_FILE)))
            error = add_file(files, name, v->text, complaint);
        else
            json_object_set_new(start, name, value_of(v));
    }
    return error;
}

/* The key of the secrets in the database; a platform may not have one. */
static int add_secret_key(const struct identity_jobs *j, json_t *secrets, struct buffer *complaint)
{
    uint8_t key[SECRET_KEY];
    char hexadecimal[2 * SECRET_KEY + 1];
    struct buffer why = {0};
    int error = secret_key_read(key, slice_text(j->data), &why);
    for (size_t i = 0; error == 0 && i < SECRET_KEY; i++)
        snprintf(hexadecimal + 2 * i, 3, "%02x", key[i]);
    if (error == 0)
        json_object_set_new(secrets, "secret_key", json_string(hexadecimal));
    else if (error != ERROR_MISSING)
        buffer_add(complaint, buffer_slice(&why));
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(hexadecimal, sizeof hexadecimal);
    buffer_free(&why);
    return error == ERROR_MISSING ? 0 : error;
}

static int seal(
    struct buffer *sealed, const json_t *secrets, struct slice certificate, struct buffer *complaint)
{
    struct buffer content = {0};
    struct bundle to;
    int error = bundle_parse(&to, certificate);
    if (error == 0 && json_dump_callback(secrets, dump_h, &content, JSON_COMPACT) != 0)
        error = ERROR_SYSTEM;
    if (error == 0)
        error = envelope_close(sealed, to.items[0], buffer_slice(&content));
    if (error != 0)
        buffer_add_text(complaint, "what the member is told cannot be sealed for its key");
    if (content.length != 0)
        OPENSSL_cleanse(content.data, content.length);
    buffer_free(&content);
    bundle_free(&to);
    return error;
}

static int start_h(void *self, const struct slice *arguments, struct buffer *out)
{
    const struct identity_jobs *j = self;
    struct buffer pem = {0}, sealed = {0};
    struct bundle b;
    json_t *start = json_object(), *files = json_object(), *secrets = json_pack("{sO}", "files", files);
    int error = read_authority(j, &pem, &b);
    if (error == 0)
        error = add_options(j->options, start, files, out);
    if (error == 0)
        error = add_secret_key(j, secrets, out);
    if (error == 0)
        error = seal(&sealed, secrets, arguments[0], out);
    if (error == 0)
        error = result(
            out, json_pack("{so, sO, so}", "authority", text(&pem), "start", start, "sealed", text(&sealed)));
    json_decref(start);
    json_decref(files);
    json_decref(secrets);
    bundle_free(&b);
    buffer_free(&pem);
    buffer_free(&sealed);
    return error;
}

static const struct real_pool_job jobs[] = {
    {"identity-authority", 0, authority_h},
    {"identity-check", 3, check_h},
    {"identity-code", 0, code_h},
    {"identity-verify", 5, verify_h},
    {"identity-sign", 4, sign_h},
    {"identity-self", 0, self_h},
    {"identity-start", 1, start_h},
};

void identity_offer(struct real_pool *pool, struct identity_jobs *self)
{
    real_pool_offer(pool, jobs, sizeof jobs / sizeof jobs[0], self);
}
