/* How a late joiner catches up: all records by a cursor, a bounded step a turn, while live changes follow in
 * the same stream. A record that changes before the cursor reaches it is simply shipped twice. */
#include "base/error.h"
#include "base/mem.h"
#include "pair/pair_int.h"

static void make_key(struct record_id id, char key[9])
{
    key[0] = (char)id.kind;
    memcpy(key + 1, &id.id, sizeof id.id);
}

struct pair_item *pair__item(struct map *m, struct record_id id, bool make)
{
    char key[9];
    make_key(id, key);
    struct pair_item *item = map_get(m, slice_of(key, sizeof key));
    if (item != NULL || !make)
        return item;
    item = mem_zero(sizeof *item);
    item->id = id;
    memcpy(item->key, key, sizeof key);
    map_put(m, slice_of(item->key, sizeof item->key), item);
    return item;
}

void pair__item_free(struct map *m, struct pair_item *item)
{
    map_remove(m, slice_of(item->key, sizeof item->key));
    list_remove(&item->link);
    buffer_free(&item->bytes);
    mem_free(item);
}

void pair__known(struct pair *p, struct record_id id, bool exists)
{
    struct pair_item *item = pair__item(&p->known, id, exists);
    if (item == NULL)
        return;
    if (!exists) {
        if (p->walk == &item->link)
            p->walk = item->link.next;
        pair__item_free(&p->known, item);
    } else if (!list_linked(&item->link)) {
        list_append(&p->known_list, &item->link);
    }
}

void pair__known_free(struct pair *p)
{
    list_for_each_safe (link, next, &p->known_list)
        pair__item_free(&p->known, list_entry(link, struct pair_item, link));
    map_free(&p->known);
}

/* The hello makes the other member begin anew too; the one at the link's beginning may have been said before
 * this member was primary. */
void pair__walk_start(struct pair *p)
{
    pair__link_hello(p);
    pair__batch_reset(p);
    p->shipping = true;
    p->walk_waits = false;
    p->walk = p->known_list.next;
    world_again(p->world, PAIR_TOKEN);
}

void pair__walk_step(struct pair *p)
{
    struct record_id records[PAIR_WALK_RECORDS] = {{0}};
    struct list *links[PAIR_WALK_RECORDS];
    size_t count = 0;
    if (p->walk == NULL || p->inner == NULL || !p->linked)
        return;
    p->walk_waits = p->sent - p->received >= PAIR_WALK_AHEAD;
    if (p->walk_waits)
        return;
    for (; p->walk != &p->known_list && count < PAIR_WALK_RECORDS; p->walk = p->walk->next) {
        links[count] = p->walk;
        records[count++] = list_entry(p->walk, struct pair_item, link)->id;
    }
    size_t taken =
        pair__batch_send(p, records, count, PAIR_BATCH_LIMIT, SLICE(""), p->walk == &p->known_list);
    if (taken < count)
        p->walk = links[taken];
    if (p->walk == &p->known_list) {
        p->walk = NULL;
        p->walk_end = p->sent;
    } else {
        world_again(p->world, PAIR_TOKEN);
    }
}
