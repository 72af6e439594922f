/* Session descriptions by content: legs name them by their hash, the other member gets each once. */
#include "base/hash.h"
#include "base/mem.h"
#include "roles/node/node_int.h"

uint64_t node__sdp_take(struct node *n, struct slice text)
{
    if (slice_empty(text))
        return 0;
    uint64_t id = hash_stable(text);
    struct description *s = map_get_number(&n->sdps, id);
    if (s == NULL) {
        s = mem_zero(sizeof *s);
        s->id = id;
        buffer_add(&s->text, text);
        map_put_number(&n->sdps, id, s);
        world_dirty(n->world, NODE_KIND_SDP, id);
    }
    s->references++;
    return id;
}

void node__sdp_drop(struct node *n, uint64_t id)
{
    struct description *s = id != 0 ? map_get_number(&n->sdps, id) : NULL;
    if (s == NULL || --s->references != 0)
        return;
    map_remove_number(&n->sdps, id);
    world_dirty(n->world, NODE_KIND_SDP, id);
    buffer_free(&s->text);
    mem_free(s);
}

void node__sdp_set(struct leg *l, uint64_t *field, uint64_t id)
{
    uint64_t before = *field;
    *field = id;
    node__sdp_drop(l->node, before);
}

void node__sdp_share(struct leg *l, uint64_t *field, uint64_t id)
{
    struct description *s = id != 0 ? map_get_number(&l->node->sdps, id) : NULL;
    if (s != NULL)
        s->references++;
    node__sdp_set(l, field, s != NULL ? id : 0);
}

struct slice node__sdp_text(struct node *n, uint64_t id)
{
    struct description *s = id != 0 ? map_get_number(&n->sdps, id) : NULL;
    return s != NULL ? buffer_slice(&s->text) : SLICE("");
}
