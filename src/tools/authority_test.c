#include "tools/authority.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/certificate.h"
#include "unit.h"

#define NOW 1800000000
#define DAY 86400

static char data[64];

static int setup(void **state)
{
    (void)state;
    strcpy(data, P_tmpdir "/tandem-test-XXXXXX");
    return mkdtemp(data) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = {"/authority.pem", "/authority.key", "/server.pem", "/server.key", ""};
    char path[200];
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/certificates%s", data, names[i]);
        remove(path);
    }
    return rmdir(data);
}

static struct authority prepare(int64_t now, const char *const *names, size_t count)
{
    struct authority a;
    assert_int_equal(
        authority_prepare(
            &a, &(struct authority_wish){.data = data, .names = names, .name_count = count, .now = now}),
        0);
    return a;
}

static struct certificate server_of(const struct authority *a)
{
    struct certificate c;
    assert_int_equal(certificate_read(&c, a->certificate, a->key), 0);
    return c;
}

/* OPS-20: the first start makes what is needed; SEC-4: nobody else can read it. */
static void the_first_start_makes_them_and_the_second_keeps_them(void **state)
{
    static const char *const names[] = {"authority.pem", "authority.key", "server.pem", "server.key"};
    char path[200];
    struct stat about;
    (void)state;
    struct authority a = prepare(NOW, NULL, 0);
    assert_true(a.first && a.renewed);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/certificates/%s", data, names[i]);
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 0777, 0600);
    }
    snprintf(path, sizeof path, "%s/certificates", data);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    a = prepare(NOW + 100 * DAY, NULL, 0);
    assert_false(a.first || a.renewed);
}

/* SEC-1: others know a member by the first name of its certificate. */
static void a_member_has_its_name_in_front(void **state)
{
    (void)state;
    struct authority a;
    struct authority_wish wish = {.data = data, .now = NOW};
    char name[80];
    assert_int_equal(authority_prepare(&a, &wish), 0);
    wish.member = "host_1";
    assert_int_equal(authority_prepare(&a, &wish), 0);
    assert_true(a.renewed && !a.first);
    struct certificate c = server_of(&a);
    X509_NAME_get_text_by_NID(X509_get_subject_name(c.x509), NID_commonName, name, sizeof name);
    assert_string_equal(name, "host_1");
    GENERAL_NAMES *names = X509_get_ext_d2i(c.x509, NID_subject_alt_name, NULL, NULL);
    const GENERAL_NAME *first = sk_GENERAL_NAME_value(names, 0);
    assert_string_equal((const char *)ASN1_STRING_get0_data(first->d.dNSName), "host_1");
    GENERAL_NAMES_free(names);
    certificate_free(&c);
    assert_int_equal(authority_prepare(&a, &wish), 0);
    assert_false(a.renewed);
}

static void a_client_that_trusts_the_authority_accepts_the_server(void **state)
{
    (void)state;
    struct authority a = prepare(NOW, NULL, 0);
    struct certificate c = server_of(&a);
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_load_file(trusted, a.authority), 1);
    X509_STORE_CTX_init(check, trusted, c.x509, NULL);
    X509_STORE_CTX_set_time(check, 0, NOW + DAY);
    X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_ip_asc(X509_STORE_CTX_get0_param(check), "127.0.0.1");
    assert_int_equal(X509_verify_cert(check), 1);
    assert_true(certificate_carries(&c, "localhost"));
    assert_true(certificate_carries(&c, "::1"));
    assert_false(certificate_carries(&c, "127.0.0.2"));
    assert_true(certificate_lasts(&c, NOW, 364));
    assert_false(certificate_lasts(&c, NOW, 366));
    X509_STORE_CTX_free(check);
    X509_STORE_free(trusted);
    certificate_free(&c);
}

static void a_server_certificate_is_renewed_in_time_by_the_same_authority(void **state)
{
    (void)state;
    (void)prepare(NOW, NULL, 0);
    struct authority a = prepare(NOW + 334 * DAY, NULL, 0);
    assert_false(a.renewed);
    a = prepare(NOW + 336 * DAY, NULL, 0);
    assert_true(a.renewed && !a.first);
    struct certificate c = server_of(&a);
    assert_true(certificate_lasts(&c, NOW + 336 * DAY, 300));
    certificate_free(&c);
}

static void a_new_name_makes_a_new_certificate(void **state)
{
    static const char *const names[] = {"192.0.2.7", "pbx.example.org", "bad,DNS:evil"};
    (void)state;
    (void)prepare(NOW, NULL, 0);
    struct authority a = prepare(NOW, names, 3);
    assert_true(a.renewed && !a.first);
    struct certificate c = server_of(&a);
    assert_true(certificate_carries(&c, "192.0.2.7"));
    assert_true(certificate_carries(&c, "pbx.example.org"));
    assert_false(certificate_carries(&c, "evil"));
    certificate_free(&c);
    a = prepare(NOW, names, 3);
    assert_false(a.renewed);
}

static void damage(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("not a certificate\n", file);
    fclose(file);
}

static void a_damaged_server_is_made_anew_a_damaged_authority_is_not(void **state)
{
    (void)state;
    struct authority a = prepare(NOW, NULL, 0), again;
    damage(a.key);
    a = prepare(NOW, NULL, 0);
    assert_true(a.renewed);
    damage(a.authority);
    unit_expect_error("damaged on disk");
    assert_int_equal(
        authority_prepare(&again, &(struct authority_wish){.data = data, .now = NOW}), ERROR_CORRUPT);
}

/* The key is written before its certificate. */
static void a_first_start_that_was_cut_short_is_made_good(void **state)
{
    (void)state;
    struct authority a = prepare(NOW, NULL, 0);
    assert_int_equal(remove(a.authority), 0);
    a = prepare(NOW, NULL, 0);
    assert_true(a.first && a.renewed);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct authority a;
    (void)state;
    unit_expect_error("/nowhere/certificates");
    assert_int_equal(authority_prepare(&a,
                         &(struct authority_wish){.data = P_tmpdir "/nowhere-at-all/nowhere", .now = NOW}),
        ERROR_DISK);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TESTS("tools/authority", WITH_FOLDER(the_first_start_makes_them_and_the_second_keeps_them),
    WITH_FOLDER(a_client_that_trusts_the_authority_accepts_the_server),
    WITH_FOLDER(a_server_certificate_is_renewed_in_time_by_the_same_authority),
    WITH_FOLDER(a_new_name_makes_a_new_certificate), WITH_FOLDER(a_member_has_its_name_in_front),
    WITH_FOLDER(a_damaged_server_is_made_anew_a_damaged_authority_is_not),
    WITH_FOLDER(a_first_start_that_was_cut_short_is_made_good),
    cmocka_unit_test(a_folder_that_cannot_be_made_is_named))
