/* SEC-5: whatever comes on the bus about registrations, from other proxies or from who says that he is one:
 * the proxy goes on, counts what it knows rightly, and gives all back.
 *
 * The input is a list of: step (low bits: what; the rest: which), length (two bytes), bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "roles/proxy/fuzz_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
    STEP_BINDINGS,
    STEP_CONTROL,
    STEP_ASKED,
    STEP_ANSWER,
    STEP_CHANGE,
    STEP_SNAPSHOT,
    STEP_WAIT,
    STEPS
};

static void check(struct proxy *p)
{
    size_t live = 0, gone = 0;
    for (unsigned i = 0; i < PROXY_SLICES; i++) {
        list_for_each (link, &p->slices[i]) {
            const struct aor *a = list_entry(link, struct aor, of_slice);
            live += a->live;
            gone += a->gone;
        }
    }
    if (live != p->binding_count || gone != p->gone_count)
        abort();
}

static void publish(struct fuzz_proxy *s, uint64_t token, struct slice bytes)
{
    fuzz_input(s, (struct input){.kind = INPUT_BUS, .token = token, .bytes = bytes});
}

static uint8_t byte_at(struct slice bytes, size_t at)
{
    return at < bytes.length ? (uint8_t)bytes.data[at] : 0;
}

/* A binding that is well-formed, made of the bytes, so that what lies behind the reading is reached. */
static void fill(Tandem__Binding *b, char contact[64], struct address *at, const struct fuzz_proxy *s,
    unsigned which, struct slice bytes)
{
    tandem__binding__init(b);
    *at = FUZZ_PHONE;
    at->port = (uint16_t)(6000 + byte_at(bytes, 0) % 4);
    snprintf(contact, 64, "sip:%u@127.0.0.1:%u", byte_at(bytes, 1) % 8U, at->port);
    b->dn = (char *)(uintptr_t)(which % 3 == 0 ? "1001" : which % 3 == 1 ? "1002" : "4711");
    b->contact = contact;
    b->proxy = (char *)(uintptr_t)(which & 8 ? "proxy-2" : which & 16 ? "proxy-1" : "proxy-3");
    b->transport = (char *)(uintptr_t)(which & 32 ? "udp" : "tcp");
    b->address = pack_bytes(slice_of(at, sizeof *at - byte_at(bytes, 2) % 2));
    b->expires_at = byte_at(bytes, 3) % 4 == 0 ? 0 : (uint64_t)s->now + byte_at(bytes, 3) * 1000000U;
    b->has_changed_at = true;
    b->changed_at = (uint64_t)s->now + byte_at(bytes, 4) * 100000U;
    b->has_gone_until = b->expires_at == 0;
    b->gone_until = (uint64_t)s->now + byte_at(bytes, 5) * 1000000U;
    b->has_flow = b->has_incarnation = true;
    b->flow = byte_at(bytes, 6);
    b->incarnation = byte_at(bytes, 7) % 3;
    b->has_reg_id = true;
    b->reg_id = byte_at(bytes, 8) % 3;
    b->instance = b->reg_id != 0 ? (char *)(uintptr_t) "<urn:uuid:1>" : NULL;
}

static void change(struct fuzz_proxy *s, unsigned which, struct slice bytes, bool snapshot)
{
    Tandem__Binding binding, *bindings[] = {&binding};
    Tandem__BindingChange change = TANDEM__BINDING_CHANGE__INIT;
    Tandem__BindingSnapshot whole = TANDEM__BINDING_SNAPSHOT__INIT;
    struct address at;
    struct buffer packed = {0};
    char contact[64];
    fill(&binding, contact, &at, s, which, bytes);
    change.proxy = whole.proxy = (char *)(uintptr_t)(which & 4 ? "proxy-2" : "proxy-3");
    change.incarnation = whole.incarnation = byte_at(bytes, 9) % 4;
    change.number = whole.number = byte_at(bytes, 10);
    change.bindings = whole.bindings = bindings;
    change.n_bindings = whole.n_bindings = byte_at(bytes, 11) % 2;
    whole.token = byte_at(bytes, 12);
    whole.last = byte_at(bytes, 13) % 2 != 0;
    pack_add(&packed, snapshot ? &whole.base : &change.base);
    publish(s, snapshot ? PROXY_TOKEN_CONTROL_ANSWER : PROXY_TOKEN_BINDINGS, buffer_slice(&packed));
    buffer_free(&packed);
}

static void step(struct fuzz_proxy *s, unsigned what, struct slice bytes)
{
    unsigned which = what / STEPS;
    switch ((enum step)(what % STEPS)) {
    case STEP_BINDINGS:
        publish(s, PROXY_TOKEN_BINDINGS, bytes);
        break;
    case STEP_CONTROL:
        publish(s, PROXY_TOKEN_CONTROL, bytes);
        break;
    case STEP_ASKED:
        publish(s, PROXY_TOKEN_CONTROL_ASK, bytes);
        break;
    case STEP_ANSWER:
        publish(s, PROXY_TOKEN_CONTROL_ANSWER, bytes);
        break;
    case STEP_CHANGE:
        change(s, which, bytes, false);
        break;
    case STEP_SNAPSHOT:
        change(s, which, bytes, true);
        break;
    default:
        fuzz_pass_time(s, (int64_t)byte_at(bytes, 0) * 500000);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_proxy s;
    fuzz_open(&s, check);
    fuzz_steps(&s, data, size, step);
    fuzz_pass_time(&s, (int64_t)60 * 1000000);
    fuzz_close(&s);
    return 0;
}
