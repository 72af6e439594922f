#include "tools/identity/envelope.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"

static void add_base64(struct buffer *out, const unsigned char *bytes, size_t length)
{
    char *room = buffer_room(out, (length + 2) / 3 * 4 + 1);
    if (room != NULL)
        out->length += (size_t)EVP_EncodeBlock((unsigned char *)room, bytes, (int)length);
}

int envelope_close(struct buffer *text, X509 *to, struct slice content)
{
    STACK_OF(X509) *readers = sk_X509_new_null();
    BIO *in = BIO_new_mem_buf(content.data, (int)content.length);
    CMS_ContentInfo *cms = NULL;
    unsigned char *bytes = NULL;
    int length = 0;
    if (readers != NULL && in != NULL && sk_X509_push(readers, to) > 0)
        cms = CMS_encrypt(readers, in, EVP_aes_256_gcm(), CMS_BINARY);
    if (cms != NULL && (length = i2d_CMS_ContentInfo(cms, &bytes)) > 0)
        add_base64(text, bytes, (size_t)length);
    OPENSSL_free(bytes);
    CMS_ContentInfo_free(cms);
    sk_X509_free(readers);
    BIO_free(in);
    ERR_clear_error();
    return length > 0 ? 0 : ERROR_SYSTEM;
}

static CMS_ContentInfo *parse(struct slice text)
{
    if (text.length == 0 || text.length > ENVELOPE_BYTES || text.length % 4 != 0)
        return NULL;
    unsigned char *bytes = mem_alloc(text.length);
    int length = EVP_DecodeBlock(bytes, (const unsigned char *)text.data, (int)text.length);
    const unsigned char *at = bytes; /* padding is zeros behind the end, which is not looked at */
    CMS_ContentInfo *cms = length > 0 ? d2i_CMS_ContentInfo(NULL, &at, length) : NULL;
    mem_free(bytes);
    return cms;
}

int envelope_open(struct buffer *content, X509 *certificate, EVP_PKEY *key, struct slice text)
{
    CMS_ContentInfo *cms = parse(text);
    BIO *out = BIO_new(BIO_s_secmem());
    int error = cms != NULL && out != NULL ? 0 : ERROR_SYNTAX;
    if (error == 0 && CMS_decrypt(cms, key, certificate, NULL, out, CMS_BINARY) != 1)
        error = ERROR_DENIED;
    char *bytes = NULL;
    if (error == 0) {
        long length = BIO_get_mem_data(out, &bytes);
        buffer_add(content, slice_of(bytes, (size_t)length));
    }
    CMS_ContentInfo_free(cms);
    BIO_free(out);
    ERR_clear_error();
    return error;
}
