/* What the sub-commands about changes share. */
#ifndef TANDEM_TOOLS_CHANGES_CHANGES_H
#define TANDEM_TOOLS_CHANGES_CHANGES_H

#include <jansson.h>

#include "config/start/option.h"

/* Prints what a change (an answer of the REST interface) does to each object, and how many there were. */
void difference_print(const json_t *change, bool dry);
void difference_object(struct buffer *out, const json_t *changed);

/* The objects of a file or of all files of a folder, by kind. Complains and gives NULL. */
json_t *source_read(const char *path);

/* One change; waits until it is made when that takes long. NULL: it was not, and what `complain` says (with
 * the path of the answer) has been said. */
json_t *change_send(const struct options *o, struct slice path, const json_t *content,
    void (*complain)(void *argument, unsigned status, const json_t *answer), void *argument);

/* "?dry_run=true&comment=..." of the options, behind what is there. */
void change_query(struct buffer *path, const struct options *o, bool comment);

#endif
