#include "tools/identity/bundle.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "tools/file.h"

static int no_password_h(char *to, int size, int writing, void *argument)
{
    (void)to, (void)size, (void)writing, (void)argument;
    return -1;
}

void bundle_free(struct bundle *b)
{
    for (size_t i = 0; i < b->count; i++)
        X509_free(b->items[i]);
    *b = (struct bundle){.count = 0};
}

int bundle_add(struct bundle *b, X509 *x)
{
    for (size_t i = 0; i < b->count; i++)
        if (X509_cmp(b->items[i], x) == 0)
            return 0;
    if (b->count == BUNDLE_MOST || X509_up_ref(x) != 1)
        return ERROR_LIMIT;
    b->items[b->count++] = x;
    return 0;
}

int bundle_parse(struct bundle *b, struct slice pem)
{
    *b = (struct bundle){.count = 0};
    if (pem.length > BUNDLE_BYTES)
        return ERROR_LIMIT;
    BIO *in = BIO_new_mem_buf(pem.data, (int)pem.length);
    X509 *x;
    int error = 0;
    while (error == 0 && in != NULL && (x = PEM_read_bio_X509(in, NULL, no_password_h, NULL)) != NULL) {
        error = bundle_add(b, x);
        X509_free(x);
    }
    /* The end of the file is an error of the library, too; every other one is ours. */
    unsigned long reason = ERR_peek_last_error();
    if (error == 0 && (b->count == 0 || ERR_GET_REASON(reason) != PEM_R_NO_START_LINE))
        error = ERROR_SYNTAX;
    ERR_clear_error();
    BIO_free(in);
    if (error != 0)
        bundle_free(b);
    return error;
}

int bundle_read(struct bundle *b, const char *path)
{
    struct buffer text = {0}, complaint = {0};
    *b = (struct bundle){.count = 0};
    int error = tools_file_read(&text, path, &complaint);
    if (error == 0)
        error = bundle_parse(b, buffer_slice(&text));
    buffer_free(&text);
    buffer_free(&complaint);
    return error;
}

void bundle_write_one(struct buffer *out, X509 *x)
{
    BIO *to = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = 0;
    if (to != NULL && PEM_write_bio_X509(to, x) == 1)
        length = BIO_get_mem_data(to, &text);
    buffer_add(out, slice_of(text, (size_t)length));
    BIO_free(to);
}

void bundle_write(struct buffer *out, const struct bundle *b)
{
    for (size_t i = 0; i < b->count; i++)
        bundle_write_one(out, b->items[i]);
}

bool bundle_is_root(X509 *x)
{
    return X509_check_issued(x, x) == X509_V_OK;
}

X509 *bundle_issuer(const struct bundle *b, X509 *x)
{
    for (size_t i = 0; i < b->count; i++) {
        bool good = b->items[i] != x && X509_check_issued(b->items[i], x) == X509_V_OK &&
                    X509_verify(x, X509_get0_pubkey(b->items[i])) == 1;
        ERR_clear_error();
        if (good && !bundle_is_root(x))
            return b->items[i];
    }
    return NULL;
}
