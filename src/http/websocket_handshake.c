/* The way from HTTP to WebSocket and who may take it (RFC 6455 4). */
#include "http/websocket.h"

#include <openssl/evp.h>

#include "base/error.h"

#define KEY_TEXT 24    /* base64 of 16 bytes */
#define ACCEPT_TEXT 28 /* base64 of a SHA-1 */

static void accept_text(char text[ACCEPT_TEXT + 1], struct slice key)
{
    unsigned char joined[KEY_TEXT + 36], digest[EVP_MAX_MD_SIZE];
    memcpy(joined, key.data, KEY_TEXT);
    memcpy(joined + KEY_TEXT, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36); /* RFC 6455 1.3 */
    EVP_Digest(joined, sizeof joined, digest, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)text, digest, 20);
}

bool websocket_wanted(const struct http_request *r)
{
    return http_has_token(r, SLICE("Upgrade"), SLICE("websocket")) &&
           http_has_token(r, SLICE("Connection"), SLICE("upgrade"));
}

bool websocket_same_origin(const struct http_request *r)
{
    struct slice origin = http_field(r, SLICE("Origin"));
    if (origin.data == NULL)
        return true;
    return slice_starts_nocase(origin, SLICE("https://")) &&
           slice_equal_nocase(slice_from(origin, sizeof "https://" - 1), r->host);
}

/* 22 letters, the last of which carries two bits only, and "==". */
static bool is_key(struct slice key)
{
    unsigned char decoded[18];
    if (key.length != KEY_TEXT || key.data[22] != '=' || key.data[23] != '=' || slice_find(key, '=') != 22)
        return false;
    for (size_t i = 0; i < 22; i++)
        if (key.data[i] <= ' ' || key.data[i] == '-')
            return false;
    return EVP_DecodeBlock(decoded, (const unsigned char *)key.data, KEY_TEXT) == 18;
}

/* Exactly one such field? Several could be read differently by somebody in between. */
static bool is_single(const struct http_request *r, struct slice name)
{
    unsigned count = 0;
    for (size_t i = 0; i < r->field_count; i++)
        count += slice_equal_nocase(r->fields[i].name, name);
    return count == 1;
}

static struct slice choose_protocol(const struct http_request *r, const struct websocket_rules *rules)
{
    for (size_t i = 0; i < rules->protocol_count; i++)
        if (http_has_token(r, SLICE("Sec-WebSocket-Protocol"), rules->protocols[i]))
            return rules->protocols[i];
    return (struct slice){NULL, 0};
}

static int check(const struct http_request *r, const struct websocket_rules *rules)
{
    if (r->method != HTTP_GET || r->minor == 0 || r->body.length != 0)
        return ERROR_SYNTAX;
    if (!websocket_wanted(r))
        return ERROR_UNSUPPORTED;
    if (!is_single(r, SLICE("Sec-WebSocket-Key")) || !is_key(http_field(r, SLICE("Sec-WebSocket-Key"))) ||
        !is_single(r, SLICE("Sec-WebSocket-Version")))
        return ERROR_SYNTAX;
    if (!slice_equal(http_field(r, SLICE("Sec-WebSocket-Version")), SLICE("13")))
        return ERROR_UNSUPPORTED;
    return rules->same_origin && !websocket_same_origin(r) ? ERROR_DENIED : 0;
}

int websocket_handshake(struct http_connection *c, int64_t now, const struct websocket_rules *rules,
    struct slice *protocol, struct buffer *out)
{
    const struct http_request *r = &c->request;
    struct slice none = {0};
    int error = check(r, rules);
    if (error != 0) {
        http_answer_error(c, now,
            error == ERROR_DENIED        ? HTTP_STATUS_FORBIDDEN
            : error == ERROR_UNSUPPORTED ? HTTP_STATUS_UPGRADE_REQUIRED
                                         : HTTP_STATUS_BAD_REQUEST,
            none, none,
            error == ERROR_UNSUPPORTED
                ? SLICE("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
                : none,
            out);
        return error;
    }
    char text[ACCEPT_TEXT + 1];
    accept_text(text, http_field(r, SLICE("Sec-WebSocket-Key")));
    struct buffer fields = {0};
    buffer_add_format(
        &fields, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n", text);
    *protocol = choose_protocol(r, rules);
    if (protocol->length != 0)
        buffer_add_format(&fields, "Sec-WebSocket-Protocol: %.*s\r\n", SLICE_ARG(*protocol));
    const struct http_answer answer = {
        .status = HTTP_STATUS_SWITCHING_PROTOCOLS, .fields = buffer_slice(&fields)};
    http_answer(c, now, &answer, out);
    buffer_free(&fields);
    return 0;
}

void websocket_request(struct buffer *out, struct slice host, struct slice target, struct slice protocol,
    struct slice fields, const uint8_t random[16])
{
    char key[KEY_TEXT + 1];
    EVP_EncodeBlock((unsigned char *)key, random, 16);
    buffer_add_format(out,
        "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
        SLICE_ARG(target), SLICE_ARG(host), key);
    if (protocol.length != 0)
        buffer_add_format(out, "Sec-WebSocket-Protocol: %.*s\r\n", SLICE_ARG(protocol));
    buffer_add(out, fields);
    buffer_add_text(out, "\r\n");
}

int websocket_check_answer(struct slice head, const uint8_t random[16])
{
    char key[KEY_TEXT + 1], wanted[ACCEPT_TEXT + 1];
    struct slice line, name;
    EVP_EncodeBlock((unsigned char *)key, random, 16);
    accept_text(wanted, slice_of(key, KEY_TEXT));
    if (!slice_starts(head, SLICE("HTTP/1.1 101 ")))
        return ERROR_DENIED;
    while (slice_cut(&head, '\n', &line))
        if (slice_cut(&line, ':', &name) && slice_equal_nocase(name, SLICE("Sec-WebSocket-Accept")))
            return slice_equal(slice_trim(line), slice_of(wanted, ACCEPT_TEXT)) ? 0 : ERROR_SYNTAX;
    return ERROR_SYNTAX;
}
