/* A REGISTER that is being handled: registrar.c fills it, answer.c reads it. */
#ifndef TANDEM_ROLES_PROXY_REGISTRAR_REQUEST_H
#define TANDEM_ROLES_PROXY_REGISTRAR_REQUEST_H

#include "config/config.h"
#include "roles/proxy/registrar/bindings.h"

struct registration {
    struct proxy *proxy;
    const struct config_dn *dn;
    const struct config_phones *phones; /* of its location */
    const struct sip_message *message;
    const struct sip_target *from;
    struct aor *aor; /* NULL: nothing is registered */
    uint64_t call;   /* hash of the Call-ID */
    struct slice path, unsupported;
    unsigned kept, flows; /* contacts that the request does not remove; of them with a reg-id */
    bool outbound;        /* flows are kept by number (RFC 5626) */
};

void proxy__register_answer(const struct registration *g, struct sip_transaction *t, uint16_t status);
/* "Sat, 13 Nov 2010 23:29:00 GMT" (RFC 3261 20.17) of µs since the epoch. */
void registrar_add_date(struct buffer *out, int64_t time);

#endif
