/* A journal: what happened to a small state, to be told again at the next opening. One file of records;
 * rewritten as a whole when it has grown far beyond the state it stands for. */
#ifndef TANDEM_ENGINE_JOURNAL_H
#define TANDEM_ENGINE_JOURNAL_H

#include "engine/files.h"

struct journal;

/* `told` gets each entry in order. A torn tail is cut; ERROR_CORRUPT: damage before good entries. */
int journal_open(struct journal **j, struct files *files, const char *name,
    void (*told)(void *argument, struct slice entry), void *argument) __attribute__((warn_unused_result));
void journal_close(struct journal *j);

int journal_append(struct journal *j, struct slice entry) __attribute__((warn_unused_result));
int journal_sync(struct journal *j) __attribute__((warn_unused_result));

uint64_t journal_size(const struct journal *j); /* bytes */
/* Everything anew: `entries` calls journal_entry for each. On a failure the old file goes on. */
struct journal_writer;
void journal_entry(struct journal_writer *w, struct slice entry);
int journal_rewrite(struct journal *j, void (*entries)(void *argument, struct journal_writer *w),
    void *argument) __attribute__((warn_unused_result));

#endif
