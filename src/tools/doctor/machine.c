#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tools/doctor/doctor_int.h"
#include "world/address.h"

#define SOON 30 /* days before its end a certificate is doubtful */

/* ---- ports ---- */

static socklen_t socket_address(struct sockaddr_storage *to, const struct address *a)
{
    struct sockaddr_in *four = (void *)to;
    struct sockaddr_in6 *six = (void *)to;
    *to = (struct sockaddr_storage){.ss_family = a->family == 4 ? AF_INET : AF_INET6};
    if (a->family == 4) {
        memcpy(&four->sin_addr, a->ip, 4);
        four->sin_port = htons(a->port);
        return sizeof *four;
    }
    memcpy(&six->sin6_addr, a->ip, 16);
    six->sin6_port = htons(a->port);
    return sizeof *six;
}

/* 0, or why nothing can listen there. */
static int try_port(const struct endpoint *e)
{
    struct sockaddr_storage to;
    socklen_t length = socket_address(&to, &e->address);
    int one = 1, error = 0;
    int fd =
        socket(to.ss_family, (e->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (e->transport != TRANSPORT_UDP)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&to, length) != 0 ||
        (e->transport != TRANSPORT_UDP && listen(fd, 1) != 0))
        error = errno;
    close(fd);
    return error;
}

static void port(struct doctor *d, struct slice text)
{
    struct endpoint e;
    if (endpoint_parse(&e, text) != 0 || e.transport == TRANSPORT_LOCAL)
        return;
    int error = try_port(&e);
    if (error == 0)
        doctor__say(d, FINDING_GOOD, "%.*s is free", SLICE_ARG(text));
    else if (error == EADDRINUSE && d->running)
        doctor__say(d, FINDING_GOOD, "%.*s is in use, and a system runs here", SLICE_ARG(text));
    else if (error == EADDRINUSE)
        doctor__say(d, FINDING_WRONG, "%.*s is in use by another program; stop that or choose another port",
            SLICE_ARG(text));
    else if (error == EADDRNOTAVAIL)
        doctor__say(d, FINDING_WRONG, "%.*s: this machine has no such address", SLICE_ARG(text));
    else
        doctor__say(d, FINDING_WRONG, "%.*s: %s", SLICE_ARG(text), strerror(error));
}

void doctor__ports(struct doctor *d)
{
    static const enum option options[] = {OPTION_LISTEN, OPTION_WEB, OPTION_METRICS};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct option_value *v = &d->options->values[options[i]];
        for (size_t k = 0; k < v->count; k++)
            port(d, v->items[k]);
        if (v->count == 0 && !slice_empty(v->text)) {
            struct slice rest = v->text, part;
            while (slice_cut(&rest, ' ', &part))
                port(d, part);
        }
    }
}

/* ---- the clock ---- */

void doctor__clock(struct doctor *d)
{
    struct timex t = {.modes = 0};
    int state = adjtimex(&t);
    if (state < 0 || state == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
        doctor__say(d, FINDING_DOUBTFUL,
            "nobody says that this machine's clock is kept right; install chrony or systemd-timesyncd");
    else
        doctor__say(d, FINDING_GOOD, "the clock is kept right");
}

/* ---- certificates ---- */

void doctor__certificate(struct doctor *d, const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    struct tm end;
    if (file == NULL)
        doctor__say(d, errno == EACCES ? FINDING_DOUBTFUL : FINDING_WRONG, "%s: %s", path, strerror(errno));
    else if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        doctor__say(d, FINDING_WRONG, "%s is no certificate", path);
    else {
        int64_t days = ((int64_t)timegm(&end) - d->now) / 86400;
        if ((int64_t)timegm(&end) <= d->now)
            doctor__say(d, FINDING_WRONG, "%s has ended %lld days ago", path, (long long)-days);
        else
            doctor__say(d, days < SOON ? FINDING_DOUBTFUL : FINDING_GOOD, "%s lasts %lld more days", path,
                (long long)days);
    }
    X509_free(certificate);
    if (file != NULL)
        fclose(file);
}

void doctor__certificates(struct doctor *d)
{
    static const enum option options[] = {OPTION_AUTHORITY, OPTION_CERTIFICATE};
    char path[1024];
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct slice given = options_text(d->options, options[i]);
        snprintf(path, sizeof path, "%.*s", SLICE_ARG(given));
        if (!slice_empty(given))
            doctor__certificate(d, path);
    }
    struct slice data = options_text(d->options, OPTION_DATA);
    snprintf(path, sizeof path, "%.*s/certificates", SLICE_ARG(data));
    DIR *folder = opendir(path);
    if (folder == NULL && d->running)
        doctor__say(d, FINDING_DOUBTFUL, "%s cannot be read: %s; say --data DIR, as the owner of the data",
            path, strerror(errno));
    for (struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;)
        if (slice_ends(slice_text(e->d_name), SLICE(".pem"))) {
            snprintf(path, sizeof path, "%.*s/certificates/%s", SLICE_ARG(data), e->d_name);
            doctor__certificate(d, path);
        }
    if (folder != NULL)
        closedir(folder);
}
