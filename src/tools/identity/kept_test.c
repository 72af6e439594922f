/* From the authority's certificate to the file on the other machine: what is issued, and what is believed. */
#include "tools/identity/kept.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/identity/bundle.h"
#include "tools/identity/envelope.h"
#include "tools/identity/issue.h"
#include "tools/identity/request.h"
#include "unit.h"

#define NOW 1800000000
#define DAY 86400

struct place {
    char core[64], other[64]; /* folders: the platform's, the machine's */
    struct kept kept;
    EVP_PKEY *key;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    struct authority a;
    struct buffer complaint = {0};
    strcpy(p->core, P_tmpdir "/tandem-test-XXXXXX");
    strcpy(p->other, P_tmpdir "/tandem-test-XXXXXX");
    *state = p;
    if (mkdtemp(p->core) == NULL || mkdtemp(p->other) == NULL ||
        authority_prepare(&a, &(struct authority_wish){.data = p->core, .now = NOW}) != 0 ||
        kept_open(&p->kept, slice_text(p->other), true, &complaint) != 0)
        return -1;
    return kept_new_key(&p->key, &p->kept, &complaint);
}

static int teardown(void **state)
{
    static const char *const names[] = {"/authority.pem", "/authority.key", "/server.pem", "/server.key",
        "/member.pem", "/member.key.new", "/member.json", ""};
    struct place *p = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/certificates%s", p->core, names[i]);
        remove(path);
        snprintf(path, sizeof path, "%s/certificates%s", p->other, names[i]);
        remove(path);
    }
    rmdir(p->core);
    rmdir(p->other);
    EVP_PKEY_free(p->key);
    free(p);
    return 0;
}

/* What the platform answers to this machine's request. */
static json_t *answer_to(const struct place *p, EVP_PKEY *key, const char *name, int days)
{
    struct buffer request = {0}, complaint = {0}, trusted = {0};
    struct issued issued;
    struct bundle authorities;
    char path[128];
    assert_int_equal(request_make(&request, key, name), 0);
    struct issue wish = {.data = p->core,
        .request = buffer_slice(&request),
        .name = slice_text(name),
        .address = SLICE("192.0.2.7"),
        .days = days,
        .now = NOW};
    assert_int_equal(issue_certificate(&issued, &wish, &complaint), 0);
    snprintf(path, sizeof path, "%s/certificates/authority.pem", p->core);
    assert_int_equal(bundle_read(&authorities, path), 0);
    bundle_write(&trusted, &authorities);
    json_t *answer = json_pack("{ss%, ss%}", "certificate", issued.certificate.data,
        issued.certificate.length, "authority", trusted.data, trusted.length);
    assert_int_equal(issued.ends_at, (NOW + (int64_t)days * DAY) * 1000000);
    buffer_free(&request);
    buffer_free(&trusted);
    buffer_free(&issued.certificate);
    bundle_free(&authorities);
    return answer;
}

