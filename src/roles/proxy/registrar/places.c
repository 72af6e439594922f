/* A phone that registers, directly or through an SBC, puts its DN in service at the pair that owns it (VC-9).
 * Each proxy says which DNs can be reached by it, when that changes, and all of them to a pair that it has
 * just connected to, a piece at a time; the pair counts a DN in service as long as one proxy says so. */
#include "base/hash.h"
#include "roles/proxy/proxy_int.h"
#include "wire/pack.h"

#define BATCH_MOST ((size_t)32 << 10) /* bytes of one frame */
#define PER_TURN 1000U                /* DNs looked at */
#define TAG_IN 0x0a                   /* fields 1 and 2 of Places, with a length */
#define TAG_OUT 0x12

static void send(struct proxy *p, struct place_batch *g)
{
    struct buffer frame = {0};
    frame_add(&frame, SIP_FRAME_PLACES, buffer_slice(&g->bytes));
    world_tell(p->world, slice_text(g->pair), buffer_slice(&frame));
    buffer_free(&frame);
    buffer_clear(&g->bytes);
}

/* The batch of this turn for a pair; of too many the first leaves earlier. */
static struct place_batch *batch_for(struct proxy *p, struct slice pair)
{
    struct place_batch *free_one = NULL;
    for (unsigned i = 0; i < PROXY_PLACE_BATCHES; i++) {
        struct place_batch *g = &p->place_batches[i];
        if (g->bytes.length != 0 && slice_equal(slice_text(g->pair), pair))
            return g;
        if (g->bytes.length == 0 && free_one == NULL)
            free_one = g;
    }
    if (free_one == NULL) {
        free_one = &p->place_batches[0];
        send(p, free_one);
    }
    slice_put(free_one->pair, pair);
    free_one->pair[pair.length] = '\0';
    return free_one;
}

static void add(struct proxy *p, struct slice pair, const struct aor *a)
{
    struct place_batch *g = batch_for(p, pair);
    buffer_add_byte(&g->bytes, a->live != 0 ? TAG_IN : TAG_OUT);
    if (a->length >= 128)
        buffer_add_byte(&g->bytes, (char)((a->length & 127) | 128));
    buffer_add_byte(&g->bytes, (char)(a->length >= 128 ? 1 : a->length));
    buffer_add(&g->bytes, slice_of(a->dn, a->length));
    if (g->bytes.length >= BATCH_MOST)
        send(p, g);
}

static struct slice pair_of(struct proxy *p, const struct aor *a)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_dn *dn = config_dn(c, slice_of(a->dn, a->length));
    const struct config_pair *pair = dn != NULL ? config_dn_pair(c, dn) : NULL;
    return pair != NULL && pair->name.length < PROXY_NAME ? pair->name : (struct slice){0};
}

static bool is_connected(struct proxy *p, struct slice pair)
{
    const struct inside *i = map_get(&p->insides, pair);
    return i != NULL && i->greeted;
}

void proxy__place_changed(struct proxy *p, const struct aor *a)
{
    struct slice pair = pair_of(p, a);
    if (pair.length != 0 && is_connected(p, pair))
        add(p, pair, a);
}

/* ---- all of them ---- */

void proxy__places_greeted(struct proxy *p, const char *pair)
{
    struct place_walk *room = NULL;
    for (unsigned i = PROXY_PLACE_WALKS; i-- != 0;) {
        struct place_walk *w = &p->place_walks[i];
        if (strcmp(w->pair, pair) == 0) {
            room = w;
            break;
        }
        if (w->pair[0] == '\0')
            room = w;
    }
    if (room == NULL || strlen(pair) >= sizeof room->pair)
        return;
    strcpy(room->pair, pair);
    room->slice = 0;
    Tandem__Places afresh = TANDEM__PLACES__INIT;
    struct buffer bytes = {0}, frame = {0};
    afresh.has_afresh = true;
    afresh.afresh = true;
    pack_add(&bytes, &afresh.base);
    frame_add(&frame, SIP_FRAME_PLACES, buffer_slice(&bytes));
    world_tell(p->world, slice_text(pair), buffer_slice(&frame));
    buffer_free(&bytes);
    buffer_free(&frame);
    if (!wheel_runs(&p->places_timer.wheel))
        proxy__registrar_timer(
            p, &p->places_timer, REGISTRAR_TIMER_PLACES, timer_duration(TIMER_BINDINGS_PUSH));
}

static void walk(struct proxy *p, struct place_walk *w)
{
    struct slice pair = slice_text(w->pair);
    size_t looked = 0;
    bool connected = is_connected(p, pair);
    for (; connected && w->slice < PROXY_SLICES && looked < PER_TURN; w->slice++)
        list_for_each (link, &p->slices[w->slice]) {
            const struct aor *a = list_entry(link, struct aor, of_slice);
            looked++;
            if (a->live != 0 && slice_equal(pair_of(p, a), pair))
                add(p, pair, a);
        }
    if (!connected || w->slice == PROXY_SLICES)
        w->pair[0] = '\0';
}

void proxy__places_timer(struct proxy *p)
{
    bool more = false;
    for (unsigned i = 0; i < PROXY_PLACE_WALKS; i++) {
        if (p->place_walks[i].pair[0] != '\0')
            walk(p, &p->place_walks[i]);
        more = more || p->place_walks[i].pair[0] != '\0';
    }
    if (more)
        proxy__registrar_timer(
            p, &p->places_timer, REGISTRAR_TIMER_PLACES, timer_duration(TIMER_BINDINGS_PUSH));
}

/* Other pairs share the DNs in another way. */
void proxy__places_configured(struct proxy *p)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_pair *pair;
    const struct inside *i;
    uint64_t hash = 1;
    for (size_t at = 0; (pair = config_next_pair(c, &at)) != NULL;)
        hash = hash_stable_add(hash, pair->name);
    if (hash == p->pairs_hash)
        return;
    p->pairs_hash = hash;
    map_for_each (i, &p->insides)
        if (i->is_pair && i->greeted)
            proxy__places_greeted(p, i->name);
}

void proxy__places_flush(struct proxy *p)
{
    for (unsigned i = 0; i < PROXY_PLACE_BATCHES; i++)
        if (p->place_batches[i].bytes.length != 0)
            send(p, &p->place_batches[i]);
}

void proxy__places_close(struct proxy *p)
{
    for (unsigned i = 0; i < PROXY_PLACE_BATCHES; i++)
        buffer_free(&p->place_batches[i].bytes);
    world_timer_clear(&p->places_timer);
}
