/* Inside of the generator. One thread, an open loop: so many units begin each millisecond, whatever the server does.
 *
 *     load.c      the clock, sockets in batches, figures of the server's processes
 *     text.c      the few things that it must read in a message, and answers to one
 *     register.c  registers: first, again, with a challenge
 *     call.c      calls: both phones, and the node where the server is a proxy of ours
 */
#ifndef BENCH_SIP_LOAD_H
#define BENCH_SIP_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE 3000 /* bytes: the longest that is written here */

struct text {
    const char *data;
    size_t length;
};
#define TEXT(t) (int)(t).length, (t).data

enum port { PORT_CALLER, PORT_CALLED, PORT_NODE, PORTS }; /* the last: a stream of frames to a proxy of ours */

/* A REGISTER or a call, from the first message that it sends to the answer that ends it. */
struct unit {
    uint8_t stage; /* of the mode; UNIT_DONE, UNIT_FAILED: over */
    uint8_t sent;  /* so often the message that waits for its answer */
    int64_t again; /* µs: when it is sent once more; 0: never */
};
enum { UNIT_NEW, UNIT_DONE = 254, UNIT_FAILED = 255 };

struct mode {
    void (*begin)(unsigned unit);
    void (*again)(unsigned unit); /* sends what waits once more */
    void (*input)(enum port port, struct text message);
};
extern const struct mode mode_register, mode_call;

struct options {
    unsigned server; /* port */
    unsigned caller, called, node;
    unsigned rate, count, first, names, round;
    unsigned keep; /* calls: the BYE is kept and sent again until it is answered */
    unsigned strict; /* the first message that has to be sent again ends the run */
    bool digest;
    const char *secret;
};
extern struct options options;
extern struct unit *units;
extern unsigned done, failed, repeated, stray;
extern unsigned cut; /* failed although the first answer was good */

/* load.c */
char *out_room(void);                           /* MESSAGE bytes for the next message */
void out_send(enum port port, size_t length);   /* of what was written there, to the server */
void unit_sent(unsigned unit, uint8_t stage);   /* the unit waits for an answer now */
void unit_quiet(unsigned unit);                 /* it is there, or provisional: nothing is sent again */
void unit_over(unsigned unit, bool good);
void fail(const char *what) __attribute__((noreturn));

/* text.c */
bool text_header(struct text m, const char *name, size_t *at, struct text *value); /* the next one from *at on */
struct text text_uri(struct text value);                                           /* between < and > */
bool text_between(struct text all, const char *before, char after, struct text *value);
unsigned text_status(struct text m);                                  /* 0: a request */
bool text_unit(struct text m, const char *branch, unsigned *unit);    /* the number behind this in the top Via */
/* Everything that an answer repeats; then `more`, which ends with the body. */
size_t text_answer(char *room, struct text request, const char *status, const char *tag, const char *more);

#endif
