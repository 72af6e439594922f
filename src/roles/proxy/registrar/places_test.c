#include "roles/proxy/proxy_fixture.h"

#include "unit.h"
#include "wire/pack.h"

static char told[2000]; /* "+1001 -1001 ": what the pair was told; "! ": it forgets what it knew */

static void hear(struct slice payload)
{
    struct arena arena = {0};
    const Tandem__Places *m = pack_read(&tandem__places__descriptor, payload, &arena);
    assert_non_null(m);
    size_t at = strlen(told);
    if (m->afresh)
        at += (size_t)snprintf(told + at, sizeof told - at, "! ");
    for (size_t i = 0; i < m->n_in; i++)
        at += (size_t)snprintf(told + at, sizeof told - at, "+%s ", m->in[i]);
    for (size_t i = 0; i < m->n_out; i++)
        at += (size_t)snprintf(told + at, sizeof told - at, "-%s ", m->out[i]);
    arena_free(&arena);
}

static void expect(const char *text)
{
    assert_string_equal(told, text);
    told[0] = '\0';
}

/* VC-9: a REGISTER puts the DN in service at the pair that owns it, its end or its last contact's takes it
 * out. */
static void a_register_puts_the_dn_in_service(void **state)
{
    (void)state;
    told[0] = '\0';
    proxy_fixture_begin();
    proxy_fixture_pass(SECOND);
    proxy_fixture.on_places = hear;
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;expires=100\r\n");
    expect("+1001 ");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:b@127.0.0.1:6001>;expires=100\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;expires=0\r\n");
    expect("");
    proxy_fixture_register(&proxy_alice, "Contact: *\r\nExpires: 0\r\n");
    expect("-1001 ");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;expires=100\r\n");
    expect("+1001 ");
    proxy_fixture_pass(102 * (int64_t)SECOND);
    expect("-1001 ");
    proxy_fixture_end();
}

/* VC-9: a pair that has just begun knows nothing and is told all. */
static void a_pair_that_connects_is_told_all(void **state)
{
    (void)state;
    told[0] = '\0';
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;expires=100\r\n");
    proxy_fixture_pass(SECOND);
    proxy_fixture.on_places = hear;
    proxy_fixture_connect_pair(2);
    expect("! ");
    proxy_fixture_pass(SECOND);
    expect("+1001 ");
    proxy_fixture_end();
}

TESTS("proxy/registrar/places", cmocka_unit_test(a_register_puts_the_dn_in_service),
    cmocka_unit_test(a_pair_that_connects_is_told_all))
