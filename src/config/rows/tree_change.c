/* Changing a tree: nodes that nobody else has are changed where they are, the others are copied. */
#include "base/mem.h"
#include "config/rows/tree_int.h"

static struct tree_node *node_new(unsigned height)
{
    struct tree_node *n = mem_alloc(sizeof *n + (height > 0 ? TREE_FAN * sizeof n->rows[0] : 0));
    n->references = 1;
    n->count = 0;
    n->height = (uint16_t)height;
    return n;
}

static void node_retain(struct tree_node *n)
{
    __atomic_add_fetch(&n->references, 1, __ATOMIC_RELAXED);
}

/* As deep as the tree is high. */
static void node_release(struct tree_node *n)
{
    if (__atomic_sub_fetch(&n->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (unsigned i = 0; i < n->count; i++)
        if (n->height > 0)
            node_release(n->parts[i]);
        else
            row_release(n->parts[i]);
    mem_free(n);
}

void tree_share(struct tree *to, const struct tree *from)
{
    *to = *from;
    if (to->root != NULL)
        node_retain(to->root);
}

void tree_free(struct tree *t)
{
    if (t->root != NULL)
        node_release(t->root);
    *t = (struct tree){0};
}

/* Parts with their keys and counts, from one node to another or within one. */
static void move(
    struct tree_node *to, unsigned to_at, const struct tree_node *from, unsigned at, unsigned count)
{
    memmove(to->keys + to_at, from->keys + at, count * sizeof to->keys[0]);
    memmove(to->parts + to_at, from->parts + at, count * sizeof to->parts[0]);
    if (to->height > 0)
        memmove(to->rows + to_at, from->rows + at, count * sizeof to->rows[0]);
}

/* The node for us alone, from which nobody else reads. Only called on the way down from a root that is ours:
 * a node above it that others had would have been copied, and this one retained by that. */
static struct tree_node *own(struct tree *t, struct tree_node *n)
{
    if (__atomic_load_n(&n->references, __ATOMIC_ACQUIRE) == 1)
        return n;
    struct tree_node *copy = node_new(n->height);
    copy->count = n->count;
    move(copy, 0, n, 0, n->count);
    for (unsigned i = 0; i < n->count; i++)
        if (n->height > 0)
            node_retain(n->parts[i]);
        else
            row_retain(n->parts[i]);
    node_release(n);
    t->copied++;
    return copy;
}

static struct tree_node *own_child(struct tree *t, struct tree_node *n, unsigned i)
{
    return n->parts[i] = own(t, n->parts[i]);
}

static void set_child(struct tree_node *n, unsigned i, struct tree_node *child)
{
    n->parts[i] = child;
    n->keys[i] = child->keys[0];
    n->rows[i] = (uint32_t)tree__rows(child);
}

/* ---- putting ---- */

/* Makes room for a part at `at`. What does not fit goes to a new node, which is given; in *in, *at: where the
 * room is. Behind the last name of all the full node stays as it is, so that reading in order leaves full
 * ones. */
static struct tree_node *make_room(struct tree_node *n, struct tree_node **in, unsigned *at)
{
    struct tree_node *more = NULL;
    *in = n;
    if (n->count == TREE_FAN) {
        unsigned keep = *at == TREE_FAN ? TREE_FAN : TREE_FAN / 2;
        more = node_new(n->height);
        more->count = (uint16_t)(TREE_FAN - keep);
        move(more, 0, n, keep, more->count);
        n->count = (uint16_t)keep;
        if (*at > keep || *at == TREE_FAN) {
            *in = more;
            *at -= keep;
        }
    }
    move(*in, *at + 1, *in, *at, (*in)->count - *at);
    (*in)->count++;
    return more;
}

static struct tree_node *put_below(struct tree *t, struct tree_node *n, const void *row, bool *replaced);

static struct tree_node *put_child(struct tree *t, struct tree_node *n, const void *row, bool *replaced)
{
    unsigned i = tree__way(n, row_name(row));
    struct tree_node *child = own_child(t, n, i), *in;
    struct tree_node *more = put_below(t, child, row, replaced);
    set_child(n, i, child);
    if (more == NULL)
        return NULL;
    i++;
    struct tree_node *sibling = make_room(n, &in, &i);
    set_child(in, i, more);
    return sibling;
}

/* `n` is ours. Gives the node that stands behind it now; NULL: everything had room. */
static struct tree_node *put_below(struct tree *t, struct tree_node *n, const void *row, bool *replaced)
{
    struct tree_node *in;
    if (n->height > 0)
        return put_child(t, n, row, replaced);
    unsigned i = tree__before(replaced, n, row_name(row));
    if (*replaced) {
        row_release(n->parts[i]);
        n->parts[i] = (void *)(uintptr_t)row;
        return NULL;
    }
    struct tree_node *more = make_room(n, &in, &i);
    in->keys[i] = tree__key(row_name(row));
    in->parts[i] = (void *)(uintptr_t)row;
    return more;
}

bool tree_put(struct tree *t, const void *row)
{
    bool replaced = false;
    if (t->root == NULL)
        t->root = node_new(0);
    t->root = own(t, t->root);
    struct tree_node *more = put_below(t, t->root, row, &replaced);
    if (more != NULL) {
        struct tree_node *root = node_new(t->root->height + 1U);
        root->count = 2;
        set_child(root, 0, t->root);
        set_child(root, 1, more);
        t->root = root;
    }
    return replaced;
}

/* ---- removing ---- */

static void close_gap(struct tree_node *n, unsigned i)
{
    move(n, i, n, i + 1, n->count - i - 1U);
    n->count--;
}

/* The children i and i + 1 become one when together they fill half a node, so that it does not have to be
 * split again at once. */
static void join(struct tree *t, struct tree_node *n, unsigned i)
{
    struct tree_node *left = n->parts[i], *right = n->parts[i + 1];
    if (left->count + right->count > TREE_FAN / 2)
        return;
    left = own_child(t, n, i);
    right = own_child(t, n, i + 1);
    move(left, left->count, right, 0, right->count);
    left->count = (uint16_t)(left->count + right->count);
    right->count = 0; /* its parts have moved */
    node_release(right);
    set_child(n, i, left);
    close_gap(n, i + 1);
}

/* `n` is ours, and has the name below it. */
static void remove_below(struct tree *t, struct tree_node *n, struct slice name)
{
    bool equal;
    if (n->height == 0) {
        unsigned i = tree__before(&equal, n, name);
        row_release(n->parts[i]);
        close_gap(n, i);
        return;
    }
    unsigned i = tree__way(n, name);
    struct tree_node *child = own_child(t, n, i);
    remove_below(t, child, name);
    if (child->count == 0) {
        node_release(child);
        close_gap(n, i);
        return;
    }
    set_child(n, i, child);
    if (i + 1U < n->count)
        join(t, n, i);
    if (i > 0)
        join(t, n, i - 1);
}

bool tree_remove(struct tree *t, struct slice name)
{
    if (tree_get(t, name) == NULL)
        return false;
    t->root = own(t, t->root);
    remove_below(t, t->root, name);
    while (t->root != NULL && t->root->count <= (t->root->height > 0)) {
        struct tree_node *root = t->root;
        t->root = root->count != 0 ? root->parts[0] : NULL;
        root->count = 0; /* its only child has moved up */
        node_release(root);
    }
    return true;
}
