/* What is told to who asks for all registrations. A proxy names the digests of what it knows, gets a slice or
 * some that differ, and asks on. Others (sessions) get what this proxy itself has let in, a piece at a time.
 */
#include <stdio.h>

#include "roles/proxy/proxy_int.h"
#include "wire/pack.h"

#define PER_MESSAGE 200U
#define PER_TURN 1000U

struct pages {
    struct proxy *proxy;
    const char *reply_to;
    Tandem__BindingSnapshot message;
    Tandem__Binding *rows, *pointers[PER_MESSAGE];
    size_t sent;
    bool own; /* only what this proxy has let in, and nothing that is gone */
};

static void send(struct pages *g)
{
    struct buffer bytes = {0};
    pack_add(&bytes, &g->message.base);
    world_publish(g->proxy->world, slice_text(g->reply_to), buffer_slice(&bytes));
    buffer_free(&bytes);
    g->sent += g->message.n_bindings;
    g->message.n_bindings = 0;
}

static void begin(struct pages *g, struct proxy *p, const char *reply_to, uint64_t token, uint64_t number)
{
    *g = (struct pages){.proxy = p, .reply_to = reply_to};
    tandem__binding_snapshot__init(&g->message);
    g->rows = arena_alloc(&p->arena, PER_MESSAGE * sizeof *g->rows);
    g->message.proxy = p->name;
    g->message.incarnation = p->incarnation;
    g->message.number = number;
    g->message.token = token;
    g->message.bindings = g->pointers;
}

static void add_slice(struct pages *g, unsigned slice)
{
    struct proxy *p = g->proxy;
    list_for_each (link, &p->slices[slice]) {
        const struct aor *a = list_entry(link, struct aor, of_slice);
        for (const struct binding *b = a->first; b != NULL; b = b->next) {
            if (g->own && (b->gone || b->origin != p->own_origin))
                continue;
            if (g->message.n_bindings == PER_MESSAGE)
                send(g);
            g->pointers[g->message.n_bindings] = &g->rows[g->message.n_bindings];
            proxy__binding_pack(b, &g->rows[g->message.n_bindings++]);
        }
    }
}

static size_t added(const struct pages *g)
{
    return g->sent + g->message.n_bindings;
}

/* ---- for proxies ---- */

static bool differs(const struct proxy *p, const Tandem__Snapshot *ask, unsigned slice)
{
    uint64_t theirs = 0;
    for (unsigned i = 0; i < 8; i++)
        theirs |= (uint64_t)ask->digests.data[8 * slice + i] << (8 * i);
    return theirs != p->digests[slice];
}

static void answer_proxy(struct proxy *p, const Tandem__Snapshot *ask)
{
    struct pages g;
    unsigned slice = ask->has_from ? ask->from : 0;
    begin(&g, p, ask->reply_to, ask->token, p->change_number);
    for (; slice < PROXY_SLICES && added(&g) < PER_MESSAGE; slice++)
        if (differs(p, ask, slice))
            add_slice(&g, slice);
    while (slice < PROXY_SLICES && !differs(p, ask, slice))
        slice++;
    g.message.last = slice >= PROXY_SLICES;
    g.message.has_next = !g.message.last;
    g.message.next = slice;
    send(&g);
}

/* ---- for others ---- */

/* An answer before the store was read would say that nobody is registered: who asks so early gets it later.
 * One for whom there is no room asks again by itself. */
static void remember(struct proxy *p, const Tandem__Snapshot *ask)
{
    struct proxy_asker *room = NULL;
    if (strlen(ask->reply_to) >= sizeof p->askers[0].reply_to)
        return;
    for (unsigned i = PROXY_ASKERS; i-- != 0;) {
        struct proxy_asker *a = &p->askers[i];
        if (strcmp(a->reply_to, ask->reply_to) == 0) {
            room = a;
            break;
        }
        if (a->reply_to[0] == '\0')
            room = a;
    }
    if (room == NULL)
        return;
    *room = (struct proxy_asker){.token = ask->token};
    strcpy(room->reply_to, ask->reply_to);
}

static void push(struct proxy *p, struct proxy_asker *a)
{
    struct pages g;
    if (!a->begun) {
        a->begun = true;
        a->number = p->change_number;
    }
    begin(&g, p, a->reply_to, a->token, a->number);
    g.own = true;
    while (a->slice < PROXY_SLICES && added(&g) < PER_TURN)
        add_slice(&g, a->slice++);
    g.message.last = a->slice == PROXY_SLICES;
    send(&g);
    if (g.message.last)
        *a = (struct proxy_asker){.token = 0};
}

void proxy__snapshot_push(struct proxy *p)
{
    bool more = false;
    if (!proxy__bindings_known(p))
        return;
    for (unsigned i = 0; i < PROXY_ASKERS; i++)
        if (p->askers[i].reply_to[0] != '\0') {
            push(p, &p->askers[i]);
            more = more || p->askers[i].reply_to[0] != '\0';
        }
    if (more)
        proxy__registrar_timer(p, &p->push_timer, REGISTRAR_TIMER_PUSH, timer_duration(TIMER_BINDINGS_PUSH));
}

void proxy__share_loaded(struct proxy *p)
{
    proxy__snapshot_push(p);
}

void proxy__snapshot_ask(struct proxy *p, const Tandem__Snapshot *ask)
{
    if (ask->has_digests) {
        if (ask->digests.len == 8 * PROXY_SLICES && proxy__bindings_known(p))
            answer_proxy(p, ask);
        return;
    }
    remember(p, ask);
    proxy__snapshot_push(p);
}
