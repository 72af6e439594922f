/* What people ask a proxy, and what they are told. */
#ifndef TANDEM_ROLES_PROXY_QUESTION_FIXTURE_H
#define TANDEM_ROLES_PROXY_QUESTION_FIXTURE_H

#include "roles/proxy/proxy_fixture.h"

struct proxy_told {
    unsigned status, count; /* of the last answer; how many there were */
    char text[8000];
};
extern struct proxy_told proxy_told;

/* By somebody with this right. From here on `on_publish` of the fixture listens to answers. */
void proxy_fixture_ask(const char *method, const char *path, const char *role);

#endif
