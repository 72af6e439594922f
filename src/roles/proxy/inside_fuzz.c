/* SEC-5: whatever comes on the streams between our own parts, the proxy goes on and closes.
 *
 * The input is a list of: what (its low bits, see enum step), kind, length (two bytes), bytes. */
#include "roles/proxy/fuzz_fixture.h"
#include "wire/record.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STRANGER 9000

enum step { STEP_FRAME_PAIR, STEP_FRAME_STRANGER, STEP_RAW_PAIR, STEP_RAW_STRANGER, STEP_LOST, STEP_VIEW };

static void view(struct fuzz_proxy *s, uint64_t number)
{
    struct buffer bytes = {0};
    Tandem__PairRecord record = TANDEM__PAIR_RECORD__INIT;
    record.view = number;
    record.primary = (char *)(uintptr_t) "node-1a";
    record.alone = true;
    pack_add(&bytes, &record.base);
    fuzz_input(s, (struct input){.kind = INPUT_WATCH,
                      .token = PROXY_TOKEN_WATCH,
                      .name = SLICE("pair/node-1"),
                      .revision = number,
                      .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
    fuzz_input(s, (struct input){.kind = INPUT_OPENED, .token = PROXY_TOKEN_INSIDE, .flow = s->pair_flow});
}

/* Two phones of 1002, so that a call is a fork. */
static void register_phones(struct fuzz_proxy *s)
{
    struct proxy *p = s->proxy;
    world_turn_begin(&s->world, s->now);
    for (unsigned i = 0; i < 2; i++) {
        struct address at = FUZZ_PHONE;
        Tandem__Binding b = TANDEM__BINDING__INIT;
        b.dn = (char *)(uintptr_t) "1002";
        b.contact = (char *)(uintptr_t)(i == 0 ? "sip:a@127.0.0.1:6001" : "sip:b@127.0.0.1:6001");
        b.proxy = p->name;
        b.transport = (char *)(uintptr_t) "udp";
        b.address = pack_bytes(slice_of(&at, sizeof at));
        b.expires_at = (uint64_t)s->now + 3600000000U;
        struct binding_report r;
        if (proxy__binding_read(p, &r, &b))
            (void)proxy__binding_merge(p, &r);
    }
    world_turn_end(&s->world);
}

static void give(struct fuzz_proxy *s, uint64_t flow, bool framed, uint8_t kind, struct slice bytes)
{
    struct buffer frame = {0};
    if (framed)
        frame_add(&frame, kind, bytes);
    else
        buffer_add(&frame, bytes);
    fuzz_input(
        s, (struct input){
               .kind = INPUT_DATA, .token = PROXY_TOKEN_INSIDE, .flow = flow, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

static void step(struct fuzz_proxy *s, uint8_t what, uint8_t kind, struct slice bytes)
{
    uint64_t stranger = STRANGER + (what >> 6);
    switch ((enum step)(what % 8)) {
    case STEP_FRAME_PAIR:
        give(s, s->pair_flow, true, kind, bytes);
        break;
    case STEP_FRAME_STRANGER:
        give(s, stranger, true, kind, bytes);
        break;
    case STEP_RAW_PAIR:
        give(s, s->pair_flow, false, 0, bytes);
        break;
    case STEP_RAW_STRANGER:
        give(s, stranger, false, 0, bytes);
        break;
    case STEP_LOST:
        fuzz_input(s, (struct input){.kind = INPUT_CLOSED,
                          .token = PROXY_TOKEN_INSIDE,
                          .flow = what & 8 ? stranger : s->pair_flow});
        break;
    case STEP_VIEW:
        view(s, kind);
        break;
    default:
        fuzz_pass_time(s, (int64_t)kind * 500000);
        if (kind == 0) /* an answer of a phone, as it comes from outside */
            fuzz_input(s, (struct input){.kind = INPUT_DATAGRAM,
                              .token = PROXY_TOKEN_EDGE,
                              .flow = s->edge,
                              .peer = FUZZ_PHONE,
                              .bytes = bytes});
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_proxy s;
    struct slice rest = slice_of(data, size);
    fuzz_open(&s, NULL);
    register_phones(&s);
    view(&s, 1);
    for (uint64_t i = 0; i < 4; i++)
        fuzz_input(
            &s, (struct input){.kind = INPUT_ACCEPTED, .token = PROXY_TOKEN_INSIDE, .flow = STRANGER + i});
    while (rest.length >= 4) {
        const unsigned char *head = (const unsigned char *)rest.data;
        size_t length = (size_t)head[2] << 8 | head[3];
        step(&s, head[0], head[1], slice_first(slice_from(rest, 4), length));
        rest = slice_from(rest, 4 + length);
    }
    fuzz_pass_time(&s, (int64_t)60 * 1000000);
    fuzz_close(&s);
    return 0;
}
