/* Names of methods, headers and answers. */
#include "sip/message.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

enum sip_method sip_method_parse(struct slice name)
{
    /* Methods are case-sensitive (RFC 3261 7.1). */
#define METHOD(symbol)                                                                                       \
    if (name.length == sizeof #symbol - 1 && memcmp(name.data, #symbol, sizeof #symbol - 1) == 0)            \
        return SIP_##symbol;
#include "sip/method.def"
#undef METHOD
    return SIP_UNKNOWN;
}

const char *sip_method_name(enum sip_method m)
{
    static const char *const names[] = {
        "?",
#define METHOD(symbol) #symbol,
#include "sip/method.def"
#undef METHOD
    };
    return (unsigned)m < SIP_METHODS ? names[m] : names[SIP_UNKNOWN];
}

static enum sip_header_id find_compact(char c)
{
    c = lower(c);
#define HEADER(symbol, text, compact, list)                                                                  \
    if ((compact) != 0 && c == (compact))                                                                    \
        return SIP_HEADER_##symbol;
#include "sip/header.def"
#undef HEADER
    return SIP_HEADER_OTHER;
}

static bool same(const char *name, const char *known, size_t length)
{
    return memcmp(name, known, length) == 0 ||
           slice_equal_nocase(slice_of(name, length), slice_of(known, length));
}

enum sip_header_id sip_header_find(struct slice name)
{
    if (name.length <= 1)
        return name.length == 0 ? SIP_HEADER_OTHER : find_compact(name.data[0]);
    /* Length and first letter in one number tell nearly all apart; the compiler folds the other side. */
    size_t key = name.length << 8 | (unsigned char)(name.data[0] | 0x20);
#define HEADER(symbol, text, compact, list)                                                                  \
    if (key == ((sizeof(text) - 1) << 8 | (unsigned char)((text)[0] | 0x20)) &&                              \
        same(name.data, text, sizeof(text) - 1))                                                             \
        return SIP_HEADER_##symbol;
#include "sip/header.def"
#undef HEADER
    return SIP_HEADER_OTHER;
}

const char *sip_header_name(enum sip_header_id id)
{
    static const char *const names[] = {
        "",
#define HEADER(symbol, text, compact, list) text,
#include "sip/header.def"
#undef HEADER
    };
    return (unsigned)id < SIP_HEADERS ? names[id] : names[SIP_HEADER_OTHER];
}

const char *sip_reason(uint16_t status)
{
    static const char *const classes[] = {
        "Progress", "OK", "Redirection", "Bad Request", "Server Failure", "Global Failure"};
    switch (status) {
#define STATUS(code, reason)                                                                                 \
    case code:                                                                                               \
        return reason;
#include "sip/status.def"
#undef STATUS
    default:
        return status >= 100 && status <= 699 ? classes[status / 100 - 1] : "";
    }
}
