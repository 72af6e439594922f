/* Who is asked who he is. */
#include "config/builder.h"
#include "roles/proxy/proxy_fixture.h"

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

TESTS("proxy/authenticate", cmocka_unit_test(phones_of_an_unchallenged_network_need_no_secret))
