/* Inside of the room. */
#ifndef TANDEM_ROLES_PROXY_TRUNK_TRUNK_INT_H
#define TANDEM_ROLES_PROXY_TRUNK_TRUNK_INT_H

#include "roles/proxy/trunk/state.h"
#include "roles/proxy/trunk/trunk.h"
#include "sip/digest.h"

/* trunk.c */
struct trunk_state *trunk__state(struct proxy *p, struct slice name);
struct trunk_state *trunk__state_of(struct proxy *p, uint64_t number);
const struct config_trunk *trunk__config(const struct trunk_state *s); /* NULL: it is gone */
uint64_t trunk__token(struct slice name);
const struct config_trunk *trunk__by_token(struct proxy *p, uint64_t token);
const struct config_location *trunk__location(struct proxy *p);
void trunk__note(struct trunk_state *s, enum trunk_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *trunk__reason_name(enum trunk_reason reason);
const char *trunk__reason_text(enum trunk_reason reason);

/* share.c: proxies tell each other, and whoever shows it, how their trunks are */
void trunk__share_open(struct proxy *p);
void trunk__share_due(struct proxy *p);
bool trunk__share_input(struct proxy *p, const struct input *in);
void trunk__share_close(struct proxy *p);

/* source.c */
void trunk__sources_follow(struct proxy *p);

/* call.c: how many there are */
/* Takes one out; false: it is empty. `each`: µs that one is worth. */
bool trunk__bucket_take(struct bucket *b, int64_t now, int64_t each, unsigned most);
bool trunk__admits(struct trunk_state *s, enum trunk_reason *why); /* takes one of its rate */
void trunk__call_begin(struct trunk_state *s, uint64_t call, bool out);
void trunk__call_seen(struct proxy *p, uint64_t call, struct trunk_state *s);
void trunk__call_end(struct proxy *p, uint64_t call);
struct trunk_call *trunk__call(struct proxy *p, uint64_t call); /* NULL: it is not known */
uint64_t trunk__call_key(const struct sip_message *m);
void trunk__calls_sweep(struct proxy *p);
void trunk__calls_close(struct proxy *p);
bool trunk__dn_admits(struct proxy *p, const struct config_dn *dn);

/* message.c */
/* What our Record-Route keeps of a dialog. */
struct trunk_way {
    uint64_t token;
    uint32_t shift;
    bool anonymous;
};
const char *trunk__way_text(struct proxy *p, const struct trunk_way *way);
bool trunk__way_read(struct trunk_way *way, const struct sip_message *m);
struct slice trunk__user(struct proxy *p, struct slice value); /* of a From, To; empty: none. In the arena */
struct slice trunk__user_inside(struct proxy *p, struct slice value); /* ... of a host that is ours */
struct slice trunk__called(struct proxy *p, const struct sip_message *m);
/* "<sip:user@address;transport=tcp", without its end. */
void trunk__add_own_uri(struct buffer *out, const struct edge_listener *l, struct slice user);
void trunk__add_user(struct buffer *out, struct slice number); /* escaped for a URI */

/* target.c */
const struct edge_listener *trunk__listener(
    struct proxy *p, const struct sip_target *from); /* what we are there */
int trunk__target(struct proxy *p, struct destination *to, const struct config_trunk *t, struct slice host,
    uint16_t port) __attribute__((warn_unused_result));
/* Whether the trunk may be where it says in a dialog: SEC-4. */
bool trunk__is_there(const struct config_trunk *t, const struct trunk_call *call, struct slice host);

/* credentials.c: adds the line that answers the challenges of `m`; the caller fills in method, uri and body
 * of the request. ERROR_DENIED: it must not be answered; ERROR_MISSING: there is none that can be. */
int trunk__answer(struct buffer *line, struct challenge_guard *guard, struct trunk_state *s,
    const struct sip_message *m, struct digest_answer *a) __attribute__((warn_unused_result));

void trunk__try_due(struct proxy *p, uint64_t relay); /* outgoing.c */

/* own.c */
struct trunk_request {
    enum sip_method method;
    uint32_t cseq, expires;
    uint64_t call_id;
    struct slice credentials;
};
uint64_t trunk__send_own(struct trunk_state *s, const struct config_trunk *t, const struct destination *to,
    const struct trunk_request *r);

/* watch.c */
void trunk__watch_follow(struct trunk_state *s);
void trunk__watch_heard(struct trunk_state *s, bool answered);
void trunk__watch_due(struct trunk_state *s);
bool trunk__in_service(const struct trunk_state *s);
bool trunk__watch_response(struct trunk_state *s, struct sip_transaction *t, uint16_t status); /* 0: none */
extern const struct fsm trunk_watch_machine;

/* register.c */
void trunk__register_follow(struct trunk_state *s);
void trunk__register_due(struct trunk_state *s);
void trunk__register_again(struct trunk_state *s); /* at once, where it is or was refused */
void trunk__register_response(struct trunk_state *s, struct sip_transaction *t, const struct sip_message *m);
extern const struct fsm trunk_register_machine;

#endif
