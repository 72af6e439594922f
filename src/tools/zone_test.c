/* VC-5: the zone, read back by the resolver that the proxies themselves use. */
#include "unit.h"

#include "base/error.h"
#include "base/mem.h"
#include "dns/dns_fixture.h"
#include "tools/zone.h"

#define LINES 64

static const char locations[] = "[{\"name\":\"home\",\"dns_priority\":10,\"dns_weight\":100},{\"name\":"
                                "\"away\",\"dns_priority\":20,\"dns_weight\":50}]";
static const char applications[] =
    "[{\"name\":\"proxy-1\",\"role\":\"proxy\",\"location\":\"home\",\"listen\":[\"udp:192.0.2.1:5060\","
    "\"tcp:192.0.2.1:5060\"]},"
    "{\"name\":\"proxy-2\",\"role\":\"proxy\",\"location\":\"home\",\"listen\":[\"udp:0.0.0.0:5060\"],"
    "\"public\":[\"203.0.113.2\",\"2001:db8::2\"]},"
    "{\"name\":\"proxy-3\",\"role\":\"proxy\",\"location\":\"away\",\"listen\":[\"udp:198.51.100.3:5070\","
    "\"tls:198.51.100.3:5061\"]},"
    "{\"name\":\"proxy-4\",\"role\":\"proxy\",\"location\":\"away\",\"listen\":[\"udp:0.0.0.0:5060\"]},"
    "{\"name\":\"node-1a\",\"role\":\"node\",\"location\":\"home\"}]";

static int make(struct buffer *out, struct buffer *complaints, struct zone z, const char *proxies)
{
    json_t *l = json_loads(locations, 0, NULL), *a = json_loads(proxies, 0, NULL);
    assert_non_null(l);
    assert_non_null(a);
    z.serial = 7;
    int error = zone_add(out, complaints, &z, l, a);
    json_decref(l);
    json_decref(a);
    return error;
}

/* A line of the zone as the simulated name server wants it: names whole, the TTL behind the first, no quotes.
 */
static char *plain(struct slice line, const char *domain)
{
    struct buffer out = {0};
    struct slice word;
    unsigned count = 0;
    while (slice_cut(&line, ' ', &word)) {
        if (word.length == 0 || slice_equal(word, SLICE("IN")) || slice_equal(word, SLICE("\"\"")))
            continue;
        if (word.data[0] == '"')
            word = slice_of(word.data + 1, word.length - 2);
        if (count == 0 && slice_equal(word, SLICE("@")))
            buffer_add_text(&out, domain);
        else if (count == 0 && !slice_ends(word, SLICE(".")))
            buffer_add_format(&out, "%.*s.%s", SLICE_ARG(word), domain);
        else
            buffer_add(&out, word);
        buffer_add_text(&out, count++ == 0 ? " 300 " : " ");
    }
    buffer_add_byte(&out, '\0');
    return out.data;
}

static struct dns_fixture f;

static void serve(const char *zone[LINES], struct slice text, const char *domain)
{
    struct slice line;
    unsigned count = 0;
    while (slice_cut(&text, '\n', &line))
        if (line.length != 0 && line.data[0] != '$' && slice_find_slice(line, SLICE("SOA")) < 0 &&
            slice_find_slice(line, SLICE(" NS ")) < 0 && count < LINES - 1)
            zone[count++] = plain(line, domain);
    zone[count] = NULL;
    dns_fixture_open(&f, 31, zone);
}

static void end(const char *zone[LINES])
{
    dns_fixture_close(&f);
    for (unsigned i = 0; zone[i] != NULL; i++)
        mem_free((void *)(uintptr_t)zone[i]);
}

static const char *locate(enum transport transport)
{
    return dns_fixture_locate(&f,
        &(struct locate_wish){.host = SLICE("example.com"), .transport = transport, .families = LOCATE_IPV4});
}

