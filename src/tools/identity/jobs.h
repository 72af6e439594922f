/* What the role identity has done by the pool: everything that needs keys, files or time. Each result is one
 * JSON object; a refusal is a sentence. Only where the authority's key is.
 *
 *     identity-authority                                  -> authority
 *     identity-check   name, request, code                -> fingerprint, code (its hash; "" without one)
 *     identity-code                                       -> text, hash
 *     identity-verify  pem, id, at, request, signature    -> {}
 *     identity-sign    name, request, address, days       -> certificate, serial, fingerprint, ends_at
 *     identity-self                                       -> name, certificate, serial, fingerprint, ends_at
 *     identity-start   certificate                        -> authority, start (options), sealed: an
 *                                                            envelope with files, secret_key */
#ifndef TANDEM_TOOLS_IDENTITY_JOBS_H
#define TANDEM_TOOLS_IDENTITY_JOBS_H

#include "config/start/option.h"
#include "world/real/service.h"

struct identity_jobs {
    const char *data;
    const char *member, *certificate; /* our own name in the cluster (NULL: none), our certificate's file */
    const struct options *options;    /* of this process: what a new member is told */
};

/* `jobs` must outlive the pool. */
void identity_offer(struct real_pool *pool, struct identity_jobs *jobs);

#endif
