/* The inside of the role. */
#ifndef TANDEM_ROLES_CONFIG_WRITER_INT_H
#define TANDEM_ROLES_CONFIG_WRITER_INT_H

#include "base/arena.h"
#include "base/list.h"
#include "config/load.h"
#include "roles/config/writer.h"
#include "world/world.h"

#define WRITER_WAITING                                                                                       \
    64                   /* changes that wait for their turn; past it the requester is told to come later    \
                          */
#define WRITER_LIST 1000 /* objects of one answer */
#define WRITER_ANSWER ((size_t)512 << 10) /* bytes of one answer */

enum writer_state {
    WRITER_ST_LOADING,
    WRITER_ST_READY,
    WRITER_ST_HASHING,
    WRITER_ST_WRITING,
    WRITER_ST_CHECKING
};
enum writer_event {
    WRITER_EV_YES,     /* the engine has done it */
    WRITER_EV_NO,      /* ... has refused it */
    WRITER_EV_UNKNOWN, /* ... may have done it */
    WRITER_EV_CHANGE,  /* a change waits */
    WRITER_EV_TIMER,
};

enum writer_method { WRITER_GET, WRITER_PUT, WRITER_DELETE };

/* A request as it was understood. Slices point into the turn. */
struct writer_request {
    struct slice reply_to, user, role;
    uint64_t token;
    enum writer_method method;
    const struct kind *kind; /* NULL: of all */
    struct slice name;       /* empty: of the kind */
    struct slice after;      /* GET of a kind: from behind this name */
    uint64_t limit;
    bool secrets;
    bool has_version;
    uint64_t version; /* DELETE: what the requester has seen */
    struct slice body;
};

/* One that waits for its turn or for an engine. */
struct writer_change {
    struct list link;
    struct arena arena; /* what the slices point to */
    struct writer_request request;
    uint64_t expected;  /* version that is replaced; 0: there is none */
    json_t *body;       /* to be kept; NULL: deletes */
    struct buffer text; /* the same as it is written */
};

struct writer {
    struct world *world;
    struct catalogue *catalogue;
    struct config_load load; /* while LOADING */
    uint8_t state;           /* enum writer_state */
    uint64_t question;       /* token of the one that is open; older answers are ignored */
    struct world_timer timer;
    struct list waiting; /* the first is the one being made, unless READY */
    size_t waiting_count;
};

/* What an engine said. */
struct writer_answer {
    int error;
    struct slice bytes;
};

/* Understands a request, or answers what is wrong with it. */
bool writer__parse(struct writer_request *r, struct writer *w, struct slice bytes, struct arena *arena);
void writer__get(struct writer *w, const struct writer_request *r);
void writer__enqueue(struct writer *w, const struct writer_request *r);
/* Begins the first one that waits and passes its checks; those that do not are answered. The next state. */
int writer__begin(struct writer *w);
void writer__drop(struct writer *w, struct writer_change *change);
static inline struct writer_change *writer__current(struct writer *w)
{
    return list_entry(list_first(&w->waiting), struct writer_change, link);
}

void writer__answer(struct writer *w, const struct writer_request *r, unsigned status, const json_t *body);
/* {"error": {...}}; sentence empty: the code's own. */
void writer__refuse(struct writer *w, const struct writer_request *r, unsigned status, int error,
    struct slice path, struct slice sentence);
unsigned writer__status(int error); /* of HTTP */

/* Questions to the engines; the answer comes as an event of the machine. */
void writer__ask_page(struct writer *w); /* of all objects, while loading */
void writer__ask_hash(struct writer *w, struct slice password);
void writer__ask_write(struct writer *w, const struct writer_change *change);
void writer__ask_object(struct writer *w, const struct writer_change *change);
/* The encoded hash of a JobAnswer; empty: it is none. */
struct slice writer__hash(struct slice answer, struct arena *arena);

#endif
