/* A node between two phones made of text; a proxy passes on what they say. What the room's tests and fuzz
 * targets begin with. */
#ifndef TANDEM_ROLES_NODE_NODE_FIXTURE_H
#define TANDEM_ROLES_NODE_NODE_FIXTURE_H

#include "config/builder.h"
#include "roles/node/node_int.h"
#include "world/world_int.h"

#define STAGE_KEPT 60
#define STAGE_TEXT 3000
#define SECOND 1000000
#define STAGE_CALLER "Call-ID: caller"

struct stage {
    struct world world;
    struct wheel wheel;
    struct configuration *configuration;
    const struct role *role;
    void *node;
    int64_t now;
    uint64_t chance;
    char sent[STAGE_KEPT][STAGE_TEXT]; /* messages to the proxy, oldest first */
    unsigned count;
    unsigned branch;
    const char *more;                     /* header lines of the next message of a phone; NULL: none */
    const char *type;                     /* ... its Content-Type; NULL: application/sdp */
    void (*on_message)(const char *text); /* phones that answer by themselves */
    void (*on_frame)(uint8_t kind, struct slice payload); /* what is no message; NULL: nobody wants to know */
};
extern struct stage stage;
/* Of the configuration; set before it begins, reset at its end. */
struct stage_setup {
    struct config_passing passing;
    uint32_t node_calls;
    bool two_pairs;
};
extern struct stage_setup stage_setup;

void stage_begin(void);
void stage_pass(int64_t microseconds);
void stage_end(void); /* CM-37: after a while nothing is left */

/* The newest message to the proxy that begins so and holds that part; must_find fails where there is none. */
const char *stage_find(const char *beginning, const char *part);
const char *stage_must_find(const char *beginning, const char *part);

const char *stage_sdp(int version, const char *direction);
void stage_caller(const char *method, unsigned cseq, const char *to_tag, const char *body);
void stage_callee(const char *method, unsigned cseq, const char *body);
void stage_respond(const char *request, uint16_t status, const char *tag, const char *body);
const char *stage_caller_tag(void); /* the node's tag in the dialog with the caller */
size_t stage_legs(void);
void stage_drain(void);            /* it shall take no new calls */
void stage_give(const char *text); /* a message as the proxy passes it on */
/* The caller's second INVITE has number 2, the callee's first number 1. */
void stage_establish(void);
void stage_hang_up(void);

/* The location "home" with one node and two phones. NULL never. */
static inline struct configuration *stage_configuration(const struct stage_setup *setup)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c = NULL;
    config_builder_location(
        b, &(struct config_location){
               .name = SLICE("home"), .passing = setup->passing, .guard.node_calls = setup->node_calls});
    config_builder_application(b,
        &(struct config_application){.name = SLICE("node-1a"),
            .pair = SLICE("node-1"),
            .role = CONFIG_ROLE_NODE,
            .link = SLICE("local:link"),
            .inside = SLICE("local:inside")},
        SLICE("home"));
    if (setup->two_pairs)
        config_builder_application(b,
            &(struct config_application){.name = SLICE("node-2a"),
                .pair = SLICE("node-2"),
                .role = CONFIG_ROLE_NODE,
                .link = SLICE("local:link2"),
                .inside = SLICE("local:inside2")},
            SLICE("home"));
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("s"));
    config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("s"));
    config_builder_dn(b, SLICE("1003"), SLICE("home"), SLICE("s"));
    if (config_builder_end(&c, b, NULL) != 0)
        __builtin_trap();
    return c;
}

/* Of targets that look at no effect. */
static inline void stage_discard(void *maker, struct world *w)
{
    (void)maker;
    world_turn_clear(w);
}

#endif
