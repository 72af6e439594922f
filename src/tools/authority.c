#include "tools/authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "tools/certificate.h"

#define AUTHORITY_DAYS 3650
#define SERVER_DAYS 365
#define RENEW_DAYS 30
#define NAMES 64
#define LOCAL "Tandem local authority of "

struct names {
    const char *items[NAMES];
    size_t count;
};

static void add_name(struct names *n, const char *name)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->items[i], name) == 0)
            return;
    if (name[0] != '\0' && n->count < NAMES)
        n->items[n->count++] = name;
}

static bool is_address(const char *name)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Letters, digits, dots and hyphens: nothing that the library's notation of extensions would understand. */
static bool is_host(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == strlen(name);
}

/* Members' names may have '_' as well. */
static bool is_member(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == strlen(name);
}

static void collect_names(struct names *n, char *host, const struct authority_wish *wish)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "::1"};
    n->count = 0;
    if (wish->member != NULL && is_member(wish->member))
        add_name(n, wish->member);
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        add_name(n, local[i]);
    if (is_host(host))
        add_name(n, host);
    for (size_t i = 0; i < wish->name_count; i++)
        if (is_address(wish->names[i]) || is_host(wish->names[i]))
            add_name(n, wish->names[i]);
}

static int path(char *out, const char *data, const char *name)
{
    int length = snprintf(out, AUTHORITY_PATH, "%s/certificates%s%s", data, name[0] != '\0' ? "/" : "", name);
    return length < AUTHORITY_PATH ? 0 : ERROR_LIMIT;
}

static int make_folder(const char *data)
{
    char folder[AUTHORITY_PATH];
    int error = path(folder, data, "");
    if (error == 0 && (mkdir(folder, 0700) == 0 || errno == EEXIST))
        return 0;
    LOG(LOG_ERROR, "tools", "cannot make the folder %s: %s", folder,
        error == 0 ? strerror(errno) : error_sentence(error));
    return ERROR_DISK;
}

/* Made here; one that was imported is somebody else's to renew. */
static bool is_local(const struct certificate *c)
{
    char name[80] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(c->x509), NID_commonName, name, sizeof name);
    return strncmp(name, LOCAL, strlen(LOCAL)) == 0;
}

/* The authority that is there, or a new one. */
static int obtain_authority(
    struct certificate *c, struct authority *a, const char *key_path, const char *host, int64_t now)
{
    int error = certificate_read(c, a->authority, key_path);
    if (error == 0 && certificate_lasts(c, now, RENEW_DAYS))
        return 0;
    if (error == 0 && !is_local(c)) {
        LOG(LOG_ERROR, "tools",
            "the authority %s ends within %d days; import its successor by tandem authority import",
            a->authority, RENEW_DAYS);
        return 0;
    }
    if (error == 0) {
        LOG(LOG_WARNING, "tools",
            "the local authority %s has come to its end; a new one is made, import it where the old one was "
            "trusted",
            a->authority);
        certificate_free(c);
    } else if (error != ERROR_MISSING) {
        LOG(LOG_ERROR, "tools", "the local authority %s or its key: %s", a->authority, error_sentence(error));
        return error;
    }
    char name[300];
    snprintf(name, sizeof name, LOCAL "%s", host);
    name[64] = '\0'; /* ub-common-name, RFC 5280 appendix A.1 */
    a->first = true;
    if (!certificate_make(
            c, &(struct certificate_wish){.name = name, .now = now, .days = AUTHORITY_DAYS}, NULL))
        return ERROR_SYSTEM;
    error = certificate_write(c, a->authority, key_path);
    if (error != 0)
        certificate_free(c);
    return error;
}

/* Others know a member by the first of its names. */
static bool is_of_member(const struct certificate *server, const char *member)
{
    char name[80] = "";
    return member == NULL || (X509_NAME_get_text_by_NID(X509_get_subject_name(server->x509), NID_commonName,
                                  name, sizeof name) > 0 &&
                                 strcmp(name, member) == 0);
}

static bool server_is_good(const struct certificate *server, const struct certificate *authority,
    const struct names *n, const struct authority_wish *wish)
{
    if (!certificate_signed_by(server, authority) || !certificate_lasts(server, wish->now, RENEW_DAYS) ||
        !is_of_member(server, wish->member))
        return false;
    for (size_t i = 0; i < n->count; i++)
        if (!certificate_carries(server, n->items[i]))
            return false;
    return true;
}

static int make_server(const struct authority *a, const struct certificate *authority, const struct names *n,
    const struct authority_wish *given)
{
    struct buffer alternatives = {.data = NULL};
    struct certificate server;
    for (size_t i = 0; i < n->count; i++)
        buffer_add_format(
            &alternatives, "%s%s:%s", i != 0 ? "," : "", is_address(n->items[i]) ? "IP" : "DNS", n->items[i]);
    buffer_add_byte(&alternatives, '\0');
    struct certificate_wish wish = {.name = given->member != NULL ? given->member : "Tandem",
        .alternatives = alternatives.data,
        .now = given->now,
        .days = SERVER_DAYS};
    int error = certificate_make(&server, &wish, authority) ? 0 : ERROR_SYSTEM;
    buffer_free(&alternatives);
    if (error == 0)
        error = certificate_write(&server, a->certificate, a->key);
    certificate_free(&server);
    return error;
}

static int obtain_server(struct authority *a, const struct certificate *authority, const struct names *n,
    const struct authority_wish *wish)
{
    struct certificate server;
    bool good =
        certificate_read(&server, a->certificate, a->key) == 0 && server_is_good(&server, authority, n, wish);
    certificate_free(&server);
    if (good)
        return 0;
    a->renewed = true;
    return make_server(a, authority, n, wish);
}

int authority_prepare(struct authority *a, const struct authority_wish *wish)
{
    const char *data = wish->data;
    char key_path[AUTHORITY_PATH], host[256] = "";
    struct certificate authority;
    struct names names;
    *a = (struct authority){.first = false};
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    collect_names(&names, host, wish);
    int error = make_folder(data);
    if (error == 0 &&
        (path(a->authority, data, "authority.pem") != 0 || path(key_path, data, "authority.key") != 0 ||
            path(a->certificate, data, "server.pem") != 0 || path(a->key, data, "server.key") != 0))
        error = ERROR_LIMIT;
    if (error == 0)
        error = obtain_authority(&authority, a, key_path, host, wish->now);
    if (error != 0)
        return error;
    error = obtain_server(a, &authority, &names, wish);
    certificate_free(&authority);
    return error;
}
