/* What commands that show lists have in common. */
#ifndef TANDEM_TOOLS_TABLE_H
#define TANDEM_TOOLS_TABLE_H

#include <jansson.h>

#include "tools/dispatch.h"

/* Asks the running system; its answer as JSON, or NULL: it was said why (*status is 0 when nobody answered).
 */
json_t *table_ask(const struct options *o, const char *method, const char *path, unsigned *status);
/* Prints it as it is; EXIT_DONE. */
int table_json(const json_t *json);
/* A row for each object, a column for each name (at most ten, a NULL behind them). */
void table_print(const json_t *rows, const char *const *names);

#endif
