/* Before phones are let in a proxy knows the key of the location's nonces (any proxy accepts what another has
 * sent) and all registrations: from the store, or from another proxy. Where both stay away it lets phones in
 * without: those that register anew can call and be called, and the others are read when the store comes. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define OBJECT_START OBJECT(PROXY_OBJECT_START, 0)
#define PAGE 1000U /* registrations read at a time */
#define PATIENCE                                                                                             \
    3 /* questions without an answer: then phones are let in without the stored registrations                \
       */
enum { TOKEN_KEY = 1, TOKEN_KEY_SET, TOKEN_BINDINGS };

static void ask_registry(struct proxy *p, const Tandem__RegistryRequest *request, uint64_t token)
{
    struct buffer bytes = {0};
    pack_add(&bytes, &request->base);
    world_ask(p->world, SERVICE_REGISTRY, buffer_slice(&bytes), OBJECT_START, token,
        world_now(p->world) + timer_duration(TIMER_PROXY_ASK));
    buffer_free(&bytes);
}

static char *key_name(struct proxy *p)
{
    char *name = arena_alloc(&p->arena, sizeof "secret/nonce/" + CONFIG_NAME_MAX);
    snprintf(name, sizeof "secret/nonce/" + CONFIG_NAME_MAX, "secret/nonce/%s", p->location);
    return name;
}

static void ask_key(struct proxy *p)
{
    Tandem__RegistryRange range = TANDEM__REGISTRY_RANGE__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    range.prefix = key_name(p);
    range.has_exact = true;
    range.exact = true;
    request.range = &range;
    ask_registry(p, &request, TOKEN_KEY);
}

static void make_key(struct proxy *p)
{
    char key[PROXY_KEY];
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    for (size_t i = 0; i < sizeof key; i += sizeof(uint64_t)) {
        uint64_t chance = world_random(p->world);
        memcpy(key + i, &chance, sizeof chance);
    }
    set.key = key_name(p);
    set.has_value = true;
    set.value = pack_bytes(slice_of(key, sizeof key));
    request.set = &set;
    ask_registry(p, &request, TOKEN_KEY_SET);
}

static void try_listen(struct proxy *p)
{
    bool enough = proxy__bindings_known(p) || p->start_tries > PATIENCE;
    if (p->key_known && p->bindings_read)
        world_timer_clear(&p->start_timer);
    if (p->listening || !p->key_known || !enough)
        return;
    if (!proxy__bindings_known(p))
        LOG(LOG_WARNING, "proxy",
            "the store is away, nobody else knows who is registered: phones are let in without, and have to "
            "register anew until it is back");
    p->listening = true;
    proxy__edge_listen(p);
    trunk_listens(p);
    proxy__inside_open(p); /* not before: a request for a phone would find no socket, and be refused */
}

bool proxy__bindings_known(const struct proxy *p)
{
    return p->bindings_read || p->bindings_told;
}

void proxy__start_told(struct proxy *p)
{
    if (proxy__bindings_known(p))
        return;
    p->bindings_told = true;
    proxy__share_loaded(p);
    try_listen(p);
}

static void key_answer(struct proxy *p, const struct input *in)
{
    const Tandem__RegistryAnswer *a = pack_read(&tandem__registry_answer__descriptor, in->bytes, &p->arena);
    if (in->answer != ANSWER_YES || a == NULL)
        return; /* the timer asks again */
    if (a->n_entries == 0) {
        make_key(p);
    } else if (a->entries[0]->value.len == PROXY_KEY) {
        memcpy(p->nonce_key, a->entries[0]->value.data, PROXY_KEY);
        p->key_known = true;
        try_listen(p);
    }
}

/* The next page of what the store holds. */
static void ask_bindings(struct proxy *p)
{
    struct buffer bytes = {0};
    Tandem__StoreValue values[4], *parameters[4];
    Tandem__StoreStatement all = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&all};
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    for (int i = 0; i < 4; i++) {
        tandem__store_value__init(&values[i]);
        parameters[i] = &values[i];
    }
    values[0].has_number = true;
    values[0].number = world_now(p->world);
    values[1].text = p->loaded[0];
    values[2].text = p->loaded[1];
    values[3].has_number = true;
    values[3].number = PAGE;
    all.name = (char *)(uintptr_t) "binding_all";
    all.n_parameters = 4;
    all.parameters = parameters;
    request.n_statements = 1;
    request.statements = statements;
    pack_add(&bytes, &request.base);
    world_ask(p->world, SERVICE_STORE, buffer_slice(&bytes), OBJECT_START, TOKEN_BINDINGS,
        world_now(p->world) + timer_duration(TIMER_PROXY_ASK));
    buffer_free(&bytes);
}

static void ask(struct proxy *p)
{
    if (!p->key_known)
        ask_key(p);
    if (!p->bindings_read)
        ask_bindings(p);
    world_timer_set(
        p->world, &p->start_timer, OBJECT_START, 0, world_now(p->world) + timer_duration(TIMER_PROXY_ASK));
}

void proxy__start(struct proxy *p)
{
    ask(p);
}

void proxy__start_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_TIMER) {
        if (!p->listening && p->start_tries++ == 0)
            LOG(LOG_WARNING, "proxy", "still waiting for %s%s%s; phones are let in afterwards",
                p->key_known ? "" : "the registry", p->key_known || proxy__bindings_known(p) ? "" : " and ",
                proxy__bindings_known(p) ? "" : "the store");
        try_listen(p);
        ask(p);
    } else if (in->token == TOKEN_KEY) {
        key_answer(p, in);
    } else if (in->token == TOKEN_KEY_SET) {
        ask_key(p); /* ours or that of a faster proxy: what is there counts */
    } else if (in->token == TOKEN_BINDINGS && in->answer == ANSWER_YES && !p->bindings_read) {
        if (proxy__bindings_load(p, in->bytes, p->loaded) < PAGE) {
            p->bindings_read = true;
            proxy__share_loaded(p);
        } else {
            ask_bindings(p);
        }
        try_listen(p);
    }
}
