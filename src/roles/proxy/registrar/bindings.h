/* Which phone is where: the registrations of the whole location, in the memory of every proxy.
 *
 *     REGISTER ── registrar ── set ──┐               ┌── share (other proxies, sessions)
 *     other proxies, store ── merge ─┴── bindings ───┼── save (store)
 *                                                    └── places (pairs: which DNs are in service)
 *
 * Of two reports of a contact the one that was made later counts, also where it says that the contact is
 * gone: what was removed is remembered until it would have run out, so that no older report brings it back.
 * Proxies that know the same have the same digests, whatever way it came to them. */
#ifndef TANDEM_ROLES_PROXY_REGISTRAR_BINDINGS_H
#define TANDEM_ROLES_PROXY_REGISTRAR_BINDINGS_H

#include "base/list.h"
#include "sip/transaction.h"
#include "wire/event.pb-c.h"
#include "world/world.h"

#define PROXY_NAME SIP_TARGET_NAME
#define PROXY_CONTACTS 10U /* of one DN */
#define PROXY_GONE 10U     /* removed contacts of one DN that are remembered */
#define PROXY_SLICES 256U  /* of all DNs, by hash */

struct proxy;

/* Where a phone is reached: at which proxy, by which flow. */
struct phone_flow {
    char proxy[PROXY_NAME];
    enum transport transport;
    struct address address; /* UDP */
    uint64_t flow, incarnation;
    unsigned listener;
};

struct origin_state { /* a proxy, and what was heard of its registrations */
    char name[PROXY_NAME];
    uint64_t incarnation;
    uint64_t number;  /* all changes up to this one are known */
    uint64_t heard;   /* and this one was told; more than number: some are missing, and are asked for */
    int64_t heard_at; /* µs */
    int64_t saved_at; /* µs: what it changed until then is in the store */
    int64_t asked_at; /* µs: of the last question */
    unsigned next;    /* slice to ask for */
    bool asking;      /* a question is open */
    bool begun;       /* the answer has begun */
};

enum binding_written { BINDING_WRITTEN, BINDING_UNSAVED, BINDING_SAVING };

/* One contact of a DN; texts stand behind it. Half a million of them fit into a proxy: mind the size. */
struct binding {
    struct binding *next; /* of the DN, in order of arrival */
    struct aor *aor;
    struct list unsaved;
    const struct origin_state *origin; /* the proxy that has the flow */
    int64_t changed_at, expires_at;    /* µs; a removed one is remembered until it would have run out */
    union {
        struct address address; /* transport UDP */
        struct {
            uint64_t flow, incarnation; /* all others */
        };
    };
    uint64_t call; /* hash of the Call-ID */
    uint32_t cseq, reg_id;
    uint16_t contact_length, instance_length, path_length, agent_length, room;
    uint16_t q; /* thousandths */
    uint8_t transport, listener;
    uint8_t written : 2;
    bool gone : 1, adopted : 1;
    char texts[]; /* contact, instance, path, agent; a NUL behind each */
};

struct aor {
    struct list of_slice;
    struct binding *first;
    uint16_t live, gone;
    uint8_t slice, length;
    char dn[];
};

/* What somebody says about one contact. */
struct binding_report {
    struct slice dn, contact, instance, path, agent;
    const struct origin_state *origin;
    struct phone_flow flow; /* without the proxy's name */
    int64_t changed_at, expires_at;
    uint64_t call;
    uint32_t cseq, reg_id;
    uint16_t q;
    bool gone;
};

static inline bool binding_has_address(const struct binding *b)
{
    return b->transport == TRANSPORT_UDP;
}
static inline struct slice binding_contact(const struct binding *b)
{
    return slice_of(b->texts, b->contact_length);
}
static inline struct slice binding_instance(const struct binding *b)
{
    return slice_of(b->texts + b->contact_length + 1, b->instance_length);
}
static inline struct slice binding_path(const struct binding *b)
{
    return slice_of(b->texts + b->contact_length + b->instance_length + 2, b->path_length);
}
static inline struct slice binding_agent(const struct binding *b)
{
    return slice_of(b->texts + b->contact_length + b->instance_length + b->path_length + 3, b->agent_length);
}

/* bindings.c */
struct aor *proxy__aor(struct proxy *p, struct slice dn); /* NULL: nothing is known */
/* Its key is the contact and the number of the flow (0: none): phones register one contact by two flows (RFC
 * 5626). By the contact's bytes, also a removed one; by the rules of URIs, one that lives. */
struct binding *proxy__binding_find(struct aor *a, struct slice contact, uint32_t reg_id);
struct binding *proxy__binding_same(struct aor *a, struct slice contact, uint32_t reg_id);
bool proxy__binding_lives(const struct proxy *p, const struct binding *b);
/* A registration made here: told to the others, written to the store. */
struct binding *proxy__binding_set(struct proxy *p, struct binding_report *r);
void proxy__binding_remove(struct proxy *p, struct binding *b);
/* What another proxy or the store says; false: nothing new. */
bool proxy__binding_merge(struct proxy *p, const struct binding_report *r);
void proxy__binding_forget(struct proxy *p, struct binding *b); /* without a word to anybody */
void proxy__binding_pack(const struct binding *b, Tandem__Binding *out);
bool proxy__binding_read(struct proxy *p, struct binding_report *r, const Tandem__Binding *b);
void proxy__binding_flow(const struct binding *b, struct phone_flow *flow);
struct origin_state *proxy__origin(struct proxy *p, const char *name); /* NULL: too many of them */
const struct origin_state *proxy__own_origin(struct proxy *p);

/* sweep.c, and the room's input */
void proxy__bindings_open(struct proxy *p);
void proxy__bindings_close(struct proxy *p);
bool proxy__bindings_input(struct proxy *p, const struct input *in);
void proxy__bindings_flush(struct proxy *p); /* at the end of each turn */
void proxy__bindings_audit(const struct proxy *p, struct buffer *out);

#include "roles/proxy/registrar/registrar_int.h"

#endif
