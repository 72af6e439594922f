/* Credentials and nonces from outside; and the answer to any challenge can be read and verified. */
#include <stdlib.h>

#include "base/error.h"
#include "sip/digest.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static void answer(const struct digest *d, struct arena *arena)
{
    struct buffer out = {0};
    struct digest mine;
    char ha1[DIGEST_HEX];
    digest_add_answer(&out, d, SLICE("u\"\\"), SLICE("s"), SLICE("REGISTER"), SLICE("sip:a"), SLICE("c"), 7);
    /* Values with line breaks come from no SIP header; they are blanked and so do not verify. */
    must(digest_parse(&mine, buffer_slice(&out), arena) == 0);
    digest_ha1(ha1, mine.algorithm, mine.username, d->realm, SLICE("s"));
    if (slice_equal(mine.nonce, d->nonce))
        must(digest_verify(&mine, SLICE("REGISTER"), slice_text(ha1)));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct digest d;
    struct slice text = slice_of(data, size);
    if (digest_parse(&d, text, &arena) == 0) {
        must(!digest_verify(&d, SLICE("REGISTER"), SLICE("00000000000000000000000000000000")));
        must(digest_nonce_check(d.nonce, SLICE("key"), d.realm, 1000, 10) == ERROR_DENIED);
        answer(&d, &arena);
    }
    must(digest_nonce_check(text, SLICE("key"), SLICE("r"), 1000, 10) == ERROR_DENIED);
    arena_free(&arena);
    return 0;
}
