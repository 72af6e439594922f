/* Messages of the domain name system (RFC 1035), as much as SIP needs: A, AAAA, SRV (RFC 2782), NAPTR
 * (RFC 3403), CNAME, and the SOA that says how long a "no" is good (RFC 2308). What comes is bounded: names
 * in length and in jumps, records in number; a record that cannot be used is left out, a message that is not
 * well-formed is refused. */
#ifndef TANDEM_DNS_DNS_H
#define TANDEM_DNS_DNS_H

#include "base/arena.h"
#include "world/address.h"

#define DNS_NAME 254   /* characters of a name with its NUL (RFC 1035 2.3.4: 255 bytes on the wire) */
#define DNS_RECORDS 64 /* of one message that are read; the rest is left out */
#define DNS_UDP 1232   /* bytes of a datagram that we take (RFC 6891; no fragments on any usual path) */
#define DNS_PORT 53

enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_NAPTR = 35,
    DNS_TYPE_OPT = 41,
};

enum dns_code { DNS_CODE_OK = 0, DNS_CODE_FORMAT = 1, DNS_CODE_FAILED = 2, DNS_CODE_NO_NAME = 3 };

/* Names are text without the last dot, in lower case; "" is the root. */
struct dns_record {
    uint16_t type;
    uint32_t ttl;                    /* seconds; SOA: how long "there is none" is good */
    uint16_t priority, weight, port; /* SRV; NAPTR: order and preference in the first two */
    char flags[4], service[32];      /* NAPTR, in lower case */
    struct address address;          /* A, AAAA: without port */
    char name[DNS_NAME];
    char target[DNS_NAME]; /* CNAME, SRV; NAPTR: the replacement */
};

struct dns_message {
    uint16_t id;
    bool is_response, truncated;
    uint8_t code;               /* enum dns_code, or others */
    uint16_t type;              /* of the question */
    char question[DNS_NAME];    /* as it was written: case is kept */
    struct dns_record *records; /* of all sections, in the arena */
    size_t count, answers;      /* the first `answers` of them stand in the answer section */
};

/* ERROR_SYNTAX: not well-formed, or not exactly one question of class IN. */
int dns_parse(struct dns_message *m, struct slice bytes, struct arena *arena)
    __attribute__((warn_unused_result));

/* A question with recursion desired and EDNS (RFC 6891). ERROR_SYNTAX: not a name. */
int dns_add_question(struct buffer *out, uint16_t id, struct slice name, enum dns_type type)
    __attribute__((warn_unused_result));

/* A name as it is compared and kept: lower case, no last dot. ERROR_SYNTAX: too long, an empty label, or
 * bytes that stand in no host or service name. */
int dns_name_set(char to[DNS_NAME], struct slice text) __attribute__((warn_unused_result));

/* ---- pieces: for the room, and for name servers of tests ---- */
/* Reads the name at *at, moves *at behind it. Case is kept. ERROR_SYNTAX; ERROR_UNSUPPORTED: it is
 * well-formed, but holds bytes that no name of ours has (*at has moved). */
int dns_read_name(char to[DNS_NAME], struct slice message, size_t *at) __attribute__((warn_unused_result));
int dns_add_name(struct buffer *out, struct slice name) __attribute__((warn_unused_result));
void dns_add_u16(struct buffer *out, unsigned number);
void dns_add_u32(struct buffer *out, uint32_t number);

#endif
