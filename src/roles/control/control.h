/* Role control: the health of everything, and alarms (CF-10).
 *
 *     every process ── health.<member> ──> control ── alarm.<location> ──> other controls, pages
 *     session ── ctl.control: ConfigRequest ──> │ └── alarms: raised, cleared, acknowledged ──> store
 *             <── reply_to: ConfigAnswer ───────┘
 *
 * All controls of a location listen, judge and answer questions; the one that leads writes, tells and takes
 * acknowledgements. */
#ifndef TANDEM_ROLES_CONTROL_CONTROL_H
#define TANDEM_ROLES_CONTROL_CONTROL_H

#include "base/fsm.h"
#include "world/role.h"

extern const struct role control_role;
extern const struct fsm control_alarm_machine, control_keep_machine;

/* Adds the table of alarms in Markdown, for the reference. */
void control_reference(struct buffer *out);

#endif
