/* Streams to the primary of each pair and to the other proxies of the location. Which member of a pair is
 * primary is what the registry's record says; an older view is never followed. Of two proxies the one whose
 * name sorts first opens the stream. */
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/part.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trace/trace.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define PAIRS SLICE("pair/")

static struct inside *obtain(struct proxy *p, struct slice name, bool is_pair)
{
    struct inside *i = map_get(&p->insides, name);
    if (i != NULL || name.length == 0 || name.length >= PROXY_NAME)
        return i;
    i = mem_zero(sizeof *i);
    slice_put(i->name, name);
    i->is_pair = is_pair;
    map_put(&p->insides, slice_text(i->name), i);
    return i;
}

static void hello(struct proxy *p, uint64_t flow)
{
    Tandem__PeerHello h = TANDEM__PEER_HELLO__INIT;
    struct buffer bytes = {0}, frame = {0};
    h.name = p->name;
    h.incarnation = p->incarnation;
    pack_add(&bytes, &h.base);
    frame_add(&frame, SIP_FRAME_HELLO, buffer_slice(&bytes));
    world_send(p->world, flow, buffer_slice(&frame));
    buffer_free(&bytes);
    buffer_free(&frame);
}

static void set_greeted(struct proxy *p, struct inside *i, bool greeted)
{
    if (i->is_pair && i->greeted != greeted)
        p->greeted_pairs += greeted ? 1U : -1U;
    i->greeted = greeted;
}

static void drop(struct proxy *p, struct inside *i)
{
    if (i->flow == 0)
        return;
    map_remove_number(&p->inside_flows, i->flow);
    world_close(p->world, i->flow);
    frame_reader_free(&i->in);
    i->in = (struct frame_reader){0};
    i->flow = 0;
    i->peer = (struct part_peer){.known = false};
    set_greeted(p, i, false);
}

static void retry_later(struct proxy *p, struct inside *i, enum timer wait)
{
    world_timer_set(p->world, &i->retry, OBJECT(PROXY_OBJECT_INSIDE, hash_stable(slice_text(i->name))), 0,
        world_now(p->world) + timer_duration(wait));
}

/* The process to connect to. Of a pair: the member that the record names; the other one when that does not
 * answer, since it may have taken over and the registry's news not have come (VC-4). */
static const struct config_application *application_of(struct proxy *p, const struct inside *i)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_application *a = config_application(c, slice_text(i->is_pair ? i->member : i->name));
    const struct config_pair *pair = i->other ? config_pair(c, slice_text(i->name)) : NULL;
    if (pair == NULL || pair->members[1] == NULL)
        return a;
    return pair->members[0] == a ? pair->members[1] : pair->members[0];
}

static void connect(struct proxy *p, struct inside *i)
{
    const struct config_application *a = application_of(p, i);
    struct buffer endpoint = {0};
    if (i->flow == 0 &&
        part_open(&endpoint, world_configuration(p->world), a, a != NULL ? a->inside : SLICE(""))) {
        i->flow = world_open(p->world, buffer_slice(&endpoint), PROXY_TOKEN_INSIDE);
        map_put_number(&p->inside_flows, i->flow, i);
    }
    buffer_free(&endpoint);
}

static void refused(struct proxy *p, const struct inside *i, const char *name)
{
    world_count(p->world, COUNTER_PART_REFUSED, 1);
    part_refused("proxy", &i->peer, name);
}

/* Whether it is the process that runs this application. */
static bool may_speak(
    struct proxy *p, const struct inside *i, const struct config_application *a, const char *name)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_application *own = config_application(c, slice_text(p->name));
    bool may = own != NULL && part_speaks_for(c, own->inside, &i->peer, a);
    if (!may)
        refused(p, i, name);
    return may;
}

bool proxy__inside_connected(struct proxy *p, const char *name)
{
    const struct inside *i = map_get(&p->insides, slice_text(name));
    return i != NULL && i->greeted;
}

bool proxy__inside_is_proxy(struct proxy *p, const char *name)
{
    const struct inside *i = map_get(&p->insides, slice_text(name));
    return i != NULL && !i->is_pair;
}

/* ---- who is primary ---- */

