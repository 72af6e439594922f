#include "tools/identity/kept.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/file.h"
#include "tools/identity/bundle.h"
#include "tools/identity/envelope.h"
#include "tools/identity/issue.h"
#include "tools/identity/request.h"

#define HOUR 3600

static int dump_h(const char *bytes, size_t length, void *out)
{
    buffer_add(out, slice_of(bytes, length));
    return 0;
}

static int no_password_h(char *to, int size, int writing, void *argument)
{
    (void)to, (void)size, (void)writing, (void)argument;
    return -1;
}

static bool make_folder(const char *path, struct buffer *complaint)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    buffer_add_format(complaint, "cannot make the folder %s: %s", path, strerror(errno));
    return false;
}

int kept_open(struct kept *k, struct slice data, bool make, struct buffer *complaint)
{
    static const char *const names[] = {"member.pem", "member.key.new", "member.json", "authority.pem"};
    char given[PATH_MAX], folder[AUTHORITY_PATH + 16], resolved[PATH_MAX];
    char *const paths[] = {k->member, k->new_key, k->about, k->authority};
    snprintf(given, sizeof given, "%.*s", SLICE_ARG(data));
    if (make && !make_folder(given, complaint))
        return ERROR_DISK;
    if (realpath(given, resolved) == NULL || strlen(resolved) + 40 > sizeof k->data) {
        buffer_add_format(complaint, "the data folder %s: %s; say which by --data", given, strerror(errno));
        return ERROR_MISSING;
    }
    snprintf(k->data, sizeof k->data, "%s", resolved);
    snprintf(folder, sizeof folder, "%s/certificates", k->data);
    if (make && !make_folder(folder, complaint))
        return ERROR_DISK;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (snprintf(paths[i], AUTHORITY_PATH, "%s/%s", folder, names[i]) >= AUTHORITY_PATH)
            return ERROR_LIMIT;
    return 0;
}

bool kept_is_member(const struct kept *k)
{
    return access(k->member, F_OK) == 0;
}

/* ---- keys ---- */

static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, no_password_h, NULL) : NULL;
    if (file != NULL)
        fclose(file);
    ERR_clear_error();
    return key;
}

static void write_key(struct buffer *out, EVP_PKEY *key)
{
    BIO *to = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long length = 0;
    if (to != NULL && PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) == 1)
        length = BIO_get_mem_data(to, &text);
    buffer_add(out, slice_of(text, (size_t)length));
    BIO_free(to);
}

static int write_secret(const char *path, struct buffer *text, struct buffer *complaint)
{
    int error =
        text->length != 0 ? tools_file_write_private(path, buffer_slice(text), complaint) : ERROR_SYSTEM;
    if (text->length != 0)
        OPENSSL_cleanse(text->data, text->length);
    buffer_free(text);
    return error;
}

int kept_new_key(EVP_PKEY **key, const struct kept *k, struct buffer *complaint)
{
    struct buffer text = {0};
    *key = read_key(k->new_key);
    if (*key != NULL)
        return 0;
    *key = request_key();
    if (*key != NULL)
        write_key(&text, *key);
    int error = write_secret(k->new_key, &text, complaint);
    if (error != 0) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return error;
}

int kept_read(struct certificate *c, const struct kept *k)
{
    return certificate_read(c, k->member, k->member);
}

json_t *kept_about(const struct kept *k)
{
    struct buffer text = {0}, complaint = {0};
    json_t *about = NULL;
    if (tools_file_read(&text, k->about, &complaint) == 0)
        about = json_loadb(text.data != NULL ? text.data : "", text.length, 0, NULL);
    buffer_free(&text);
    buffer_free(&complaint);
    return about;
}

int kept_write_about(const struct kept *k, const json_t *about, struct buffer *complaint)
{
    struct buffer text = {0};
    json_dump_callback(about, dump_h, &text, JSON_INDENT(2));
    buffer_add_byte(&text, '\n');
    int error = tools_file_write_private(k->about, buffer_slice(&text), complaint);
    buffer_free(&text);
    return error;
}

/* ---- what the platform has answered ---- */

static int complain(struct buffer *complaint, int error, const char *sentence)
{
    buffer_add_text(complaint, sentence);
    ERR_clear_error();
    return error;
}

static int check_time(X509 *x, int64_t now, struct buffer *complaint)
{
    int64_t begins = issue_time(X509_get0_notBefore(x)) / 1000000;
    int64_t ends = issue_time(X509_get0_notAfter(x)) / 1000000;
    if (now >= begins && now < ends)
        return 0;
    int64_t off = now < begins ? begins + HOUR - now : now - ends;
    buffer_add_format(complaint,
        "the certificate is good from another time on than it is here: this machine's clock is %s by at "
        "least %lld "
        "minutes; set it, then join again",
        now < begins ? "slow" : "fast", (long long)(off / 60));
    return ERROR_RANGE;
}

