/* Rows in order of name, shared between copies: nodes and rows are counted, and whoever changes a tree copies
 * only the nodes on the way that somebody else has too.
 *
 *     before ──> root ───────┬──────────────┐
 *                            ▼              ▼
 *     after ───> root' ──> leaf (shared)  leaf ──> rows a b c      leaf' ──> rows a b' c
 *                  └────────────────────────────────────────────────▲
 *
 * Nothing of a tree is written to once a second one has it, so that any thread may read what it has retained.
 */
#ifndef TANDEM_CONFIG_ROWS_TREE_H
#define TANDEM_CONFIG_ROWS_TREE_H

#include "config/rows/row.h"

struct tree_node;

/* Zeroed memory is an empty tree. */
struct tree {
    struct tree_node *root;
    size_t
        copied; /* nodes that changes had to copy, since the tree was empty: what tests and benches count */
};

void tree_share(struct tree *to, const struct tree *from); /* `to` was empty */
void tree_free(struct tree *t);

/* Takes the reference to the row over; what has its name goes. True: there was one. */
bool tree_put(struct tree *t, const void *row);
bool tree_remove(struct tree *t, struct slice name); /* false: there is none */

const void *tree_get(const struct tree *t, struct slice name); /* NULL: none */
size_t tree_count(const struct tree *t);
const void *tree_at(const struct tree *t, size_t place);    /* in order of name; NULL past the end */
size_t tree_place(const struct tree *t, struct slice name); /* how many rows are before that name */

/* The first place from *before_at and *after_at on where two trees differ; what both share is passed over
 * whole. Gives the rows of the same name, one of them NULL: it came or went. False: nothing more differs. */
bool tree_difference(const void **before, const void **after, const struct tree *one, size_t *one_at,
    const struct tree *other, size_t *other_at);

/* Is everything in order, counted right and within its bounds? For tests. */
bool tree_sound(const struct tree *t);

#endif
