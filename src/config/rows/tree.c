/* Looking things up. What changes a tree is in tree_change.c. */
#include "config/rows/tree_int.h"

uint64_t tree__key(struct slice name)
{
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof key; i++)
        key = key << 8 | (i < name.length ? (unsigned char)name.data[i] : 0);
    return key;
}

struct slice tree__name(const struct tree_node *n, unsigned i)
{
    const void *part = n->parts[i];
    for (unsigned height = n->height; height > 0; height--)
        part = ((const struct tree_node *)part)->parts[0];
    return row_name(part);
}

unsigned tree__before(bool *equal, const struct tree_node *n, struct slice name)
{
    uint64_t key = tree__key(name);
    unsigned low = 0, high = n->count;
    *equal = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = n->keys[middle] < key ? -1 : n->keys[middle] > key;
        if (order == 0)
            order = slice_compare(tree__name(n, middle), name);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *equal = order == 0;
        }
    }
    return low;
}

unsigned tree__way(const struct tree_node *n, struct slice name)
{
    bool equal;
    unsigned before = tree__before(&equal, n, name);
    return equal || before == 0 ? before : before - 1;
}

size_t tree__rows(const struct tree_node *n)
{
    if (n->height == 0)
        return n->count;
    size_t rows = 0;
    for (unsigned i = 0; i < n->count; i++)
        rows += n->rows[i];
    return rows;
}

size_t tree_count(const struct tree *t)
{
    return t->root != NULL ? tree__rows(t->root) : 0;
}

const void *tree_get(const struct tree *t, struct slice name)
{
    const struct tree_node *n = t->root;
    bool equal;
    if (n == NULL)
        return NULL;
    while (n->height > 0)
        n = tree__child(n, tree__way(n, name));
    unsigned i = tree__before(&equal, n, name);
    return equal ? n->parts[i] : NULL;
}

const void *tree_at(const struct tree *t, size_t place)
{
    const struct tree_node *n = t->root;
    while (n != NULL && n->height > 0) {
        unsigned i = 0;
        while (i < n->count && place >= n->rows[i])
            place -= n->rows[i++];
        n = i < n->count ? tree__child(n, i) : NULL;
    }
    return n != NULL && place < n->count ? n->parts[place] : NULL;
}

size_t tree_place(const struct tree *t, struct slice name)
{
    const struct tree_node *n = t->root;
    size_t place = 0;
    bool equal;
    while (n != NULL && n->height > 0) {
        unsigned way = tree__way(n, name);
        for (unsigned i = 0; i < way; i++)
            place += n->rows[i];
        n = tree__child(n, way);
    }
    return n != NULL ? place + tree__before(&equal, n, name) : 0;
}

/* ---- differences ---- */

/* The nodes that begin exactly at a place, by height; NULL: none of that height. Gives the row there. */
static const void *beginning(const struct tree_node *at[TREE_HEIGHT], const struct tree *t, size_t place)
{
    const struct tree_node *n = t->root;
    for (unsigned height = 0; height < TREE_HEIGHT; height++)
        at[height] = NULL;
    while (n != NULL) {
        if (place == 0)
            at[n->height] = n;
        if (n->height == 0)
            break;
        unsigned i = 0;
        while (i < n->count && place >= n->rows[i])
            place -= n->rows[i++];
        n = i < n->count ? tree__child(n, i) : NULL;
    }
    return n != NULL && place < n->count ? n->parts[place] : NULL;
}

/* Rows that both have here and that are the same ones, as many as can be seen at once; 0: none. */
static size_t shared_here(const void **row, const void **other_row, const struct tree *one, size_t one_at,
    const struct tree *other, size_t other_at)
{
    const struct tree_node *mine[TREE_HEIGHT], *theirs[TREE_HEIGHT];
    *row = beginning(mine, one, one_at);
    *other_row = beginning(theirs, other, other_at);
    for (unsigned height = TREE_HEIGHT; height-- > 0;)
        if (mine[height] != NULL && mine[height] == theirs[height])
            return tree__rows(mine[height]);
    return *row != NULL && *row == *other_row ? 1 : 0;
}

bool tree_difference(const void **before, const void **after, const struct tree *one, size_t *one_at,
    const struct tree *other, size_t *other_at)
{
    size_t shared;
    while ((shared = shared_here(before, after, one, *one_at, other, *other_at)) != 0) {
        *one_at += shared;
        *other_at += shared;
    }
    if (*before != NULL && *after != NULL) {
        int order = slice_compare(row_name(*before), row_name(*after));
        if (order < 0)
            *after = NULL;
        else if (order > 0)
            *before = NULL;
    }
    *one_at += *before != NULL;
    *other_at += *after != NULL;
    return *before != NULL || *after != NULL;
}

/* ---- for tests ---- */

static bool node_sound(const struct tree_node *n, bool root)
{
    if (n->references == 0 || n->count == 0 || n->count > TREE_FAN || n->height >= TREE_HEIGHT ||
        (root && n->height > 0 && n->count == 1))
        return false;
    for (unsigned i = 0; i < n->count; i++) {
        if (n->keys[i] != tree__key(tree__name(n, i)) ||
            (i > 0 && slice_compare(tree__name(n, i - 1), tree__name(n, i)) >= 0))
            return false;
        if (n->height > 0 &&
            (tree__child(n, i)->height + 1 != n->height || n->rows[i] != tree__rows(tree__child(n, i)) ||
                !node_sound(tree__child(n, i), false)))
            return false;
    }
    return true;
}

bool tree_sound(const struct tree *t)
{
    return t->root == NULL || node_sound(t->root, true);
}
