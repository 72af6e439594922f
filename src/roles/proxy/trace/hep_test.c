/* HEPv3 against bytes written down by hand. */
#include "roles/proxy/trace/hep.h"

#include <stdio.h>

#include "unit.h"

static struct address place(const char *text)
{
    struct address a;
    assert_int_equal(address_parse(&a, slice_text(text)), 0);
    return a;
}

/* OPS-22 */
static void a_datagram_of_ipv4(void **state)
{
    (void)state;
    static const unsigned char wanted[] = {'H', 'E', 'P', '3', 0, 123, /* all of it */
        0, 0, 0, 1, 0, 7, 2,                                           /* AF_INET */
        0, 0, 0, 2, 0, 7, 17,                                          /* UDP */
        0, 0, 0, 3, 0, 10, 192, 0, 2, 1,                               /* from */
        0, 0, 0, 4, 0, 10, 198, 51, 100, 7,                            /* to */
        0, 0, 0, 7, 0, 8, 0x13, 0xc4,                                  /* 5060 */
        0, 0, 0, 8, 0, 8, 0x13, 0xc5,                                  /* 5061 */
        0, 0, 0, 9, 0, 10, 0x65, 0x53, 0xf1, 0x00,                     /* 1700000000 s */
        0, 0, 0, 10, 0, 10, 0x00, 0x01, 0xe2, 0x40,                    /* 123456 µs */
        0, 0, 0, 11, 0, 7, 1,                                          /* SIP */
        0, 0, 0, 12, 0, 10, 0x00, 0x00, 0x07, 0xd1,                    /* 2001 */
        0, 0, 0, 14, 0, 8, 'p', 'w',                                   /* password */
        0, 0, 0, 17, 0, 9, 'c', 'i', 'd',                              /* correlation */
        0, 0, 0, 15, 0, 13, 'O', 'P', 'T', 'I', 'O', 'N', 'S'};
    struct buffer out = {0};
    hep_add(&out, &(struct hep){.from = place("192.0.2.1:5060"),
                      .to = place("198.51.100.7:5061"),
                      .at = 1700000000123456,
                      .capture_id = 2001,
                      .password = SLICE("pw"),
                      .correlation = SLICE("cid"),
                      .payload = SLICE("OPTIONS")});
    assert_int_equal(out.length, sizeof wanted);
    assert_memory_equal(out.data, wanted, sizeof wanted);
    buffer_free(&out);
}

static void a_stream_of_ipv6_without_a_password(void **state)
{
    (void)state;
    struct buffer out = {0};
    hep_add(&out, &(struct hep){.from = place("[2001:db8::1]:5060"),
                      .to = place("[2001:db8::2]:5060"),
                      .stream = true,
                      .payload = SLICE("x")});
    struct slice all = buffer_slice(&out);
    assert_int_equal(all.length, 6 + 7 + 7 + 22 + 22 + 8 + 8 + 10 + 10 + 7 + 10 + 7);
    assert_true(
        slice_find_slice(all, slice_of("\0\0\0\1\0\7\n\0\0\0\2\0\7\6\0\0\0\5\0\26 \1\r\270", 24)) == 6);
    assert_true(slice_find_slice(all, slice_of("\0\0\0\6\0\26 \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2", 22)) > 0);
    assert_true(slice_find_slice(all, slice_of("\0\0\0\16", 4)) < 0);
    buffer_free(&out);
}

static void long_messages_are_cut_to_fit_a_datagram(void **state)
{
    (void)state;
    struct buffer out = {0}, text = {0};
    while (text.length < 65536)
        buffer_add_byte(&text, 'x');
    hep_add(&out,
        &(struct hep){
            .from = place("192.0.2.1:5060"), .to = place("192.0.2.1:5060"), .payload = buffer_slice(&text)});
    assert_true(out.length < 65507);
    assert_int_equal((unsigned char)out.data[4] << 8 | (unsigned char)out.data[5], out.length);
    buffer_free(&out);
    buffer_free(&text);
}

TESTS("proxy/trace/hep", cmocka_unit_test(a_datagram_of_ipv4),
    cmocka_unit_test(a_stream_of_ipv6_without_a_password),
    cmocka_unit_test(long_messages_are_cut_to_fit_a_datagram))
