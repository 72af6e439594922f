/* tandem backup and tandem restore (OPS-32). */
#ifndef TANDEM_TOOLS_BACKUP_BACKUP_H
#define TANDEM_TOOLS_BACKUP_BACKUP_H

#include "config/start/option.h"
#include "tools/backup/archive.h"
#include "tools/backup/database.h"

/* What both need of the options: where the data is, and the store. */
struct backup_place {
    struct arena texts;
    struct real_engines_params params;
    const struct database_kind *kind;
};
void backup__place(struct backup_place *place, const struct options *options);

/* ---- rows.c: a row as a line of JSON ---- */
/* ["id","call_id"], and [17,"00ff",null,{"bytes":"base64"}] */
int backup__table_line(struct buffer *out, const struct database_table *table)
    __attribute__((warn_unused_result));
int backup__row_line(struct buffer *out, const struct database_value *values, size_t count)
    __attribute__((warn_unused_result));
int backup__read_table(struct database_table *table, struct slice line) __attribute__((warn_unused_result));
/* The values lie in the arena. */
int backup__read_row(struct database_value *values, size_t count, struct slice line, struct arena *arena)
    __attribute__((warn_unused_result));

/* ---- manifest.c ---- */
int backup__add_manifest(struct archive *a, unsigned schema, const char *engine)
    __attribute__((warn_unused_result));
/* Compares it with what is there: ERROR_CORRUPT, ERROR_NEWER and a sentence. */
int backup__check_manifest(struct archive *a, unsigned *schema, const char *path, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
