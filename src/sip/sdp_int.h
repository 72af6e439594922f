/* Inside the room: the lines of a session description. */
#ifndef TANDEM_SIP_SDP_INT_H
#define TANDEM_SIP_SDP_INT_H

#include "sip/sdp.h"

struct sdp__line {
    char type;
    struct slice value;
};

/* Takes the next line off. 1: there is one; 0: nothing is left but empty lines; ERROR_SYNTAX. */
int sdp__next_line(struct sdp__line *line, struct slice *rest) __attribute__((warn_unused_result));

/* Splits "name:value" or "name". */
struct sdp_attribute sdp__attribute(struct slice value);

/* Is it sendrecv and its kind? */
bool sdp__direction(enum sdp_direction *d, const struct sdp__line *line);

/* Takes the next word off, at single spaces; empty where none is left. */
struct slice sdp__word(struct slice *rest);

#endif
