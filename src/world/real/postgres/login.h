/* Who we are to PostgreSQL, and how a connection is made: by TLS, to a server that is the right one, or by a
 * local socket. */
#ifndef TANDEM_WORLD_REAL_POSTGRES_LOGIN_H
#define TANDEM_WORLD_REAL_POSTGRES_LOGIN_H

#include <libpq-fe.h>

#include "base/buffer.h"
#include "world/real/engines.h"

struct postgres_login {
    const char *user, *password_file, *database, *authority, *certificate,
        *key; /* NULL: none, or the default */
};

/* For tools: the server of the store that takes writes, waited for. Close it by PQfinish. */
int postgres_log_in(PGconn **out, const struct real_engines_params *params, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
