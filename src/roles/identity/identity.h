/* Role identity: makes strangers members (SEC-1, SM-25, SM-44). It decides about requests for certificates,
 * and signs those of members that are trusted, whoever trusted them.
 *
 *     a machine that joins ──HTTPS──> session ── ctl.identity ──> identity ── ctl.config: member ──> config
 *     an administrator ─────HTTPS──> session ──────^               └── jobs: check, verify, sign ──> pool
 *
 *     POST /api/enrol {name, request, code, location}      a request; with a good code it is trusted at once
 *     GET  /api/enrol/authority                            who signs, for whoever wants to compare
 *     GET  /api/enrol/ID?at=&signature=                    what became of it: 202 waits, 200 all that is
 * needed, 403 POST /api/enrol/ID/renew {request, at, signature}    the next certificate, by the present one's
 * key GET  /api/members[?after=NAME] POST /api/members/NAME/trust {fingerprint} | revoke | code */
#ifndef TANDEM_ROLES_IDENTITY_IDENTITY_H
#define TANDEM_ROLES_IDENTITY_IDENTITY_H

#include "base/fsm.h"
#include "world/role.h"

extern const struct role identity_role;
extern const struct fsm identity_machine;

#endif
