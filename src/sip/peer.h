/* How SIP travels between our own proxies and nodes: framed, on streams, each side introducing itself first
 * (PeerHello of record.proto). Numbers of the frames' kinds. */
#ifndef TANDEM_SIP_PEER_H
#define TANDEM_SIP_PEER_H

enum {
    SIP_FRAME_HELLO = 16,
    SIP_FRAME_MESSAGE = 17,
    SIP_FRAME_PLACES = 18, /* Places of event.proto: which DNs are in service */
    SIP_FRAME_BUSY = 19,   /* BusyPlaces of event.proto: which have calls */
    SIP_FRAME_ALIVE = 20,  /* nothing: between proxies, each second */
    SIP_FRAME_LOAD = 21    /* NodeLoad of event.proto: how many new calls shall not come */
};

/* What proxies and nodes say to each other inside messages; strangers' are removed at the edge. */
#define SIP_PARAMETER_PAIR "pair"   /* of Contact and request URIs: the pair that owns the dialog */
#define SIP_PARAMETER_FLOW "flow"   /* of Route URIs: where the proxy finds the phone */
#define SIP_PARAMETER_FOUND "found" /* ... beside it: in place of one that had ended */
#define SIP_PARAMETER_WHY "why"     /* of the first Route of a new INVITE: why it came to this pair */
#define SIP_WHY_OWNER "owner"       /* it owns the slot of the caller */
#define SIP_WHY_BUSY "busy"         /* the caller has calls there */
#define SIP_WHY_ANY "any"           /* a trunk's, or the right one is away: take it */
#define SIP_WHY_SENT "sent"         /* another pair has sent it on: keep it */
#define SIP_WATCH_BRANCH                                                                                     \
    "z9hG4bK-watch-" /* of OPTIONS by which proxies watch pairs: answered without state */

/* What those outside may see of the same: it names nothing. */
#define SIP_PARAMETER_OWNER "o" /* of Contact: a pair, by the hash of its name */
#define SIP_PARAMETER_WAY                                                                                    \
    "way" /* of our Record-Route: a trunk, by the hash of its name, and what CSeq grows by */

#endif
