#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

enum { STAGE_ASKED = 1, STAGE_PROVED };

static char proofs[1 << 20][33]; /* by unit: the digest's response, once it was challenged */
static char realm[64], nonces[1 << 20][96];
static bool has_quality;

static void md5(char hex[33], const char *text)
{
    unsigned char raw[16];
    MD5((const unsigned char *)text, strlen(text), raw);
    for (int i = 0; i < 16; i++) {
        hex[2 * i] = "0123456789abcdef"[raw[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
    }
    hex[32] = '\0';
}

static unsigned name_of(unsigned unit)
{
    return options.first + unit % options.names;
}

static void send_register(unsigned unit)
{
    char *room = out_room(), credentials[400] = "";
    unsigned name = name_of(unit), proved = units[unit].stage == STAGE_PROVED;
    if (proved)
        snprintf(credentials, sizeof credentials,
            "Authorization: Digest username=\"%u\", realm=\"%s\", nonce=\"%s\", uri=\"sip:127.0.0.1:%u\", "
            "response=\"%s\", algorithm=MD5%s\r\n",
            name, realm, nonces[unit], options.server, proofs[unit],
            has_quality ? ", cnonce=\"0a4f113b\", qop=auth, nc=00000001" : "");
    int length = snprintf(room, MESSAGE,
        "REGISTER sip:127.0.0.1:%u SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK-r%u-%u-%u\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:%u@127.0.0.1>;tag=f%u\r\n"
        "To: <sip:%u@127.0.0.1>\r\n"
        "Call-ID: register-%u@127.0.0.1\r\n"
        "CSeq: %u REGISTER\r\n"
        "Contact: <sip:%u@127.0.0.1:%u>;expires=3600\r\n"
        "%s"
        "User-Agent: load\r\n"
        "Content-Length: 0\r\n\r\n",
        options.server, options.caller, options.round * 2 + proved, unit, proved, name, name, name, name,
        options.round * 100000 + unit / options.names * 2 + proved + 1, name, options.caller, credentials);
    out_send(PORT_CALLER, (size_t)length);
}

static void begin(unsigned unit)
{
    unit_sent(unit, STAGE_ASKED);
    send_register(unit);
}

/* MD5, with the quality "auth" where the challenge offers it (RFC 2617, 7616). */
static bool prove(unsigned unit, struct text m)
{
    char text[400], secret[33], request[33];
    struct text challenge, value;
    size_t at = 0;
    if (!text_header(m, "WWW-Authenticate", &at, &challenge) ||
        !text_between(challenge, "realm=\"", '"', &value) || value.length >= sizeof realm)
        return false;
    snprintf(realm, sizeof realm, "%.*s", TEXT(value));
    if (!text_between(challenge, "nonce=\"", '"', &value) || value.length >= sizeof nonces[0])
        return false;
    snprintf(nonces[unit], sizeof nonces[0], "%.*s", TEXT(value));
    has_quality = text_between(challenge, "qop=\"", '"', &value);
    snprintf(text, sizeof text, "%u:%s:%s", name_of(unit), realm, options.secret);
    md5(secret, text);
    snprintf(text, sizeof text, "REGISTER:sip:127.0.0.1:%u", options.server);
    md5(request, text);
    snprintf(text, sizeof text, "%s:%s:%s%s", secret, nonces[unit],
        has_quality ? "00000001:0a4f113b:auth:" : "", request);
    md5(proofs[unit], text);
    return true;
}

static void input(enum port port, struct text m)
{
    unsigned unit, status = text_status(m);
    char branch[32];
    (void)port;
    snprintf(branch, sizeof branch, "z9hG4bK-r%u-", options.round * 2);
    bool asked = text_unit(m, branch, &unit);
    snprintf(branch, sizeof branch, "z9hG4bK-r%u-", options.round * 2 + 1);
    if ((!asked && !text_unit(m, branch, &unit)) || unit >= options.count) {
        stray++;
    } else if (status < 200 || units[unit].stage != (asked ? STAGE_ASKED : STAGE_PROVED)) {
        unit_quiet(unit);
    } else if (status == 401 && asked && options.digest && prove(unit, m)) {
        unit_sent(unit, STAGE_PROVED);
        send_register(unit);
    } else {
        unit_over(unit, status == 200 && options.digest != asked);
    }
}

const struct mode mode_register = {.begin = begin, .again = send_register, .input = input};
