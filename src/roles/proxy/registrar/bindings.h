/* Which phone is where: bindings of this proxy and of the others, and how they are shared and kept. */
#ifndef TANDEM_ROLES_PROXY_REGISTRAR_BINDINGS_H
#define TANDEM_ROLES_PROXY_REGISTRAR_BINDINGS_H

#include "base/list.h"
#include "sip/transaction.h"
#include "wire/event.pb-c.h"
#include "world/world.h"

#define PROXY_NAME SIP_TARGET_NAME
#define PROXY_CONTACTS 10 /* of one DN */

struct proxy;

struct binding {
    struct list link; /* of the DN, in order of arrival */
    struct aor *aor;
    char *contact;
    char proxy[PROXY_NAME];
    enum transport transport;
    struct address address;
    uint64_t flow, incarnation;
    char *call_id;
    uint32_t cseq;
    int64_t expires_at;
    unsigned listener;
};

struct aor {
    struct list bindings;
    unsigned count;
    size_t length;
    char dn[];
};

struct origin_state { /* what was heard of another proxy's registrations */
    char name[PROXY_NAME];
    uint64_t incarnation;
    uint64_t number; /* all changes up to this one are known */
    uint64_t heard;  /* and this one was told; more than number: some are missing, and are asked for */
};

/* bindings.c, share.c */
void proxy__bindings_open(struct proxy *p);
void proxy__bindings_close(struct proxy *p);
bool proxy__bindings_input(struct proxy *p, const struct input *in);
struct aor *proxy__aor(struct proxy *p, struct slice dn, bool make);
struct binding *proxy__binding_find(struct aor *a, struct slice contact);
/* Puts, replaces or (expires_at 0) removes a binding. `local`: it is ours to share and to write. */
void proxy__binding_put(struct proxy *p, const Tandem__Binding *b, bool local);
void proxy__binding_pack(const struct binding *b, const char *dn, Tandem__Binding *out);
/* A page of the store; returns how many rows there were, and leaves DN and contact of the last in `last`. */
size_t proxy__bindings_load(struct proxy *p, struct slice store_answer, char last[2][512]);
void proxy__share_change(struct proxy *p, const Tandem__Binding *b);
void proxy__share_loaded(struct proxy *p); /* all registrations of the store are known */
void proxy__share_open(struct proxy *p);
bool proxy__share_input(struct proxy *p, const struct input *in);
void proxy__share_close(struct proxy *p);
void proxy__save_later(struct proxy *p, const Tandem__Binding *b);
bool proxy__save_input(struct proxy *p, const struct input *in);
void proxy__save_close(struct proxy *p);

#endif
