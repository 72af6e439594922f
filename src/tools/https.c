#include "tools/https.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "world/address.h"

#define PIECE 16384

struct connection {
    int socket;
    SSL_CTX *context;
    SSL *tls;
    struct buffer place; /* "127.0.0.1:8443" */
    struct buffer *complaint;
};

static int fail(struct connection *c, int error, const char *what, const char *detail)
{
    buffer_add_format(c->complaint, "https://%.*s: %s%s%s", SLICE_ARG(buffer_slice(&c->place)), what,
        detail != NULL ? ": " : "", detail != NULL ? detail : "");
    return error;
}

static const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_get_error());
    return reason != NULL ? reason : "closed";
}

/* One that listens everywhere is asked on this machine. */
static void to_reachable(struct address *a)
{
    static const uint8_t nowhere[16];
    if (memcmp(a->ip, nowhere, a->family == 4 ? 4 : 16) != 0)
        return;
    a->ip[0] = a->family == 4 ? 127 : 0;
    a->ip[a->family == 4 ? 3 : 15] = 1;
}

static int connect_to(struct connection *c, const struct address *a)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    struct timeval limit = {.tv_sec = HTTPS_SECONDS};
    memcpy(&four.sin_addr, a->ip, sizeof four.sin_addr);
    memcpy(&six.sin6_addr, a->ip, sizeof six.sin6_addr);
    bool is_four = a->family == 4;
    c->socket = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->socket < 0)
        return fail(c, ERROR_SYSTEM, "no socket", strerror(errno));
    setsockopt(c->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(c->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    /* The request follows the end of the handshake; Nagle would let it wait for a late acknowledgement, 40
     * ms. */
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    const struct sockaddr *to = is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
    if (connect(c->socket, to, is_four ? sizeof four : sizeof six) == 0)
        return 0;
    if (errno == ECONNREFUSED)
        return fail(c, ERROR_UNREACHABLE,
            "nothing runs there; start it with tandem run, or say where by --web", NULL);
    return fail(c, ERROR_UNREACHABLE, "cannot be reached", strerror(errno));
}

/* The file of this machine's own authority. */
static int trust_file(struct connection *c, const struct https_target *target)
{
    struct buffer authority = {0};
    buffer_add_format(&authority, "%.*s/certificates/authority.pem", SLICE_ARG(target->data));
    buffer_add_byte(&authority, '\0');
    int error = 0;
    if (SSL_CTX_load_verify_locations(c->context, authority.data, NULL) != 1) {
        buffer_add_format(
            c->complaint, "%s cannot be read; run this where the data is, or say --data DIR", authority.data);
        error = ERROR_MISSING;
    }
    buffer_free(&authority);
    return error;
}

/* One of them may stand below a root that we do not have. */
static int trust_these(struct connection *c, const struct https_target *target)
{
    X509_STORE *store = SSL_CTX_get_cert_store(c->context);
    for (size_t i = 0; i < target->trust_count; i++)
        if (X509_STORE_add_cert(store, target->trust[i]) != 1)
            return fail(c, ERROR_SYSTEM, "no TLS", tls_reason());
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return 0;
}

static int open_context(struct connection *c, const struct https_target *target)
{
    c->context = SSL_CTX_new(TLS_client_method());
    if (c->context == NULL || SSL_CTX_set_min_proto_version(c->context, TLS1_2_VERSION) != 1)
        return fail(c, ERROR_SYSTEM, "no TLS", tls_reason());
    SSL_CTX_set_verify(c->context, target->blind ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (target->blind)
        return 0;
    return target->trust != NULL ? trust_these(c, target) : trust_file(c, target);
}

/* Whom the certificate must be made out for. */
static void expect(struct connection *c, const struct https_target *target, const struct address *a)
{
    struct buffer ip = {0};
    if (target->host != NULL) {
        SSL_set_tlsext_host_name(c->tls, target->host);
        SSL_set1_host(c->tls, target->host);
        return;
    }
    address_add_ip(&ip, a);
    buffer_add_byte(&ip, '\0');
    X509_VERIFY_PARAM_set1_ip_asc(
        SSL_get0_param(c->tls), ip.data[0] == '[' ? strtok(ip.data, "[]") : ip.data);
    buffer_free(&ip);
}

static int secure(struct connection *c, const struct https_target *target, const struct address *a)
{
    int error = open_context(c, target);
    if (error != 0)
        return error;
    c->tls = SSL_new(c->context);
    expect(c, target, a);
    SSL_set_fd(c->tls, c->socket);
    if (SSL_connect(c->tls) == 1)
        return 0;
    long verified = SSL_get_verify_result(c->tls);
    return fail(c, ERROR_UNAUTHENTICATED, "its certificate or its TLS is not what it should be",
        verified != X509_V_OK ? X509_verify_cert_error_string(verified) : tls_reason());
}

static int send_request(struct connection *c, const struct https_target *target, const char *method,
    struct slice path, struct slice content)
{
    struct buffer request = {0};
    buffer_add_format(&request, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\n", method, SLICE_ARG(path),
        SLICE_ARG(buffer_slice(&c->place)));
    if (target->token != NULL)
        buffer_add_format(&request, "Authorization: Bearer %s\r\n", target->token);
    buffer_add_text(&request, "Accept: application/json\r\nX-Tandem-Request: 1\r\nConnection: close\r\n");
    if (!slice_empty(content))
        buffer_add_format(
            &request, "Content-Type: application/json\r\nContent-Length: %zu\r\n", content.length);
    buffer_add_text(&request, "\r\n");
    buffer_add(&request, content);
    size_t done = 0;
    int error = 0;
    if (SSL_write_ex(c->tls, request.data, request.length, &done) != 1 || done != request.length)
        error = fail(c, ERROR_CLOSED, "it does not take the request", tls_reason());
    if (request.length != 0)
        OPENSSL_cleanse(request.data, request.length);
    buffer_free(&request);
    return error;
}

static int receive(struct connection *c, unsigned *status, struct buffer *body)
{
    struct buffer answer = {.limit = HTTPS_ANSWER};
    size_t got = 0;
    char *room;
    int error = 0;
    while ((room = buffer_room(&answer, PIECE)) != NULL && SSL_read_ex(c->tls, room, PIECE, &got) == 1)
        answer.length += got;
    if (room == NULL)
        error = fail(c, ERROR_LIMIT, "the answer is too large", NULL);
    else if (answer.length == 0)
        error = fail(c, ERROR_TIMEOUT, "no answer", NULL);
    else if (https_parse(status, body, buffer_slice(&answer)) != 0)
        error = fail(c, ERROR_SYNTAX, "the answer is not well-formed or not whole", NULL);
    buffer_free(&answer);
    return error;
}

static void end(struct connection *c)
{
    if (c->tls != NULL)
        SSL_shutdown(c->tls);
    SSL_free(c->tls);
    SSL_CTX_free(c->context);
    if (c->socket >= 0)
        close(c->socket);
    ERR_clear_error();
    buffer_free(&c->place);
}

int https_ask(unsigned *status, struct buffer *body, const struct https_target *target, const char *method,
    struct slice path, struct slice content, struct buffer *complaint)
{
    struct connection c = {.socket = -1, .complaint = complaint};
    struct endpoint at;
    int error = endpoint_parse(&at, target->web);
    if (error != 0) {
        buffer_add_format(complaint, "%.*s is no endpoint", SLICE_ARG(target->web));
        return error;
    }
    to_reachable(&at.address);
    address_add(&c.place, &at.address);
    error = connect_to(&c, &at.address);
    if (error == 0)
        error = secure(&c, target, &at.address);
    if (error == 0)
        error = send_request(&c, target, method, path, content);
    if (error == 0)
        error = receive(&c, status, body);
    end(&c);
    return error;
}
