/* What a peer says about its load, in any bytes. */
#include <stdlib.h>

#include "roles/proxy/guard/overload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct overload o, again;
    if (overload_parse(&o, slice_of(data, size)) && (o.loss > 100 || o.validity > 60000))
        abort();
    if (overload_parse(&again, slice_of(data, size)) && !overload_newer(&again, &o))
        abort();
    return 0;
}
