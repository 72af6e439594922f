/* Which DNs are in service: proxies say so (VC-9). Each says what it can reach itself; a DN is in service as
 * long as one of them does. Belongs to the process, not to the state of the pair: a proxy tells a new primary
 * all. */
#include "base/mem.h"
#include "roles/node/node_int.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define PROXIES 64U /* that are told apart */
#define DN_TEXT 255U
#define DNS_MOST 2000000U /* of one pair */

struct place {
    uint64_t proxies; /* bits */
    size_t length;
    char dn[];
};

struct places {
    struct map dns;
    char proxies[PROXIES][SIP_TARGET_NAME];
};

void node__places_open(struct node *n)
{
    n->places = mem_zero(sizeof *n->places);
}

void node__places_close(struct node *n)
{
    struct place *s;
    if (n->places == NULL)
        return;
    map_for_each (s, &n->places->dns)
        mem_free(s);
    map_free(&n->places->dns);
    mem_free(n->places);
    n->places = NULL;
}

/* 0: there are too many. */
static uint64_t bit_of(struct places *places, const char *proxy)
{
    unsigned room = PROXIES;
    for (unsigned i = PROXIES; i-- != 0;) {
        if (strcmp(places->proxies[i], proxy) == 0)
            return UINT64_C(1) << i;
        if (places->proxies[i][0] == '\0')
            room = i;
    }
    if (room == PROXIES)
        return 0;
    strcpy(places->proxies[room], proxy);
    return UINT64_C(1) << room;
}

static void put_out(struct node *n, struct place *s, uint64_t bit)
{
    s->proxies &= ~bit;
    if (s->proxies != 0)
        return;
    map_remove(&n->places->dns, slice_of(s->dn, s->length));
    mem_free(s);
    world_count(n->world, COUNTER_PLACES, 1);
}

static void put_in(struct node *n, struct slice dn, uint64_t bit)
{
    struct place *s = map_get(&n->places->dns, dn);
    if (s == NULL) {
        if (dn.length == 0 || dn.length > DN_TEXT || map_count(&n->places->dns) >= DNS_MOST)
            return;
        s = mem_zero(sizeof *s + dn.length);
        s->length = dn.length;
        slice_put(s->dn, dn);
        map_put(&n->places->dns, slice_of(s->dn, s->length), s);
        world_count(n->world, COUNTER_PLACES, 1);
    }
    s->proxies |= bit;
}

static void forget(struct node *n, uint64_t bit)
{
    struct place *s;
    map_for_each (s, &n->places->dns)
        if (s->proxies & bit)
            put_out(n, s, bit);
}

void node__places_told(struct node *n, const char *proxy, struct slice bytes)
{
    const Tandem__Places *m = pack_read(&tandem__places__descriptor, bytes, &n->arena);
    uint64_t bit = m != NULL ? bit_of(n->places, proxy) : 0;
    if (bit == 0)
        return;
    if (m->afresh)
        forget(n, bit);
    for (size_t i = 0; i < m->n_in; i++)
        put_in(n, slice_text(m->in[i]), bit);
    for (size_t i = 0; i < m->n_out; i++) {
        struct place *s = map_get(&n->places->dns, slice_text(m->out[i]));
        if (s != NULL)
            put_out(n, s, bit);
    }
}

/* What the proxy could reach is not in service any more, unless another one says so. */
void node__places_lost(struct node *n, const char *proxy)
{
    if (proxy[0] != '\0')
        forget(n, bit_of(n->places, proxy));
}

bool node__place_in_service(const struct node *n, struct slice dn)
{
    return map_get(&n->places->dns, dn) != NULL;
}

size_t node__places_count(const struct node *n)
{
    return map_count(&n->places->dns);
}
