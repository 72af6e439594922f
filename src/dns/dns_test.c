/* Messages as they stand on the wire. */
#include "unit.h"

#include "base/error.h"
#include "dns/dns.h"

static int parse(struct dns_message *m, const char *bytes, size_t length)
{
    struct arena arena = {0};
    int error = dns_parse(m, slice_of(bytes, length), &arena);
    arena_free(&arena);
    m->records = NULL;
    return error;
}

#define HEAD(answers) "\x12\x34\x81\x80\0\x01\0" answers "\0\0\0\0"
#define QUESTION "\1a\2bc\0\0\1\0\1"

static void questions_are_written_and_read(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct dns_message m;
    assert_int_equal(dns_add_question(&out, 0x1234, SLICE("Example.com."), DNS_TYPE_SRV), 0);
    static const char expected[] = "\x12\x34\x01\0\0\x01\0\0\0\0\0\x01\7Example\3com\0\0\x21\0\1"
                                   "\0\0\x29\x04\xd0\0\0\0\0\0";
    assert_int_equal(out.length, sizeof expected); /* the literal's NUL is the last byte */
    assert_memory_equal(out.data, expected, out.length);
    assert_int_equal(parse(&m, out.data, out.length), 0);
    assert_string_equal(m.question, "Example.com");
    assert_int_equal(m.type, DNS_TYPE_SRV);
    assert_false(m.is_response);
    buffer_free(&out);
    assert_int_equal(dns_add_name(&out, SLICE("")), 0);
    assert_int_equal(out.length, 1);
    buffer_free(&out);
    static const char *const bad[] = {"a..b", ".a", " ", "a b", "a\"b",
        "0123456789012345678901234567890123456789012345678901234567890123.com"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dns_add_question(&out, 1, slice_text(bad[i]), DNS_TYPE_A), ERROR_SYNTAX);
        buffer_free(&out);
    }
}

static void names_that_point_in_circles_end(void **state)
{
    (void)state;
    struct dns_message m;
    static const char self[] = HEAD("\0") "\xc0\x0c\0\1\0\1", forward[] = HEAD("\0") "\xc0\x0e\1a\0\0\1\0\1",
                      pair[] = HEAD("\1") QUESTION "\xc0\x18\xc0\x16\0\1\0\1\0\0\0\0\0\0",
                      before[] = HEAD("\0") "\1a\xc0\x0c\0\1\0\1";
    assert_int_equal(parse(&m, self, sizeof self - 1), ERROR_SYNTAX);
    assert_int_equal(parse(&m, forward, sizeof forward - 1), ERROR_SYNTAX);
    assert_int_equal(parse(&m, pair, sizeof pair - 1), ERROR_SYNTAX);
    assert_int_equal(parse(&m, before, sizeof before - 1), ERROR_SYNTAX); /* grows for ever */
}

static void records_that_are_cut_are_refused_anywhere(void **state)
{
    (void)state;
    struct dns_message m;
    static const char whole[] =
        HEAD("\2") QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
                            "\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x0a\0\1\0\2\x13\xc4\1h\xc0\x0e";
    for (size_t length = 0; length < sizeof whole - 1; length++)
        assert_int_equal(parse(&m, whole, length), ERROR_SYNTAX);
    assert_int_equal(parse(&m, whole, sizeof whole - 1), 0);
    assert_int_equal(m.answers, 2);
}

static void records_of_no_use_are_left_out(void **state)
{
    (void)state;
    struct dns_message m;
    static const char more[] =
        HEAD("\4") QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\3\xc0\0\2"   /* three bytes */
                            "\xc0\x0c\0\1\0\3\0\0\0\x3c\0\4\xc0\0\2\1" /* class CH */
                            "\2 \"\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"  /* no name of ours */
                            "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\3\2hi";    /* TXT */
    assert_int_equal(parse(&m, more, sizeof more - 1), 0);
    assert_int_equal(m.count, 0);
}

static void more_than_one_question_is_refused(void **state)
{
    (void)state;
    struct dns_message m;
    static const char none[] = "\x12\x34\x81\x80\0\0\0\0\0\0\0\0",
                      two[] = "\x12\x34\x81\x80\0\2\0\0\0\0\0\0" QUESTION QUESTION;
    assert_int_equal(parse(&m, none, sizeof none - 1), ERROR_SYNTAX);
    assert_int_equal(parse(&m, two, sizeof two - 1), ERROR_SYNTAX);
}

TESTS("dns/dns", cmocka_unit_test(questions_are_written_and_read),
    cmocka_unit_test(names_that_point_in_circles_end),
    cmocka_unit_test(records_that_are_cut_are_refused_anywhere),
    cmocka_unit_test(records_of_no_use_are_left_out), cmocka_unit_test(more_than_one_question_is_refused));
