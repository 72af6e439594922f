/* The stream between the members. Both listen; the one whose name sorts first opens. */
#include "base/error.h"
#include "base/log.h"
#include "config/part.h"
#include "pair/pair_int.h"
#include "wire/frame.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

static const struct config_application *application_of(const struct pair *p, const char *member)
{
    return config_application(world_configuration(p->world), slice_text(member));
}

void pair__link_open(struct pair *p)
{
    const struct config_application *own = application_of(p, p->name);
    struct buffer endpoint = {0};
    if (own == NULL || p->other[0] == '\0' || slice_empty(own->link))
        return;
    part_listen(&endpoint, own->link);
    p->listener = world_listen(p->world, buffer_slice(&endpoint), PAIR_TOKEN);
    buffer_free(&endpoint);
}

/* Whether it is the process of the other member. */
static bool is_other(struct pair *p, const struct part_peer *peer)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_application *own = application_of(p, p->name);
    if (own != NULL && part_speaks_for(c, own->link, peer, application_of(p, p->other)))
        return true;
    world_count(p->world, COUNTER_PART_REFUSED, 1);
    part_refused("pair", peer, p->other);
    return false;
}

void pair__link_send(struct pair *p, uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    if (p->flow == 0)
        return;
    frame_add(&frame, kind, payload);
    world_send(p->world, p->flow, buffer_slice(&frame));
    buffer_free(&frame);
}

void pair__link_hello(struct pair *p)
{
    Tandem__PairHello hello = TANDEM__PAIR_HELLO__INIT;
    struct buffer bytes = {0};
    hello.member = p->name;
    hello.primary = pair__is_primary(p);
    hello.view = hello.primary                                              ? p->view
                 : p->state == PAIR_ST_SHADOW || p->state == PAIR_ST_TAKING ? p->shadow_view
                                                                            : 0;
    pack_add(&bytes, &hello.base);
    pair__link_send(p, PAIR_FRAME_HELLO, buffer_slice(&bytes));
    buffer_free(&bytes);
}

void pair__link_drop(struct pair *p)
{
    if (p->flow != 0 && !p->closing)
        world_close(p->world, p->flow);
    p->flow = 0;
    p->peer = (struct part_peer){.known = false};
    p->linked = p->shipping = false;
    p->other_view = 0;
    p->other_primary = false;
    frame_reader_free(&p->in);
    p->in = (struct frame_reader){0};
    buffer_free(&p->parts);
}

static void lose(struct pair *p)
{
    bool was_linked = p->linked;
    pair__link_drop(p);
    if (was_linked)
        pair__event(p, PAIR_EV_LINK_DOWN);
}

