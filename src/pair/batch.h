/* What goes over the link of a pair: batches of records and promises, the walk, and what the backup keeps. */
#ifndef TANDEM_PAIR_BATCH_H
#define TANDEM_PAIR_BATCH_H

#include "base/list.h"
#include "base/map.h"
#include "world/world_int.h"

struct pair;

/* What a turn wants done, waiting for the backup's receipt. */
struct pair_held {
    struct list link;
    uint64_t number; /* of the batch; 0: none was sent */
    int64_t since;
    struct buffer effects;
};

/* A record that the backup keeps, or (without bytes) one that the primary knows to exist. */
struct pair_item {
    struct list link;
    struct record_id id;
    struct buffer bytes;
    char key[9];
};

/* batch.c */
void pair__commit(struct pair *p, struct world *inner);
void pair__receipt(struct pair *p, struct slice payload);
void pair__release_all(struct pair *p);
void pair__batch_reset(struct pair *p); /* a new link: numbers begin anew */
void pair__held_free(struct list *held);
/* Takes records until they have `limit` bytes; returns how many. `last` counts where all were taken. */
size_t pair__batch_send(struct pair *p, const struct record_id *records, size_t count, size_t limit,
    struct slice promises, bool last);

/* walk.c */
void pair__known(struct pair *p, struct record_id id, bool exists);
void pair__known_free(struct pair *p);
void pair__walk_start(struct pair *p);
void pair__walk_step(struct pair *p);
struct pair_item *pair__item(struct map *m, struct record_id id, bool make);
void pair__item_free(struct map *m, struct pair_item *item);

/* shadow.c */
void pair__shadow_part(struct pair *p, struct slice payload); /* the rest of the batch follows */
void pair__shadow_batch(struct pair *p, struct slice payload);
void pair__shadow_beat(struct pair *p, struct slice payload);
void pair__shadow_free(struct pair *p);
struct pair_item **pair__shadow_sorted(struct pair *p, size_t *count); /* by kind and id; mem_free it */

#endif
