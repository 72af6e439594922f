/* What people ask proxies, through the gateway: subject ctl.proxy, as requests of REST. Each proxy of a
 * location knows the same and answers; the first answer counts. */
#ifndef TANDEM_ROLES_PROXY_QUESTIONS_H
#define TANDEM_ROLES_PROXY_QUESTIONS_H

#include "base/buffer.h"
#include "wire/client.pb-c.h"
#include "world/world.h"

struct proxy;

/* Texts live as long as the turn. */
struct proxy_question {
    struct slice method, path, query; /* the path behind "/api/", decoded; the query as it came */
    const char *user;                 /* who asks; "": nobody has logged in */
    bool administrator, supervisor;
    const Tandem__ConfigRequest *message;
};

void proxy__questions_open(struct proxy *p);
bool proxy__questions_input(struct proxy *p, const struct input *in);

/* A parameter of the query, decoded; false: it is absent or not well-formed. */
bool proxy__question_parameter(
    struct proxy *p, const struct proxy_question *q, struct slice name, struct slice *value);
void proxy__answer(struct proxy *p, const struct proxy_question *q, unsigned status, struct slice json);
void proxy__answer_error(
    struct proxy *p, const struct proxy_question *q, unsigned status, int error, const char *sentence);

#endif
