/* A node between two phones made of text; a proxy passes on what they say. */
#include "roles/node/node_fixture.h"

#include "base/error.h"
#include "pair/pair_int.h"
#include "sip/peer.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define FLOW 500

struct stage stage;
struct stage_setup stage_setup;

static uint64_t random_h(void *maker)
{
    (void)maker;
    return ++stage.chance * 0x9e3779b97f4a7c15U;
}

static void commit_h(void *maker, struct world *w)
{
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    (void)maker;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_SEND && stage.on_frame != NULL && e.second.length >= FRAME_HEAD)
            stage.on_frame((uint8_t)e.second.data[FRAME_HEAD - 1], slice_from(e.second, FRAME_HEAD));
        if (e.kind != EFFECT_TELL)
            continue;
        if (stage.count == STAGE_KEPT) {
            memmove(stage.sent[0], stage.sent[1], sizeof stage.sent - sizeof stage.sent[0]);
            stage.count--;
        }
        snprintf(stage.sent[stage.count++], sizeof stage.sent[0], "%.*s",
            SLICE_ARG(slice_from(e.second, FRAME_HEAD)));
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void input(struct input in)
{
    world_turn(&stage.world, stage.role, stage.node, &in, stage.now);
}

static void give(uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    frame_add(&frame, kind, payload);
    input((struct input){.kind = INPUT_DATA, .flow = FLOW, .token = 1, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

void stage_begin(void)
{
    struct role_setup setup = {
        .name = SLICE("node-1a"), .pair = SLICE("node-1"), .location = SLICE("home"), .incarnation = 1};
    void *pair;
    memset(&stage, 0, sizeof stage);
    stage.now = 1000000000;
    stage.configuration = stage_configuration(&stage_setup);
    wheel_init(&stage.wheel, stage.now);
    world_init(&stage.world, &backend, &stage, &stage.wheel);
    stage.world.configuration = stage.configuration;
    world_turn_begin(&stage.world, stage.now);
    assert_int_equal(role_node.open(&pair, &stage.world, &setup), 0);
    stage.role = ((struct pair *)pair)->role;
    role_node.close(pair);
    assert_int_equal(stage.role->open(&stage.node, &stage.world, &setup), 0);
    world_turn_end(&stage.world);
    Tandem__SpoolAnswer spool = TANDEM__SPOOL_ANSWER__INIT;
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    struct buffer bytes = {0};
    pack_add(&bytes, &spool.base);
    input((struct input){.kind = INPUT_ANSWER,
        .object = OBJECT(NODE_KIND_OUTBOX, 0),
        .token = 1,
        .bytes = buffer_slice(&bytes)});
    input((struct input){.kind = INPUT_ACCEPTED, .flow = FLOW, .token = 1});
    hello.name = (char *)(uintptr_t) "proxy-1";
    buffer_clear(&bytes);
    pack_add(&bytes, &hello.base);
    give(SIP_FRAME_HELLO, buffer_slice(&bytes));
    buffer_free(&bytes);
}

void stage_pass(int64_t microseconds)
{
    int64_t end_at = stage.now + microseconds;
    while (stage.now < end_at) {
        int64_t next = wheel_next(&stage.wheel);
        stage.now = next > end_at ? end_at : next > stage.now ? next : stage.now + 1000;
        struct wheel_timer *due;
        while ((due = wheel_due(&stage.wheel, stage.now)) != NULL) {
            struct world *w;
            input(world_timer_input(due, &w));
        }
        if (stage.on_message != NULL)
            while (stage.count != 0) {
                char text[3000];
                memcpy(text, stage.sent[0], sizeof text);
                memmove(stage.sent[0], stage.sent[1], sizeof stage.sent - sizeof stage.sent[0]);
                stage.count--;
                stage.on_message(text);
            }
    }
}

/* CM-37: after a while nothing is left. */
void stage_end(void)
{
    struct node *n = stage.node;
    stage.on_message = NULL;
    stage_pass(300 * (int64_t)SECOND);
    assert_int_equal(map_count(&n->calls), 0);
    assert_int_equal(map_count(&n->legs), 0);
    assert_int_equal(map_count(&n->sdps), 0);
    assert_int_equal(map_count(&n->transactions.by_id), 0);
    stage.world.closing = true;
    stage.role->close(stage.node);
    world_end(&stage.world);
    wheel_close(&stage.wheel);
    config_release(stage.configuration);
    stage_setup = (struct stage_setup){.node_calls = 0};
}

/* ---- phones ---- */

const char *stage_find(const char *beginning, const char *part)
{
    for (unsigned i = stage.count; i-- != 0;)
        if (strncmp(stage.sent[i], beginning, strlen(beginning)) == 0 && strstr(stage.sent[i], part) != NULL)
            return stage.sent[i];
    return NULL;
}

const char *stage_must_find(const char *beginning, const char *part)
{
    const char *text = stage_find(beginning, part);
    if (text == NULL)
        fail_msg("no %s with %s; the last was %s", beginning, part,
            stage.count != 0 ? stage.sent[stage.count - 1] : "-");
    return text;
}

const char *stage_sdp(int version, const char *direction)
{
    static char text[8][400];
    static int turn;
    char *at = text[turn++ % 8];
    snprintf(at, sizeof text[0],
        "v=0\r\no=- %d %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP "
        "0\r\na=%s\r\n",
        version / 1000, version, 10000 + version, direction);
    return at;
}

static const char *more(void)
{
    return stage.more != NULL ? stage.more : "";
}

static const char *type(void)
{
    return stage.type != NULL ? stage.type : "application/sdp";
}

void stage_caller(const char *method, unsigned cseq, const char *to_tag, const char *body)
{
    char text[3000];
    snprintf(text, sizeof text,
        "%s sip:1002@home;pair=node-1 SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-c%u\r\n"
        "P-Asserted-Identity: <sip:1001@home>\r\nFrom: <sip:1001@home>;tag=ca\r\nTo: "
        "<sip:1002@home>%s%s\r\n" STAGE_CALLER
        "\r\nCSeq: %u %s\r\nContact: <sip:1001@127.0.0.1:6001>\r\n%sContent-Type: %s\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        method, strcmp(method, "CANCEL") == 0 ? stage.branch : ++stage.branch,
        to_tag[0] != '\0' ? ";tag=" : "", to_tag, cseq, method, more(), type(), strlen(body), body);
    stage.more = stage.type = NULL;
    give(SIP_FRAME_MESSAGE, slice_text(text));
}

/* The callee's dialog is read from what the node has sent last with its Call-ID. */
void stage_callee(const char *method, unsigned cseq, const char *body)
{
    struct sip_message m;
    struct arena arena = {0};
    struct node *n = stage.node;
    struct leg *l = NULL, *each;
    map_for_each (each, &n->legs)
        if (!each->incoming)
            l = each;
    assert_non_null(l);
    (void)m;
    char text[3000];
    snprintf(text, sizeof text,
        "%s sip:1001@home;pair=node-1 SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-d%u\r\n"
        "From: <sip:1002@home>;tag=cb\r\nTo: <sip:1001@home>;tag=%.*s\r\nCall-ID: %.*s\r\nCSeq: %u %s\r\n"
        "Contact: <sip:1002@127.0.0.1:6002>\r\n%sContent-Type: %s\r\nContent-Length: "
        "%zu\r\n\r\n%s",
        method, ++stage.branch, SLICE_ARG(l->dialog.local_tag), SLICE_ARG(l->dialog.call_id), cseq, method,
        more(), type(), strlen(body), body);
    stage.more = stage.type = NULL;
    give(SIP_FRAME_MESSAGE, slice_text(text));
    arena_free(&arena);
}

void stage_respond(const char *request, uint16_t status, const char *tag, const char *body)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    char copy[3000];
    snprintf(copy, sizeof copy, "%s", request);
    assert_int_equal(sip_parse(&m, slice_text(copy), &arena, NULL), 0);
    sip_add_response_head(&out, &m, status, SLICE(""), slice_text(tag));
    if (status >= 180 && status < 300)
        buffer_add_format(&out, "Contact: <sip:%s@127.0.0.1:6002>\r\n", tag);
    buffer_add_text(&out, more());
    sip_add_body(&out, slice_text(type()), slice_text(body));
    stage.more = stage.type = NULL;
    give(SIP_FRAME_MESSAGE, buffer_slice(&out));
    buffer_free(&out);
    arena_free(&arena);
}

/* The node's tag in the dialog with the caller. */
const char *stage_caller_tag(void)
{
    static char tag[80];
    struct node *n = stage.node;
    struct leg *l;
    map_for_each (l, &n->legs)
        if (l->incoming)
            snprintf(tag, sizeof tag, "%.*s", SLICE_ARG(l->dialog.local_tag));
    return tag;
}

void stage_drain(void)
{
    input((struct input){.kind = INPUT_DRAIN});
}

void stage_give(const char *text)
{
    give(SIP_FRAME_MESSAGE, slice_text(text));
}

size_t stage_legs(void)
{
    return map_count(&((struct node *)stage.node)->legs);
}

/* The caller's second INVITE has number 2, the callee's first number 1. */
void stage_establish(void)
{
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    stage_must_find("SIP/2.0 100", STAGE_CALLER);
    const char *invite = stage_must_find("INVITE sip:1002@home", "m=audio 10001");
    stage_respond(invite, 180, "cb", "");
    stage_must_find("SIP/2.0 180", STAGE_CALLER);
    stage_respond(stage_must_find("INVITE", "m=audio 10001"), 200, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("ACK sip:cb@", "CSeq: 1 ACK");
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage.count = 0;
}

void stage_hang_up(void)
{
    stage.count = 0;
    stage_caller("BYE", 90, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 200", STAGE_CALLER);
    stage_respond(stage_must_find("BYE", "tag=cb"), 200, "cb", "");
    assert_int_equal(stage_legs(), 0);
    stage_end();
}
