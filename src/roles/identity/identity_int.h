/* The inside of the role. */
#ifndef TANDEM_ROLES_IDENTITY_IDENTITY_INT_H
#define TANDEM_ROLES_IDENTITY_IDENTITY_INT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/map.h"
#include "roles/identity/identity.h"
#include "world/world.h"

#define IDENTITY_ERRANDS 64U /* at a time; past it the requester is told to come later */
#define IDENTITY_OPEN                                                                                        \
    64U /* members that wait for an administrator; one that waits longest does not give way */
#define IDENTITY_SEEN 4096U /* members whose last signature is remembered */
#define IDENTITY_DAYS "90"  /* of a certificate */
#define IDENTITY_ID 32      /* hexadecimal digits */

enum identity_token { IDENTITY_TOKEN_REQUESTS = 1, IDENTITY_TOKEN_CONFIG };

enum identity_kind { /* of errand */
    IDENTITY_ENROL,
    IDENTITY_AUTHORITY,
    IDENTITY_FETCH,
    IDENTITY_RENEW,
    IDENTITY_LIST,
    IDENTITY_TRUST,
    IDENTITY_REVOKE,
    IDENTITY_CODE,
    IDENTITY_SIGN, /* nobody asked: a trusted member has no certificate for its request */
    IDENTITY_SELF, /* this process's own certificate is another one */
    IDENTITY_KINDS
};

enum identity_state { /* what it waits for */
    IDENTITY_ST_NEW,
    IDENTITY_ST_CHECKING,  /* is the request well-formed, and what is in the code? */
    IDENTITY_ST_MAKING,    /* a code */
    IDENTITY_ST_READING,   /* the member, or the list of all */
    IDENTITY_ST_VERIFYING, /* a signature */
    IDENTITY_ST_SIGNING,   /* a certificate */
    IDENTITY_ST_WRITING,   /* the member as it is to be */
    IDENTITY_ST_GIVING,    /* authority and start file */
    IDENTITY_ST_DONE
};
enum identity_event { IDENTITY_EV_GO, IDENTITY_EV_YES, IDENTITY_EV_NO, IDENTITY_EV_UNKNOWN };

struct errand {
    struct identity *identity;
    struct arena arena; /* what the slices point to */
    uint64_t token;
    uint8_t kind, state, step;
    struct slice reply_to, user, source; /* who asks; empty: nobody */
    uint64_t reply_token;
    struct slice name, id; /* of the member */
    struct slice request, code, location, fingerprint, after, signature;
    int64_t at;
    bool changed;           /* the member is to be written */
    json_t *member;         /* as it is, then as it is to be; NULL: not read */
    uint64_t version;       /* of it as it is; 0: there is none */
    json_t *checked, *made; /* what jobs have said */
    struct world_timer timer;
};

/* An enrolment of which we have heard: the time of its last signature, and its name until the configuration
 * has it. */
struct seen {
    int64_t at;
    char id[IDENTITY_ID], name[33];
};

struct identity {
    struct world *world;
    struct buffer reply_to; /* subject of answers to us */
    uint64_t next_token;
    struct map errands;
    struct map seen; /* by instance id: struct seen */
    struct world_timer again, self;
};

/* What an engine or the role config said. */
struct identity_answer {
    unsigned status; /* of HTTP, of the role config; 0: of a job */
    int error;
    struct slice bytes;
};

/* A refusal: what to say. */
struct identity_refusal {
    unsigned status;
    int error;
    const char *sentence; /* NULL: the error's own */
};

/* errand.c */
struct errand *identity__errand(struct identity *i, enum identity_kind kind); /* NULL: too many */
void identity__feed(struct errand *e, enum identity_event event, const struct identity_answer *answer);
void identity__end(struct errand *e);                                   /* frees it */
void identity__answer(struct errand *e, unsigned status, json_t *body); /* takes the body */
void identity__refuse(struct errand *e, const struct identity_refusal *r);
struct slice identity__text(const json_t *object, const char *field); /* empty: none */
int64_t identity__number(const json_t *object, const char *field);

/* request.c: understands what came on ctl.identity, and begins an errand or answers what is wrong. */
void identity__take(struct identity *i, struct slice bytes);

/* ask.c: each ends in one event */
void identity__ask(struct errand *e, enum identity_state state);

/* steps.c: what follows; the next state. */
int identity__advance(struct errand *e);
int identity__took(struct errand *e, const struct identity_answer *a); /* a YES; what it brought is kept */

/* decide.c: changes e->member, or says why not. `now` is the world's. */
bool identity__decide(struct errand *e, int64_t now, const uint64_t chance[2], struct identity_refusal *r);
/* Whether the time of a signature is one that may be now, and was not seen before. */
bool identity__timely(struct errand *e, int64_t now, struct identity_refusal *r);
void identity__remember(struct errand *e); /* it was made now, or its signature was good */

/* identity.c: begins to sign for who waits. */
void identity__look(struct identity *i);

#endif
