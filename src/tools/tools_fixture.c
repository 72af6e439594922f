#include "tools/tools_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tools/file.h"

#include "unit.h"

/* ---- what is printed ---- */

static int redirect(int channel, FILE *to)
{
    int kept = dup(channel);
    dup2(fileno(to), channel);
    return kept;
}

static void restore(int channel, int kept, FILE *from, char *text, size_t size)
{
    dup2(kept, channel);
    close(kept);
    rewind(from);
    text[fread(text, 1, size - 1, from)] = '\0';
    fclose(from);
}

void run_tandem(struct printed *p, const struct command *first, const char *words)
{
    char copy[1024], *arguments[32] = {"tandem"}, *at = copy;
    int count = 1;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strsep(&at, " ")) != NULL;)
        if (*word != '\0')
            arguments[count++] = word;
    fflush(stdout);
    fflush(stderr);
    FILE *out = tmpfile(), *error = tmpfile();
    int out_kept = redirect(STDOUT_FILENO, out), error_kept = redirect(STDERR_FILENO, error);
    p->status = dispatch(first, count, arguments);
    fflush(stdout);
    fflush(stderr);
    restore(STDOUT_FILENO, out_kept, out, p->out, sizeof p->out);
    restore(STDERR_FILENO, error_kept, error, p->error, sizeof p->error);
}

/* ---- a system ---- */

struct server {
    pthread_t thread;
    int listener;
    SSL_CTX *context;
    struct running_system *owner;
};

static X509 *certificate_make(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *alternatives)
{
    X509 *c = X509_new();
    X509V3_CTX context;
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), issuer != NULL ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -60);
    X509_gmtime_adj(X509_getm_notAfter(c), 3600);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
        (const unsigned char *)(issuer != NULL ? "server" : "authority"), -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer != NULL ? issuer : c));
    X509V3_set_ctx(&context, issuer != NULL ? issuer : c, c, NULL, NULL, 0);
    X509_EXTENSION *e = issuer != NULL
                            ? X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, alternatives)
                            : X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(c, e, -1);
    X509_EXTENSION_free(e);
    X509_sign(c, issuer_key, EVP_sha256());
    return c;
}

static void certificates_make(struct running_system *s, SSL_CTX *context, const char *alternatives)
{
    char path[128];
    EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *authority = certificate_make(authority_key, NULL, authority_key, NULL);
    X509 *certificate = certificate_make(key, authority, authority_key, alternatives);
    snprintf(path, sizeof path, "%s/certificates", s->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/certificates/authority.pem", s->folder);
    FILE *file = fopen(path, "w");
    PEM_write_X509(file, authority);
    fclose(file);
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(authority);
    X509_free(certificate);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(key);
}

static bool whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
    return end != NULL && strlen(end + 4) >= (length != NULL ? strtoul(length + 16, NULL, 10) : 0);
}

static void serve(struct server *v, unsigned number)
{
    struct running_system *s = v->owner;
    int socket = accept(v->listener, NULL, NULL);
    SSL *tls = SSL_new(v->context);
    size_t length = 0, size = sizeof s->requests[0] - 1;
    SSL_set_fd(tls, socket);
    if (SSL_accept(tls) == 1) {
        int got;
        while (!whole(s->requests[number]) &&
               (got = SSL_read(tls, s->requests[number] + length, (int)(size - length))) > 0)
            length += (size_t)got;
        SSL_write(tls, s->answers[number], (int)strlen(s->answers[number]));
        SSL_shutdown(tls);
    }
    SSL_free(tls);
    close(socket);
}

static void *serve_h(void *argument)
{
    struct server *v = argument;
    for (unsigned i = 0; i < v->owner->count; i++)
        serve(v, i);
    return NULL;
}

void system_open(
    struct running_system *s, const char *alternatives, const char *const *answers, unsigned count)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    char path[128];
    memset(s, 0, sizeof *s);
    struct server *v = s->server = mem_zero(sizeof *v);
    snprintf(s->folder, sizeof s->folder, "%s", P_tmpdir "/tandem-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(path, sizeof path, "%s/operator.token", s->folder);
    assert_int_equal(tools_file_write_private(path,
                         SLICE("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"), NULL),
        0);
    v->owner = s;
    v->context = SSL_CTX_new(TLS_server_method());
    certificates_make(s, v->context, alternatives);
    v->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(v->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(v->listener, 8), 0);
    getsockname(v->listener, (struct sockaddr *)&at, &length);
    snprintf(s->web, sizeof s->web, "tls:127.0.0.1:%u", ntohs(at.sin_port));
    s->count = count;
    for (unsigned i = 0; i < count; i++)
        s->answers[i] = answers[i];
    assert_int_equal(pthread_create(&v->thread, NULL, serve_h, v), 0);
}

void system_close(struct running_system *s)
{
    struct server *v = s->server;
    char path[128];
    pthread_join(v->thread, NULL);
    close(v->listener);
    SSL_CTX_free(v->context);
    mem_free(v);
    snprintf(path, sizeof path, "%s/certificates/authority.pem", s->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/certificates", s->folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/operator.token", s->folder);
    unlink(path);
    assert_int_equal(rmdir(s->folder), 0);
}
