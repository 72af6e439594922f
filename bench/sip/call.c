/* INVITE, 180, 200, ACK, BYE, 200: the caller hangs up as soon as it was answered. The called side is a phone; or the
 * node to which a proxy of ours brings the call, on the stream that proxies open to nodes. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

enum { STAGE_CALLING = 1, STAGE_ENDING };

#define SDP                                                                                                  \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"                              \
    "m=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"                       \
    "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"

static unsigned caller_of(unsigned unit)
{
    return options.first + unit % options.names;
}

static unsigned called_of(unsigned unit)
{
    return options.first + (unit + options.names / 2) % options.names;
}

/* The head that all requests of the caller have in common, up to Call-ID. */
static int head(char *room, const char *method, char branch, unsigned unit, struct text uri)
{
    return snprintf(room, MESSAGE,
        "%s %.*s SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK-%c%u-%u\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:%u@127.0.0.1>;tag=c%u\r\n"
        "Call-ID: call-%u-%u@127.0.0.1\r\n",
        method, TEXT(uri), options.caller, branch, options.round, unit, caller_of(unit), unit, options.round, unit);
}

static void invite(unsigned unit)
{
    char *room = out_room(), uri[64];
    int length = snprintf(uri, sizeof uri, "sip:%u@127.0.0.1:%u", called_of(unit), options.server);
    length = head(room, "INVITE", 'i', unit, (struct text){uri, (size_t)length});
    length += snprintf(room + length, MESSAGE - (size_t)length,
        "To: <sip:%u@127.0.0.1>\r\n"
        "CSeq: 1 INVITE\r\n"
        "Contact: <sip:%u@127.0.0.1:%u>\r\n"
        "User-Agent: load\r\n"
        "Content-Type: application/sdp\r\n"
        "Content-Length: %zu\r\n\r\n" SDP,
        called_of(unit), caller_of(unit), options.caller, sizeof SDP - 1);
    out_send(PORT_CALLER, (size_t)length);
}

static void begin(unsigned unit)
{
    unit_sent(unit, STAGE_CALLING);
    invite(unit);
}

static struct text *byes; /* of the calls that end, where they are kept */

/* Unless it is kept, a BYE that is lost makes its call one that failed. */
static void again(unsigned unit)
{
    if (units[unit].stage == STAGE_CALLING)
        invite(unit);
    else if (byes != NULL && byes[unit].length != 0)
        out_send(PORT_CALLER, (size_t)snprintf(out_room(), MESSAGE, "%.*s", TEXT(byes[unit])));
}

/* ACK or BYE, along the route of the answer, which is read from its end (RFC 3261 12.1.2). */
static void in_dialog(const char *method, char branch, unsigned unit, struct text answer)
{
    char *room = out_room();
    struct text contact = {"", 0}, to = {"", 0}, routes[8];
    unsigned count = 0;
    size_t at = 0;
    text_header(answer, "Contact", &at, &contact);
    at = 0;
    text_header(answer, "To", &at, &to);
    at = 0;
    while (count < 8 && text_header(answer, "Record-Route", &at, &routes[count]))
        count++;
    int length = head(room, method, branch, unit, text_uri(contact));
    while (count-- != 0)
        length += snprintf(room + length, MESSAGE - (size_t)length, "Route: %.*s\r\n", TEXT(routes[count]));
    length += snprintf(room + length, MESSAGE - (size_t)length, "To: %.*s\r\nCSeq: %d %s\r\nContent-Length: 0\r\n\r\n",
        TEXT(to), method[0] == 'A' ? 1 : 2, method);
    if (length >= MESSAGE)
        fail("a request is too long");
    if (options.keep != 0 && method[0] == 'B') {
        if (byes == NULL && (byes = calloc(options.count, sizeof *byes)) == NULL)
            fail("memory");
        byes[unit] = (struct text){strndup(room, (size_t)length), (size_t)length};
    }
    out_send(PORT_CALLER, (size_t)length);
}

static void caller_input(struct text m)
{
    unsigned unit, status = text_status(m);
    char branch[32];
    snprintf(branch, sizeof branch, "z9hG4bK-i%u-", options.round);
    bool to_invite = text_unit(m, branch, &unit);
    snprintf(branch, sizeof branch, "z9hG4bK-b%u-", options.round);
    if ((!to_invite && !text_unit(m, branch, &unit)) || unit >= options.count || status == 0) {
        stray++;
    } else if (!to_invite) {
        if (status >= 200 && units[unit].stage == STAGE_ENDING)
            unit_over(unit, status == 200);
    } else if (units[unit].stage != STAGE_CALLING) {
        stray++;
    } else if (status < 200) {
        unit_quiet(unit);
    } else if (status != 200) {
        unit_over(unit, false);
    } else {
        unit_sent(unit, STAGE_ENDING);
        in_dialog("ACK", 'a', unit, m);
        in_dialog("BYE", 'b', unit, m);
    }
}

static void answer(enum port port, struct text request, const char *status, const char *tag, const char *more)
{
    out_send(port, text_answer(out_room(), request, status, tag, more));
}

static void called_input(enum port port, struct text m)
{
    static char contact[160], with_body[sizeof contact + sizeof SDP + 100];
    if (contact[0] == '\0') {
        if (port == PORT_NODE)
            snprintf(contact, sizeof contact, "Contact: <sip:node-1@node-1.pair;pair=node-1>\r\n");
        else
            snprintf(contact, sizeof contact, "Contact: <sip:called@127.0.0.1:%u>\r\n", options.called);
        snprintf(with_body, sizeof with_body, "%sContent-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n" SDP,
            contact, sizeof SDP - 1);
    }
    if (memcmp(m.data, "INVITE ", 7) == 0) {
        answer(port, m, "180 Ringing", "called", "Content-Length: 0\r\n\r\n");
        answer(port, m, "200 OK", "called", with_body);
    } else if (memcmp(m.data, "BYE ", 4) == 0) {
        answer(port, m, "200 OK", NULL, "Content-Length: 0\r\n\r\n");
    } else if (memcmp(m.data, "OPTIONS ", 8) == 0) { /* the proxy asks whether the node is in service */
        answer(port, m, "200 OK", "node", "Content-Length: 0\r\n\r\n");
    } else if (memcmp(m.data, "ACK ", 4) != 0) {
        stray++;
    }
}

static void input(enum port port, struct text m)
{
    if (port == PORT_CALLER)
        caller_input(m);
    else
        called_input(port, m);
}

const struct mode mode_call = {.begin = begin, .again = again, .input = input};
