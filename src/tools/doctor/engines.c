#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tools/doctor/doctor_int.h"

#define PATIENCE 3 /* seconds for a connection */
#define APART 2    /* seconds: a Date has whole ones, and the answer takes its time */

bool doctor__split(struct slice address, const char *standard, char host[256], char port[8])
{
    struct slice name, number = slice_text(standard);
    ptrdiff_t scheme = slice_find_slice(address, SLICE("://"));
    if (scheme >= 0)
        address = slice_from(address, (size_t)scheme + 3);
    ptrdiff_t path = slice_find(address, '/');
    if (path >= 0)
        address = slice_first(address, (size_t)path);
    if (slice_starts(address, SLICE("["))) {
        address = slice_from(address, 1);
        slice_cut(&address, ']', &name);
    } else {
        ptrdiff_t colon = slice_find(address, ':');
        name = colon >= 0 ? slice_first(address, (size_t)colon) : address;
        address = slice_from(address, name.length);
    }
    if (slice_starts(address, SLICE(":")))
        number = slice_from(address, 1);
    snprintf(host, 256, "%.*s", SLICE_ARG(name));
    snprintf(port, 8, "%.*s", SLICE_ARG(number));
    return !slice_empty(name) && name.length < 256 && !slice_empty(number) && number.length < 8;
}

/* 0, or the error of the last address that was tried. */
static int reach(const struct addrinfo *list)
{
    const struct timeval most = {.tv_sec = PATIENCE};
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most); /* holds for connect too */
        error = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno == EINPROGRESS ? ETIMEDOUT : errno;
        close(fd);
        if (error == 0)
            break;
    }
    return error;
}

static void engine(struct doctor *d, const char *what, struct slice address, const char *standard)
{
    char host[256], port[8];
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    if (!doctor__split(address, standard, host, port)) {
        doctor__say(d, FINDING_WRONG, "the %s: \"%.*s\" is no address", what, SLICE_ARG(address));
        return;
    }
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        doctor__say(
            d, FINDING_WRONG, "the %s: %s is a name that is not known: %s", what, host, gai_strerror(error));
        return;
    }
    error = reach(list);
    freeaddrinfo(list);
    if (error == 0)
        doctor__say(d, FINDING_GOOD, "the %s at %.*s can be reached", what, SLICE_ARG(address));
    else
        doctor__say(d, FINDING_WRONG, "the %s at %.*s cannot be reached: %s", what, SLICE_ARG(address),
            strerror(error));
}

/* ---- its clock ---- */

int64_t doctor__date(const char *text)
{
    struct tm when = {.tm_sec = 0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &when);
    return end != NULL ? (int64_t)timegm(&when) : -1;
}

static size_t header_h(char *line, size_t size, size_t count, void *argument)
{
    char text[64];
    struct slice header = slice_trim(slice_of(line, size * count));
    if (slice_starts_nocase(header, SLICE("date:"))) {
        snprintf(text, sizeof text, "%.*s", SLICE_ARG(slice_trim(slice_from(header, 5))));
        *(int64_t *)argument = doctor__date(text);
    }
    return size * count;
}

static size_t nothing_h(char *bytes, size_t size, size_t count, void *argument)
{
    (void)bytes;
    (void)argument;
    return size * count;
}

static void set_file(CURL *curl, CURLoption option, const struct options *o, enum option which)
{
    char path[1024];
    snprintf(path, sizeof path, "%.*s", SLICE_ARG(options_text(o, which)));
    if (path[0] != '\0')
        curl_easy_setopt(curl, option, path); /* copies it */
}

/* The registry says in each answer what time it has. */
static void clock_of(struct doctor *d, struct slice address)
{
    char url[512], why[CURL_ERROR_SIZE] = "";
    int64_t theirs = -1;
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return;
    snprintf(url, sizeof url, "%.*s/version", SLICE_ARG(address));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_h);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &theirs);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, nothing_h);
    set_file(curl, CURLOPT_CAINFO, d->options, OPTION_AUTHORITY);
    set_file(curl, CURLOPT_SSLCERT, d->options, OPTION_CERTIFICATE);
    set_file(curl, CURLOPT_SSLKEY, d->options, OPTION_KEY);
    CURLcode code = curl_easy_perform(curl);
    int64_t apart = theirs - (int64_t)time(NULL);
    if (code != CURLE_OK)
        doctor__say(d, FINDING_WRONG, "the registry at %.*s does not answer: %s", SLICE_ARG(address),
            why[0] != '\0' ? why : curl_easy_strerror(code));
    else if (theirs >= 0 && (apart > APART || apart < -APART))
        doctor__say(d, FINDING_WRONG, "the clock of %.*s is %lld seconds %s ours", SLICE_ARG(address),
            (long long)(apart < 0 ? -apart : apart), apart > 0 ? "before" : "behind");
    else if (theirs >= 0)
        doctor__say(d, FINDING_GOOD, "the clock of %.*s is the same as ours", SLICE_ARG(address));
    curl_easy_cleanup(curl);
}

void doctor__engines(struct doctor *d)
{
    static const struct {
        enum option option;
        const char *what, *port;
    } rows[] = {
        {OPTION_REGISTRY, "registry", "2379"}, {OPTION_BUS, "bus", "4222"}, {OPTION_STORE, "store", "5432"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct option_value *v = &d->options->values[rows[i].option];
        for (size_t k = 0; k < v->count; k++)
            engine(d, rows[i].what, v->items[k], rows[i].port);
        if (v->count == 1 || v->count == 2)
            doctor__say(d, rows[i].option == OPTION_STORE && v->count == 2 ? FINDING_GOOD : FINDING_DOUBTFUL,
                "the %s has %zu address%s", rows[i].what, v->count, v->count == 1 ? "; it may die" : "es");
        for (size_t k = 0; rows[i].option == OPTION_REGISTRY && k < v->count; k++)
            clock_of(d, v->items[k]);
    }
}
