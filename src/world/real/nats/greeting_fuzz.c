/* Any bytes as what a server of the bus says first. */
#include <stdlib.h>

#include "world/real/nats/carrier_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct greeting g;
    if (!carrier__greeting_parse(&g, slice_of(data, size)))
        return 0;
    if (strlen(g.server) >= sizeof g.server || strlen(g.cluster) >= sizeof g.cluster)
        abort();
    return 0;
}
