/* The role that folds the call streams of the nodes into the store.
 *
 *     node ── call.<pair> CallEvent, numbered ──> history ── rows and position, one transaction ──> store
 *       ^                                            │
 *       └──── ctl.stored.<pair> StreamStored ────────┘   stored up to here (send again from there)  */
#ifndef TANDEM_ROLES_HISTORY_HISTORY_H
#define TANDEM_ROLES_HISTORY_HISTORY_H

#include "base/fsm.h"
#include "world/role.h"

extern const struct role history_role;
extern const struct fsm history_stream_fsm;

#endif
