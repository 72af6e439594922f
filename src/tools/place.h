/* Which systems run on this machine, and how to speak to them. Each process that serves the web interface
 * leaves a small file while it runs:
 *
 *     $XDG_RUNTIME_DIR/tandem/PID.json | /run/tandem/PID.json | $HOME/.tandem/PID.json
 *     {"pid": 4711, "system": "tandem", "name": "host-1", "web": "tls:127.0.0.1:8443", "data": "/srv/host-1"}
 *
 * or, where the environment has TANDEM_PLACES, in that folder alone: for those who test beside others.
 *
 * In the folder `data` lie the token (operator.token) and the authority (certificates/authority.pem). A file
 * whose process is gone counts for nothing. */
#ifndef TANDEM_TOOLS_PLACE_H
#define TANDEM_TOOLS_PLACE_H

#include "config/start/option.h"

#define PLACE_NAME 64
#define PLACE_WEB 128
#define PLACE_PATH 1024
#define PLACES 64 /* that are looked at */

struct place {
    char system[PLACE_NAME]; /* the processes of one cluster say the same; embedded: "local" */
    char name[PLACE_NAME];   /* of the process */
    char web[PLACE_WEB];     /* endpoint */
    char data[PLACE_PATH];   /* folder; made absolute by place_write */
    long pid;
};

/* At the start and at the end of a process. A file that cannot be written is no reason not to run. */
int place_write(const struct place *p, struct buffer *complaint) __attribute__((warn_unused_result));
void place_remove(long pid);

/* Those that run, in order of system, name, pid. */
size_t place_list(struct place *list, size_t most);

/* The ones that a sub-command means: the system of --data (or the start file) when it runs; else, when
 * neither was said, whatever runs here. Several processes of one system: any may be asked. 0 and their count
 * in *count, which is 0 when nothing is known to run; ERROR_CONFLICT and a sentence where several systems
 * run. */
int place_choose(struct place *list, size_t *count, const struct options *o, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* One request to the first of them that answers, or to where the options say. As https_ask. */
int place_ask(unsigned *status, struct buffer *body, const struct options *o, const char *method,
    struct slice path, struct slice content, struct buffer *complaint) __attribute__((warn_unused_result));

#endif
