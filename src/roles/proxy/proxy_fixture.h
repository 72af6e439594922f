/* A proxy between phones made of text and a pair made of text. There is one at a time. */
#ifndef TANDEM_ROLES_PROXY_PROXY_FIXTURE_H
#define TANDEM_ROLES_PROXY_PROXY_FIXTURE_H

#include "roles/proxy/proxy_int.h"
#include "world/world_int.h"

#define PROXY_FIXTURE_KEPT 40
#define SECOND 1000000

/* An INVITE of the pair to 1002. */
#define NODE_INVITE                                                                                          \
    "INVITE sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-n1\r\nMax-Forwards: 70\r\n" \
    "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>\r\nCall-ID: fork\r\nCSeq: 1 INVITE\r\n"              \
    "Contact: <sip:1001@home;pair=node-1>\r\nContent-Length: 0\r\n\r\n"

struct proxy_fixture_sent {
    uint16_t port; /* of the phone; 0: to the pair */
    char text[3000];
};

struct proxy_fixture {
    struct world world;
    struct wheel wheel;
    struct configuration *configuration;
    void *proxy;
    int64_t now;
    uint64_t chance, edge, pair_flow;
    struct proxy_fixture_sent sent[PROXY_FIXTURE_KEPT];
    unsigned count;
    struct buffer asked; /* the last question to the store */
    uint64_t asked_token, asked_object;
    unsigned changes, beacons;                 /* told on the bus */
    void (*on_effect)(const struct effect *e); /* NULL: nobody wants to know */
    void (*on_places)(struct slice payload);   /* what the pair is told of DNs in service */
    void (*on_publish)(struct slice subject, struct slice bytes); /* NULL: nobody wants to know */
    unsigned cseq, branch;
    unsigned watched;      /* OPTIONS by which the pair is watched: answered, unless ... */
    uint16_t watch_status; /* 0: 200; 1: not at all */
    char watch[600];       /* the last one that waits for its answer */
};

extern struct proxy_fixture proxy_fixture;
extern struct config_location
    proxy_fixture_location; /* what it says; set before it begins, empty at its end */

struct config_builder;
/* Adds to the configuration of the next one; set back to NULL by its end. */
extern void (*proxy_fixture_more)(struct config_builder *b);

struct phone {
    uint16_t port;
    const char *dn, *user, *secret;
};

extern const struct phone proxy_alice, proxy_bob; /* 1001 and 1002 */

/* What a proxy asks for at its start; the store's answer is an answer to `asked`. */
enum { PROXY_FIXTURE_KEY = 1, PROXY_FIXTURE_BINDINGS = 3 };

void proxy_fixture_begin(void); /* with nobody registered, and connected to the pair */
void proxy_fixture_open(void);  /* it waits for what it asks for at its start */
void proxy_fixture_give_key(void);
void proxy_fixture_connect_pair(uint64_t view); /* of its record */
void proxy_fixture_answer_start(uint64_t token, const ProtobufCMessage *m);
void proxy_fixture_end(void);
void proxy_fixture_input(struct input in);
void proxy_fixture_pass(int64_t microseconds);
void proxy_fixture_from(const struct address *peer, const char *text);
void proxy_fixture_from_phone(uint16_t port, const char *text);
void proxy_fixture_from_pair(const char *text);
/* The newest message to there (0: the pair) that begins so; NULL: none. */
const char *proxy_fixture_find(uint16_t port, const char *beginning);
const char *proxy_fixture_must_find(uint16_t port, const char *beginning);
void proxy_fixture_build(
    char text[3000], const struct phone *p, const char *method, const char *uri, const char *more);
/* Adds the answer to the last challenge. */
void proxy_fixture_add_credentials(
    char more[2000], const struct phone *p, const char *method, const char *uri);
/* Sends the request, is challenged, sends it with credentials. */
void proxy_fixture_request(const struct phone *p, const char *method, const char *uri, const char *headers);
void proxy_fixture_register(const struct phone *p, const char *headers);
unsigned proxy_fixture_bindings(const char *dn);           /* how many */
void proxy_fixture_change(const Tandem__BindingChange *c); /* another proxy tells it */

#endif
