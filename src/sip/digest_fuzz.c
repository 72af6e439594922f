/* Credentials and nonces from outside; and the answer to any challenge can be read and verified. */
#include <stdlib.h>

#include "base/error.h"
#include "sip/digest.h"

static struct digest_hashes hashes;

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
    struct digest_answer a = {
        SLICE("u\"\\"), SLICE("s"), SLICE("REGISTER"), SLICE("sip:a"), SLICE("c"), SLICE("body"), 7};
    digest_answer(&out, d, &a);
    int error = digest_parse(&mine, buffer_slice(&out), arena);
    must(error == (d->userhash ? ERROR_UNSUPPORTED : 0));
    /* Values with line breaks come from no SIP header; they are blanked and so do not verify. */
    digest_ha1(ha1, d->algorithm, SLICE("u\"\\"), d->realm, SLICE("s"));
    if (error == 0 && slice_equal(mine.nonce, d->nonce))
        must(digest_verify_body(&mine, &hashes, SLICE("REGISTER"), slice_text(ha1), SLICE("body")));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct digest d;
    struct slice text = slice_of(data, size);
    if (digest_parse(&d, text, &arena) == 0) {
        must(!digest_verify(&d, &hashes, SLICE("REGISTER"), SLICE("00000000000000000000000000000000")));
        must(digest_nonce_check(d.nonce, &hashes, SLICE("key"), d.realm, 1000, 10) == ERROR_DENIED);
        answer(&d, &arena);
    }
    must(digest_nonce_check(text, &hashes, SLICE("key"), SLICE("r"), 1000, 10) == ERROR_DENIED);
    arena_free(&arena);
    return 0;
}
