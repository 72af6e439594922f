/* tandem authority [import CERTIFICATE KEY | use]: who signs, and who is trusted. A new authority is trusted
 * first and signs later, so that nobody meets a certificate of an authority that he does not know yet. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/authority.h"
#include "tools/certificate.h"
#include "tools/dispatch.h"
#include "tools/file.h"
#include "tools/identity/bundle.h"
#include "tools/identity/code.h"
#include "tools/identity/issue.h"

#define DAY 86400
#define SHORTEST 90 /* days that one must last which is to sign for 90 */

struct files {
    char trusted[AUTHORITY_PATH], key[AUTHORITY_PATH], next[AUTHORITY_PATH], next_key[AUTHORITY_PATH];
};

static int name_files(struct files *f, struct slice data, struct buffer *complaint)
{
    static const char *const names[] = {
        "authority.pem", "authority.key", "authority-next.pem", "authority-next.key"};
    char *const paths[] = {f->trusted, f->key, f->next, f->next_key};
    for (size_t i = 0; i < 4; i++)
        if (snprintf(paths[i], AUTHORITY_PATH, "%.*s/certificates/%s", SLICE_ARG(data), names[i]) >=
            AUTHORITY_PATH) {
            buffer_add_text(complaint, "the name of the data folder is too long");
            return ERROR_LIMIT;
        }
    return 0;
}

static int read_bundle(struct bundle *b, const char *path, struct buffer *complaint)
{
    int error = bundle_read(b, path);
    if (error != 0)
        buffer_add_format(complaint, "%s: %s", path,
            error == ERROR_SYNTAX ? "has no certificate as PEM" : error_sentence(error));
    return error;
}

/* ---- showing ---- */

static void print_one(X509 *x, const char *what)
{
    unsigned char hash[32];
    char subject[128] = "", text[65] = "", ends[20] = "-";
    time_t at = (time_t)(issue_time(X509_get0_notAfter(x)) / 1000000);
    struct tm parts;
    if (code_fingerprint(hash, x) == 0)
        for (size_t i = 0; i < sizeof hash; i++)
            snprintf(text + 2 * i, 3, "%02x", hash[i]);
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, subject, sizeof subject) < 0)
        subject[0] = '\0';
    if (gmtime_r(&at, &parts) != NULL)
        strftime(ends, sizeof ends, "%Y-%m-%d", &parts);
    printf("%s  %-8s until %s  %s\n", text, what, ends, subject);
}

static int show(const struct files *f, struct buffer *complaint)
{
    struct bundle b;
    struct certificate signer;
    int error = read_bundle(&b, f->trusted, complaint);
    if (error != 0)
        return error;
    bool signs = certificate_read(&signer, f->trusted, f->key) == 0;
    for (size_t i = 0; i < b.count; i++)
        print_one(b.items[i], signs && i == 0 ? "signs" : "trusted");
    certificate_free(&signer);
    bundle_free(&b);
    return 0;
}

/* ---- a new one ---- */

static int complain(struct buffer *complaint, int error, const char *sentence)
{
    ERR_clear_error();
    buffer_add_text(complaint, sentence);
    return error;
}

/* One that could sign for members, and that leads up to a root among those beside it. */
static int check(const struct bundle *b, const char *certificate, const char *key, struct buffer *complaint)
{
    struct certificate c;
    X509 *x = b->items[0];
    int error = certificate_read(&c, certificate, key);
    bool lasts = error == 0 && certificate_lasts(&c, (int64_t)time(NULL), SHORTEST);
    certificate_free(&c);
    if (error != 0)
        return complain(
            complaint, ERROR_CONFLICT, "the key does not belong to the first certificate, or cannot be read");
    if (X509_check_ca(x) != 1 || (X509_get_key_usage(x) & KU_KEY_CERT_SIGN) == 0)
        return complain(complaint, ERROR_UNSUPPORTED,
            "the first certificate is none of an authority (CA:TRUE, keyCertSign)");
    if (X509_get0_subject_key_id(x) == NULL)
        return complain(
            complaint, ERROR_UNSUPPORTED, "the authority's certificate has no subject key identifier");
    if (!lasts)
        return complain(
            complaint, ERROR_RANGE, "the authority's certificate must be good now, and for 90 days more");
    for (size_t i = 0; i < b->count && x != NULL && !bundle_is_root(x); i++)
        x = bundle_issuer(b, x);
    if (x == NULL || !bundle_is_root(x))
        return complain(complaint, ERROR_REFERENCE,
            "the authorities above it are missing: put them behind it in the same file, up to the root");
    return 0;
}

