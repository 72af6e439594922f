#include <malloc.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/error.h"
#include "world/real/real_fixture.h"

/* ---- certificates ---- */

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    char certificate_path[64], key_path[64];
};

static void add_extension(X509 *c, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, c, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(e);
    X509_add_ext(c, e, -1);
    X509_EXTENSION_free(e);
}

static void store(struct identity *i)
{
    strcpy(i->certificate_path, P_tmpdir "/tandem-test-XXXXXX");
    strcpy(i->key_path, P_tmpdir "/tandem-test-XXXXXX");
    FILE *file = fdopen(mkstemp(i->certificate_path), "w");
    assert_int_equal(PEM_write_X509(file, i->certificate), 1);
    fclose(file);
    file = fdopen(mkstemp(i->key_path), "w");
    assert_int_equal(PEM_write_PrivateKey(file, i->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

/* Signed by itself when there is no issuer. */
static void identity_make(
    struct identity *i, const struct identity *issuer, const char *name, const char *alternatives)
{
    const struct identity *by = issuer != NULL ? issuer : i;
    i->key = EVP_EC_gen("P-256");
    i->certificate = X509_new();
    X509_set_version(i->certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(i->certificate), issuer != NULL ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(i->certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(i->certificate), 3600);
    X509_set_pubkey(i->certificate, i->key);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(i->certificate), "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(i->certificate, X509_get_subject_name(by->certificate));
    if (issuer == NULL)
        add_extension(i->certificate, by->certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (alternatives != NULL)
        add_extension(i->certificate, by->certificate, NID_subject_alt_name, alternatives);
    assert_true(X509_sign(i->certificate, by->key, EVP_sha256()) > 0);
    store(i);
}

static void identity_free(struct identity *i)
{
    unlink(i->certificate_path);
    unlink(i->key_path);
    X509_free(i->certificate);
    EVP_PKEY_free(i->key);
}

/* ---- two loops: one serves with a certificate, one knows an authority ---- */

struct setting {
    struct identity authority, other, server;
    struct real_loop *l, *lc;
    struct probe listens, connects;
    uint64_t listener;
    struct address at;
};

static void both_round(struct setting *s)
{
    real__round(s->l, 0);
    real__round(s->lc, 0);
}

#define BOTH(s, condition) UNTIL((s)->l, (both_round(s), condition))

static void setting_open(struct setting *s, bool right_authority, const struct real_params *more)
{
    *s = (struct setting){.listener = 0};
    identity_make(&s->authority, NULL, "authority", NULL);
    identity_make(&s->other, NULL, "other", NULL);
    identity_make(&s->server, &s->authority, "server", "DNS:node-1.test,IP:127.0.0.1");
    struct real_params params = *more;
    params.certificate = s->server.certificate_path;
    params.key = s->server.key_path;
    params.authority = s->authority.certificate_path;
    s->l = fixture_loop(&params);
    params.authority = right_authority ? s->authority.certificate_path : s->other.certificate_path;
    s->lc = fixture_loop(&params);
    probe_open(&s->listens, s->l, "server");
    probe_open(&s->connects, s->lc, "client");
    s->listener = probe_listen(&s->listens, "tls:127.0.0.1:0");
    s->at = probe_address(&s->listens, s->listener);
}

static void setting_close(struct setting *s)
{
    real_close(s->l);
    real_close(s->lc);
    probe_free(&s->listens);
    probe_free(&s->connects);
    identity_free(&s->authority);
    identity_free(&s->other);
    identity_free(&s->server);
}

static const struct real_params plain;

/* SEC-4: connections are encrypted and the server is verified. */
static void bytes_come_back_and_the_server_is_known_by_name(void **state)
{
    (void)state;
    struct setting s;
    static char big[300000];
    setting_open(&s, true, &plain);
    s.listens.echo = true;
    uint64_t flow = probe_connect_to(&s.connects, "tls:", s.at, "/node-1.test");
    probe_send(&s.connects, flow, SLICE("early"));
    BOTH(&s, s.connects.counts[INPUT_OPENED] == 1);
    BOTH(&s, s.connects.data.length == 5);
    memset(big, 'y', sizeof big);
    probe_send(&s.connects, flow, slice_of(big, sizeof big));
    BOTH(&s, s.connects.data.length == 5 + sizeof big);
    assert_memory_equal(s.connects.data.data + 5, big, sizeof big);
    probe_close(&s.connects, flow);
    BOTH(&s, s.listens.counts[INPUT_CLOSED] == 1);
    assert_int_equal(s.listens.last.error, ERROR_CLOSED);
    setting_close(&s);
}

static void name_h(struct probe *p, const struct input *input)
{
    if (input->kind == INPUT_OPENED || input->kind == INPUT_ACCEPTED)
        snprintf(p->argument, 64, "%.*s", SLICE_ARG(input->name));
}

/* SEC-4: both sides by certificate. */
static void a_listener_may_ask_for_the_clients_name(void **state)
{
    (void)state;
    struct setting s;
    char client[64] = "", server[64] = "";
    setting_open(&s, true, &plain);
    s.listens.input_h = s.connects.input_h = name_h;
    s.listens.argument = client;
    s.connects.argument = server;
    struct address at = probe_address(&s.listens, probe_listen(&s.listens, "tls:127.0.0.1:0/node-1.test"));
    probe_connect_to(&s.connects, "tls:", at, "/node-1.test");
    BOTH(&s, s.connects.counts[INPUT_OPENED] == 1 && s.listens.counts[INPUT_ACCEPTED] == 1);
    assert_string_equal(server, "node-1.test");
    assert_string_equal(client, "node-1.test");
    at = probe_address(&s.listens, probe_listen(&s.listens, "tls:127.0.0.1:0/*"));
    probe_connect_to(&s.connects, "tls:", at, "");
    BOTH(&s, s.connects.counts[INPUT_OPENED] == 2 && s.listens.counts[INPUT_ACCEPTED] == 2);
    assert_string_equal(client, "node-1.test");
    assert_string_equal(s.listens.serial, "02"); /* SEC-1: which certificate it is */
    assert_string_equal(s.connects.serial, "02");
    at = probe_address(&s.listens, probe_listen(&s.listens, "tls:127.0.0.1:0/somebody-else"));
    probe_connect_to(&s.connects, "tls:", at, "");
    BOTH(&s, s.listens.world->counters.values[COUNTER_TLS_FAILED] == 1);
    assert_int_equal(s.listens.counts[INPUT_ACCEPTED], 2);
    setting_close(&s);
}

/* SEC-1: whose certificate expires is cut off, not only refused the next time. */
static void a_certificate_that_expires_ends_its_connections(void **state)
{
    (void)state;
    struct setting s;
    setting_open(&s, true, &plain);
    s.listens.echo = true;
    probe_connect_to(&s.connects, "tls:", s.at, "");
    struct address at = probe_address(&s.listens, probe_listen(&s.listens, "tls:127.0.0.1:0/*"));
    uint64_t shown = probe_connect_to(&s.connects, "tls:", at, "");
    BOTH(&s, s.listens.counts[INPUT_ACCEPTED] == 2);
    s.l->clock.offset +=
        (int64_t)timer_duration(TIMER_TLS_LOOK) * 2; /* the certificates are good for an hour */
    probe_send(&s.connects, shown, SLICE("still"));
    BOTH(&s, s.connects.data.length == 5);
    assert_int_equal(s.listens.counts[INPUT_CLOSED], 0);
    s.l->clock.offset += (int64_t)3600 * 1000000;
    BOTH(&s, s.listens.counts[INPUT_CLOSED] == 1); /* the one that has shown none stays */
    assert_int_equal(s.listens.last.error, ERROR_UNAUTHENTICATED);
    BOTH(&s, s.connects.counts[INPUT_CLOSED] == 1);
    setting_close(&s);
}

/* SEC-4: a server of another authority is refused. */
static void a_server_of_another_authority_is_refused(void **state)
{
    (void)state;
    struct setting s;
    setting_open(&s, false, &plain);
    probe_connect_to(&s.connects, "tls:", s.at, "/node-1.test");
    BOTH(&s, s.connects.counts[INPUT_CLOSED] == 1);
    assert_int_equal(s.connects.last.error, ERROR_UNAUTHENTICATED);
    assert_int_equal(s.connects.counts[INPUT_OPENED], 0);
    BOTH(&s, s.listens.world->counters.values[COUNTER_TLS_FAILED] == 1);
    assert_int_equal(s.listens.counts[INPUT_ACCEPTED], 0);
    assert_int_equal(s.listens.counts[INPUT_CLOSED], 0); /* it never heard of it */
    setting_close(&s);
}

/* SEC-4: a server with another name, or another address, is refused. */
static void a_server_of_another_name_is_refused(void **state)
{
    (void)state;
    struct setting s;
    setting_open(&s, true, &plain);
    probe_connect_to(&s.connects, "tls:", s.at, "/node-2.test");
    BOTH(&s, s.connects.counts[INPUT_CLOSED] == 1);
    assert_int_equal(s.connects.last.error, ERROR_UNAUTHENTICATED);
    struct address at = probe_address(&s.listens, probe_listen(&s.listens, "tls:127.0.0.2:0"));
    probe_connect_to(&s.connects, "tls:", at, ""); /* its certificate is for 127.0.0.1 */
    BOTH(&s, s.connects.counts[INPUT_CLOSED] == 2);
    assert_int_equal(s.connects.last.error, ERROR_UNAUTHENTICATED);
    setting_close(&s);
}

static void rubbish_instead_of_a_handshake_is_closed(void **state)
{
    (void)state;
    struct setting s;
    setting_open(&s, true, &plain);
    uint64_t flow = probe_connect_to(&s.connects, "tcp:", s.at, "");
    probe_send(&s.connects, flow, SLICE("GET / HTTP/1.1\r\n\r\n"));
    BOTH(&s, s.connects.counts[INPUT_CLOSED] == 1);
    BOTH(&s, s.listens.world->counters.values[COUNTER_TLS_FAILED] == 1);
    assert_int_equal(s.listens.counts[INPUT_ACCEPTED], 0);
    setting_close(&s);
}

static void handshakes_beyond_the_limit_wait_their_turn(void **state)
{
    (void)state;
    struct setting s;
    setting_open(&s, true, &(struct real_params){.handshakes = 2});
    uint64_t silent[2];
    for (int i = 0; i < 2; i++)
        silent[i] = probe_connect_to(&s.connects, "tcp:", s.at, "");
    BOTH(&s, s.l->handshakes == 2);
    probe_connect_to(&s.connects, "tls:", s.at, "");
    for (int i = 0; i < 20; i++)
        both_round(&s);
    assert_int_equal(s.listens.counts[INPUT_ACCEPTED], 0);
    probe_close(&s.connects, silent[0]);
    BOTH(&s, s.listens.counts[INPUT_ACCEPTED] == 1);
    /* a listener that is closed ends those under way without a word */
    probe_close(&s.listens, s.listener);
    probe_close(&s.connects, silent[1]);
    BOTH(&s, s.l->handshakes == 0);
    setting_close(&s);
}

/* Certificates change without a restart; what is open stays open. */
static void certificates_are_read_again(void **state)
{
    (void)state;
    struct setting s;
    struct identity later = {.key = NULL};
    setting_open(&s, true, &plain);
    s.listens.echo = true;
    uint64_t old = probe_connect_to(&s.connects, "tls:", s.at, "/node-1.test");
    BOTH(&s, s.connects.counts[INPUT_OPENED] == 1);
    identity_make(&later, &s.authority, "later", "DNS:node-2.test");
    assert_int_equal(rename(later.certificate_path, s.server.certificate_path), 0);
    unit_expect_error("cannot use the certificate");
    assert_int_not_equal(real_tls_reload(s.l), 0); /* the key is still the old one */
    probe_connect_to(&s.connects, "tls:", s.at, "/node-1.test");
    BOTH(&s, s.connects.counts[INPUT_OPENED] == 2);
    assert_int_equal(rename(later.key_path, s.server.key_path), 0);
    assert_int_equal(real_tls_reload(s.l), 0);
    probe_connect_to(&s.connects, "tls:", s.at, "/node-2.test");
    BOTH(&s, s.connects.counts[INPUT_OPENED] == 3);
    probe_send(&s.connects, old, SLICE("still"));
    BOTH(&s, s.connects.data.length == 5);
    identity_free(&later);
    setting_close(&s);
}

static void without_a_certificate_nobody_listens(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe p = {.echo = false};
    unit_expect_error("no certificate is configured");
    probe_open(&p, l, "one");
    probe_listen(&p, "tls:127.0.0.1:0");
    UNTIL(l, p.counts[INPUT_CLOSED] == 1);
    assert_int_equal(p.last.error, ERROR_UNSUPPORTED);
    real_close(l);
    probe_free(&p);
}

/* Issue 2, row "websocket": an idle TLS connection takes less than 20 KiB. Both ends are measured here. */
static void an_idle_connection_is_small(void **state)
{
    enum { COUNT = 100 };
    (void)state;
    struct setting s;
    setting_open(&s, true, &plain);
    s.listens.echo = true;
    size_t before = 0;
    for (unsigned i = 1; i <= COUNT + 1; i++) {
        uint64_t flow = probe_connect_to(&s.connects, "tls:", s.at, "");
        BOTH(&s, s.connects.counts[INPUT_OPENED] == i);
        probe_send(&s.connects, flow, SLICE("hello"));
        BOTH(&s, s.connects.data.length == 5);
        if (i == 1)
            before = mallinfo2().uordblks + mallinfo2().hblkhd;
    }
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    size_t both = (after - before) / COUNT;
    print_message("both ends of an idle TLS connection: %zu bytes\n", both);
    assert_true(both < (size_t)40 << 10);
    setting_close(&s);
}

TESTS("world/real/tls", cmocka_unit_test(bytes_come_back_and_the_server_is_known_by_name),
    cmocka_unit_test(a_listener_may_ask_for_the_clients_name),
    cmocka_unit_test(a_certificate_that_expires_ends_its_connections),
    cmocka_unit_test(a_server_of_another_authority_is_refused),
    cmocka_unit_test(a_server_of_another_name_is_refused),
    cmocka_unit_test(rubbish_instead_of_a_handshake_is_closed),
    cmocka_unit_test(handshakes_beyond_the_limit_wait_their_turn),
    cmocka_unit_test(certificates_are_read_again), cmocka_unit_test(without_a_certificate_nobody_listens),
    cmocka_unit_test(an_idle_connection_is_small))
