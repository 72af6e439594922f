/* The messages of a call as several proxies saw them, put together:
 *
 *     answers of the proxies ──> trace_add ──> trace_sort ──┬──> ladder
 *                                                           └──> pcap */
#ifndef TANDEM_TOOLS_TRACE_TRACE_H
#define TANDEM_TOOLS_TRACE_TRACE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "world/address.h"

/* Somebody who sends or receives: one of our parts by its name, others by their address. */
struct trace_party {
    char name[64];    /* "proxy-1", "1001", "trunk carrier-1"; "": not known */
    char address[96]; /* with the transport; "": one of ours */
};

struct trace_message {
    int64_t at; /* µs since the epoch */
    uint64_t number;
    const char *proxy; /* who saw it */
    size_t from, to;   /* parties */
    struct address from_address, to_address;
    struct slice text;
    struct slice call_id, method; /* of SIP; empty: it is none */
    uint16_t status;              /* 0: a request */
    uint32_t cseq;
    bool received, by_proxy; /* it came to `proxy`; from another proxy, which saw it too */
    bool described;          /* has a session description */
    bool again;              /* the same was sent there before */
    bool left_out;           /* somebody else saw it too */
};

#define TRACE_PARTIES 32U
#define TRACE_MESSAGES 20000U

struct trace {
    struct arena arena; /* of texts */
    struct trace_message *messages;
    size_t count, capacity;
    struct trace_party parties[TRACE_PARTIES];
    size_t party_count;
};

void trace_free(struct trace *t);
/* The messages of one proxy's answer; those that are none are passed over. */
void trace_add(struct trace *t, const json_t *answer);
/* In order of time; what two proxies saw stands once. After the last trace_add. */
void trace_sort(struct trace *t);
/* "1001", or the address of who has no name. */
const char *trace_party_text(const struct trace_party *p);

/* ladder.c: messages from `first` on, into columns; a line for each where the width has no room for them. */
void ladder_add_head(struct buffer *out, const struct trace *t, unsigned width);
void ladder_add_rows(struct buffer *out, const struct trace *t, unsigned width, size_t first);

/* pcap.c: a file of raw IP packets (https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html). */
void pcap_add(struct buffer *out, const struct trace *t);

#endif
