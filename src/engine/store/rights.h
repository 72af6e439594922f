/* Who needs what of PostgreSQL, from the heads of the statements. */
#ifndef TANDEM_ENGINE_STORE_RIGHTS_H
#define TANDEM_ENGINE_STORE_RIGHTS_H

#include "base/buffer.h"

/* The roles that use the store ("config", "history", ...), in the order of the alphabet; NULL behind the
 * last one. Beside its own statements each runs those that every process runs; "member" runs only these. */
const char *store_rights_role(size_t at);

/* SQL that makes a role of PostgreSQL for each of them, with the least rights, or brings those that are there
 * up to date. */
void store_rights_sql(struct buffer *out);

/* Whether a role may run a statement: it has the rights for everything that the statement touches, be it for
 * others of its statements. */
bool store_rights_cover(const char *role, const char *statement);

#endif
