/* TLS 1.2 and 1.3 on a stream's socket. The BIO is the socket itself, so that a connection at rest holds no
 * buffers. */
#ifndef TANDEM_WORLD_REAL_TLS_H
#define TANDEM_WORLD_REAL_TLS_H

#include "world/real/real_int.h"

void real__tls_close(struct real_loop *l);

/* NULL: the reason is logged. `fd` must keep its address for the life of the SSL. `at` of a listener: its
 * name is the one that the client's certificate must carry, "*" any, "" no certificate is asked for. Of a
 * client: the name of the server, "" its address. */
SSL *real__tls_new(struct real_loop *l, const int *fd, const struct endpoint *at, bool server);

/* 0: done; ERROR_AGAIN: when the socket is ready for *events; else failed and logged. */
int real__tls_handshake(SSL *ssl, uint32_t *events);

/* Bytes moved, 0: not now, or an error. */
ptrdiff_t real__tls_read(SSL *ssl, char *to, size_t length);
ptrdiff_t real__tls_write(SSL *ssl, struct slice bytes);

/* The peer's verified name, or "". */
void real__tls_name(SSL *ssl, char *name, size_t size);
#define REAL_SERIAL 48
/* The serial number of its certificate, hexadecimal in lower case, or "". */
void real__tls_serial(SSL *ssl, char serial[REAL_SERIAL]);
/* When it expires, µs of the time of day; INT64_MAX: it has shown none. */
int64_t real__tls_ends(SSL *ssl);

#endif
