#include "base/hash.h"

#include "unit.h"

/* The vectors of the paper's reference: key 00 01 … 0f, text 00 01 … of each length. */
static void gives_the_vectors_of_siphash_2_4(void **state)
{
    static const uint64_t expected[] = {0x726fdb47dd0e0e31U, 0x74f839c593dc67fdU, 0x0d6c8009d9a94f5aU,
        0x85676696d7fb7e2dU, 0xcf2794e0277187b7U, 0x18765564cd99a68dU, 0xcbc9466e58fee3ceU,
        0xab0200f58b01d137U, 0x93f5f5799a932462U, 0x9e0082df0ba9e4b0U, 0x7a5dbbc594ddb9f3U,
        0xf4b32f46226bada7U, 0x751e8fbc860ee5fbU, 0x14ea5627c0843d90U, 0xf723ca908e7af2eeU,
        0xa129ca6149be45e5U};
    const struct hash_key key = {0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
    char text[16];
    (void)state;
    for (size_t length = 0; length < 16; length++) {
        text[length] = (char)length;
        assert_true(hash_bytes(key, slice_of(text, length)) == expected[length]);
    }
}

static void the_stable_hash_does_not_depend_on_the_process(void **state)
{
    struct hash_key before = hash_process_key;
    uint64_t here = hash_stable(SLICE("1001"));
    (void)state;
    hash_process_key = (struct hash_key){42, 43};
    assert_true(hash_stable(SLICE("1001")) == here);
    assert_true(hash_stable(SLICE("1002")) != here);
    assert_true(hash_stable_add(here, SLICE("")) != here);
    hash_process_key = before;
}

TESTS("base/hash", cmocka_unit_test(gives_the_vectors_of_siphash_2_4),
    cmocka_unit_test(the_stable_hash_does_not_depend_on_the_process))
