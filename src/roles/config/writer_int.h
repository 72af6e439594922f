/* The inside of the role.
 *
 *     bus ── inbox (parts, who leads) ──┬── reads: read.c, walk.c, past.c
 *                                       └── transactions ── check*.c ── writer_fsm.c ── store.c ──> engines
 */
#ifndef TANDEM_ROLES_CONFIG_WRITER_INT_H
#define TANDEM_ROLES_CONFIG_WRITER_INT_H

#include "base/list.h"
#include "config/load.h"
#include "lead/lead.h"
#include "roles/config/transaction.h"
#include "roles/config/writer.h"
#include "wire/engine.pb-c.h"

#define WRITER_WAITING                                                                                       \
    64 /* changes that wait for their turn; past it the requester is told to come later                      \
        */
#define WRITER_WAITING_BYTES ((size_t)64 << 20)
#define WRITER_HELD 64 /* requests that came while nobody leads */
#define WRITER_HELD_BYTES ((size_t)4 << 20)
#define WRITER_UPLOADS 8                  /* bodies that come in parts, at a time */
#define WRITER_BODY ((size_t)16 << 20)    /* bytes of one of them */
#define WRITER_READS 256                  /* questions to the store for history, and walks, at a time */
#define WRITER_RESULTS 32                 /* ends of long transactions that can be asked for */
#define WRITER_ANSWER ((size_t)512 << 10) /* bytes of one answer */
#define WRITER_NOTICES 32                 /* objects of a transaction that are told one by one */
#define WRITER_PAGE 400                   /* changed objects read at a time */
#define WRITER_PAGE_LEAST 16              /* ... when they are large */

enum writer_object {
    WRITER_OBJECT_MACHINE = 1,
    WRITER_OBJECT_LEAD,
    WRITER_OBJECT_READ,
    WRITER_OBJECT_INBOX,
    WRITER_OBJECT_TRANSACTION
};
enum writer_again { WRITER_AGAIN_MACHINE = 1, WRITER_AGAIN_WALK };
enum writer_token { WRITER_TOKEN_REQUESTS = 1, WRITER_TOKEN_LEAD };

enum writer_state {
    WRITER_ST_NUMBERING, /* asks for the last number */
    WRITER_ST_LOADING,   /* ... and for all objects */
    WRITER_ST_INDEXING,  /* notes who refers to whom */
    WRITER_ST_FOLLOWING, /* another instance leads, or nobody */
    WRITER_ST_CATCHING,  /* reads what others have changed */
    WRITER_ST_READY,
    WRITER_ST_FETCHING, /* reads what is to be undone */
    WRITER_ST_CHECKING,
    WRITER_ST_HASHING,
    WRITER_ST_STAGING,
    WRITER_ST_APPLYING,
    WRITER_ST_SETTLING, /* was it done? */
    WRITER_ST_TAKING,   /* not yet: takes its number, so that it never will be */
    WRITER_ST_FINISHING /* reads back what was done */
};
enum writer_event {
    WRITER_EV_YES,     /* the engine has done it */
    WRITER_EV_NO,      /* ... has refused it */
    WRITER_EV_UNKNOWN, /* ... may have done it */
    WRITER_EV_CHANGE,  /* a change waits */
    WRITER_EV_TIMER,
    WRITER_EV_AGAIN, /* the next turn of long work */
    WRITER_EV_LEAD,  /* this instance leads from now on */
    WRITER_EV_LOST,  /* ... no longer */
};

/* How far this instance has read what changed. */
struct writer_cursor {
    uint64_t number, newest;
    struct buffer kind, name;
    size_t page;
    bool fresh; /* the first page of a catching up */
};

struct writer {
    struct world *world;
    char name[LEAD_NAME];
    struct lead lead;
    bool follows; /* `lead` is open */
    struct catalogue *catalogue;
    struct uses uses;
    struct config_load load; /* while LOADING */
    struct writer_cursor cursor;
    struct writer_cursor index; /* while INDEXING */
    uint64_t number;            /* of the last transaction that the catalogue knows */
    uint8_t state;              /* enum writer_state */
    uint64_t question;          /* token of the one that is open; older answers are ignored */
    uint64_t tokens;
    struct world_timer timer, inbox_timer;
    struct list waiting; /* the first is the one being made, unless READY */
    size_t waiting_count, waiting_bytes;
    struct list held, uploads, pasts, walks, results;
    size_t held_count, held_bytes, upload_count, read_count, result_count;
    bool touched[KIND_MAX]; /* kinds of what was read back since the catching up began */
    json_t *hashing;        /* the body whose password is being hashed */
};

/* What an engine said. */
struct writer_answer {
    int error;
    struct slice bytes;
};

#include "roles/config/calls.h"

#endif
