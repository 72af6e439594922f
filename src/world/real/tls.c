#include "world/real/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/log.h"

/* ---- the socket as a BIO ---- */

static int bio_write(BIO *b, const char *bytes, int length)
{
    const int *fd = BIO_get_data(b);
    ssize_t n = send(*fd, bytes, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    return (int)n;
}

static int bio_read(BIO *b, char *bytes, int length)
{
    const int *fd = BIO_get_data(b);
    ssize_t n = recv(*fd, bytes, (size_t)length, MSG_DONTWAIT);
    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    return (int)n;
}

static long bio_ctrl(BIO *b, int command, long number, void *pointer)
{
    (void)b, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

static BIO_METHOD *bio_method;

static void make_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tandem");
    if (bio_method == NULL)
        return;
    BIO_meth_set_write(bio_method, bio_write);
    BIO_meth_set_read(bio_method, bio_read);
    BIO_meth_set_ctrl(bio_method, bio_ctrl);
    BIO_meth_set_create(bio_method, bio_create);
}

/* Why the library refused; takes all of its errors away. */
static const char *reason(void)
{
    unsigned long code = ERR_peek_error();
    ERR_clear_error();
    const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;
    return text != NULL ? text : "no reason given";
}

/* ---- contexts ---- */

/* A peer that offers protocols but not this one (a phone offers "sip") goes on without. */
static int alpn_h(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
    unsigned in_length, void *argument)
{
    static const unsigned char http[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl, (void)argument;
    if (SSL_select_next_proto(&chosen, out_length, http, sizeof http - 1, in, in_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *c = SSL_CTX_new(method);
    if (c == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(
        c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_alpn_select_cb(c, alpn_h, NULL);
    return c;
}

static int load_identity(SSL_CTX *c, const struct real_params *p)
{
    if (p->certificate == NULL)
        return 0;
    if (SSL_CTX_use_certificate_chain_file(c, p->certificate) == 1 && p->key != NULL &&
        SSL_CTX_use_PrivateKey_file(c, p->key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(c) == 1)
        return 0;
    LOG(LOG_ERROR, "world", "cannot use the certificate %s with the key %s: %s", p->certificate,
        p->key != NULL ? p->key : "(none)", reason());
    return ERROR_UNSUPPORTED;
}

static int load_authority(SSL_CTX *c, const struct real_params *p)
{
    int done = p->authority != NULL ? SSL_CTX_load_verify_locations(c, p->authority, NULL)
                                    : SSL_CTX_set_default_verify_paths(c);
    if (done == 1)
        return 0;
    LOG(LOG_ERROR, "world", "cannot use the authorities of %s: %s",
        p->authority != NULL ? p->authority : "the system", reason());
    return ERROR_UNSUPPORTED;
}

static int load(SSL_CTX **out, const SSL_METHOD *method, const struct real_params *p)
{
    SSL_CTX *c = context_new(method);
    int error = c == NULL ? ERROR_SYSTEM : load_identity(c, p);
    if (error == 0)
        error = load_authority(c, p);
    if (error != 0)
        SSL_CTX_free(c);
    else
        *out = c;
    return error;
}

int real_tls_reload(struct real_loop *l)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    SSL_CTX *server = NULL, *client = NULL;
    pthread_once(&once, make_method);
    int error = bio_method == NULL ? ERROR_SYSTEM : load(&server, TLS_server_method(), &l->params);
    if (error == 0)
        error = load(&client, TLS_client_method(), &l->params);
    if (error != 0) {
        SSL_CTX_free(server);
        return error;
    }
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    real__tls_close(l);
    l->tls_server = server;
    l->tls_client = client;
    return 0;
}

void real__tls_close(struct real_loop *l)
{
    SSL_CTX_free(l->tls_server);
    SSL_CTX_free(l->tls_client);
    l->tls_server = l->tls_client = NULL;
}

/* ---- connections ---- */

static bool expect_client(SSL *ssl, const struct endpoint *at)
{
    if (at->name[0] == '\0')
        return true;
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return strcmp(at->name, "*") == 0 || SSL_set1_host(ssl, at->name) == 1;
}

static bool expect_server(SSL *ssl, const struct endpoint *to)
{
    if (to->name[0] != '\0')
        return SSL_set_tlsext_host_name(ssl, to->name) == 1 && SSL_set1_host(ssl, to->name) == 1;
    return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), to->address.ip, to->address.family == 4 ? 4 : 16) ==
           1;
}

SSL *real__tls_new(struct real_loop *l, const int *fd, const struct endpoint *at, bool server)
{
    SSL *ssl = SSL_new(server ? l->tls_server : l->tls_client);
    BIO *bio = ssl != NULL ? BIO_new(bio_method) : NULL;
    if (bio != NULL) {
        BIO_set_data(bio, (void *)(uintptr_t)fd);
        SSL_set_bio(ssl, bio, bio);
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (server)
            SSL_set_accept_state(ssl);
        else
            SSL_set_connect_state(ssl);
        if (server ? expect_client(ssl, at) : expect_server(ssl, at))
            return ssl;
    }
    LOG(LOG_ERROR, "world", "cannot begin TLS: %s", reason());
    SSL_free(ssl);
    return NULL;
}

static void log_failure(const SSL *ssl)
{
    long verified = SSL_get_verify_result(ssl);
    const char *why = reason();
    if (verified != X509_V_OK)
        why = X509_verify_cert_error_string(verified);
    LOG(LOG_NOTICE, "world", "a TLS handshake failed: %s", why);
}

int real__tls_handshake(SSL *ssl, uint32_t *events)
{
    ERR_clear_error();
    int done = SSL_do_handshake(ssl);
    if (done == 1)
        return 0;
    switch (SSL_get_error(ssl, done)) {
    case SSL_ERROR_WANT_READ:
        *events = EPOLLIN;
        return ERROR_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        *events = EPOLLOUT;
        return ERROR_AGAIN;
    case SSL_ERROR_SYSCALL:
        log_failure(ssl);
        return ERROR_CLOSED;
    default:
        log_failure(ssl);
        return ERROR_UNAUTHENTICATED;
    }
}

static ptrdiff_t outcome(SSL *ssl, int moved)
{
    int error = SSL_get_error(ssl, moved);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : ERROR_CLOSED;
}

ptrdiff_t real__tls_read(SSL *ssl, char *to, size_t length)
{
    int n = SSL_read(ssl, to, (int)length);
    return n > 0 ? n : outcome(ssl, n);
}

ptrdiff_t real__tls_write(SSL *ssl, struct slice bytes)
{
    int n = SSL_write(ssl, bytes.data, (int)(bytes.length < 1U << 20 ? bytes.length : 1U << 20));
    return n > 0 ? n : outcome(ssl, n);
}

/* The first name that the certificate is made out for. */
static void name_of(X509 *certificate, char *name, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        if (n->type != GEN_DNS)
            continue;
        struct slice text =
            slice_of(ASN1_STRING_get0_data(n->d.dNSName), (size_t)ASN1_STRING_length(n->d.dNSName));
        if (text.length >= size || memchr(text.data, '\0', text.length) != NULL)
            continue;
        slice_put(name, text);
        name[text.length] = '\0';
        break;
    }
    GENERAL_NAMES_free(names);
    if (name[0] == '\0' &&
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, (int)size) < 0)
        name[0] = '\0';
}

void real__tls_name(SSL *ssl, char *name, size_t size)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    const char *checked = SSL_get0_peername(ssl);
    name[0] = '\0';
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
        return;
    if (checked != NULL && strlen(checked) < size)
        memcpy(name, checked, strlen(checked) + 1);
    else
        name_of(certificate, name, size);
}

void real__tls_serial(SSL *ssl, char serial[REAL_SERIAL])
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    serial[0] = '\0';
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
        return;
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *text = number != NULL ? BN_bn2hex(number) : NULL;
    if (text != NULL && strlen(text) < REAL_SERIAL)
        for (size_t i = 0; i <= strlen(text); i++)
            serial[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
    OPENSSL_free(text);
    BN_free(number);
}

int64_t real__tls_ends(SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    struct tm end;
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK ||
        ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return INT64_MAX;
    return (int64_t)timegm(&end) * 1000000;
}
