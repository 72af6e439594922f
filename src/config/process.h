/* What a copy of the configuration says of the process that holds it, and of no other. */
#ifndef TANDEM_CONFIG_PROCESS_H
#define TANDEM_CONFIG_PROCESS_H

#include "config/config.h"

/* SHA-256 in hexadecimal of the token by which this machine's sub-commands speak to it as administrator
 * (header "Authorization: Bearer TOKEN"); empty: nobody can. It is a fact of this process, not of the store.
 */
struct slice config_operator_token_sha256(const struct configuration *c);
/* The key of the cluster's secrets at rest (seal.h); empty: they are kept in clear. Never logged or sent. */
struct slice config_secret_key(const struct configuration *c);
/* Name servers that it asks, as dns_resolver_servers takes them. */
struct config_list config_resolvers(const struct configuration *c);

#endif
