/* The role identity belongs to the process that has the authority's key, not to the configuration. */
#include <stdio.h>
#include <unistd.h>

#include "roles/identity/identity.h"
#include "run/run_int.h"

void run__identity_jobs(struct run *r)
{
    r->identity = (struct identity_jobs){.data = r->data,
        .member = run__member(r),
        .certificate = r->authority.certificate,
        .options = r->options};
    identity_offer(r->pool, &r->identity);
}

bool run__has_authority(const struct run *r)
{
    char path[AUTHORITY_PATH + 32];
    snprintf(path, sizeof path, "%s/certificates/authority.key", r->data);
    return access(path, R_OK) == 0;
}

const char *run__member(struct run *r)
{
    snprintf(r->member, sizeof r->member, "%.*s", SLICE_ARG(options_text(r->options, OPTION_NAME)));
    return r->member[0] != '\0' ? r->member : NULL;
}