static int write_bundle(const char *path, const struct bundle *b, struct buffer *complaint)
{
    struct buffer text = {0};
    bundle_write(&text, b);
    int error = tools_file_write_private(path, buffer_slice(&text), complaint);
    buffer_free(&text);
    return error;
}

static int copy_key(const char *from, const char *to, struct buffer *complaint)
{
    struct buffer text = {0};
    int error = tools_file_read(&text, from, complaint);
    if (error == 0)
        error = tools_file_write_private(to, buffer_slice(&text), complaint);
    if (text.length != 0)
        OPENSSL_cleanse(text.data, text.length);
    buffer_free(&text);
    return error;
}

/* `first` and then `second`, each once; those that have ended are left out. */
static int join_bundles(struct bundle *out, const struct bundle *first, const struct bundle *second)
{
    const struct bundle *const both[] = {first, second};
    int error = 0;
    *out = (struct bundle){.count = 0};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < both[k]->count && error == 0; i++)
            if (issue_time(X509_get0_notAfter(both[k]->items[i])) / 1000000 > (int64_t)time(NULL))
                error = bundle_add(out, both[k]->items[i]);
    return error;
}

static int import(const struct files *f, const char *certificate, const char *key, struct buffer *complaint)
{
    struct bundle new, trusted = {.count = 0}, all = {.count = 0};
    int error = read_bundle(&new, certificate, complaint);
    if (error == 0)
        error = check(&new, certificate, key, complaint);
    if (error == 0)
        error = read_bundle(&trusted, f->trusted, complaint);
    if (error == 0 && (error = join_bundles(&all, &trusted, &new)) != 0)
        complain(complaint, error, "more than 16 authorities would be trusted");
    if (error == 0)
        error = copy_key(key, f->next_key, complaint);
    if (error == 0)
        error = write_bundle(f->next, &new, complaint);
    if (error == 0)
        error = write_bundle(f->trusted, &all, complaint);
    if (error == 0)
        puts("It is trusted from now on, besides the present one. Members take that over within an hour; "
             "then let it sign:\n"
             "  tandem authority use");
    bundle_free(&new);
    bundle_free(&trusted);
    bundle_free(&all);
    return error;
}

/* The certificate last: until it is there, key and certificate do not fit, and nothing is signed. */
static int use(const struct files *f, struct buffer *complaint)
{
    struct bundle next, trusted = {.count = 0}, all = {.count = 0};
    if (access(f->next, F_OK) != 0 || access(f->next_key, F_OK) != 0)
        return complain(
            complaint, ERROR_MISSING, "there is no authority that waits; see tandem authority import");
    int error = read_bundle(&next, f->next, complaint);
    if (error == 0)
        error = read_bundle(&trusted, f->trusted, complaint);
    if (error == 0 && (error = join_bundles(&all, &next, &trusted)) != 0)
        complain(complaint, error, "more than 16 authorities would be trusted");
    if (error == 0)
        error = copy_key(f->next_key, f->key, complaint);
    if (error == 0)
        error = write_bundle(f->trusted, &all, complaint);
    if (error == 0) {
        unlink(f->next_key);
        unlink(f->next);
        puts("It signs from now on. Members get its certificates as they renew; the one before stays trusted "
             "until it ends.");
    }
    bundle_free(&next);
    bundle_free(&trusted);
    bundle_free(&all);
    return error;
}

int command_authority(const struct options *o)
{
    struct buffer complaint = {0};
    struct files f;
    const char *verb = o->word_count != 0 ? o->words[0] : "";
    int error = name_files(&f, options_text(o, OPTION_DATA), &complaint);
    if (error == 0 && o->word_count == 0)
        error = show(&f, &complaint);
    else if (error == 0 && strcmp(verb, "import") == 0 && o->word_count == 3)
        error = import(&f, o->words[1], o->words[2], &complaint);
    else if (error == 0 && strcmp(verb, "use") == 0 && o->word_count == 1)
        error = use(&f, &complaint);
    else if (error == 0) {
        command_complain("write it as: tandem authority [import CERTIFICATE KEY | use]");
        return EXIT_USAGE;
    }
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&complaint);
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