static void beat(struct pair *p)
{
    Tandem__PairBeat b = TANDEM__PAIR_BEAT__INIT;
    struct buffer bytes = {0};
    b.view = p->view;
    b.released = pair__is_primary(p) ? p->released : 0;
    pack_add(&bytes, &b.base);
    pair__link_send(p, PAIR_FRAME_BEAT, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void connect(struct pair *p)
{
    const struct config_application *a = application_of(p, p->other);
    struct buffer endpoint = {0};
    if (part_open(&endpoint, world_configuration(p->world), a, a != NULL ? a->link : SLICE(""))) {
        p->flow = world_open(p->world, buffer_slice(&endpoint), PAIR_TOKEN);
        p->opened = p->heard = world_now(p->world);
    }
    buffer_free(&endpoint);
}

void pair__link_tick(struct pair *p)
{
    int64_t now = world_now(p->world);
    if (p->other[0] == '\0')
        return;
    if (p->flow == 0 && strcmp(p->name, p->other) < 0) {
        connect(p);
    } else if (p->flow != 0 && now - p->heard > timer_duration(TIMER_PAIR_SILENT)) {
        lose(p);
    } else if (p->linked) {
        beat(p);
    }
}

static void hello(struct pair *p, struct slice payload)
{
    struct arena arena = {0};
    const Tandem__PairHello *h = pack_read(&tandem__pair_hello__descriptor, payload, &arena);
    bool good = h != NULL && strcmp(h->member, p->other) == 0;
    if (good) {
        p->linked = true;
        p->other_view = h->view;
        p->other_primary = h->primary;
    }
    arena_free(&arena);
    if (good)
        pair__event(p, PAIR_EV_LINK_UP);
}

static void frame_input(struct pair *p, uint8_t kind, struct slice payload)
{
    if (kind == PAIR_FRAME_HELLO)
        hello(p, payload);
    else if (kind == PAIR_FRAME_PART)
        pair__shadow_part(p, payload);
    else if (kind == PAIR_FRAME_BATCH)
        pair__shadow_batch(p, payload);
    else if (kind == PAIR_FRAME_RECEIPT && pair__is_primary(p))
        pair__receipt(p, payload);
    else if (kind == PAIR_FRAME_BEAT && !pair__is_primary(p))
        pair__shadow_beat(p, payload);
}

/* A frame may close the link: then what is left of these bytes belongs to nobody. */
static void data(struct pair *p, struct slice bytes)
{
    struct frame f;
    uint64_t flow = p->flow;
    int error = 0;
    p->heard = world_now(p->world);
    if (p->other_view != 0) {
        p->state_seen = p->heard;
        p->state_seen_view = p->other_view;
    }
    while (p->flow == flow && (error = frame_next(&p->in, &bytes, &f)) == 0)
        frame_input(p, f.kind, f.payload);
    if (p->flow == flow && error != ERROR_AGAIN) {
        LOG(LOG_WARNING, "pair", "%s sent what is no frame (%s); the link begins anew", p->other,
            error_symbol(error));
        lose(p);
    }
}

static void up(struct pair *p, uint64_t flow)
{
    p->flow = flow;
    p->heard = world_now(p->world);
    p->received = pair__is_primary(p) ? p->received : 0;
    pair__link_hello(p);
}

/* ---- somebody connects while there is a link: the other member begun anew, or a stranger ---- */

static void candidate_drop(struct pair *p)
{
    if (p->candidate != 0 && !p->closing)
        world_close(p->world, p->candidate);
    p->candidate = 0;
    frame_reader_free(&p->candidate_in);
    p->candidate_in = (struct frame_reader){0};
}

static bool is_others_hello(const struct pair *p, const struct frame *f)
{
    struct arena arena = {0};
    const Tandem__PairHello *h = NULL;
    if (f->kind == PAIR_FRAME_HELLO)
        h = pack_read(&tandem__pair_hello__descriptor, f->payload, &arena);
    bool good = h != NULL && strcmp(h->member, p->other) == 0;
    arena_free(&arena);
    return good;
}

/* Only a good hello replaces the link: a connection alone must not be able to part a pair. */
static void candidate_data(struct pair *p, struct slice bytes)
{
    struct frame f;
    int error = frame_next(&p->candidate_in, &bytes, &f);
    if (error == ERROR_AGAIN)
        return;
    if (error != 0 || !is_others_hello(p, &f)) {
        LOG(LOG_WARNING, "pair", "a stranger spoke on the port of the other member of %s; closed", p->pair);
        candidate_drop(p);
        return;
    }
    uint64_t flow = p->candidate;
    struct frame_reader in = p->candidate_in;
    p->candidate = 0;
    p->candidate_in = (struct frame_reader){0};
    struct part_peer peer = p->candidate_peer;
    lose(p);
    p->in = in;
    p->peer = peer;
    up(p, flow);
    hello(p, f.payload);
    if (p->flow == flow)
        data(p, bytes);
}

static void accepted(struct pair *p, const struct input *in)
{
    struct part_peer peer;
    part_peer_set(&peer, in);
    if (!is_other(p, &peer)) {
        world_close(p->world, in->flow);
    } else if (p->flow == 0) {
        p->peer = peer;
        up(p, in->flow);
    } else {
        candidate_drop(p);
        p->candidate = in->flow;
        p->candidate_peer = peer;
    }
}

static void opened(struct pair *p, const struct input *in)
{
    part_peer_set(&p->peer, in);
    if (is_other(p, &p->peer))
        up(p, in->flow);
    else
        pair__link_drop(p);
}

static void closed(struct pair *p, const struct input *in)
{
    if (in->flow == p->listener) {
        LOG(LOG_ERROR, "pair", "cannot listen for the other member of %s: %s", p->pair,
            error_symbol(in->error));
    } else if (in->flow == p->candidate) {
        p->candidate = 0;
        candidate_drop(p);
    } else if (in->flow == p->flow) {
        p->flow = 0;
        lose(p);
    }
}

bool pair__link_input(struct pair *p, const struct input *in)
{
    if (in->token != PAIR_TOKEN || in->kind == INPUT_ANSWER || in->kind == INPUT_AGAIN)
        return false;
    if (in->kind == INPUT_ACCEPTED)
        accepted(p, in);
    else if (in->kind == INPUT_OPENED && in->flow == p->flow)
        opened(p, in);
    else if (in->kind == INPUT_DATA && in->flow == p->flow)
        data(p, in->bytes);
    else if (in->kind == INPUT_DATA && in->flow == p->candidate)
        candidate_data(p, in->bytes);
    else if (in->kind == INPUT_CLOSED)
        closed(p, in);
    return true;
}

void pair__link_config(struct pair *p, bool changed)
{
    const struct config_application *own = application_of(p, p->name);
    if (p->listener == 0)
        pair__link_open(p);
    bool trusted = own == NULL || part_trusts(world_configuration(p->world), own->link, &p->peer);
    if (p->flow == 0 || (!changed && trusted))
        return;
    if (!trusted) {
        world_count(p->world, COUNTER_PART_REFUSED, 1);
        part_refused("pair", &p->peer, p->other);
    }
    candidate_drop(p);
    lose(p);
}

void pair__link_close(struct pair *p)
{
    frame_reader_free(&p->in);
    frame_reader_free(&p->candidate_in);
}
