/* Role config: the one writer of the configuration. It keeps all objects, checks each change against their
 * descriptions and against each other, writes it to the store together with a line of the audit log, and
 * tells everybody on the bus.
 *
 *     session ── ctl.config: ConfigRequest ──> writer ── object_put, object_audit_add ──> store
 *             <── reply_to: ConfigAnswer ─────   └────── cfg.<kind>: ConfigChanged ────> bus: mains make new
 * copies
 *
 * One change at a time, in order of arrival. While it is not known whether the store has done one, the object
 * is read again and the others wait. */
#ifndef TANDEM_ROLES_CONFIG_WRITER_H
#define TANDEM_ROLES_CONFIG_WRITER_H

#include "base/fsm.h"
#include "world/role.h"

extern const struct role writer_role;
extern const struct fsm writer_machine;

#endif
