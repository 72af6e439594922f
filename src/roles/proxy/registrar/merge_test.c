/* Reports of contacts in any order lead to the same; how much memory they take. */
#include "roles/proxy/proxy_fixture.h"

#include "base/mem.h"
#include "unit.h"
#include "wire/pack.h"

#define MINUTES INT64_C(60000000)

static struct proxy *own(void)
{
    return proxy_fixture.proxy;
}

static struct binding_report report(const char *contact, const char *proxy, int64_t changed_at, bool gone)
{
    struct binding_report r = {.dn = SLICE("1002"),
        .contact = slice_text(contact),
        .origin = proxy__origin(own(), proxy),
        .changed_at = changed_at,
        .expires_at = proxy_fixture.now + 10 * MINUTES,
        .q = 1000,
        .gone = gone};
    return r;
}

static void merge(const struct binding_report *r)
{
    world_turn_begin(&proxy_fixture.world, proxy_fixture.now);
    (void)proxy__binding_merge(own(), r);
    world_turn_clear(&proxy_fixture.world);
}

static uint64_t sum(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < PROXY_SLICES; i++)
        sum ^= own()->digests[i] * (i + 1);
    return sum;
}

/* VC-2: proxies hear of changes in different orders, and end up the same. */
static void the_order_of_reports_does_not_matter(void **state)
{
    uint64_t first = 0;
    (void)state;
    for (unsigned order = 0; order < 24; order++) {
        proxy_fixture_begin();
        struct binding_report r[4] = {report("sip:a@h", "proxy-2", 1000, false),
            report("sip:a@h", "proxy-3", 2000, true), report("sip:c@h", "proxy-2", 1000, false),
            report("sip:d@h", "proxy-3", 1200, false)};
        r[2].instance = r[3].instance = SLICE("<i>"); /* the same flow of a phone */
        r[2].reg_id = r[3].reg_id = 1;
        unsigned left[4] = {0, 1, 2, 3}, rest = order;
        for (unsigned n = 4; n != 0; n--) {
            unsigned pick = rest % n;
            rest /= n;
            merge(&r[left[pick]]);
            left[pick] = left[n - 1];
        }
        if (order == 0)
            first = sum();
        assert_true(sum() == first);
        assert_int_equal(proxy_fixture_bindings("1002"), 1);
        proxy_fixture_end();
    }
}

/* VC-2: a contact that was removed does not come back by a proxy that had not heard of it. */
static void what_is_gone_stays_gone(void **state)
{
    (void)state;
    proxy_fixture_begin();
    struct binding_report old = report("sip:a@h", "proxy-2", 1000, false),
                          gone = report("sip:a@h", "proxy-3", 2000, true),
                          anew = report("sip:a@h", "proxy-2", 3000, false);
    merge(&old);
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    merge(&gone);
    assert_int_equal(proxy_fixture_bindings("1002"), 0);
    merge(&old);
    assert_int_equal(proxy_fixture_bindings("1002"), 0);
    assert_int_equal(own()->gone_count, 1);
    merge(&anew);
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    assert_int_equal(own()->gone_count, 0);
    merge(&gone);
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    struct binding_report last = report("sip:a@h", "proxy-2", 4000, true);
    merge(&last);
    proxy_fixture_pass(11 * MINUTES); /* nothing is remembered for ever */
    assert_int_equal(own()->gone_count, 0);
    assert_int_equal(own()->aors.count, 0);
    for (unsigned i = 0; i < PROXY_SLICES; i++)
        assert_true(own()->digests[i] == 0);
    proxy_fixture_end();
}

/* A phone that makes up contacts and takes them away costs no more than so many. */
static void what_is_remembered_is_bounded(void **state)
{
    char contact[40];
    (void)state;
    proxy_fixture_begin();
    for (int i = 0; i < 100; i++) {
        snprintf(contact, sizeof contact, "sip:%d@h", i);
        struct binding_report r = report(contact, "proxy-2", 1000 + i, true);
        merge(&r);
    }
    assert_int_equal(own()->gone_count, PROXY_GONE);
    assert_non_null(proxy__binding_find(proxy__aor(own(), SLICE("1002")), SLICE("sip:99@h"), 0));
    proxy_fixture_end();
}

/* VC-2: memory of a registration, all in all: at most 0.6 KiB. */
static void a_binding_is_small(void **state)
{
    enum { COUNT = 20000 };
    (void)state;
    proxy_fixture_begin();
    size_t before = mem_live_bytes();
    for (int i = 0; i < COUNT; i++) {
        char dn[16], contact[80];
        snprintf(dn, sizeof dn, "%d", 200000 + i);
        snprintf(contact, sizeof contact, "sip:%d@192.168.100.200:5060;transport=udp;line=0123456789", i);
        struct binding_report r = report(contact, "proxy-1", 1000, false);
        r.dn = slice_text(dn);
        r.agent = SLICE("Some Vendor Desk Phone Model 7 / 12.3.4.5");
        r.instance = SLICE("<urn:uuid:00000000-0000-1000-8000-000a95a0e128>");
        merge(&r);
    }
    size_t each = (mem_live_bytes() - before) / COUNT;
    print_message("%zu bytes a registration\n", each);
    assert_in_range(each, 1, 614);
    proxy_fixture_end();
}

/* VC-2: a phone behind NAT hears only what comes from where it has registered: which of a proxy's listeners
 * that was, the other proxies say back to it. */
static void a_binding_says_at_which_listener_its_phone_is(void **state)
{
    Tandem__Binding message;
    struct binding_report read, r;
    (void)state;
    proxy_fixture_begin();
    r = report("sip:a@h", "proxy-2", 1000, false);
    r.flow = (struct phone_flow){.transport = TRANSPORT_UDP,
        .listener = 3,
        .address = {.family = 4, .ip = {127, 0, 0, 9}, .port = 5060}};
    merge(&r);
    proxy__binding_pack(proxy__aor(own(), SLICE("1002"))->first, &message);
    assert_true(proxy__binding_read(own(), &read, &message));
    assert_int_equal(read.flow.listener, 3);
    proxy_fixture_end();
}

TESTS("proxy/registrar/merge", cmocka_unit_test(a_binding_says_at_which_listener_its_phone_is),
    cmocka_unit_test(the_order_of_reports_does_not_matter), cmocka_unit_test(what_is_gone_stays_gone),
    cmocka_unit_test(what_is_remembered_is_bounded), cmocka_unit_test(a_binding_is_small))
