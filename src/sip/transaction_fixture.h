/* A table of transactions with virtual time, a peer, and what happened. With `reload` the table is saved and
 * loaded into another one before every step. */
#ifndef TANDEM_SIP_TRANSACTION_FIXTURE_H
#define TANDEM_SIP_TRANSACTION_FIXTURE_H

#include "sip/transaction_int.h"
#include "unit.h"
#include "world/world_int.h"

#define KIND 9
#define MS 1000
#define BEGIN 1000000000

extern struct sip_desk {
    struct world world;
    struct wheel wheel;
    int64_t now;
    struct sip_transactions table;
    bool reload;
    unsigned sent, requests, acks, responses, strays, failed, over;
    int64_t sent_at[64]; /* ms since the beginning */
    char last[2000];
    uint64_t id; /* of the last server transaction */
    uint16_t status;
} sip_desk;
extern const struct sip_handlers sip_desk_handlers;

void sip_desk_begin(bool reload);
void sip_desk_end(void);
size_t sip_desk_alive(void);
void sip_desk_reload(void);
void sip_desk_until(int64_t milliseconds); /* since the beginning */
void sip_desk_receive(const char *text, bool reliable);
void sip_desk_request(enum sip_method method, bool reliable);
void sip_desk_respond(uint16_t status); /* by the last server transaction */
void sip_desk_expect_sent(const int64_t *times, unsigned count);

#define REQUEST(method, branch)                                                                              \
    method " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=" branch "\r\n"           \
           "Route: <sip:one;lr>, <sip:two;lr>\r\nRoute: <sip:three;lr>\r\nMax-Forwards: 70\r\n"              \
           "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: call\r\nCSeq: "     \
           "7 " method "\r\nContent-Length: 0\r\n\r\n"
#define RESPONSE(status, method, branch, tag)                                                                \
    "SIP/2.0 " status " Reason\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=" branch "\r\n"                     \
    "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>;tag=" tag "\r\nCall-ID: call\r\n"      \
    "CSeq: 7 " method "\r\nContent-Length: 0\r\n\r\n"

#endif
