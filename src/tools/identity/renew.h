/* The next certificate of this member, with a new key, in time and without a restart (SEC-1). */
#ifndef TANDEM_TOOLS_IDENTITY_RENEW_H
#define TANDEM_TOOLS_IDENTITY_RENEW_H

#include "base/buffer.h"

enum renew_when { RENEW_IN_TIME, RENEW_NOW };

/* In time: when two thirds of the certificate's life are over. *done:
 * a new one is in place. 0 also when this
 * machine has not joined, or it is too early; then only the trusted authorities are asked for. An error and a
 * sentence: the present one stays. Waits for the platform for up to half a minute; `now` in seconds. */
int renew(bool *done, struct slice data, enum renew_when when, int64_t now, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
