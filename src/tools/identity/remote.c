#include "tools/identity/remote.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/error.h"
#include "tools/https.h"
#include "world/address.h"

#define PORT "8443"

static int dump_h(const char *bytes, size_t length, void *out)
{
    buffer_add(out, slice_of(bytes, length));
    return 0;
}

/* ---- where it is ---- */

static bool cut(struct slice url, char host[256], char port[8])
{
    struct slice rest = slice_starts(url, SLICE("https://")) ? slice_from(url, 8) : url, place = rest;
    struct slice name, number = SLICE(PORT);
    slice_cut(&rest, '/', &place);
    if (!slice_empty(rest))
        return false;
    if (slice_starts(place, SLICE("["))) {
        ptrdiff_t end = slice_find(place, ']');
        if (end < 0)
            return false;
        name = slice_of(place.data + 1, (size_t)end - 1);
        place = slice_from(place, (size_t)end + 1);
        if (!slice_empty(place) && place.data[0] != ':')
            return false;
        number = slice_empty(place) ? number : slice_from(place, 1);
    } else {
        number = place;
        slice_cut(&number, ':', &name);
        number = slice_empty(number) ? SLICE(PORT) : number;
    }
    uint64_t value;
    if (name.length == 0 || name.length > 255 || slice_to_u64(&value, number, 65535) != 0 || value == 0)
        return false;
    snprintf(host, 256, "%.*s", SLICE_ARG(name));
    snprintf(port, 8, "%u", (unsigned)value);
    return strlen(host) == name.length;
}

static void add_endpoint(struct buffer *out, const struct addrinfo *found, const char *port)
{
    char text[64] = "";
    bool six = found->ai_family == AF_INET6;
    getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    buffer_add_format(out, six ? "tls:[%s]:%s" : "tls:%s:%s", text, port);
}

int remote_open(struct remote *r, struct slice url, struct buffer *complaint)
{
    char host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;
    *r = (struct remote){.blind = false};
    if (!cut(url, host, port)) {
        buffer_add_format(complaint,
            "%.*s is no address of a platform; write it like https://core.example.com:8443",
            SLICE_ARG(slice_first(url, 300)));
        return ERROR_SYNTAX;
    }
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) {
        hints.ai_flags = AI_ADDRCONFIG;
        error = getaddrinfo(host, NULL, &hints, &found);
        snprintf(r->host, sizeof r->host, "%s", host);
    }
    if (error != 0) {
        buffer_add_format(complaint, "%s: %s", host, gai_strerror(error));
        return ERROR_MISSING;
    }
    add_endpoint(&r->web, found, port);
    freeaddrinfo(found);
    return 0;
}

void remote_close(struct remote *r)
{
    buffer_free(&r->web);
    bundle_free(&r->trust);
}

/* ---- asking ---- */

int remote_ask(const struct remote *r, unsigned *status, json_t **answer, const char *method,
    struct slice path, const json_t *content, struct buffer *complaint)
{
    struct buffer text = {0}, body = {0};
    struct https_target target = {.web = buffer_slice(&r->web),
        .host = r->host[0] != '\0' ? r->host : NULL,
        .trust = r->trust.items,
        .trust_count = r->trust.count,
        .blind = r->blind};
    *answer = NULL;
    if (content != NULL)
        json_dump_callback(content, dump_h, &text, JSON_COMPACT);
    int error = https_ask(status, &body, &target, method, path, buffer_slice(&text), complaint);
    if (error == 0)
        *answer = json_loadb(body.data != NULL ? body.data : "", body.length, JSON_REJECT_DUPLICATES, NULL);
    buffer_free(&text);
    buffer_free(&body);
    return error;
}

const char *remote_sentence(const json_t *answer)
{
    const char *sentence = json_string_value(json_object_get(json_object_get(answer, "error"), "sentence"));
    return sentence != NULL ? sentence : "the answer makes no sense; is this a Tandem platform?";
}
