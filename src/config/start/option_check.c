/* What a member of a cluster is told: names, places of engines, and what belongs together. */
#include "base/error.h"
#include "config/start/option.h"
#include "world/address.h"

/* ---- texts ---- */

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_';
}

static bool consists(struct slice text, const char *more)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_letter(text.data[i]) && strchr(more, text.data[i]) == NULL)
            return false;
    return text.length != 0;
}

static const char *wrong_name(struct slice value, const char *more)
{
    if (value.length > 32)
        return "is longer than 32 letters";
    if (memchr(value.data, '\0', value.length) == NULL && consists(value, more))
        return NULL;
    return more[0] != '\0' ? "may have letters, digits, - _ and . only"
                           : "may have letters, digits, - and _ only";
}

/* "HOST:PORT": a name, or an address as endpoints write it. */
static bool is_place(struct slice text, bool *loopback)
{
    struct address address;
    struct slice host = text;
    if (address_parse(&address, text) == 0) {
        *loopback = address_is_loopback(&address);
        return address.port != 0;
    }
    ptrdiff_t colon = slice_find(text, ':');
    uint64_t port;
    host.length = colon > 0 ? (size_t)colon : 0;
    *loopback = slice_equal_nocase(host, SLICE("localhost"));
    return memchr(host.data, '\0', host.length) == NULL && consists(host, ".") && host.length <= 253 &&
           slice_to_u64(&port, slice_from(text, host.length + 1), 65535) == 0 && port > 0;
}

static const char *wrong_url(
    struct slice value, const char *secure, const char *plain, const char *form, const char *open)
{
    bool loopback, is_secure = slice_starts(value, slice_text(secure));
    if (!is_secure && !slice_starts(value, slice_text(plain)))
        return form;
    if (!is_place(slice_from(value, strlen(is_secure ? secure : plain)), &loopback))
        return form;
    return is_secure || loopback ? NULL : open;
}

static bool is_number(struct slice value, uint64_t most)
{
    uint64_t number;
    return slice_to_u64(&number, value, most) == 0 && number != 0;
}

const char *option_wrong_text(enum option option, struct slice value)
{
    bool loopback;
    switch (option) {
    case OPTION_LOG_FORMAT:
        return slice_equal(value, SLICE("plain")) || slice_equal(value, SLICE("json"))
                   ? NULL
                   : "must be plain or json";
    case OPTION_LOG_SIZE:
        return is_number(value, 4096) ? NULL : "must be a number of MiB from 1 to 4096";
    case OPTION_LOG_DAYS:
        return is_number(value, 3650) ? NULL : "must be a number of days from 1 to 3650";
    case OPTION_NAME:
        return wrong_name(value, ".");
    case OPTION_CLUSTER:
        return wrong_name(value, "");
    case OPTION_REGISTRY:
        return wrong_url(value, "https://", "http://", "must be https://HOST:PORT",
            "leaves this machine unencrypted; write https://");
    case OPTION_BUS:
        return wrong_url(value, "tls://", "nats://", "must be tls://HOST:PORT",
            "leaves this machine unencrypted; write tls://");
    case OPTION_RESOLVERS: {
        struct address address = {.family = 0};
        return address_parse_ip(&address, value) == 0 ||
                       (address_parse(&address, value) == 0 && address.port != 0)
                   ? NULL
                   : "must be ADDRESS or ADDRESS:PORT of a name server";
    }
    case OPTION_STORE:
        return is_place(value, &loopback) ? NULL : "must be HOST:PORT";
    default:
        return NULL;
    }
}

/* ---- what belongs together ---- */

int options_check(const struct options *o, struct slice file, struct buffer *complaint)
{
    static const struct {
        enum option option, needs;
    } pairs[] = {
#define NEEDS(option, needs) {OPTION_##option, OPTION_##needs},
#include "config/start/needs.def"
#undef NEEDS
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        unsigned line = o->values[pairs[i].option].line;
        if (line == 0 || (o->values[pairs[i].needs].line != 0 && options_has(o, pairs[i].needs)))
            continue;
        buffer_add_format(complaint, "%.*s:%u: %s needs %s too", SLICE_ARG(file), line,
            option_name(pairs[i].option), option_name(pairs[i].needs));
        return ERROR_MISSING;
    }
    return 0;
}
