/* Role config: the one writer of the configuration. Of several instances one leads (src/lead); it keeps all
 * objects, checks each transaction against the kinds' descriptions and as a whole, has it written under the
 * next number, and tells everybody on the bus.
 *
 *     session ── ctl.config: ConfigRequest ──> writer ── change_stage_add, change_add, ... ──> store
 *             <── reply_to: ConfigAnswer ─────   └────── cfg.<kind>: ConfigChanged ────> bus: mains make new
 * copies
 *
 * One transaction at a time, in order of arrival. Numbers are taken by compare-and-set and versions are
 * checked by the store, so that a leader that is none any more cannot harm. While it is not known whether the
 * store has done one, the others wait. */
#ifndef TANDEM_ROLES_CONFIG_WRITER_H
#define TANDEM_ROLES_CONFIG_WRITER_H

#include "base/fsm.h"
#include "world/role.h"

extern const struct role writer_role;
extern const struct fsm writer_machine;

#endif
