/* Inside the role session.
 *
 *   browser ── flow ── connection ──┬── HTTP: route ──┬── files, log-in, status
 *                                   │                 └── question ── store, job, role config
 *                                   └── WebSocket <── feed (changes, encoded once) <── view: devices, calls
 *                                                                                       ^
 *                         proxies: reg.> ── origins (numbers, snapshots) ── live.>: pairs of nodes
 *
 * A connection that ends is freed at the end of the turn, so nobody has to look whether it is still there. */
#ifndef TANDEM_ROLES_SESSION_SESSION_INT_H
#define TANDEM_ROLES_SESSION_SESSION_INT_H

#include "base/list.h"
#include "base/map.h"
#include "config/config.h"
#include "http/websocket.h"
#include "roles/session/session.h"
#include "roles/session/view.h"
#include "world/world.h"

enum session_object {
    SESSION_OBJECT_SELF = 1,
    SESSION_OBJECT_CONNECTION, /* index: the flow */
    SESSION_OBJECT_SIGN_IN,    /* index: its number */
    SESSION_OBJECT_CONTACT,    /* index: its number */
    SESSION_OBJECT_QUESTION,   /* token: the question */
};
enum session_token { /* of listeners and subscriptions */
    SESSION_TOKEN_LISTEN = 1,
    SESSION_TOKEN_REGISTRATIONS,
    SESSION_TOKEN_LIVE,
    SESSION_TOKEN_BINDINGS,
    SESSION_TOKEN_CALLS,
    SESSION_TOKEN_CONFIG,
};
enum session_cursor { SESSION_AGAIN_DELIVER = 1, SESSION_AGAIN_FLUSH, SESSION_AGAIN_CONFIG };

#define SESSION_SIGN_INS 10000U         /* at a time; the oldest gives way */
#define SESSION_SIGN_INS_USER 20U       /* of one person */
#define SESSION_QUESTIONS 1000U         /* open at a time */
#define SESSION_VERIFICATIONS 16U       /* passwords being verified at a time */
#define SESSION_ATTEMPTS 10000U         /* users and addresses that are remembered */
#define SESSION_RATES 10000U            /* sources without a log-in that are remembered */
#define SESSION_RATE_MOST 60U           /* what a source may ask at once */
#define SESSION_SUBJECT 128             /* bytes of a subject of ours */
#define SESSION_WALK 256U               /* objects a turn */
#define SESSION_DELIVERY (4U << 20)     /* bytes a turn to all browsers together, and one message more */
#define SESSION_LAG (1U << 20)          /* bytes that a browser may be behind */
#define SESSION_ACKNOWLEDGE (64U << 10) /* bytes between two pings that ask a browser how far it is */
#define SESSION_RING 1000U              /* changes kept for browsers that come back */
#define SESSION_RING_BYTES (8U << 20)

/* A person who has logged in. */
struct sign_in {
    uint64_t number;
    char id[32]; /* SHA-256 of what is in the cookie */
    char user[65];
    uint64_t password; /* hash of the password's hash: another one ends this */
    int64_t until;
    struct list link; /* the oldest first */
    struct list connections;
    struct world_timer timer;
};

/* A browser's connection. */
struct connection {
    struct session *session;
    uint64_t flow;
    struct list link;       /* session->connections, or ->ended */
    struct list of_sign_in; /* WebSocket */
    struct list feed;       /* session->feed.watchers or .behind */
    struct sign_in *sign_in;
    struct http_connection *http; /* NULL: a WebSocket */
    struct websocket websocket;
    uint64_t question;                         /* that the request waits for; 0: none */
    uint64_t next;                             /* number of the changes that it gets next */
    uint64_t sent, acknowledged, pinged, base; /* bytes; base: `sent` after the last snapshot */
    struct world_timer timer;
    struct address peer;
    bool ended, paused, reading, closing, asleep;
};

/* What a request waits for. */
struct question {
    uint64_t token;
    struct connection *connection; /* NULL: it has gone meanwhile */
    void (*answer)(struct question *q, const struct input *in);
    char user[65];     /* log-in, and who asks another role */
    const char *right; /* of that person; NULL: nobody has logged in */
    const char *role;  /* that is asked on the bus */
    uint64_t id;       /* under which that role knows it */
    uint64_t limit;    /* history */
    bool known;        /* log-in: there is such a user */
    bool verifies;
    struct gathering *gathering; /* gather.c: several answer; NULL: the first answer counts */
    struct world_timer timer;    /* those on the bus */
};

/* Failed log-ins of a user or an address. */
struct attempt {
    struct list link; /* the one that was longest not used first */
    struct map *map;
    unsigned failures;
    int64_t last, blocked_until;
    size_t length;
    char key[];
};

struct feed {
    uint64_t number; /* of the newest changes */
    struct list watchers, behind;
    struct buffer ring[SESSION_RING]; /* frames; number n at n % SESSION_RING */
    uint64_t oldest;                  /* number of the oldest one that is kept */
    size_t ring_bytes;
    struct buffer snapshot; /* frame; empty: to be made */
    struct world_timer batch;
    bool delivering;
};

struct session {
    struct world *world;
    struct slice name, location;
    uint64_t incarnation;
    uint64_t next_number; /* of questions, sign-ins, contacts */
    struct list connections, ended;
    struct map by_flow, questions;
    struct map sign_ins, sign_ins_by_number;
    struct list sign_in_order;
    struct map attempts_of_users, attempts_of_sources;
    struct list attempt_order;
    size_t attempt_count, verifications;
    struct map rates;
    struct list rate_order;
    struct view view;
    struct feed feed;
    struct world_timer ask_timer, audit_timer;
    struct configuration *shown, *next; /* the copy whose DNs are all in the view; the one that it goes to */
    struct config_dn_walk walk;         /* from the one to the other */
    uint32_t config_generation;
    bool draining;
    bool complete;      /* everybody who tells something was heard once */
    bool deaf;          /* it could not listen on an endpoint of its own */
    struct buffer out;  /* of one connection's handling */
    struct arena arena; /* of one turn */
};

#include "roles/session/calls.h"

#endif
