/* What must not be seen of a message: what proves who somebody is, keys of media, passwords in URIs, and
 * bodies that are no session description (texts of people, digits of their cards). Each byte of it becomes
 * '*', so that lengths stay true. Control characters become '?': who prints it to a terminal gets no
 * surprises. */
#ifndef TANDEM_ROLES_PROXY_TRACE_MASK_H
#define TANDEM_ROLES_PROXY_TRACE_MASK_H

#include <stddef.h>

/* In place; whatever the bytes are. */
void trace_mask(char *text, size_t length);

#endif
