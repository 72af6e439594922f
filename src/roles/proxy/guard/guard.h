/* What strangers, broken phones and floods may cost the proxy, and what they get for it.
 *
 *     datagram, bytes ── guard_takes ──> parse ── guard_passes ──> transactions ── guard_admits ──> route
 *     new stream ─────── guard_accepts      └─ guard_blames (malformed)   guard_blames, guard_praises
 * (digest)
 *
 * Trusted sources (trunks and networks that the location names) are touched by none of it. */
#ifndef TANDEM_ROLES_PROXY_GUARD_GUARD_H
#define TANDEM_ROLES_PROXY_GUARD_GUARD_H

#include "sip/transaction.h"

struct guard;
struct proxy;
struct proxy_question;

enum guard_offence {
    GUARD_MALFORMED,   /* bytes that are no SIP */
    GUARD_SCANNER,     /* says that it is a tool for finding victims */
    GUARD_CREDENTIALS, /* wrong ones; not: none, or a nonce that is too old */
    GUARD_HALF_OPEN,   /* a stream that never finished its handshake or its first message */
    GUARD_OFFENCES
};

void guard_open(struct proxy *p);
void guard_close(struct proxy *p);
void guard_gauge(struct proxy *p);
/* Configuration, timers and news on the bus; the first is for others as well and is not kept. */
bool guard_input(struct proxy *p, const struct input *in);

/* Before anything is parsed; false: drop it without a word, it was counted. */
bool guard_takes(struct proxy *p, const struct address *peer, enum transport transport, struct slice bytes);
/* A new stream; false: close it. Each that was accepted is closed once. */
bool guard_accepts(struct proxy *p, const struct address *peer);
void guard_closed(struct proxy *p, const struct address *peer);
/* A well-formed message, before a transaction is made of it; false: it was dropped, or answered without
 * state. */
bool guard_passes(
    struct proxy *p, const struct sip_target *from, const struct address *peer, const struct sip_message *m);
/* What begins new work, at the top of proxy__request; false: it was answered. */
bool guard_admits(struct proxy *p, struct sip_transaction *t, const struct sip_message *m);

/* What the digest of the message at hand has shown. `number`: the DN; empty: there is none of that name. */
void guard_proved(struct proxy *p, const struct sip_message *m, struct slice number);
void guard_failed(struct proxy *p, struct slice number);

void guard_blames(struct proxy *p, const struct address *peer, enum guard_offence o);
/* It has shown good credentials: its share is that of phones that we know. */
void guard_praises(struct proxy *p, const struct address *peer);

/* RFC 5393: what our Via says of the request that came, and how many branches a fork may still become: 0: it
 * must not be forked into so many. */
uint32_t guard_loop_mark(const struct sip_message *m);
unsigned guard_breadth(const struct sip_message *m, unsigned branches);

/* RFC 7339: what a pair said, in a NodeLoad or in an answer, and whether it wants another call now. */
void guard_told(struct proxy *p, struct slice pair, struct slice bytes);
void guard_hears(struct proxy *p, struct slice pair, const struct sip_message *m);
bool guard_lets_through(struct proxy *p, struct slice pair, const struct sip_message *m);

/* What people ask about bans: questions.h. */
void guard_question(struct proxy *p, const struct proxy_question *q);

#endif
