/* The proxies that are connected to this process. They open the stream, introduce themselves and get our
 * answer; from then on messages to their name take this stream. Belongs to the process, not to the state of
 * the pair. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/part.h"
#include "roles/node/node_int.h"
#include "sip/peer.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define TOKEN 1 /* of the listener and its flows */

struct peer_flow {
    uint64_t flow;
    char name[SIP_TARGET_NAME]; /* "": it has not introduced itself */
    struct part_peer peer;      /* who is at the other end */
    int64_t asked_at;           /* it asked whether we are in service; 0: never */
    struct frame_reader in;
};

struct peers {
    uint64_t listener;
    struct map flows;
};

void node__peers_open(struct node *n)
{
    n->peers = mem_zero(sizeof *n->peers);
}

void node__peers_listen(struct node *n)
{
    const struct config_application *a =
        config_application(world_configuration(n->world), slice_text(n->name));
    struct buffer endpoint = {0};
    if (a == NULL || n->peers->listener != 0)
        return;
    part_listen(&endpoint, a->inside);
    n->peers->listener = world_listen(n->world, buffer_slice(&endpoint), TOKEN);
    buffer_free(&endpoint);
}

static void forget(struct peers *peers, struct peer_flow *p)
{
    map_remove_number(&peers->flows, p->flow);
    frame_reader_free(&p->in);
    mem_free(p);
}

void node__peers_close(struct node *n)
{
    struct peer_flow *p;
    if (n->peers == NULL)
        return;
    map_for_each (p, &n->peers->flows) {
        frame_reader_free(&p->in);
        mem_free(p);
    }
    map_free(&n->peers->flows);
    mem_free(n->peers);
    n->peers = NULL;
}

static void send_frame(struct node *n, uint64_t flow, const char *name, uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    frame_add(&frame, kind, payload);
    if (name != NULL)
        world_tell(n->world, slice_text(name), buffer_slice(&frame));
    else
        world_send(n->world, flow, buffer_slice(&frame));
    buffer_free(&frame);
}

void node__peers_send(struct node *n, const char *name, struct slice message)
{
    send_frame(n, 0, name, SIP_FRAME_MESSAGE, message);
}

static const struct config_location *location_of(const struct node *n, const char *proxy)
{
    const struct config_application *a = config_application(world_configuration(n->world), slice_text(proxy));
    return a != NULL ? a->location : NULL;
}

/* Proxies of a location know where its phones are, and read the places that others of it have written. */
static unsigned suits(const struct node *n, const struct peer_flow *p, const struct config_location *location,
    const char *preferred)
{
    const struct config_location *its = location_of(n, p->name), *own = location_of(n, n->name);
    return (its == location ? 4U : 0) + (strcmp(p->name, preferred) == 0 ? 2U : 0) + (its == own ? 1U : 0);
}

bool node__peers_pick_in(
    struct node *n, const struct config_location *location, const char *preferred, char name[SIP_TARGET_NAME])
{
    const struct peer_flow *p, *best = NULL;
    unsigned most = 0;
    map_for_each (p, &n->peers->flows) {
        unsigned suit = suits(n, p, location, preferred);
        if (p->name[0] == '\0' || (best != NULL && suit < most))
            continue;
        if (best == NULL || suit > most || strcmp(p->name, best->name) < 0)
            best = p;
        most = suit;
    }
    if (best != NULL)
        strcpy(name, best->name);
    return best != NULL;
}

bool node__peers_elsewhere(const struct node *n, const char *proxy, const char *usual)
{
    const struct config_location *its = location_of(n, proxy);
    return its != NULL && its != location_of(n, usual);
}

bool node__peers_pick(struct node *n, const char *preferred, char name[SIP_TARGET_NAME])
{
    return node__peers_pick_in(n, location_of(n, preferred), preferred, name);
}

/* Whether a peer is a proxy of the process that its certificate names. */
static bool may_speak(struct node *n, const struct peer_flow *p, const char *name)
{
    const struct configuration *c = world_configuration(n->world);
    const struct config_application *own = config_application(c, slice_text(n->name)),
                                    *a = config_application(c, slice_text(name));
    if (a != NULL && a->role != CONFIG_ROLE_PROXY)
        a = NULL;
    if (own == NULL || part_speaks_for(c, own->inside, &p->peer, a))
        return true;
    world_count(n->world, COUNTER_PART_REFUSED, 1);
    part_refused("node", &p->peer, name);
    return false;
}

static bool is_connected(struct node *n, const char *name)
{
    const struct peer_flow *p;
    map_for_each (p, &n->peers->flows)
        if (strcmp(p->name, name) == 0)
            return true;
    return false;
}

/* What was on its way to a proxy that died goes by another one. */
static void lost(struct node *n, struct peer_flow *p)
{
    char name[SIP_TARGET_NAME], other[SIP_TARGET_NAME];
    strcpy(name, p->name);
    forget(n->peers, p);
    if (!is_connected(n, name)) /* a newer stream of the same proxy may be there */
        node__places_lost(n, name);
    if (name[0] != '\0' && node__peers_pick(n, name, other) && strcmp(name, other) != 0)
        sip_transactions_move(&n->transactions, slice_text(name), slice_text(other));
}

static void drop(struct node *n, struct peer_flow *p)
{
    world_close(n->world, p->flow);
    lost(n, p);
}

/* Streams of members that are not trusted any more end. */
static void reconfigured(struct node *n)
{
    const struct configuration *c = world_configuration(n->world);
    const struct config_application *own = config_application(c, slice_text(n->name));
    struct peer_flow *p;
    map_for_each (p, &n->peers->flows)
        if (own != NULL && !part_trusts(c, own->inside, &p->peer)) {
            world_count(n->world, COUNTER_PART_REFUSED, 1);
            part_refused("node", &p->peer, p->name);
            drop(n, p);
        }
}

