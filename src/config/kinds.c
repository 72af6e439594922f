/* The list of kinds; each has a file of its own in kinds/. */
#include "config/kind.h"

/* In the order in which they refer to each other. */
static const struct kind *const kinds[] = {&kind_cluster, &kind_location, &kind_member, &kind_dn,
    &kind_person, &kind_application, &kind_trunk_group, &kind_trunk, &kind_dial_rule, &kind_ban};

_Static_assert(KIND_FIELDS(kinds) <= KIND_MAX, "raise KIND_MAX");

size_t kind_number(const struct kind *k)
{
    size_t i = 0;
    while (kinds[i] != k)
        i++;
    return i;
}

const struct kind *kind_find(struct slice name)
{
    for (size_t i = 0; i < KIND_FIELDS(kinds); i++)
        if (slice_equal(slice_text(kinds[i]->name), name))
            return kinds[i];
    return NULL;
}

const struct kind *kind_next(size_t *at)
{
    return *at < KIND_FIELDS(kinds) ? kinds[(*at)++] : NULL;
}