static void follow(struct proxy *p, const struct input *in)
{
    struct slice name = slice_from(in->name, PAIRS.length);
    if (!slice_starts(in->name, PAIRS) || slice_find(name, '/') >= 0 || in->answer == ANSWER_NO)
        return;
    const Tandem__PairRecord *r = pack_read(&tandem__pair_record__descriptor, in->bytes, &p->arena);
    struct inside *i = r != NULL && strlen(r->primary) < CONFIG_NAME_MAX ? obtain(p, name, true) : NULL;
    if (i == NULL || r->view < i->view)
        return;
    bool same = strcmp(i->member, r->primary) == 0 && i->view == r->view;
    i->view = r->view;
    strcpy(i->member, r->primary);
    if (!same)
        drop(p, i);
    connect(p, i);
}

/* A member says of itself that it is primary, in a view that the registry has not told us yet. */
static void follow_member(struct proxy *p, struct inside *i, uint64_t view)
{
    const struct config_application *a = application_of(p, i);
    if (i->other && a != NULL && a->name.length < sizeof i->member) {
        slice_put(i->member, a->name);
        i->member[a->name.length] = '\0';
        LOG(LOG_NOTICE, "proxy",
            "%s says that it is primary of %s in view %llu; the registry has not said so", i->member, i->name,
            (unsigned long long)view);
    }
    i->other = false;
    i->view = view;
}

/* The stream stands, but nothing comes: the process is stopped, or cut off. Whoever may have taken its place
 * is asked, by a stream beside this one: it is only left for a later view. */
void proxy__inside_silent(struct proxy *p, const char *name)
{
    struct inside *i = map_get(&p->insides, slice_text(name));
    const struct config_pair *pair = config_pair(world_configuration(p->world), slice_text(name));
    struct buffer endpoint = {0};
    if (i == NULL || !i->is_pair || i->probed || pair == NULL || pair->members[1] == NULL)
        return;
    struct inside *probe = mem_zero(sizeof *probe);
    strcpy(probe->name, i->name);
    strcpy(probe->member, i->member);
    probe->is_pair = probe->probe = true;
    probe->other = true;
    const struct config_application *a = application_of(p, probe);
    if (part_open(&endpoint, world_configuration(p->world), a, a != NULL ? a->inside : SLICE(""))) {
        i->probed = true;
        probe->flow = world_open(p->world, buffer_slice(&endpoint), PROXY_TOKEN_PROBE);
        map_put_number(&p->inside_flows, probe->flow, probe);
    } else {
        mem_free(probe);
    }
    buffer_free(&endpoint);
}

static void end_probe(struct proxy *p, struct inside *probe)
{
    struct inside *i = map_get(&p->insides, slice_text(probe->name));
    if (i != NULL)
        i->probed = false;
    map_remove_number(&p->inside_flows, probe->flow);
    world_close(p->world, probe->flow);
    frame_reader_free(&probe->in);
    mem_free(probe);
}

/* ---- streams ---- */

static void lost(struct proxy *p, struct inside *i);

static void greeted(struct proxy *p, struct inside *i)
{
    set_greeted(p, i, true);
    i->heard_at = world_now(p->world);
    world_name(p->world, i->flow, slice_text(i->name));
    sip_transactions_resend(&p->transactions, slice_text(i->name));
    if (i->is_pair) {
        proxy__places_greeted(p, i->name);
        nodes_greeted(p, slice_text(i->name));
    }
    LOG(LOG_INFO, "proxy", "connected to %s%s%s", i->name, i->is_pair ? ", primary " : "", i->member);
}

/* A stranger on our listener says who it is: another proxy. Its newest stream counts. */
static struct inside *introduce(struct proxy *p, struct inside *stranger, const char *name)
{
    const struct config_application *a = config_application(world_configuration(p->world), slice_text(name));
    if (!may_speak(p, stranger, a != NULL && a->role == CONFIG_ROLE_PROXY ? a : NULL, name)) {
        world_close(p->world, stranger->flow);
        lost(p, stranger);
        return NULL;
    }
    struct inside *i = obtain(p, slice_text(name), false);
    if (i == NULL || i->is_pair)
        return NULL;
    drop(p, i);
    i->peer = stranger->peer;
    i->flow = stranger->flow;
    i->in = stranger->in;
    map_put_number(&p->inside_flows, i->flow, i);
    mem_free(stranger);
    hello(p, i->flow);
    return i;
}

