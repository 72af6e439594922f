#include "roles/proxy/trunk/trunk.h"

#include "base/mem.h"
#include "roles/proxy/trunk/trunk_int.h"

void trunk_open(struct proxy *p)
{
    p->trunks = mem_zero(sizeof *p->trunks);
    trunk_follow(p);
}

void trunk_follow(struct proxy *p)
{
    trunk__sources_follow(p);
}

void trunk_close(struct proxy *p)
{
    mem_free(p->trunks->sources);
    mem_free(p->trunks);
    p->trunks = NULL;
}
