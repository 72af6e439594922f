/* The role on a bench: a pool that knows what it is told, and a role config that keeps members in memory. */
#ifndef TANDEM_ROLES_IDENTITY_IDENTITY_FIXTURE_H
#define TANDEM_ROLES_IDENTITY_IDENTITY_FIXTURE_H

#include <jansson.h>

#include "config/builder.h"
#include "roles/identity/identity.h"
#include "world/world_int.h"

#define IDENTITY_DESK_START 1700000000000000 /* µs */

struct identity_desk {
    struct world world;
    struct wheel wheel;
    void *self;
    int64_t now;
    uint64_t chance;
    struct configuration *configuration;
    json_t *members;   /* by name, with version */
    struct buffer log; /* "check;get host-2;put host-2 operator;" */
    /* What is under way. */
    struct buffer asked, configured;
    uint64_t ask_token;
    bool asks, configures;
    /* How the others behave. */
    const char *silent;  /* a job, "get" or "put" that nobody answers */
    const char *fails;   /* one that is refused */
    const char *between; /* a name: somebody else changes that member before it is written */
    const char *own;     /* serial number of this process's certificate; NULL: it is no member */
    /* The last answer. */
    unsigned status;
    json_t *answer;
};

void identity_desk_open(struct identity_desk *d);
void identity_desk_close(struct identity_desk *d);
/* A request by this role ("": nobody has logged in), carried out as far as it goes. */
void identity_desk_ask(
    struct identity_desk *d, const char *role, const char *method, const char *path, const char *body);
void identity_desk_wait(struct identity_desk *d, int64_t microseconds); /* for timers */
void identity_desk_late(struct identity_desk *d);                       /* the last job's time is over */
void identity_desk_configure(struct identity_desk *d); /* the role gets the members as they are */

const char *identity_desk_text(
    const struct identity_desk *d, const char *name, const char *field); /* of a member; "": none */
int64_t identity_desk_number(const struct identity_desk *d, const char *name, const char *field);
const char *identity_desk_said(const struct identity_desk *d); /* the sentence of an error */

#endif
