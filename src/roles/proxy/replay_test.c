#include "roles/proxy/proxy_fixture.h"

#include "unit.h"

/* SEC-4: a count of a nonce is good once; requests may overtake each other. */
static void a_count_is_good_once(void **state)
{
    static const struct {
        uint32_t count;
        bool good;
    } rows[] = {{1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {3, false}, {1, false}, {70, true},
        {7, true}, {7, false}, {6, false}, {5000, true}, {70, false}, {4999, true}, {UINT32_MAX, true},
        {UINT32_MAX, false}, {0, true}, {0, true}};
    (void)state;
    proxy_fixture_begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (proxy__replay_is_new(proxy_fixture.proxy, SLICE("nonce"), SLICE("1"), rows[i].count) !=
            rows[i].good)
            fail_msg("row %zu: %u", i, rows[i].count);
    assert_true(proxy__replay_is_new(proxy_fixture.proxy, SLICE("another"), SLICE("1"), 1));
    assert_true(proxy__replay_is_new(proxy_fixture.proxy, SLICE("nonce"), SLICE("2"), 1));
    proxy_fixture_end();
}

/* SEC-4: what was overheard is of no use here, and the phone goes on with a new nonce. */
static void a_replayed_request_is_challenged(void **state)
{
    char text[3000], more[2000] = "Contact: <sip:a@127.0.0.1:6001>\r\n";
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture_from_phone(6001, text);
    proxy_fixture_add_credentials(more, &proxy_alice, "REGISTER", "sip:home");
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture_from_phone(6001, text);
    proxy_fixture_must_find(6001, "SIP/2.0 200");
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture.count = 0;
    proxy_fixture_from_phone(6009, text);                                 /* from elsewhere */
    const char *challenge = proxy_fixture_must_find(6001, "SIP/2.0 401"); /* as its Via says */
    assert_non_null(strstr(challenge, "stale=true"));
    proxy_fixture_end();
}

TESTS("proxy/replay", cmocka_unit_test(a_count_is_good_once),
    cmocka_unit_test(a_replayed_request_is_challenged))
