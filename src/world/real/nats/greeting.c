/* What a NATS server says first, before TLS and before anybody has logged in: "INFO {...}" and CR LF. The
 * library keeps most of it to itself; a server that is wrong can be named by it. */
#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/timer.h"
#include "world/real/nats/carrier_int.h"

#define GREETING ((size_t)64 << 10) /* bytes; a real one has some hundred */
#define PORT "4222"

static void take_text(char *to, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    slice_put(to, slice_first(slice_text(text), size - 1));
}

bool carrier__greeting_parse(struct greeting *out, struct slice line)
{
    *out = (struct greeting){.tls = false};
    if (!slice_starts(line, SLICE("INFO ")))
        return false;
    line = slice_from(line, strlen("INFO "));
    json_t *json = json_loadb(line.data, line.length, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_string(json_object_get(json, "server_id")) &&
                json_is_string(json_object_get(json, "version"));
    if (good) {
        take_text(out->server, sizeof out->server, json, "server_name");
        take_text(out->version, sizeof out->version, json, "version");
        take_text(out->cluster, sizeof out->cluster, json, "cluster");
        out->tls = json_is_true(json_object_get(json, "tls_required"));
    }
    json_decref(json);
    return good;
}

/* ---- reading it ---- */

/* "tls://host:port", "[2001:db8::1]:4222", "host". */
static bool split(const char *address, char host[256], char port[8])
{
    struct slice rest = slice_text(address), name, number = SLICE(PORT);
    ptrdiff_t scheme = slice_find_slice(rest, SLICE("://"));
    if (scheme >= 0)
        rest = slice_from(rest, (size_t)scheme + 3);
    if (slice_starts(rest, SLICE("["))) {
        rest = slice_from(rest, 1);
        slice_cut(&rest, ']', &name);
    } else {
        ptrdiff_t colon = slice_find(rest, ':');
        name = colon >= 0 ? slice_first(rest, (size_t)colon) : rest;
        rest = slice_from(rest, name.length);
    }
    if (slice_starts(rest, SLICE(":")))
        number = slice_from(rest, 1);
    if (slice_empty(name) || name.length >= 256 || slice_empty(number) || number.length >= 8)
        return false;
    snprintf(host, 256, "%.*s", SLICE_ARG(name));
    snprintf(port, 8, "%.*s", SLICE_ARG(number));
    return true;
}

static bool ready(int fd, short events, int64_t until)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = until - carrier__now();
    return left > 0 && poll(&p, 1, (int)(left / 1000) + 1) == 1;
}

/* 0, or the error of the last address that was tried. */
static int open_socket(int *fd, const struct addrinfo *list, int64_t until)
{
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        socklen_t size = sizeof error;
        *fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
        if (*fd < 0)
            return errno;
        error = connect(*fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
        if (error == EINPROGRESS && !ready(*fd, POLLOUT, until))
            error = ETIMEDOUT;
        else if (error == EINPROGRESS)
            getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0)
            return 0;
        close(*fd);
    }
    return error;
}

/* Up to the line feed, which is not among the bytes. */
static bool read_line(struct buffer *line, int fd, int64_t until)
{
    line->limit = GREETING;
    for (;;) {
        char *room = buffer_room(line, 512);
        if (room == NULL || !ready(fd, POLLIN, until))
            return false;
        ssize_t count = read(fd, room, 512);
        if (count <= 0)
            return false;
        line->length += (size_t)count;
        ptrdiff_t end = slice_find(buffer_slice(line), '\n');
        if (end >= 0) {
            line->length = (size_t)end;
            return true;
        }
    }
}

static bool read_greeting(struct greeting *out, int fd, const char *address, int64_t until, char *why)
{
    struct buffer line = {.data = NULL};
    bool whole = read_line(&line, fd, until);
    bool good = whole && carrier__greeting_parse(out, buffer_slice(&line));
    if (!good && !whole && line.length == 0)
        snprintf(why, GREETING_WHY, "%s accepts the connection and says nothing", address);
    else if (!good)
        snprintf(why, GREETING_WHY, "%s is no NATS server", address);
    buffer_free(&line);
    return good;
}

bool carrier__greeting_read(struct greeting *out, const char *address, char why[GREETING_WHY])
{
    char host[256], port[8];
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    int64_t until = carrier__now() + timer_duration(TIMER_BUS_CONNECT);
    if (!split(address, host, port)) {
        snprintf(why, GREETING_WHY, "\"%s\" is no address; write tls://HOST:PORT", address);
        return false;
    }
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        snprintf(why, GREETING_WHY, "%s: the name is not known: %s", address, gai_strerror(error));
        return false;
    }
    int fd = -1;
    error = open_socket(&fd, list, until);
    freeaddrinfo(list);
    if (error != 0) {
        snprintf(why, GREETING_WHY, "%s cannot be reached: %s", address, strerror(error));
        return false;
    }
    bool good = read_greeting(out, fd, address, until, why);
    close(fd);
    return good;
}
