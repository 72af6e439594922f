/* How nodes lie in memory. */
#ifndef TANDEM_CONFIG_ROWS_TREE_INT_H
#define TANDEM_CONFIG_ROWS_TREE_INT_H

#include "config/rows/tree.h"

#define TREE_FAN 32    /* rows of a leaf, children of another node: what a change copies on each level */
#define TREE_HEIGHT 12 /* most levels: more than memory has room for */

/* Names are compared by their first bytes, which lie in the node, and only where these are equal by the whole
 * name, which lies elsewhere. */
struct tree_node {
    uint32_t references;
    uint16_t count;
    uint16_t height; /* 0: a leaf */
    uint64_t keys[TREE_FAN];
    void *parts[TREE_FAN]; /* rows, or nodes one lower */
    uint32_t rows[];       /* TREE_FAN: below each child; leaves, which are most of the nodes, do without */
};

static inline struct tree_node *tree__child(const struct tree_node *n, unsigned i)
{
    return n->parts[i];
}

uint64_t tree__key(struct slice name);
size_t tree__rows(const struct tree_node *n);
/* The name by which part i is found: of the row, or of the first row below. */
struct slice tree__name(const struct tree_node *n, unsigned i);
/* How many parts have a name before this one; *equal: the next one has it. */
unsigned tree__before(bool *equal, const struct tree_node *n, struct slice name);
/* The child below which the name is, or would be. */
unsigned tree__way(const struct tree_node *n, struct slice name);

#endif
