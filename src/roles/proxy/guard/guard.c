#include "roles/proxy/guard/guard.h"

#include "roles/proxy/proxy_int.h"

void guard_open(struct proxy *p)
{
    (void)p;
}

void guard_close(struct proxy *p)
{
    (void)p;
}

bool guard_input(struct proxy *p, const struct input *in)
{
    (void)p;
    (void)in;
    return false;
}

bool guard_takes(struct proxy *p, const struct address *peer, enum transport transport, struct slice bytes)
{
    (void)p;
    (void)peer;
    (void)transport;
    (void)bytes;
    return true;
}

bool guard_accepts(struct proxy *p, const struct address *peer)
{
    (void)p;
    (void)peer;
    return true;
}

void guard_closed(struct proxy *p, const struct address *peer)
{
    (void)p;
    (void)peer;
}

bool guard_passes(
    struct proxy *p, const struct sip_target *from, const struct address *peer, const struct sip_message *m)
{
    (void)p;
    (void)from;
    (void)peer;
    (void)m;
    return true;
}

bool guard_admits(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    (void)p;
    (void)t;
    (void)m;
    return true;
}

void guard_blames(struct proxy *p, const struct address *peer, enum guard_offence o)
{
    (void)p;
    (void)peer;
    (void)o;
}

void guard_praises(struct proxy *p, const struct address *peer)
{
    (void)p;
    (void)peer;
}
