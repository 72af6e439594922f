/* SEC-5: whatever comes on streams of any transport, cut anywhere: the proxy goes on, holds no more than it
 * may, and gives all back.
 *
 * The input is a list of: step (low bits: what, high bits: which stream), length (two bytes), bytes. */
#include <stdlib.h>

#include "roles/proxy/edge/edge_int.h"
#include "roles/proxy/fuzz_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAM 9000U
#define STREAMS 4U

enum step { STEP_DATA, STEP_FRAME, STEP_ACCEPT, STEP_CLOSED, STEP_DATAGRAM, STEP_WAIT, STEP_UPGRADE, STEPS };

static void check(struct proxy *p)
{
    size_t count = 0;
    for (int t = 0; t < TRANSPORT_COUNT; t++)
        count += p->edge.counts[t];
    if (count != map_count(&p->edge.flows) || p->edge.out.length != 0)
        abort();
}

/* All from the same phone. */
static void input(struct fuzz_proxy *s, struct input in)
{
    in.peer = FUZZ_PHONE;
    fuzz_input(s, in);
}

static void give(struct fuzz_proxy *s, uint64_t flow, struct slice bytes)
{
    input(s, (struct input){.kind = INPUT_DATA, .token = PROXY_TOKEN_EDGE + 1, .flow = flow, .bytes = bytes});
}

/* A masked frame that holds the bytes; the first one says which. */
static void frame(struct fuzz_proxy *s, uint64_t flow, struct slice bytes)
{
    struct buffer out = {0};
    char first = bytes.length != 0 ? bytes.data[0] : '\x81';
    bytes = slice_from(bytes, 1);
    buffer_add_byte(&out, first);
    buffer_add_byte(&out, '\xfe');
    buffer_add_byte(&out, (char)(bytes.length >> 8));
    buffer_add_byte(&out, (char)bytes.length);
    buffer_add(&out, SLICE("\0\0\0\0"));
    buffer_add(&out, bytes);
    give(s, flow, buffer_slice(&out));
    buffer_free(&out);
}

static void step(struct fuzz_proxy *s, unsigned what, struct slice bytes)
{
    uint64_t flow = STREAM + (what >> 4) % STREAMS;
    unsigned transport = 1 + (what >> 6);
    switch ((enum step)((what & 15U) % STEPS)) {
    case STEP_DATA:
        give(s, flow, bytes);
        break;
    case STEP_FRAME:
        frame(s, flow, bytes);
        break;
    case STEP_ACCEPT:
        if (!proxy__edge_flow_lives(s->proxy, flow))
            input(s,
                (struct input){.kind = INPUT_ACCEPTED, .token = PROXY_TOKEN_EDGE + transport, .flow = flow});
        break;
    case STEP_CLOSED:
        input(s, (struct input){.kind = INPUT_CLOSED, .token = PROXY_TOKEN_EDGE + 1, .flow = flow});
        break;
    case STEP_DATAGRAM:
        input(s, (struct input){
                     .kind = INPUT_DATAGRAM, .token = PROXY_TOKEN_EDGE, .flow = s->edge, .bytes = bytes});
        break;
    case STEP_WAIT:
        fuzz_pass_time(s, (int64_t)bytes.length * 1000000);
        break;
    default:
        give(s, flow,
            SLICE("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDAAAAAAAAAAAAAAAAAA==\r\n"
                  "Sec-WebSocket-Protocol: sip\r\n\r\n"));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_proxy s;
    fuzz_open(&s, check);
    fuzz_steps(&s, data, size, step);
    fuzz_pass_time(&s, (int64_t)40 * 1000000);
    fuzz_close(&s);
    return 0;
}
