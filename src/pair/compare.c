/* For the simulator: does the backup hold, byte for byte, what the primary would save now? */
#include "base/error.h"
#include "pair/pair_int.h"

bool pair_in_step(void *one, void *other)
{
    const struct pair *a = one, *b = other;
    const struct pair *primary = a->state == PAIR_ST_PAIRED ? a : b, *backup = primary == a ? b : a;
    return primary->state == PAIR_ST_PAIRED && backup->state == PAIR_ST_SHADOW &&
           backup->shadow_view == primary->view;
}

/* Everything the primary changed has arrived; between turns nothing is unsent. */
static bool in_step(const struct pair *primary, const struct pair *backup)
{
    return primary->state == PAIR_ST_PAIRED && primary->inner != NULL && primary->received == primary->sent &&
           backup->state == PAIR_ST_SHADOW && backup->shadow_view == primary->view &&
           backup->received == primary->sent;
}

bool pair_differs(void *primary, void *backup, struct record_id *which)
{
    struct pair *p = primary, *b = backup;
    struct buffer bytes = {.data = NULL};
    bool differs = false;
    if (!in_step(p, b))
        return false;
    list_for_each (link, &p->known_list) {
        struct pair_item *known = list_entry(link, struct pair_item, link);
        const struct pair_item *kept = pair__item(&b->shadow, known->id, false);
        buffer_clear(&bytes);
        int error = p->role->save(p->inner, known->id, &bytes);
        *which = known->id;
        differs =
            error != 0 || kept == NULL || !slice_equal(buffer_slice(&bytes), buffer_slice(&kept->bytes));
        if (differs)
            break;
    }
    if (!differs && map_count(&p->known) != map_count(&b->shadow)) {
        *which = (struct record_id){0};
        differs = true;
    }
    buffer_free(&bytes);
    return differs;
}
