/* Whatever a stranger sends as a certificate request. */
#include "base/error.h"
#include "base/mem.h"
#include "tools/identity/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EVP_PKEY *key;
    char text[FINGERPRINT_TEXT];
    struct buffer complaint = {0};
    struct slice pem = slice_of(data, size);
    int error = request_check(&key, pem, SLICE("host-2"), &complaint);
    if ((error == 0) != (key != NULL) || (error == 0) != (complaint.length == 0))
        abort();
    if (key != NULL && request_fingerprint(text, key) != 0)
        abort();
    EVP_PKEY_free(key);
    key = request_read_key(pem);
    if (error == 0 && key == NULL)
        abort(); /* what was accepted can be read again */
    EVP_PKEY_free(key);
    buffer_free(&complaint);
    return 0;
}