/* The other member answers: it has taken over, or it is not asked any more. */
static struct inside *probe_answers(struct proxy *p, struct inside *probe, uint64_t view)
{
    struct inside *i = map_get(&p->insides, slice_text(probe->name));
    if (i == NULL || view <= i->view) {
        end_probe(p, probe);
        return NULL;
    }
    drop(p, i);
    i->other = probe->other;
    i->probed = false;
    i->flow = probe->flow;
    i->in = probe->in;
    i->peer = probe->peer;
    map_put_number(&p->inside_flows, i->flow, i);
    mem_free(probe);
    follow_member(p, i, view);
    greeted(p, i);
    return i;
}

static struct inside *hello_input(struct proxy *p, struct inside *i, struct slice payload)
{
    const Tandem__PeerHello *h = pack_read(&tandem__peer_hello__descriptor, payload, &p->arena);
    if (h == NULL)
        return i;
    if (i->name[0] == '\0')
        i = introduce(p, i, h->name);
    if (i == NULL || strcmp(i->name, h->name) != 0)
        return i;
    if (i->probe)
        return probe_answers(p, i, h->incarnation);
    if (i->is_pair && h->incarnation < i->view)
        return i; /* a member that does not know yet that it is primary no longer */
    if (i->is_pair && h->incarnation > i->view)
        follow_member(p, i, h->incarnation);
    greeted(p, i);
    return i;
}

static void message(struct proxy *p, const struct inside *i, struct slice text)
{
    struct sip_message m;
    struct sip_target from = {.flow = 0};
    strcpy(from.name, i->name);
    trace_message(p, true, &from, text);
    if (sip_parse(&m, text, &p->arena, NULL) != 0) {
        world_count(p->world, COUNTER_SIP_BAD, 1);
        LOG(LOG_WARNING, "proxy", "%s sent a message that is not SIP; dropped", i->name);
        return;
    }
    if (i->is_pair)
        nodes_heard(p, slice_text(i->name));
    sip_transactions_input(&p->transactions, &from, false, &m);
}

static void lost(struct proxy *p, struct inside *i)
{
    if (i->probe) {
        end_probe(p, i);
        return;
    }
    if (i->name[0] == '\0') {
        map_remove_number(&p->inside_flows, i->flow);
        frame_reader_free(&i->in);
        mem_free(i);
        return;
    }
    bool refused_us = i->peer.known && !i->greeted;
    bool failed = i->is_pair && !i->greeted;
    drop(p, i);
    if (i->is_pair || strcmp(p->name, i->name) < 0)
        retry_later(p, i, refused_us ? TIMER_PROXY_REFUSED : TIMER_PROXY_RECONNECT);
    if (!i->is_pair)
        proxy__relays_leave(p, i->name);
    if (failed) /* its partner may be primary already, and the news not have come */
        proxy__inside_silent(p, i->name);
}

static void data(struct proxy *p, struct inside *i, struct slice bytes)
{
    struct frame f;
    uint64_t flow = i->flow;
    int error;
    i->heard_at = world_now(p->world);
    while ((error = frame_next(&i->in, &bytes, &f)) == 0) {
        if (f.kind == SIP_FRAME_ALIVE)
            i->beats = true;
        else if (f.kind == SIP_FRAME_HELLO)
            i = hello_input(p, i, f.payload);
        else if (f.kind == SIP_FRAME_MESSAGE && i->greeted)
            message(p, i, f.payload);
        else if (f.kind == SIP_FRAME_BUSY && i->greeted && i->is_pair)
            nodes_told(p, slice_text(i->name), f.payload);
        else if (f.kind == SIP_FRAME_LOAD && i->greeted && i->is_pair)
            guard_told(p, slice_text(i->name), f.payload);
        if (i == NULL || map_get_number(&p->inside_flows, flow) != i)
            return;
    }
    if (error != ERROR_AGAIN) {
        LOG(LOG_WARNING, "proxy", "%s sent what is no frame (%s); closed", i->name, error_symbol(error));
        world_close(p->world, flow);
        lost(p, i);
    }
}

void proxy__inside_tick(struct proxy *p, bool paused)
{
    struct buffer alive = {0};
    struct inside *i;
    int64_t now = world_now(p->world);
    frame_add(&alive, SIP_FRAME_ALIVE, SLICE(""));
    map_for_each (i, &p->insides) {
        if (i->is_pair || !i->greeted)
            continue;
        if (paused)
            i->heard_at = now;
        if (i->beats && now - i->heard_at > timer_duration(TIMER_PROXY_SILENT)) {
            LOG(LOG_WARNING, "proxy", "%s stands still; its phones are called by their other flows", i->name);
            lost(p, i);
        } else {
            world_send(p->world, i->flow, buffer_slice(&alive));
        }
    }
    buffer_free(&alive);
}

