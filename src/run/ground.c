/* What must be right before anything is started. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "run/run_int.h"

void run__random(void *bytes, size_t length)
{
    char *at = bytes;
    while (length != 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got <= 0)
            continue; /* interrupted; the kernel's generator never fails otherwise */
        at += got;
        length -= (size_t)got;
    }
}

/* The folder, made when it is missing, and locked: two processes on the same data would destroy it. */
int run__data(struct run *r)
{
    char path[AUTHORITY_PATH + 8];
    struct slice data = options_text(r->options, OPTION_DATA);
    if (data.length == 0 || data.length >= sizeof r->data) {
        command_complain("--data: the name of the folder is empty or too long");
        return ERROR_LIMIT;
    }
    snprintf(r->data, sizeof r->data, "%.*s", SLICE_ARG(data));
    if (mkdir(r->data, 0700) != 0 && errno != EEXIST) {
        command_complain(
            "the data folder %s cannot be made: %s; choose another with --data", r->data, strerror(errno));
        return ERROR_DISK;
    }
    snprintf(path, sizeof path, "%s/lock", r->data);
    r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (r->lock < 0) {
        command_complain(
            "the data folder %s cannot be written: %s; choose another with --data, or mend its permissions",
            r->data, strerror(errno));
        return ERROR_DISK;
    }
    if (flock(r->lock, LOCK_EX | LOCK_NB) != 0) {
        command_complain(
            "the data folder %s is in use by another tandem; stop that one, or choose another with --data",
            r->data);
        return ERROR_BUSY;
    }
    return 0;
}

static socklen_t fill(struct sockaddr_storage *to, const struct address *a)
{
    memset(to, 0, sizeof *to);
    if (a->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)to;
        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->ip, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)to;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(a->port);
    memcpy(&in->sin6_addr, a->ip, 16);
    return sizeof *in;
}

/* Binds for a moment: what cannot be had is said before anything runs. */
static int try_endpoint(struct slice text, const char *option)
{
    struct endpoint e;
    struct sockaddr_storage to;
    if (endpoint_parse(&e, text) != 0) {
        command_complain(
            "%.*s is no endpoint; write udp, tcp, tls, ws or wss, like tls:ADDRESS:PORT", SLICE_ARG(text));
        return ERROR_SYNTAX;
    }
    if (e.transport == TRANSPORT_LOCAL)
        return 0;
    bool datagram = e.transport == TRANSPORT_UDP;
    socklen_t length = fill(&to, &e.address);
    int on = 1, s = socket(to.ss_family, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (s >= 0 && !datagram)
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool good = s >= 0 && bind(s, (struct sockaddr *)&to, length) == 0 && (datagram || listen(s, 1) == 0);
    if (!good)
        command_complain("cannot listen on %.*s: %s; stop the program that does, or choose another with %s",
            SLICE_ARG(text), strerror(errno), option);
    if (s >= 0)
        close(s);
    return good ? 0 : ERROR_BUSY;
}

static int try_endpoints(const struct slice *items, size_t count, const char *option)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++)
        error = try_endpoint(items[i], option);
    return error;
}

int run__ports(const struct run *r)
{
    const struct configuration *c = r->configuration;
    const struct config_application *a;
    int error = 0;
    for (int role = 0; role < CONFIG_ROLE_COUNT; role++) {
        const char *option = role == CONFIG_ROLE_SESSION ? "--web" : "--listen";
        size_t at = 0;
        while (error == 0 && (a = config_next_application(c, (enum config_role)role, &at)) != NULL)
            if (run__is_ours(r, a))
                error = try_endpoints(a->listen.items, a->listen.count, option);
    }
    return error;
}

int run__ports_of_options(const struct run *r)
{
    const struct config_local *l = &r->local;
    int error = try_endpoints(l->listen.items, l->listen.count, "--listen");
    if (error == 0)
        error = try_endpoints(l->listen_more.items, l->listen_more.count, "--listen");
    return error != 0 ? error : try_endpoint(options_text(r->options, OPTION_WEB), "--web");
}
