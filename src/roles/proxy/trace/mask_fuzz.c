/* Whatever comes: lengths and lines stay, no control characters are left, and no credentials that our own
 * parsers find in it. */
#include <stdlib.h>

#include "base/mem.h"
#include "roles/proxy/trace/mask.h"
#include "sip/digest.h"
#include "sip/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_hidden(struct slice value)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.data[i] != '*' && value.data[i] != '\r' && value.data[i] != '\n' && value.data[i] != ' ')
            abort();
}

static void check_credentials(struct slice text)
{
    struct arena arena = {0};
    struct sip_message m;
    struct digest d;
    if (sip_parse(&m, text, &arena, NULL) == 0)
        for (size_t i = 0; i < m.header_count; i++)
            if ((m.headers[i].id == SIP_HEADER_AUTHORIZATION ||
                    m.headers[i].id == SIP_HEADER_PROXY_AUTHORIZATION) &&
                digest_parse(&d, m.headers[i].value, &arena) == 0)
                must_be_hidden(d.response);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_copy(data, size);
    trace_mask(copy, size);
    for (size_t i = 0; i < size; i++) {
        bool line = data[i] == '\r' || data[i] == '\n', now = copy[i] == '\r' || copy[i] == '\n';
        if (line != now || ((unsigned char)copy[i] < ' ' && !now && copy[i] != '\t') || copy[i] == 0x7f)
            abort();
    }
    check_credentials(slice_of(copy, size));
    mem_free(copy);
    return 0;
}
