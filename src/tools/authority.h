/* The certificates of a contact centre that has none of its own: a local authority and a server certificate
 * that it signed, made at the first start and renewed in time.
 *
 *     <data>/certificates/authority.pem  authority.key  server.pem  server.key      (mode 0600, the folder
 * 0700)
 *
 * Whoever should trust the web application without a warning imports authority.pem once. */
#ifndef TANDEM_TOOLS_AUTHORITY_H
#define TANDEM_TOOLS_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTHORITY_PATH 4096

struct authority {
    char authority[AUTHORITY_PATH]; /* certificate of the authority */
    char certificate[AUTHORITY_PATH], key[AUTHORITY_PATH];
    bool first;   /* the authority was made now */
    bool renewed; /* the server certificate was made now */
};

/* `now`: seconds since the epoch. `names`: more host names and addresses that the certificate shall carry
 * beside localhost, 127.0.0.1, ::1 and the name of this machine. What is there and good stays as it is; a
 * server certificate that is damaged, belongs to another key, lacks a name or ends within 30 days is made
 * anew. An authority that is damaged is not: somebody trusts it; ERROR_CORRUPT. What is wrong is logged. */
struct authority_wish {
    const char *data;
    const char
        *member; /* the name of this member of a cluster: the first of the certificate's names; NULL: none */
    const char *const *names;
    size_t name_count;
    int64_t now;
};
int authority_prepare(struct authority *a, const struct authority_wish *wish)
    __attribute__((warn_unused_result));

#endif
