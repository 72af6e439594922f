/* A carrier made of text, and what is asked of it. */
#ifndef TANDEM_ROLES_PROXY_TRUNK_TRUNK_FIXTURE_H
#define TANDEM_ROLES_PROXY_TRUNK_TRUNK_FIXTURE_H

#include "roles/proxy/proxy_fixture.h"
#include "roles/proxy/trunk/trunk_int.h"

enum { ONE = 7101 }; /* port of the trunk "one" */

struct config_trunk trunk_fixture_one(void);
struct trunk_state *trunk_fixture_state(const char *name);
/* The carrier's answer to the last request of that method; `more`: headers. */
void trunk_fixture_answer(uint16_t port, const char *method, uint16_t status, const char *more);
void trunk_fixture_must_have(const char *text, const char *part);

#endif
