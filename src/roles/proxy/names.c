#include "roles/proxy/names.h"

#include "base/error.h"
#include "base/mem.h"
#include "config/process.h"
#include "roles/proxy/proxy_int.h"

#define NAMES 1024 /* that are remembered; the oldest gives way */

struct name {
    struct slice key;
    uint64_t number;
    struct locate *asking; /* NULL: nothing is asked */
    bool known;
    int error; /* of the last question, when it is not known */
    struct locate_target last;
    char text[DNS_NAME + 32];
};

struct names {
    struct dns_resolver resolver;
    struct map by_key, by_number;
    uint64_t next;
};

static void forget(struct names *n, struct name *e)
{
    map_remove(&n->by_key, e->key);
    map_remove_number(&n->by_number, e->number);
    locate_end(e->asking);
    mem_free(e);
}

/* It is known now, or there is nothing; a name that had a place keeps it when no name server answers. */
static void settle(struct name *e, int error, const struct locate_target *target)
{
    if (error == 0)
        e->last = *target;
    if (error == 0 || error == ERROR_MISSING)
        e->known = error == 0;
    e->error = error;
    locate_end(e->asking);
    e->asking = NULL;
}

static void located_h(void *user, struct locate *l, uint64_t owner)
{
    struct proxy *p = user;
    struct locate_target target;
    struct name *e = map_get_number(&p->names->by_number, owner);
    int error = locate_next(&target, l);
    if (e != NULL && error != ERROR_AGAIN)
        settle(e, error, &target);
}

static void follow(struct proxy *p)
{
    struct config_list list = config_resolvers(world_configuration(p->world));
    dns_resolver_servers(&p->names->resolver, list.items, list.count);
}

void names_open(struct proxy *p)
{
    p->names = mem_zero(sizeof *p->names);
    dns_resolver_open(&p->names->resolver, p->world,
        &(struct dns_resolver_params){
            .token = PROXY_TOKEN_NAMES, .object_kind = PROXY_OBJECT_NAMES, .user = p, .located = located_h});
    follow(p);
}

void names_close(struct proxy *p)
{
    struct name *e;
    map_for_each (e, &p->names->by_key)
        forget(p->names, e);
    map_free(&p->names->by_key);
    map_free(&p->names->by_number);
    dns_resolver_close(&p->names->resolver);
    mem_free(p->names);
}

bool names_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_CONFIG)
        follow(p);
    return in->kind != INPUT_CONFIG && dns_resolver_input(&p->names->resolver, in);
}

static struct name *obtain(struct names *n, const struct locate_wish *wish)
{
    struct buffer key = {.limit = DNS_NAME + 24};
    buffer_add_format(&key, "%u %u %u %.*s", wish->transport, wish->port, wish->secure,
        SLICE_ARG(slice_first(wish->host, DNS_NAME)));
    struct name *e = map_get(&n->by_key, buffer_slice(&key)), *oldest;
    size_t at = 0;
    if (e == NULL && !key.overflowed) {
        if (map_count(&n->by_key) >= NAMES && (oldest = map_next(&n->by_key, &at)) != NULL)
            forget(n, oldest);
        e = mem_zero(sizeof *e);
        e->number = ++n->next;
        slice_put(e->text, buffer_slice(&key));
        e->key = slice_of(e->text, key.length);
        map_put(&n->by_key, e->key, e);
        map_put_number(&n->by_number, e->number, e);
    }
    buffer_free(&key);
    return e;
}

int names_target(struct proxy *p, struct locate_target *target, const struct locate_wish *wish)
{
    struct name *e = obtain(p->names, wish);
    if (e == NULL)
        return ERROR_MISSING;
    if (e->asking == NULL) {
        struct locate *l = locate_begin(&p->names->resolver, wish, e->number);
        int error = locate_next(target, l);
        e->asking = l;
        if (error != ERROR_AGAIN) {
            settle(e, error, target);
            if (error == 0)
                return 0;
        }
    }
    if (!e->known)
        return e->asking != NULL ? ERROR_AGAIN : e->error;
    *target = e->last;
    return 0;
}

void names_dead(struct proxy *p, enum transport transport, const struct address *a)
{
    locate_is_dead(&p->names->resolver, &(struct locate_target){.transport = transport, .address = *a});
}