/* Phones of a location find its proxies first, those of the other one when they fail. */
static void a_location_comes_first_in_its_own_zone(void **state)
{
    (void)state;
    static const char *const wanted[] = {"home", "away"};
    for (unsigned i = 0; i < 2; i++) {
        const char *zone[LINES];
        struct buffer out = {0}, complaints = {0};
        struct zone z = {.domain = SLICE("example.com"), .for_location = slice_text(wanted[i])};
        assert_int_equal(make(&out, &complaints, z, applications), 0);
        serve(zone, buffer_slice(&out), "example.com");
        const char *found = locate(TRANSPORT_UDP);
        const char *own = strstr(found, "udp 192.0.2.1:5060"),
                   *second = strstr(found, "udp 203.0.113.2:5060"),
                   *other = strstr(found, "udp 198.51.100.3:5070");
        assert_true(own != NULL && second != NULL && other != NULL);
        assert_true(i == 0 ? own < other && second < other : other < own && other < second);
        found = locate(LOCATE_ANY); /* by NAPTR: TLS before TCP before UDP */
        assert_int_equal(
            strncmp(found, "tls 198.51.100.3:5061 example.com, tcp 192.0.2.1:5060, udp ", 59), 0);
        assert_non_null(strstr(complaints.data, "proxy-4: it listens on all addresses"));
        end(zone);
        buffer_free(&out);
        buffer_free(&complaints);
    }
}

static void anybody_sees_priorities_and_weights_as_they_are_configured(void **state)
{
    (void)state;
    struct buffer out = {0}, complaints = {0};
    assert_int_equal(make(&out, &complaints, (struct zone){.domain = SLICE("example.com")}, applications), 0);
    buffer_add_byte(&out, '\0');
    assert_non_null(strstr(out.data, "IN SRV   10 100 5060 proxy-1.example.com.\n"));
    assert_non_null(strstr(out.data, "IN SRV   20 50 5070 proxy-3.example.com.\n"));
    assert_non_null(strstr(out.data, "IN AAAA  2001:db8::2\n"));
    assert_null(strstr(out.data, "SOA"));
    assert_null(strstr(out.data, "proxy-4"));
    assert_null(strstr(out.data, "node-1a"));
    buffer_free(&out);
    buffer_free(&complaints);
}

static void a_whole_zone_says_who_serves_it(void **state)
{
    (void)state;
    struct buffer out = {0}, complaints = {0};
    struct zone z = {.domain = SLICE("example.com"), .name_server = SLICE("ns.example.com=192.0.2.53")};
    assert_int_equal(make(&out, &complaints, z, applications), 0);
    buffer_add_byte(&out, '\0');
    assert_non_null(strstr(out.data, "IN SOA   ns.example.com. hostmaster.example.com. 7 "));
    assert_non_null(strstr(out.data, "IN NS    ns.example.com.\nns.example.com. IN A 192.0.2.53\n"));
    buffer_free(&out);
    buffer_free(&complaints);
}

static void what_cannot_be_a_zone_is_refused(void **state)
{
    (void)state;
    struct buffer out = {0}, complaints = {0};
    assert_int_equal(
        make(&out, &complaints, (struct zone){.domain = SLICE("home")}, applications), ERROR_SYNTAX);
    assert_int_equal(
        make(&out, &complaints, (struct zone){.domain = SLICE("a b.com")}, applications), ERROR_SYNTAX);
    assert_int_equal(
        make(&out, &complaints, (struct zone){.domain = SLICE("example.com"), .for_location = SLICE("moon")},
            applications),
        ERROR_REFERENCE);
    assert_int_equal(
        make(&out, &complaints, (struct zone){.domain = SLICE("example.com"), .name_server = SLICE("ns=x")},
            applications),
        ERROR_SYNTAX);
    assert_int_equal(
        make(&out, &complaints, (struct zone){.domain = SLICE("example.com")}, "[]"), ERROR_MISSING);
    buffer_free(&out);
    buffer_free(&complaints);
}

TESTS("tools/zone", cmocka_unit_test(a_location_comes_first_in_its_own_zone),
    cmocka_unit_test(anybody_sees_priorities_and_weights_as_they_are_configured),
    cmocka_unit_test(a_whole_zone_says_who_serves_it), cmocka_unit_test(what_cannot_be_a_zone_is_refused));