static void accepted(struct proxy *p, const struct input *in)
{
    struct inside *i = mem_zero(sizeof *i);
    i->flow = in->flow;
    part_peer_set(&i->peer, in);
    map_put_number(&p->inside_flows, in->flow, i);
}

static void opened(struct proxy *p, struct inside *i, const struct input *in)
{
    part_peer_set(&i->peer, in);
    if (may_speak(p, i, application_of(p, i), i->name))
        hello(p, in->flow);
    else
        lost(p, i);
}

static void retry(struct proxy *p, uint64_t object)
{
    struct inside *i;
    map_for_each (i, &p->insides)
        if (OBJECT_INDEX(object) == OBJECT_INDEX(hash_stable(slice_text(i->name))))
            connect(p, i);
}

/* To those whose names sort behind ours. */
static void connect_proxies(struct proxy *p)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_application *own = config_application(c, slice_text(p->name)), *a;
    size_t at = 0;
    while (own != NULL && (a = config_next_application(c, CONFIG_ROLE_PROXY, &at)) != NULL) {
        if (slice_compare(own->name, a->name) >= 0)
            continue;
        struct inside *i = obtain(p, a->name, false);
        if (i != NULL)
            connect(p, i);
    }
}

/* Streams of members that are not trusted any more end; new proxies and places are connected to. */
static void reconfigured(struct proxy *p)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_application *own = config_application(c, slice_text(p->name));
    struct inside *i;
    map_for_each (i, &p->insides) {
        const struct config_application *a = application_of(p, i);
        if (i->flow != 0 && own != NULL && !part_trusts(c, own->inside, &i->peer)) {
            refused(p, i, i->name);
            lost(p, i);
        }
        if (i->is_pair && a != NULL)
            connect(p, i);
    }
    if (p->listening)
        connect_proxies(p);
}

bool proxy__inside_input(struct proxy *p, const struct input *in)
{
    struct inside *i = map_get_number(&p->inside_flows, in->flow);
    if (in->kind == INPUT_CONFIG) {
        reconfigured(p);
        return false;
    }
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_INSIDE) {
        retry(p, in->object);
        return true;
    }
    if (in->kind == INPUT_WATCH && in->token == PROXY_TOKEN_WATCH) {
        follow(p, in);
        return true;
    }
    bool of_flow = in->kind == INPUT_ACCEPTED || in->kind == INPUT_OPENED || in->kind == INPUT_DATA ||
                   in->kind == INPUT_CLOSED; /* tokens of answers are those of who asked */
    if (!of_flow || (in->token != PROXY_TOKEN_INSIDE && in->token != PROXY_TOKEN_PROBE))
        return false;
    if (in->kind == INPUT_ACCEPTED)
        accepted(p, in);
    else if (in->kind == INPUT_OPENED && i != NULL)
        opened(p, i, in);
    else if (in->kind == INPUT_DATA && i != NULL)
        data(p, i, in->bytes);
    else if (in->kind == INPUT_CLOSED && in->flow == p->inside_listener) {
        LOG(LOG_ERROR, "proxy", "cannot listen for other proxies: %s", error_sentence(in->error));
        p->deaf = true;
    } else if (in->kind == INPUT_CLOSED && i != NULL)
        lost(p, i);
    return true;
}

void proxy__inside_open(struct proxy *p)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_application *own = config_application(c, slice_text(p->name));
    struct buffer endpoint = {0};
    if (!slice_empty(own->inside)) {
        part_listen(&endpoint, own->inside);
        p->inside_listener = world_listen(p->world, buffer_slice(&endpoint), PROXY_TOKEN_INSIDE);
        buffer_free(&endpoint);
    }
    connect_proxies(p);
    world_watch(p->world, PAIRS, PROXY_TOKEN_WATCH);
}

void proxy__inside_close(struct proxy *p)
{
    struct inside *i;
    map_for_each (i, &p->inside_flows)
        if (i->name[0] == '\0' || i->probe) {
            frame_reader_free(&i->in);
            mem_free(i);
        }
    map_for_each (i, &p->insides) {
        world_timer_clear(&i->retry);
        frame_reader_free(&i->in);
        mem_free(i);
    }
    map_free(&p->inside_flows);
    map_free(&p->insides);
}
