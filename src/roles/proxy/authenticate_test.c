/* Who is asked who he is. */
#include "config/builder.h"
#include "roles/proxy/proxy_fixture.h"
#include "sip/digest.h"

#include "unit.h"

static void let_in(const char *network)
{
    struct configuration *before = proxy_fixture.configuration;
    struct config_builder *b = config_builder_from(before);
    struct slice items[] = {slice_text(network)};
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .unchallenged = {items, 1}});
    assert_int_equal(config_builder_end(&proxy_fixture.configuration, b, NULL), 0);
    proxy_fixture.world.configuration = proxy_fixture.configuration;
    proxy_fixture_input((struct input){.kind = INPUT_CONFIG});
    config_release(before);
}

static void registers_as(const struct phone *p)
{
    char text[3000];
    proxy_fixture_build(text, p, "REGISTER", "sip:home", "Contact: <sip:a@127.0.0.1:6001>\r\n");
    proxy_fixture_from_phone(p->port, text);
}

static void phones_of_an_unchallenged_network_need_no_secret(void **state)
{
    (void)state;
    const struct phone nobody = {.port = 6009, .dn = "4711"};
    proxy_fixture_begin();
    let_in("127.0.0.0/24");
    registers_as(&proxy_alice);
    proxy_fixture_must_find(proxy_alice.port, "SIP/2.0 200");
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    registers_as(&nobody);
    proxy_fixture_must_find(nobody.port, "SIP/2.0 403");
    let_in("127.0.1.0/24");
    registers_as(&proxy_bob);
    proxy_fixture_must_find(proxy_bob.port, "SIP/2.0 401");
    assert_int_equal(proxy_fixture_bindings("1002"), 0);
    proxy_fixture_end();
}

/* VC-1, RFC 8760: each algorithm that the location offers is good, the strongest stands first; one that it
 * does not offer is good as well, as the hash of it is there. */
static void every_algorithm_lets_in(void **state)
{
    (void)state;
    char text[3000], more[2000];
    for (int offered = 0; offered < 2; offered++)
        for (unsigned a = 0; a < DIGEST_ALGORITHMS; a++) {
            struct arena arena = {0};
            struct sip_message m;
            struct digest d;
            struct buffer value = {0};
            proxy_fixture_location.phones.sha256 = proxy_fixture_location.phones.sha512_256 = offered != 0;
            proxy_fixture_begin();
            registers_as(&proxy_alice);
            const char *asked = proxy_fixture_must_find(proxy_alice.port, "SIP/2.0 401");
            assert_int_equal(sip_parse(&m, slice_text(asked), &arena, NULL), 0);
            assert_int_equal(digest_parse(&d, sip_header_value(&m, SIP_HEADER_WWW_AUTHENTICATE), &arena), 0);
            assert_int_equal(d.algorithm, offered ? DIGEST_SHA512_256 : DIGEST_MD5);
            d.algorithm = (enum digest_algorithm)a;
            digest_add_answer(&value, &d, SLICE("1001"), SLICE("secret 1"), SLICE("REGISTER"),
                SLICE("sip:home"), SLICE("c"), 1);
            snprintf(more, sizeof more, "Contact: <sip:a@127.0.0.1:6001>\r\nAuthorization: %.*s\r\n",
                SLICE_ARG(buffer_slice(&value)));
            proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
            proxy_fixture_from_phone(proxy_alice.port, text);
            proxy_fixture_must_find(proxy_alice.port, "SIP/2.0 200");
            buffer_free(&value);
            arena_free(&arena);
            proxy_fixture_end();
        }
}

TESTS("proxy/authenticate", cmocka_unit_test(phones_of_an_unchallenged_network_need_no_secret),
    cmocka_unit_test(every_algorithm_lets_in))
