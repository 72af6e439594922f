/* The inside of the room: how a copy lies in memory.
 *
 *     struct configuration ── rows[kind] ──> tree of what the objects say, shared with other copies
 *                          └─ derived ─────> what follows from the few among them: pairs, lists, inherited
 *                                            values; made anew when one of those changes, shared otherwise */
#ifndef TANDEM_CONFIG_CONFIG_INT_H
#define TANDEM_CONFIG_CONFIG_INT_H

#include "base/arena.h"
#include "config/builder.h"
#include "config/kind.h"
#include "config/rows/tree.h"

/* Rows of one kind in order of name, and an index of their hashes. Each row begins with its name. */
struct config_table {
    char *rows;
    size_t size; /* bytes of a row */
    size_t count;
    uint32_t *index; /* number of the row + 1; 0: free. Open addressing, at most half full */
    size_t mask;
};

/* A name of a location that some copy had: rows say its number, so that they need not change with it. */
struct config_place {
    struct slice name;
    struct slice realm;                     /* of the digests made for it */
    const struct config_location *location; /* NULL: there is none now */
    uint16_t number;
};

struct config_derived {
    uint32_t references;
    struct arena arena; /* all text and lists */
    struct config_cluster cluster;
    struct config_table locations, members, applications, pairs, trunk_groups, trunks, dial_rules;
    struct config_place *places;
    size_t place_count;
    struct config_local local; /* its lists and texts in the arena */
};

struct configuration {
    uint32_t references;
    uint64_t number;            /* of the last transaction */
    struct tree rows[KIND_MAX]; /* by kind_number */
    struct config_derived *derived;
};

#define CONFIG_DIGESTS 3U        /* of a DN: MD5, SHA-256, SHA-512-256 */
#define CONFIG_PLACES UINT16_MAX /* that a process can ever meet */

/* What objects of the few kinds say, before anything is derived from it. */
struct said_location {
    struct config_location row;
    uint8_t says_sha256, says_sha512_256; /* else it is inherited; numbers: 0 */
};
struct said_member {
    struct config_member row;
    struct slice location;
};
struct said_application {
    struct config_application row;
    struct slice location;
};

struct said_trunk {
    struct config_trunk row;
    struct slice location, group;
};
struct said_dial_rule {
    struct config_dial_rule row;
    struct slice location, trunk, group;
};

/* How rows of a kind are kept; NULL: copies do without that kind. */
const struct row_shape *config__shape(const struct kind *k);

/* Everything that follows. What it complains about names the object. */
int config__derive(struct config_derived **out, const struct configuration *c,
    const struct config_place *places, size_t place_count, const struct config_local *local,
    struct buffer *complaint) __attribute__((warn_unused_result));
/* derive_trunk.c: the part of it that concerns the world outside, after locations. */
int config__derive_trunks(struct config_derived *made, const struct configuration *said,
    struct buffer *complaint) __attribute__((warn_unused_result));
void config__derived_release(struct config_derived *d);
struct config_phones config__standard_phones(void); /* of a cluster that says nothing */
/* For images: a place gets the next number, a row is put as it is. What this version has no words for is left
 * out or without rights. */
void config__builder_place(struct config_builder *b, struct slice name, struct slice realm);
void config__builder_row(struct config_builder *b, const struct kind *k, void *structure);
/* It was made by a version that knew fewer algorithms. */
bool config_lacks_digests(const struct configuration *c);
/* The realm that a location has of its own. */
struct slice config__realm(const struct said_location *said);
void config__put_location(struct config_builder *b, const struct said_location *said);

/* Makes the index of rows that are sorted already. */
void config__index(struct config_table *t);
void *config__find(const struct config_table *t, struct slice name);
void config__table_free(struct config_table *t);
void config__free(struct configuration *c);

static inline void *config__row(const struct config_table *t, size_t number)
{
    return t->rows + number * t->size;
}

#endif
