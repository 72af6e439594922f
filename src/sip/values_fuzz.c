/* One value, read as every header that there is: nothing outside of it is touched. */
#include <stdlib.h>

#include "base/arena.h"
#include "sip/values.h"

static void within(struct slice part, struct slice whole)
{
    if (part.length != 0 && (part.data < whole.data || part.data + part.length > whole.data + whole.length))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct slice text = slice_of(data, size);
    uint32_t number;
    unsigned bits;
    struct sip_rack rack;
    struct sip_session_expires timer;
    struct sip_reason_value reason;
    struct sip_retry_after retry;
    struct sip_history history;
    struct sip_diversion diversion;
    struct sip_user_to_user user;
    (void)!sip_rseq_parse(&number, text);
    (void)!sip_session_expires_parse(&timer, text);
    (void)!sip_retry_after_parse(&retry, text);
    (void)!sip_privacy_parse(&bits, text);
    (void)!sip_history_parse(&history, text);
    if (sip_rack_parse(&rack, text) == 0)
        within(rack.method, text);
    if (sip_reason_parse(&reason, text) == 0)
        within(reason.text, text);
    if (sip_diversion_parse(&diversion, text) == 0)
        within(diversion.address.uri, text);
    (void)!sip_user_to_user_parse(&user, text, &arena);
    arena_free(&arena);
    return 0;
}
