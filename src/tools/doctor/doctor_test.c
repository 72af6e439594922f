#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/certificate.h"
#include "tools/doctor/doctor_int.h"
#include "unit.h"

static struct options options;

static struct doctor begin(void)
{
    options_init(&options);
    return (struct doctor){.options = &options, .now = (int64_t)time(NULL)};
}

/* What was found, in order; ends it. */
static const char *found(struct doctor *d)
{
    static char text[4096];
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(buffer_slice(&d->out)));
    buffer_free(&d->out);
    return text;
}

static const char *look(const char *applications)
{
    struct doctor d = begin();
    json_t *json = json_loads(applications, 0, NULL);
    assert_non_null(json);
    doctor__applications(&d, json);
    json_decref(json);
    return found(&d);
}

#define NODE(name, pair, member)                                                                             \
    "{\"name\":\"" name "\",\"role\":\"node\",\"pair\":\"" pair "\",\"member\":\"" member "\"}"

static void what_is_there_only_once_is_said(void **state) /* SEC-8 */
{
    (void)state;
    const char *text = look("[{\"role\":\"proxy\"},{\"role\":\"session\"},{\"role\":\"session\"}]");
    assert_non_null(strstr(text, "doubtful  one instance of proxy: phones have nowhere else to go\n"));
    assert_non_null(strstr(text, "ok        2 instances of session\n"));
    assert_non_null(strstr(text, "doubtful  no instance of control"));
}

static void pairs_are_two_in_different_processes(void **state)
{
    (void)state;
    const char *text = look("[" NODE("1a", "one", "host-1") "," NODE("2a", "two", "host-1") "," NODE(
        "1b", "one", "host-2") "," NODE("2b", "two", "host-1") "," NODE("3a", "three", "host-3") "]");
    assert_non_null(strstr(text, "ok        the pair one is complete\n"));
    assert_non_null(strstr(text, "WRONG     both members of the pair two are in one process"));
    assert_non_null(strstr(text, "doubtful  the pair three has one member"));
    text = look("[" NODE("1a", "one", "a") "," NODE("1b", "one", "b") "," NODE("1c", "one", "c") "]");
    assert_non_null(strstr(text, "WRONG     the pair one has 3 members"));
}

static void a_port_in_use_is_wrong_unless_a_system_runs(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    char text[64];
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&to, length), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&to, &length);
    for (int running = 0; running < 2; running++) {
        struct doctor d = begin();
        d.running = running != 0;
        options.values[OPTION_LISTEN] = (struct option_value){.count = 1};
        snprintf(text, sizeof text, "tcp:127.0.0.1:%u", ntohs(to.sin_port));
        options.values[OPTION_LISTEN].items[0] = slice_text(text);
        options.values[OPTION_WEB] = options.values[OPTION_METRICS] = (struct option_value){.count = 0};
        doctor__ports(&d);
        assert_int_equal(d.counts[FINDING_WRONG], running != 0 ? 0 : 1);
        assert_non_null(strstr(found(&d), "in use"));
    }
    close(fd);
}

static void certificates_that_end_are_said(void **state)
{
    static const struct {
        int days;
        enum finding finding;
        const char *words;
    } rows[] = {{90, FINDING_GOOD, "more days"}, {10, FINDING_DOUBTFUL, "more days"},
        {-3, FINDING_WRONG, "has ended"}};
    char folder[] = P_tmpdir "/tandem-test-XXXXXX", path[64], key[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.pem", folder);
    snprintf(key, sizeof key, "%s/a.key", folder);
    for (size_t i = 0; i < 3; i++) {
        struct certificate c = {.key = NULL};
        struct doctor d = begin();
        struct certificate_wish wish = {
            .name = "host-1", .now = d.now - 100 * 86400, .days = 100 + rows[i].days};
        assert_true(certificate_make(&c, &wish, NULL));
        assert_int_equal(certificate_write(&c, path, key), 0);
        certificate_free(&c);
        doctor__certificate(&d, path);
        assert_int_equal(d.counts[rows[i].finding], 1);
        assert_non_null(strstr(found(&d), rows[i].words));
    }
    struct doctor d = begin();
    doctor__certificate(&d, key);
    unlink(key);
    doctor__certificate(&d, key);
    assert_int_equal(d.counts[FINDING_WRONG], 2);
    assert_non_null(strstr(found(&d), "is no certificate"));
    unlink(path);
    rmdir(folder);
}

static void an_engine_that_cannot_be_reached_is_wrong(void **state)
{
    struct doctor d = begin();
    (void)state;
    options.values[OPTION_STORE].count = 1;
    options.values[OPTION_STORE].items[0] = SLICE("127.0.0.1:1");
    doctor__engines(&d);
    assert_int_equal(d.counts[FINDING_WRONG], 1);
    assert_non_null(
        strstr(found(&d), "WRONG     the store at 127.0.0.1:1 cannot be reached: Connection refused"));
}

static void addresses_and_dates_are_taken_apart(void **state)
{
    char host[256], port[8];
    (void)state;
    assert_true(doctor__split(SLICE("https://a.example:2379"), "1", host, port));
    assert_string_equal(host, "a.example");
    assert_string_equal(port, "2379");
    assert_true(doctor__split(SLICE("tls://[2001:db8::1]"), "4222", host, port));
    assert_string_equal(host, "2001:db8::1");
    assert_string_equal(port, "4222");
    assert_false(doctor__split(SLICE("https://"), "1", host, port));
    assert_false(doctor__split(SLICE("a:123456789"), "1", host, port));
    assert_int_equal(doctor__date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    assert_int_equal(doctor__date("yesterday"), -1);
}

TESTS("tools/doctor", cmocka_unit_test(what_is_there_only_once_is_said),
    cmocka_unit_test(pairs_are_two_in_different_processes),
    cmocka_unit_test(a_port_in_use_is_wrong_unless_a_system_runs),
    cmocka_unit_test(certificates_that_end_are_said),
    cmocka_unit_test(an_engine_that_cannot_be_reached_is_wrong),
    cmocka_unit_test(addresses_and_dates_are_taken_apart))
