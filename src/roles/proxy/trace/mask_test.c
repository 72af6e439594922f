/* What may be seen of a message, and what not. */
#include "roles/proxy/trace/mask.h"

#include <stdio.h>

#include "base/slice.h"
#include "unit.h"

#define HEAD "INVITE sip:1002@home SIP/2.0\r\nCall-ID: a\r\n"
#define SDP_HEAD HEAD "Content-Type: application/sdp\r\n\r\n"

static void masked(const char *text, const char *wanted)
{
    char room[2000];
    assert_int_equal(strlen(text), strlen(wanted));
    snprintf(room, sizeof room, "%s", text);
    trace_mask(room, strlen(room));
    assert_string_equal(room, wanted);
}

/* SEC-2 */
static void what_proves_a_digest_is_hidden(void **state)
{
    (void)state;
    masked(HEAD
        "Authorization: Digest username=\"1001\", realm=\"home\", nonce=\"n\", uri=\"sip:x\", "
        "response=\"00ff\", cnonce=\"c\\\"d\", nc=00000001, qop=auth, odd=1\r\nTo: <sip:1002@home>\r\n",
        HEAD "Authorization: Digest username=\"1001\", realm=\"home\", nonce=\"n\", uri=\"sip:x\", "
             "response=\"****\", cnonce=\"****\", nc=00000001, qop=auth,****=*\r\nTo: <sip:1002@home>\r\n");
    masked(HEAD "proxy-AUTHORIZATION\t:digest response = abc , realm=\"r\"\r\n\r\n",
        HEAD "proxy-AUTHORIZATION\t:digest response = ****, realm=\"r\"\r\n\r\n");
    masked(HEAD "Authorization: Digest\r\n response=\"x\r\n y\",\r\n\trealm=z\r\nA: response=\"1\"\r\n",
        HEAD "Authorization: Digest\r\n response=\"*\r\n**\",\r\n\trealm=z\r\nA: response=\"1\"\r\n");
    masked(HEAD "Authentication-Info: rspauth=\"12\", nextnonce=\"n\"\r\n",
        HEAD "Authentication-Info: rspauth=\"**\", nextnonce=\"n\"\r\n");
    masked(HEAD "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
        HEAD "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
}

static void other_schemes_are_hidden_whole(void **state)
{
    (void)state;
    masked(HEAD "Authorization: Basic dXNlcjpwYXNz\r\n", HEAD "Authorization: ******************\r\n");
    masked(HEAD "Proxy-Authorization: Digest response=\"x\", Basic dXNl=\r\n",
        HEAD "Proxy-Authorization: Digest response=\"*\",***********=\r\n");
    masked(HEAD "Authorization:Bearer\r\n\r\n", HEAD "Authorization:******\r\n\r\n");
}

static void passwords_in_uris_are_hidden(void **state)
{
    (void)state;
    masked("INVITE sip:a:pw@h SIP/2.0\r\nTo: <sips:b:x@[::1]:5061>;tag=1\r\nContact: <sip:c@h:5060>\r\n",
        "INVITE sip:a:**@h SIP/2.0\r\nTo: <sips:b:*@[::1]:5061>;tag=1\r\nContact: <sip:c@h:5060>\r\n");
}

static void keys_of_media_are_hidden(void **state)
{
    (void)state;
    masked(SDP_HEAD
        "v=0\r\nk=clear:abc\r\na=ice-ufrag:u\r\na=ICE-PWD:secret\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abcd|2^20 UNENCRYPTED_SRTP\r\na=key-mgmt:mikey x\r\n"
        "a=fingerprint:sha-256 AA\r\nProxy-Authorization: x\r\n",
        SDP_HEAD
        "v=0\r\nk=*********\r\na=ice-ufrag:u\r\na=ICE-PWD:******\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 *********************************\r\na=key-mgmt:*******\r\n"
        "a=fingerprint:sha-256 AA\r\n**********************\r\n");
}

static void what_people_say_is_hidden(void **state)
{
    (void)state;
    masked(HEAD "c: text/plain\r\n\r\nMeet me\r\nat 5", HEAD "c: text/plain\r\n\r\n*******\r\n****");
    masked(HEAD "Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\n",
        HEAD "Content-Type: application/dtmf-relay\r\n\r\n********\r\n");
    masked(HEAD "\r\nno type", HEAD "\r\n*******");
}

static void of_parts_only_descriptions_are_shown(void **state)
{
    (void)state;
    masked(HEAD "Content-Type: multipart/mixed;boundary=x\r\n\r\npre\r\n--x\r\nContent-Type: "
                "application/sdp\r\n\r\nv=0\r\nk=1\r\n--x\r\nContent-Type: text/plain\r\n\r\n-- "
                "\r\nme\r\n--x--\r\nend",
        HEAD "Content-Type: multipart/mixed;boundary=x\r\n\r\n***\r\n--x\r\nContent-Type: "
             "application/sdp\r\n\r\nv=0\r\nk=*\r\n--x\r\nContent-Type: "
             "text/plain\r\n\r\n***\r\n**\r\n--x--\r\n***");
    masked(HEAD "Content-Type: multipart/mixed\r\n\r\n--x\r\nabc",
        HEAD "Content-Type: multipart/mixed\r\n\r\n***\r\n***");
}

static void a_terminal_gets_no_surprises(void **state)
{
    (void)state;
    masked("\r\nA: \x1b[2J\x7f\r\nB:\t\xc2\x9b"
           "1m\xc3\xa4\r\n",
        "\r\nA: ?[2J?\r\nB:\t\xc2?"
        "1m\xc3\xa4\r\n");
    char zero[] = {'A', '\0', 'B'};
    trace_mask(zero, sizeof zero);
    assert_memory_equal(zero, "A?B", 3);
    trace_mask(NULL, 0);
}

TESTS("proxy/trace/mask", cmocka_unit_test(what_proves_a_digest_is_hidden),
    cmocka_unit_test(other_schemes_are_hidden_whole), cmocka_unit_test(passwords_in_uris_are_hidden),
    cmocka_unit_test(keys_of_media_are_hidden), cmocka_unit_test(what_people_say_is_hidden),
    cmocka_unit_test(of_parts_only_descriptions_are_shown), cmocka_unit_test(a_terminal_gets_no_surprises))
