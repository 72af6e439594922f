/* The start file of a machine that has joined: its name, its certificate, and where the platform's engines
 * are. */
#ifndef TANDEM_TOOLS_IDENTITY_START_FILE_H
#define TANDEM_TOOLS_IDENTITY_START_FILE_H

#include "tools/identity/kept.h"

/* From what the platform has answered: secrets become files in the data folder, what is no option of an
 * engine is left out. *made: false when the platform has no engines that another machine could reach; then
 * nothing is written. */
int start_file_write(bool *made, const char *path, const struct kept *k, const char *name,
    const json_t *answer, const json_t *secrets, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
