#include "roles/proxy/edge/edge_fixture.h"

#include "unit.h"

struct edge_heard edge_heard;

static void effect_h(const struct effect *e)
{
    if (e->kind == EFFECT_SEND) {
        edge_heard.sends++;
        edge_heard.sent_flow = e->flow;
        edge_heard.sent_to = e->address;
        buffer_add(&edge_heard.sent, e->second);
    } else if (e->kind == EFFECT_CLOSE) {
        edge_heard.closes++;
        edge_heard.closed_flow = e->flow;
    } else if (e->kind == EFFECT_OPEN) {
        edge_heard.opens++;
        edge_heard.opened_flow = e->flow;
        snprintf(edge_heard.opened, sizeof edge_heard.opened, "%.*s", SLICE_ARG(e->first));
    }
}

void edge_begin(void)
{
    proxy_fixture_begin();
    memset(&edge_heard, 0, sizeof edge_heard);
    proxy_fixture.on_effect = effect_h;
}

void edge_finish(void)
{
    proxy_fixture_end();
    buffer_free(&edge_heard.sent);
}

void edge_forget(void)
{
    struct buffer sent = edge_heard.sent;
    buffer_clear(&sent);
    edge_heard = (struct edge_heard){.sent = sent};
}

const char *edge_text(void)
{
    for (size_t i = 0; i < edge_heard.sent.length; i++) /* in the heads of frames */
        if (edge_heard.sent.data[i] == '\0')
            edge_heard.sent.data[i] = '.';
    buffer_add_byte(&edge_heard.sent, '\0');
    edge_heard.sent.length--;
    return edge_heard.sent.data;
}

void edge_accept(unsigned listener, uint64_t flow, uint16_t port, struct slice name)
{
    struct input in = {
        .kind = INPUT_ACCEPTED, .flow = flow, .token = PROXY_TOKEN_EDGE + listener, .name = name};
    in.peer = (struct address){.ip = {127, 0, 0, 1}, .port = port, .family = 4};
    proxy_fixture_input(in);
}

void edge_data(uint64_t flow, struct slice bytes)
{
    proxy_fixture_input(
        (struct input){.kind = INPUT_DATA, .flow = flow, .token = PROXY_TOKEN_EDGE, .bytes = bytes});
}

void edge_opened(uint64_t flow, struct slice name)
{
    proxy_fixture_input(
        (struct input){.kind = INPUT_OPENED, .flow = flow, .token = PROXY_TOKEN_EDGE_LAST, .name = name});
}

void edge_closed(uint64_t flow, int error)
{
    proxy_fixture_input(
        (struct input){.kind = INPUT_CLOSED, .flow = flow, .token = PROXY_TOKEN_EDGE, .error = error});
}

void edge_upgrade(uint64_t flow)
{
    static const uint8_t random[16] = {1, 2, 3};
    struct buffer request = {0};
    websocket_request(&request, SLICE("127.0.0.1:7443"), SLICE("/"), SLICE("sip"), SLICE(""), random);
    edge_data(flow, buffer_slice(&request));
    buffer_free(&request);
    assert_non_null(strstr(edge_text(), "HTTP/1.1 101 "));
    assert_non_null(strstr(edge_text(), "Sec-WebSocket-Protocol: sip\r\n"));
    edge_forget();
}

void edge_frame(uint64_t flow, unsigned opcode, bool final, struct slice bytes)
{
    struct buffer frame = {0};
    buffer_add_byte(&frame, (char)((final ? 0x80U : 0) | opcode));
    if (bytes.length < 126) {
        buffer_add_byte(&frame, (char)(0x80U | bytes.length));
    } else {
        buffer_add_byte(&frame, (char)(0x80U | 126U));
        buffer_add_byte(&frame, (char)(bytes.length >> 8));
        buffer_add_byte(&frame, (char)bytes.length);
    }
    buffer_add(&frame, SLICE("\x11\x22\x33\x44"));
    for (size_t i = 0; i < bytes.length; i++)
        buffer_add_byte(&frame, (char)(bytes.data[i] ^ "\x11\x22\x33\x44"[i % 4]));
    edge_data(flow, buffer_slice(&frame));
    buffer_free(&frame);
}