/* By the authorities that came beside it. Those were told to us by somebody who had shown that he is the
 * platform. */
static bool leads_up(X509 *x, const struct bundle *chain, const struct bundle *authorities)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    bool ready = store != NULL && c != NULL && between != NULL;
    for (size_t i = 0; ready && i < authorities->count; i++)
        ready = X509_STORE_add_cert(store, authorities->items[i]) == 1;
    for (size_t i = 1; ready && i < chain->count; i++)
        ready = sk_X509_push(between, chain->items[i]) > 0;
    bool good = ready && X509_STORE_CTX_init(c, store, x, between) == 1;
    if (good) {
        X509_STORE_CTX_set_flags(c, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
        good = X509_verify_cert(c) == 1;
    }
    sk_X509_free(between);
    X509_STORE_CTX_free(c);
    X509_STORE_free(store);
    ERR_clear_error();
    return good;
}

static int check(const struct bundle *chain, const struct bundle *authorities, EVP_PKEY *key,
    const char *name, int64_t now, struct buffer *complaint)
{
    X509 *x = chain->items[0];
    if (X509_check_private_key(x, key) != 1)
        return complain(
            complaint, ERROR_CONFLICT, "the platform has answered with a certificate for another key");
    if (X509_check_host(x, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) != 1)
        return complain(
            complaint, ERROR_CONFLICT, "the platform has answered with a certificate for another name");
    if (!leads_up(x, chain, authorities))
        return complain(complaint, ERROR_UNAUTHENTICATED,
            "the certificate is not signed by the authority that comes with it");
    return check_time(x, now, complaint);
}

static struct slice text_of(const json_t *answer, const char *field)
{
    const json_t *value = json_object_get(answer, field);
    return slice_of(json_is_string(value) ? json_string_value(value) : "", json_string_length(value));
}

static int put_in_place(const struct kept *k, EVP_PKEY *key, const struct bundle *chain,
    const struct bundle *authorities, struct buffer *complaint)
{
    struct buffer trusted = {0}, member = {0};
    bundle_write(&trusted, authorities);
    int error = tools_file_write_private(k->authority, buffer_slice(&trusted), complaint);
    buffer_free(&trusted);
    if (error != 0)
        return error;
    write_key(&member, key);
    bundle_write(&member, chain);
    error = write_secret(k->member, &member, complaint);
    if (error == 0)
        unlink(k->new_key);
    return error;
}

/* Both are the caller's to free, whatever is returned. */
static int read_answer(struct bundle *chain, struct bundle *authorities, EVP_PKEY *key, const char *name,
    const json_t *answer, int64_t now, struct buffer *complaint)
{
    *authorities = (struct bundle){.count = 0};
    int error = bundle_parse(chain, text_of(answer, "certificate"));
    if (error == 0)
        error = bundle_parse(authorities, text_of(answer, "authority"));
    if (error != 0)
        return complain(complaint, error, "the platform's answer has no certificate that can be read");
    return check(chain, authorities, key, name, now, complaint);
}

int kept_check(EVP_PKEY *key, const char *name, const json_t *answer, int64_t now, struct buffer *complaint)
{
    struct bundle chain, authorities;
    int error = read_answer(&chain, &authorities, key, name, answer, now, complaint);
    bundle_free(&chain);
    bundle_free(&authorities);
    return error;
}

int kept_install(const struct kept *k, EVP_PKEY *key, const char *name, const json_t *answer, int64_t now,
    struct buffer *complaint)
{
    struct bundle chain, authorities;
    int error = read_answer(&chain, &authorities, key, name, answer, now, complaint);
    if (error == 0)
        error = put_in_place(k, key, &chain, &authorities, complaint);
    bundle_free(&chain);
    bundle_free(&authorities);
    return error;
}

json_t *kept_secrets(EVP_PKEY *key, const json_t *answer, struct buffer *complaint)
{
    struct bundle chain;
    struct buffer content = {0};
    json_t *secrets = NULL;
    int error = bundle_parse(&chain, text_of(answer, "certificate"));
    if (error == 0)
        error = envelope_open(&content, chain.items[0], key, text_of(answer, "sealed"));
    if (error == 0)
        secrets = json_loadb(content.data != NULL ? content.data : "", content.length, 0, NULL);
    if (!json_is_object(secrets))
        buffer_add_text(complaint, "the platform's answer has secrets that are not for this machine's key");
    if (content.length != 0)
        OPENSSL_cleanse(content.data, content.length);
    buffer_free(&content);
    bundle_free(&chain);
    return secrets;
}
