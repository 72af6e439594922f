/* The token by which this machine's sub-commands speak to the system that runs on it: DATA/operator.token,
 * readable by the owner of the data only. The session compares SHA-256 of what comes in "Authorization:
 * Bearer ..." with config_operator_token_sha256, in constant time, and treats it as the administrator
 * "operator". */
#ifndef TANDEM_TOOLS_OPERATOR_H
#define TANDEM_TOOLS_OPERATOR_H

#include "base/buffer.h"

#define OPERATOR_TOKEN_HEX 65 /* with the NUL */

/* Makes the file when it is missing, malformed or readable by others (`random` fills it), and gives the
 * SHA-256 of the token in hexadecimal, for config_local. */
int operator_prepare(char sha256[OPERATOR_TOKEN_HEX], struct slice data,
    void (*random)(void *bytes, size_t length), struct buffer *complaint) __attribute__((warn_unused_result));

/* The token, for a sub-command. */
int operator_read(char token[OPERATOR_TOKEN_HEX], struct slice data, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
