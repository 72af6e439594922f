/* Inside the WebSocket codec. */
#ifndef TANDEM_HTTP_WEBSOCKET_INT_H
#define TANDEM_HTTP_WEBSOCKET_INT_H

#include "http/websocket.h"

/* XORs (RFC 6455 5.3); `at` is the position in the mask. `out` may be in.data. */
void websocket__mask(char *out, struct slice in, const uint8_t mask[4], unsigned at);

#endif