static void hello(struct node *n, struct peer_flow *p, struct slice payload)
{
    Tandem__PeerHello answer = TANDEM__PEER_HELLO__INIT;
    const Tandem__PeerHello *h = pack_read(&tandem__peer_hello__descriptor, payload, &n->arena);
    struct buffer bytes = {0};
    if (h == NULL || h->name[0] == '\0' || strlen(h->name) >= sizeof p->name) {
        LOG(LOG_WARNING, "node", "a peer did not introduce itself properly; closed");
        drop(n, p);
        return;
    }
    if (!may_speak(n, p, h->name)) {
        drop(n, p);
        return;
    }
    strcpy(p->name, h->name);
    answer.name = n->pair;
    answer.incarnation = n->view;
    pack_add(&bytes, &answer.base);
    send_frame(n, p->flow, NULL, SIP_FRAME_HELLO, buffer_slice(&bytes));
    world_name(n->world, p->flow, slice_text(p->name));
    buffer_clear(&bytes);
    node__busy_all(n, &bytes);
    send_frame(n, p->flow, NULL, SIP_FRAME_BUSY, buffer_slice(&bytes));
    buffer_free(&bytes);
}

void node__peers_tell(struct node *n, uint8_t kind, struct slice payload)
{
    const struct peer_flow *p;
    map_for_each (p, &n->peers->flows)
        if (p->name[0] != '\0')
            send_frame(n, p->flow, NULL, kind, payload);
}

/* A process that is stopped, or cut off, keeps its stream and says nothing. Who asks now has asked before at
 * `before`: whoever was silent for long at that time is left, so that its phones are reached by another
 * proxy. Where nobody was heard it is us who stood still. */
static void leave_silent(struct node *n, int64_t before)
{
    struct peer_flow *p;
    map_for_each (p, &n->peers->flows)
        if (p->asked_at != 0 && before - p->asked_at > timer_duration(TIMER_PROXY_SILENT)) {
            LOG(LOG_WARNING, "node", "%s stands still; its stream is closed", p->name);
            drop(n, p);
        }
}

/* A proxy asks whether we are in service (VC-3). No transaction: the question is not repeated, and an answer
 * that was lost is of no use any more. Like everything it leaves only when the other member could follow. */
static void watched(struct node *n, struct peer_flow *p, const struct sip_message *m)
{
    int64_t before = p->asked_at;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    sip_add_response_head(&out, m, n->draining ? 503 : 200, SLICE(""), SLICE("watch"));
    if (n->draining)
        buffer_add_format(
            &out, "Retry-After: %lld\r\n", (long long)(timer_duration(TIMER_NODE_RETRY) / 1000000));
    sip_add_body(&out, SLICE(""), SLICE(""));
    send_frame(n, p->flow, NULL, SIP_FRAME_MESSAGE, buffer_slice(&out));
    buffer_free(&out);
    p->asked_at = world_now(n->world);
    leave_silent(n, before);
}

static void message(struct node *n, struct peer_flow *p, struct slice payload)
{
    struct sip_message m;
    struct sip_target from = {.flow = 0};
    if (sip_parse(&m, payload, &n->arena, NULL) != 0) {
        world_count(n->world, COUNTER_SIP_BAD, 1);
        LOG(LOG_WARNING, "node", "%s passed on a message that is not SIP; dropped", p->name);
        return;
    }
    if (m.is_request && m.method == SIP_OPTIONS && slice_starts(m.via.branch, SLICE(SIP_WATCH_BRANCH))) {
        watched(n, p, &m);
        node__load_count(n, 0);
        return;
    }
    strcpy(from.name, p->name);
    sip_transactions_input(&n->transactions, &from, false, &m);
}

static void data(struct node *n, struct peer_flow *p, struct slice bytes)
{
    uint64_t flow = p->flow;
    struct frame f;
    int error;
    while ((error = frame_next(&p->in, &bytes, &f)) == 0) {
        if (f.kind == SIP_FRAME_HELLO)
            hello(n, p, f.payload);
        else if (f.kind == SIP_FRAME_MESSAGE && p->name[0] != '\0')
            message(n, p, f.payload);
        else if (f.kind == SIP_FRAME_PLACES && p->name[0] != '\0')
            node__places_told(n, p->name, f.payload);
        if (map_get_number(&n->peers->flows, flow) != p)
            return;
    }
    if (error == ERROR_AGAIN)
        return;
    LOG(LOG_WARNING, "node", "%s sent what is no frame (%s); closed", p->name, error_symbol(error));
    drop(n, p);
}

bool node__peers_input(struct node *n, const struct input *in)
{
    struct peer_flow *p = map_get_number(&n->peers->flows, in->flow);
    switch (in->kind) {
    case INPUT_CONFIG:
        reconfigured(n);
        return true;
    case INPUT_ACCEPTED:
        p = mem_zero(sizeof *p);
        p->flow = in->flow;
        part_peer_set(&p->peer, in);
        map_put_number(&n->peers->flows, in->flow, p);
        return true;
    case INPUT_DATA:
        if (p != NULL)
            data(n, p, in->bytes);
        return p != NULL;
    case INPUT_CLOSED:
        if (in->flow == n->peers->listener)
            LOG(LOG_ERROR, "node", "cannot listen for proxies: %s", error_sentence(in->error));
        else if (p != NULL)
            lost(n, p);
        return true;
    default:
        return false;
    }
}
