/* A request as it was understood. */
#ifndef TANDEM_ROLES_CONFIG_REQUEST_H
#define TANDEM_ROLES_CONFIG_REQUEST_H

#include "base/arena.h"
#include "config/kind.h"

enum request_what {
    REQUEST_KINDS,   /* GET /api/config */
    REQUEST_LIST,    /* GET /api/config/KIND */
    REQUEST_OBJECT,  /* GET /api/config/KIND/NAME */
    REQUEST_PUT,     /* PUT the same */
    REQUEST_DELETE,  /* DELETE the same */
    REQUEST_USERS,   /* GET /api/config/KIND/NAME/users */
    REQUEST_CHANGE,  /* POST /api/changes */
    REQUEST_HISTORY, /* GET /api/changes */
    REQUEST_PAST,    /* GET /api/changes/N */
    REQUEST_UNDO,    /* POST /api/changes/N/undo */
    REQUEST_RESULT,  /* GET /api/changes/requests/ID */
    REQUEST_EXPORT,  /* GET /api/export */
    REQUEST_IMPORT,  /* POST /api/import */
};

/* Slices point into what it was read from. */
struct request {
    struct slice reply_to, user, role;
    uint64_t token;
    enum request_what what;
    const struct kind *kind; /* NULL: of all */
    struct slice name;
    struct slice after;  /* lists: from behind this */
    struct slice search; /* REQUEST_LIST: only what contains it */
    struct slice id;     /* REQUEST_RESULT: of the change that is asked for; of changes: its own, or empty */
    struct slice comment;
    uint64_t limit, before, number;
    bool secrets, dry_run, replace;
    bool repeated; /* another leader may have made it */
    bool has_version;
    uint64_t version; /* what the requester has seen */
    struct slice body;
};

/* ERROR_MISSING: nothing is there; ERROR_UNSUPPORTED: not by this method; ERROR_SYNTAX. With a sentence. */
int request_parse(struct request *r, struct slice method, struct slice path, struct arena *arena,
    struct buffer *sentence) __attribute__((warn_unused_result));

/* Everything that must outlive the turn is copied. */
void request_keep(struct request *r, struct arena *arena);

static inline bool request_writes(const struct request *r)
{
    return r->what == REQUEST_PUT || r->what == REQUEST_DELETE || r->what == REQUEST_CHANGE ||
           r->what == REQUEST_UNDO || r->what == REQUEST_IMPORT;
}

#endif
