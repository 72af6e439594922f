#include "sip/values.h"

#include "base/arena.h"
#include "base/error.h"
#include "unit.h"

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

/* CM-40: RFC 3262, 4028, 3326. */
static void values_of_dialogs_are_understood(void **state)
{
    (void)state;
    uint32_t rseq;
    struct sip_rack rack;
    struct sip_session_expires timer;
    struct sip_reason_value reason;
    assert_int_equal(sip_rseq_parse(&rseq, SLICE("4294967295")), 0);
    assert_int_equal(rseq, UINT32_MAX);
    assert_int_equal(sip_rack_parse(&rack, SLICE("776656  1 INVITE")), 0);
    assert_int_equal(rack.rseq, 776656);
    assert_int_equal(rack.cseq, 1);
    assert_slice(rack.method, "INVITE");
    assert_int_equal(sip_session_expires_parse(&timer, SLICE("4000 ;Refresher=UAC;x")), 0);
    assert_int_equal(timer.seconds, 4000);
    assert_int_equal(timer.refresher, SIP_REFRESHER_UAC);
    assert_int_equal(sip_session_expires_parse(&timer, SLICE("90")), 0);
    assert_int_equal(timer.refresher, SIP_REFRESHER_NONE);
    assert_int_equal(sip_reason_parse(&reason, SLICE("Q.850 ;cause=16 ;text=\"Terminated; so\"")), 0);
    assert_slice(reason.protocol, "Q.850");
    assert_int_equal(reason.cause, 16);
    assert_slice(reason.text, "Terminated; so");
}

/* CM-40, CM-41: RFC 3261, 3323, 7044, 5806, 7433. */
static void values_about_calls_are_understood(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_retry_after retry;
    struct sip_history history;
    struct sip_diversion diversion;
    struct sip_user_to_user data;
    unsigned bits;
    assert_int_equal(sip_retry_after_parse(&retry, SLICE("120 (I'm (\\) in) a meeting) ;duration=3600")), 0);
    assert_int_equal(retry.seconds, 120);
    assert_int_equal(retry.duration, 3600);
    assert_int_equal(sip_privacy_parse(&bits, SLICE("id; Critical ;unheard")), 0);
    assert_int_equal(bits, SIP_PRIVACY_ID | SIP_PRIVACY_CRITICAL);
    assert_int_equal(
        sip_history_parse(&history, SLICE("<sip:b@c?Reason=SIP%3Bcause%3D302>;index=1.12.1;rc=1")), 0);
    assert_int_equal(history.depth, 3);
    assert_int_equal(history.index[1], 12);
    assert_int_equal(sip_diversion_parse(&diversion, SLICE("\"B\" <tel:+1>;reason=user-busy;counter=2")), 0);
    assert_slice(diversion.reason, "user-busy");
    assert_int_equal(diversion.counter, 2);
    assert_int_equal(sip_user_to_user_parse(&data, SLICE("56a390f3;encoding=hex;purpose=x"), &arena), 0);
    assert_slice(data.data, "\x56\xa3\x90\xf3");
    assert_slice(data.purpose, "x");
    assert_int_equal(sip_user_to_user_parse(&data, SLICE("\"a;b\""), &arena), 0);
    assert_slice(data.data, "a;b");
    arena_free(&arena);
}

enum kind { RSEQ, RACK, TIMER, REASON, RETRY, PRIVACY, HISTORY, DIVERSION, DATA };

static const struct {
    enum kind kind;
    const char *text;
} bad[] = {
    {RSEQ, ""},
    {RSEQ, "0"},
    {RSEQ, "-1"},
    {RSEQ, "4294967296"},
    {RSEQ, "1 2"},
    {RACK, ""},
    {RACK, "1 1"},
    {RACK, "0 1 INVITE"},
    {RACK, "1 2147483648 INVITE"},
    {RACK, "1 1 INVITE x"},
    {RACK, "x 1 INVITE"},
    {TIMER, ""},
    {TIMER, "x"},
    {TIMER, "4294967296"},
    {TIMER, "90;refresher=both"},
    {TIMER, "90;refresher"},
    {TIMER, "90;refresher=uac;refresher=uas"},
    {TIMER, "90;"},
    {TIMER, "90 x"},
    {REASON, ""},
    {REASON, ";cause=1"},
    {REASON, "SIP;cause=x"},
    {REASON, "SIP;cause=65536"},
    {REASON, "SIP;text=\"x"},
    {REASON, "SIP;text=a;text=b"},
    {RETRY, ""},
    {RETRY, "x"},
    {RETRY, "1 (x"},
    {RETRY, "1 x"},
    {RETRY, "4294967296"},
    {RETRY, "1;duration=x"},
    {RETRY, "1 (\\)"},
    {PRIVACY, ""},
    {PRIVACY, "id;"},
    {PRIVACY, "id,user"},
    {PRIVACY, "i d"},
    {HISTORY, "<sip:a>"},
    {HISTORY, "<sip:a>;index="},
    {HISTORY, "<sip:a>;index=1."},
    {HISTORY, "<sip:a>;index=1..1"},
    {HISTORY, "<sip:a>;index=65536"},
    {HISTORY, "*"},
    {HISTORY, "<sip:a>;index=1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"},
    {DIVERSION, ""},
    {DIVERSION, "*"},
    {DIVERSION, "<sip:a>;counter=100"},
    {DIVERSION, "<sip:a>;counter=x"},
    {DATA, ""},
    {DATA, ";encoding=hex"},
    {DATA, "abc;encoding=hex"},
    {DATA, "xy;encoding=hex"},
    {DATA, "ab;encoding=base64"},
    {DATA, "ab;encoding=hex;encoding=hex"},
    {DATA, "\"ab"},
};

static int parse(enum kind kind, struct slice text, struct arena *arena)
{
    union {
        uint32_t number;
        unsigned bits;
        struct sip_rack rack;
        struct sip_session_expires timer;
        struct sip_reason_value reason;
        struct sip_retry_after retry;
        struct sip_history history;
        struct sip_diversion diversion;
        struct sip_user_to_user data;
    } v;
    switch (kind) {
    case RSEQ:
        return sip_rseq_parse(&v.number, text);
    case RACK:
        return sip_rack_parse(&v.rack, text);
    case TIMER:
        return sip_session_expires_parse(&v.timer, text);
    case REASON:
        return sip_reason_parse(&v.reason, text);
    case RETRY:
        return sip_retry_after_parse(&v.retry, text);
    case PRIVACY:
        return sip_privacy_parse(&v.bits, text);
    case HISTORY:
        return sip_history_parse(&v.history, text);
    case DIVERSION:
        return sip_diversion_parse(&v.diversion, text);
    default:
        return sip_user_to_user_parse(&v.data, text, arena);
    }
}

/* SEC-5 */
static void broken_values_are_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse(bad[i].kind, slice_text(bad[i].text), &arena) != ERROR_SYNTAX)
            fail_msg("row %zu: \"%s\" is accepted", i, bad[i].text);
    arena_free(&arena);
}

TESTS("sip/values", cmocka_unit_test(values_of_dialogs_are_understood),
    cmocka_unit_test(values_about_calls_are_understood), cmocka_unit_test(broken_values_are_refused))
