/* What tests of sub-commands need: what a command prints, and a system for it to speak to. */
#ifndef TANDEM_TOOLS_TOOLS_FIXTURE_H
#define TANDEM_TOOLS_TOOLS_FIXTURE_H

#include "base/buffer.h"
#include "tools/dispatch.h"

/* Runs "tandem WORDS..." (words with spaces between) and keeps what it prints on both channels. */
struct printed {
    int status;
    char out[8192], error[1024];
};
void run_tandem(struct printed *p, const struct command *first, const char *words);

/* A folder with an operator's token, an authority and a server of one certificate, which answers the requests
 * that come with `answers` in order and keeps them. */
#define SYSTEM_REQUESTS 8

struct running_system {
    char folder[64];
    char web[64]; /* endpoint */
    const char *answers[SYSTEM_REQUESTS];
    char requests[SYSTEM_REQUESTS][4096];
    unsigned count; /* of answers */
    void *server;
};
void system_open(
    struct running_system *s, const char *alternatives, const char *const *answers, unsigned count);
void system_close(struct running_system *s); /* waits until all answers are given away */

#endif