static void says(const struct place *p, const json_t *answer, const char *name, int64_t now, const char *what)
{
    struct buffer complaint = {0};
    int error = kept_check(p->key, name, answer, now, &complaint);
    assert_int_not_equal(error, 0);
    buffer_add_byte(&complaint, '\0');
    if (strstr(complaint.data, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", complaint.data, what);
    buffer_free(&complaint);
}

/* SEC-1: a certificate for its own name before all others, for the key that asked, and for nobody else's use.
 */
static void issues_and_installs(void **state)
{
    struct place *p = *state;
    struct buffer complaint = {0};
    struct certificate c;
    struct stat about;
    json_t *answer = answer_to(p, p->key, "host-2", 90);
    assert_int_equal(kept_install(&p->kept, p->key, "host-2", answer, NOW, &complaint), 0);
    assert_true(kept_is_member(&p->kept));
    assert_int_equal(kept_read(&c, &p->kept), 0);
    assert_true(certificate_carries(&c, "host-2"));
    assert_true(certificate_carries(&c, "192.0.2.7"));
    assert_true(certificate_carries(&c, "127.0.0.1"));
    assert_false(certificate_carries(&c, "host-1"));
    assert_int_equal(X509_check_ca(c.x509), 0);
    assert_int_equal(X509_check_purpose(c.x509, X509_PURPOSE_SSL_CLIENT, 0), 1);
    assert_int_equal(X509_check_purpose(c.x509, X509_PURPOSE_SSL_SERVER, 0), 1);
    assert_int_equal(stat(p->kept.member, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_not_equal(access(p->kept.new_key, F_OK), 0);
    certificate_free(&c);
    json_decref(answer);
}

/* SEC-1: nothing is put in place that would not work, or that somebody else has made. */
static void believes_nobody_else(void **state)
{
    struct place *p = *state;
    EVP_PKEY *other = request_key();
    json_t *good = answer_to(p, p->key, "host-2", 90), *theirs = answer_to(p, other, "host-2", 90);
    says(p, theirs, "host-2", NOW, "for another key");
    says(p, good, "host-3", NOW, "for another name");
    struct certificate stranger;
    struct buffer pem = {0};
    assert_true(certificate_make(&stranger,
        &(struct certificate_wish){.name = "Tandem local authority", .now = NOW, .days = 9}, NULL));
    bundle_write_one(&pem, stranger.x509);
    json_t *foreign = json_copy(good);
    json_object_set_new(foreign, "authority", json_stringn(pem.data, pem.length));
    says(p, foreign, "host-2", NOW, "not signed by the authority");
    json_object_set_new(foreign, "certificate", json_string("none"));
    says(p, foreign, "host-2", NOW, "no certificate that can be read");
    json_object_del(foreign, "certificate");
    says(p, foreign, "host-2", NOW, "no certificate that can be read");
    says(p, good, "host-2", NOW - 2 * DAY, "clock is slow by at least 28");
    says(p, good, "host-2", NOW + 91 * DAY, "clock is fast by at least 14");
    certificate_free(&stranger);
    buffer_free(&pem);
    json_decref(good);
    json_decref(theirs);
    json_decref(foreign);
    EVP_PKEY_free(other);
}

/* SEC-1: never longer than the authority, and never a name by which others know the platform. */
static void issues_nothing_that_harms(void **state)
{
    struct place *p = *state;
    struct buffer request = {0}, complaint = {0};
    struct issued issued;
    char host[256];
    assert_int_equal(gethostname(host, sizeof host), 0);
    const char *const names[] = {"localhost", "LOCALHOST", host};
    for (size_t i = 0; i < 3; i++) {
        buffer_clear(&complaint);
        assert_int_not_equal(issue_check_name(p->core, slice_text(names[i]), &complaint), 0);
        assert_int_not_equal(complaint.length, 0);
    }
    assert_int_equal(request_make(&request, p->key, "host-2"), 0);
    struct issue wish = {
        .data = p->core, .request = buffer_slice(&request), .name = SLICE("host-2"), .days = 90, .now = NOW};
    wish.now = NOW + 3650LL * DAY - 10 * DAY;
    assert_int_equal(issue_certificate(&issued, &wish, &complaint), 0);
    assert_true(issued.ends_at <= (NOW + 3650LL * DAY) * 1000000);
    buffer_free(&issued.certificate);
    wish.now = NOW + 3650LL * DAY;
    assert_int_equal(issue_certificate(&issued, &wish, &complaint), ERROR_STALE);
    wish.data = p->other;
    wish.now = NOW;
    assert_int_equal(issue_certificate(&issued, &wish, &complaint), ERROR_MISSING);
    buffer_free(&request);
    buffer_free(&complaint);
}

/* SEC-2: passwords of the engines pass through others' hands sealed. */
static void an_envelope_is_for_one_reader(void **state)
{
    struct place *p = *state;
    json_t *answer = answer_to(p, p->key, "host-2", 90);
    struct bundle mine;
    struct buffer text = {0}, content = {0};
    EVP_PKEY *other = request_key();
    assert_int_equal(
        bundle_parse(&mine, slice_text(json_string_value(json_object_get(answer, "certificate")))), 0);
    assert_int_equal(envelope_close(&text, mine.items[0], SLICE("the password")), 0);
    assert_int_equal(slice_find_slice(buffer_slice(&text), SLICE("password")), -1);
    assert_int_equal(envelope_open(&content, mine.items[0], p->key, buffer_slice(&text)), 0);
    assert_true(slice_equal(buffer_slice(&content), SLICE("the password")));
    assert_int_not_equal(envelope_open(&content, mine.items[0], other, buffer_slice(&text)), 0);
    assert_int_not_equal(
        envelope_open(&content, mine.items[0], p->key, slice_first(buffer_slice(&text), 40)), 0);
    text.data[text.length - 20] = text.data[text.length - 20] == 'A' ? 'B' : 'A';
    assert_int_not_equal(envelope_open(&content, mine.items[0], p->key, buffer_slice(&text)), 0);
    assert_int_not_equal(envelope_open(&content, mine.items[0], p->key, SLICE("")), 0);
    json_object_set_new(answer, "sealed", json_stringn(text.data, text.length));
    buffer_clear(&content);
    assert_null(kept_secrets(p->key, answer, &content));
    assert_int_not_equal(content.length, 0);
    EVP_PKEY_free(other);
    bundle_free(&mine);
    buffer_free(&text);
    buffer_free(&content);
    json_decref(answer);
}

/* Several authorities in one file: who has signed whom. */
static void bundles_hold_authorities(void **state)
{
    struct place *p = *state;
    struct buffer complaint = {0}, pem = {0};
    struct bundle b, chain;
    char path[128];
    snprintf(path, sizeof path, "%s/certificates/authority.pem", p->core);
    assert_int_equal(bundle_read(&b, path), 0);
    assert_true(bundle_is_root(b.items[0]));
    assert_null(bundle_issuer(&b, b.items[0]));
    assert_int_equal(bundle_add(&b, b.items[0]), 0);
    assert_int_equal(b.count, 1);
    json_t *answer = answer_to(p, p->key, "host-2", 90);
    assert_int_equal(
        bundle_parse(&chain, slice_text(json_string_value(json_object_get(answer, "certificate")))), 0);
    assert_ptr_equal(bundle_issuer(&b, chain.items[0]), b.items[0]);
    assert_false(bundle_is_root(chain.items[0]));
    bundle_free(&chain);
    bundle_free(&b);
    assert_int_equal(
        bundle_parse(&b, SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
        ERROR_SYNTAX);
    assert_int_equal(bundle_parse(&b, SLICE("")), ERROR_SYNTAX);
    json_decref(answer);
    buffer_free(&pem);
    buffer_free(&complaint);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
TESTS("tools/identity/kept", TEST(issues_and_installs), TEST(believes_nobody_else),
    TEST(issues_nothing_that_harms), TEST(an_envelope_is_for_one_reader), TEST(bundles_hold_authorities))
