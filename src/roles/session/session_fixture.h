/* For tests: a small world around one instance of the role session. Effects are noted, inputs are given by
 * hand. */
#ifndef TANDEM_ROLES_SESSION_SESSION_FIXTURE_H
#define TANDEM_ROLES_SESSION_SESSION_FIXTURE_H

#include "config/builder.h"
#include "roles/session/session.h"
#include "world/world_int.h"

#include <protobuf-c/protobuf-c.h>

#define DESK_FLOWS 64
#define DESK_START 1700000000000000 /* µs */

struct desk_flow {
    struct buffer out;
    bool closed, paused;
};

struct desk_publication {
    char subject[128];
    struct buffer bytes;
};

struct desk {
    struct wheel wheel;
    struct world world;
    void *self;
    struct configuration *configuration;
    int64_t now;
    uint64_t chance;
    struct desk_flow flows[DESK_FLOWS]; /* flow 1000 + index */
    unsigned flow_count;
    struct effect ask; /* the last one; its request is in asked */
    struct buffer asked;
    unsigned asks;
    struct desk_publication published[16]; /* the last ones */
    unsigned publications;
    uint64_t agains[16];
    unsigned again_count;
};

void desk_open(struct desk *d);
void desk_close(struct desk *d);
/* Persons ann (agent; password hash "hash-ann"), adam (administrator), dora (disabled); DNs 1001 to 1003.
 * `fewer`: ann is disabled and 1003 does not exist. */
struct configuration *desk_configuration(bool fewer);
void desk_configure(struct desk *d, struct configuration *c);

void desk_input(struct desk *d, const struct input *in);
void desk_advance(struct desk *d, int64_t by);

uint64_t desk_accept(struct desk *d, uint8_t last_of_ip);
void desk_data(struct desk *d, uint64_t flow, struct slice bytes);
struct desk_flow *desk_flow(struct desk *d, uint64_t flow);
bool desk_said(struct desk *d, uint64_t flow, const char *text); /* is it in what was sent? */
void desk_forget(struct desk *d, uint64_t flow);

void desk_answer(struct desk *d, enum answer answer, int error, const ProtobufCMessage *m);
void desk_bus(struct desk *d, uint64_t token, const ProtobufCMessage *m);

/* Logs in and gives the line "Cookie: ..." of the log-in. */
void desk_log_in(struct desk *d, const char *user, char cookie[96]);
/* A request over a new connection; returns the flow. `more`: further header lines. */
uint64_t desk_request(
    struct desk *d, const char *method, const char *path, const char *more, const char *body);
/* A WebSocket that has shaken hands; what was said so far is forgotten. */
uint64_t desk_websocket(struct desk *d, const char *cookie);
void desk_say(struct desk *d, uint64_t flow, const char *text);

#endif
