#include "tools/objects.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/https.h"
#include "tools/operator.h"
#include "tools/tools_fixture.h"

#include "unit.h"

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

static void run_on(struct printed *p, const struct running_system *s, const char *words)
{
    char line[512];
    snprintf(line, sizeof line, "%s --data %s --web %s", words, s->folder, s->web);
    run_tandem(p, NULL, line);
}

static void gets_all_pages_as_a_table(void **state)
{
    (void)state;
    static const char *const answers[] = {
        OK("{\"kind\":\"dn\",\"objects\":[{\"version\":1,\"number\":\"*98#\",\"name\":\"\",\"location\":"
           "\"home\","
           "\"disabled\":false}],\"next\":\"*98#\"}"),
        OK("{\"kind\":\"dn\",\"objects\":[{\"version\":1,\"number\":\"1001\",\"name\":\"Desk "
           "one\",\"kind\":\"extension\",\"location\":\"home\",\"disabled\":true}]}"),
    };
    struct running_system s;
    struct printed p;
    system_open(&s, "IP:127.0.0.1", answers, 2);
    run_on(&p, &s, "get dn");
    system_close(&s);
    assert_string_equal(p.error, "");
    assert_string_equal(p.out, "number  name      kind       location  dial  disabled\n"
                               "*98#    -         -          home      -     no\n"
                               "1001    Desk one  extension  home      -     yes\n");
    assert_non_null(strstr(s.requests[0], "GET /api/config/dn?secrets=false HTTP/1.1\r\n"));
    assert_non_null(strstr(s.requests[0],
        "Authorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"));
    assert_non_null(strstr(s.requests[0], "X-Tandem-Request: 1\r\n")); /* or no change is taken */
    assert_non_null(
        strstr(s.requests[1], "GET /api/config/dn?secrets=false&after=%2A%39%38%23 HTTP/1.1\r\n"));
}

static void gets_one_as_json_that_can_be_applied(void **state)
{
    (void)state;
    static const char *const answers[] = {OK("{\"version\":2,\"number\":\"*98#\",\"secret\":\"12345678\"}")};
    struct running_system s;
    struct printed p;
    struct buffer complaint = {0};
    system_open(&s, "IP:127.0.0.1", answers, 1);
    run_on(&p, &s, "get dn *98# --json --secrets");
    system_close(&s);
    assert_int_equal(p.status, EXIT_DONE);
    assert_non_null(strstr(s.requests[0], "GET /api/config/dn/*98%23?secrets=true HTTP/1.1\r\n"));
    json_t *again = objects_parse(slice_text(p.out), "x.json", &complaint);
    assert_non_null(again);
    json_decref(again);
}

static void applies_all_or_nothing(void **state)
{
    (void)state;
    static const char *const answers[] = {
        OK("{\"number\":7,\"applied\":true,\"counts\":{\"create\":1,\"change\":1,\"delete\":0,\"same\":3},"
           "\"changes\":[{\"kind\":\"location\",\"name\":\"away\",\"action\":\"create\",\"before\":null,"
           "\"after\":{\"version\":1,\"name\":\"away\"}},{\"kind\":\"dn\",\"name\":\"1\",\"action\":"
           "\"change\","
           "\"before\":{\"version\":1,\"name\":\"x\",\"location\":\"home\"},\"after\":{\"version\":2,"
           "\"name\":\"x\","
           "\"location\":\"away\"},\"changed_secrets\":[\"secret\"]}]}"),
        "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"
        "{\"error\":{\"sentence\":\"is wrong\",\"path\":\"/objects/1/object/name\"}}\r\n0\r\n\r\n",
    };
    static const char file_text[] =
        "[[dn]]\nnumber = \"1\"\nlocation = \"away\"\n[[location]]\nname = \"away\"\n";
    struct running_system s;
    struct printed p;
    char path[128], words[160];
    system_open(&s, "IP:127.0.0.1", answers, 2);
    snprintf(path, sizeof path, "%s/objects.toml", s.folder);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(file, file_text, sizeof file_text - 1), sizeof file_text - 1);
    close(file);
    snprintf(words, sizeof words, "apply -f %s -m why", path);
    run_on(&p, &s, words);
    assert_string_equal(p.out, "+ location away\n  + name = \"away\"\n~ dn 1\n  - location = \"home\"\n"
                               "  + location = \"away\"\n  ~ secret: another one\n"
                               "change 7: 1 made, 1 changed, 0 removed, 3 as they were\n");
    assert_int_equal(p.status, EXIT_DONE);
    assert_non_null(strstr(s.requests[0], "POST /api/import?dry_run=false HTTP/1.1\r\n"));
    assert_non_null(
        strstr(s.requests[0], "\r\nX-Tandem-Request: 1\r\n")); /* what no other site's page can send */
    /* In the order in which kinds refer to each other. */
    assert_non_null(strstr(s.requests[0],
        "\"comment\":\"why\",\"objects\":[{\"kind\":\"location\",\"object\":{\"name\":\"away\"}},"
        "{\"kind\":\"dn\",\"object\":{\"number\":\"1\",\"location\":\"away\"}}]}"));
    snprintf(words, sizeof words, "apply -f %s --dry-run --replace", path);
    run_on(&p, &s, words);
    assert_string_equal(p.error, "tandem: dn 1/name: is wrong; nothing was changed\n");
    assert_int_equal(p.status, EXIT_FAILED);
    assert_non_null(strstr(s.requests[1], "POST /api/import?dry_run=true&replace=true HTTP/1.1\r\n"));
    unlink(path);
    system_close(&s);
}

static void deletes(void **state)
{
    (void)state;
    static const char *const answers[] = {OK("{\"version\":2,\"deleted\":true}"),
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}"};
    struct running_system s;
    struct printed p;
    system_open(&s, "IP:127.0.0.1", answers, 3);
    run_on(&p, &s, "delete dn 1001");
    assert_string_equal(p.out, "dn 1001: deleted\n");
    run_on(&p, &s, "delete dn 1001");
    assert_string_equal(p.error,
        "tandem: dn 1001: not permitted: the operator.token of another data folder? say --data DIR\n");
    run_on(&p, &s, "delete dn 1001");
    assert_string_equal(p.error, "tandem: dn 1001: the system answers 403\n");
    system_close(&s);
}

/* SEC-4: the operator's token goes to nobody but the system of this data. */
static void speaks_only_to_its_own_system(void **state)
{
    (void)state;
    static const char *const answers[] = {OK("{}")};
    struct running_system s, other;
    struct printed p;
    char words[256];
    system_open(&s, "IP:127.0.0.2", answers, 1); /* a certificate for another address */
    run_on(&p, &s, "get dn");
    system_close(&s);
    assert_string_equal(s.requests[0], "");
    assert_non_null(
        strstr(p.error, "its certificate or its TLS is not what it should be: IP address mismatch"));
    system_open(&s, "IP:127.0.0.1", answers, 1);
    system_open(&other, "IP:127.0.0.1", answers, 0); /* its authority has not signed for s */
    snprintf(words, sizeof words, "get dn --data %s --web %s", other.folder, s.web);
    run_tandem(&p, NULL, words);
    system_close(&s);
    assert_string_equal(s.requests[0], "");
    assert_non_null(strstr(p.error, "its certificate or its TLS is not what it should be"));
    snprintf(words, sizeof words, "get dn --data %s --web %s", other.folder, s.web);
    run_tandem(&p, NULL, words);
    assert_non_null(strstr(p.error, "nothing runs there; start it with tandem run"));
    system_close(&other);
    run_tandem(&p, NULL, "get dn --data /nonexistent");
    assert_string_equal(p.error, "tandem: /nonexistent/operator.token: No such file or directory; run this "
                                 "where the data is, or say --data "
                                 "DIR\n");
    assert_int_equal(p.status, EXIT_FAILED);
}

static void refuses_file(const char *path, const char *text, const char *line)
{
    struct buffer complaint = {0};
    assert_null(objects_parse(slice_text(text), path, &complaint));
    buffer_add_byte(&complaint, '\0');
    assert_string_equal(complaint.data, line);
    buffer_free(&complaint);
}

static void says_what_is_wrong_with_a_file(void **state)
{
    (void)state;
    refuses_file("a.json", "[]", "a.json: must be lists of objects by kind: {\"dn\": [{...}]}");
    refuses_file("a.json", "{\"dns\":[]}",
        "a.json: there is no kind of object \"dns\"; there are cluster, location, member, dn, person, "
        "application, trunk-group, trunk, dial-rule, ban");
    refuses_file("a.json", "{\"dn\":{}}", "a.json: dn must be a list of objects");
    refuses_file("a.json", "{\"dn\":[{\"number\":\"1\"},{}]}", "a.json: dn number 2 has no number");
    refuses_file("a.json", "{\n", "a.json:2: string or '}' expected near end of file");
    refuses_file("a.toml", "\n[[dn]]\nnumber = ", "a.toml:3: a value is missing");
}

static void random_h(void *bytes, size_t length)
{
    static unsigned char next = 7;
    memset(bytes, next++, length);
}

/* SEC-4: readable by the owner only; one that others could read is not used again. */
static void keeps_the_token_private(void **state)
{
    (void)state;
    char folder[] = P_tmpdir "/tandem-test-XXXXXX", path[64];
    char first[OPERATOR_TOKEN_HEX], second[OPERATOR_TOKEN_HEX], token[OPERATOR_TOKEN_HEX];
    struct stat about;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/operator.token", folder);
    assert_int_equal(operator_prepare(first, slice_text(folder), random_h, NULL), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(operator_prepare(second, slice_text(folder), random_h, NULL), 0);
    assert_string_equal(first, second);
    assert_int_equal(operator_read(token, slice_text(folder), NULL), 0);
    assert_int_equal(strncmp(token, "07070707", 8), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(operator_prepare(second, slice_text(folder), random_h, NULL), 0);
    assert_string_not_equal(first, second);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    unlink(path);
    rmdir(folder);
    struct buffer complaint = {0};
    assert_int_equal(operator_prepare(second, slice_text(folder), random_h, &complaint), ERROR_MISSING);
    assert_true(complaint.length > 0);
    buffer_free(&complaint);
}

static void takes_answers_apart(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *body; /* NULL: refused */
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n\r\nabc", "abc"},
        {"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 2\r\n\r\nabc", "ab"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", NULL},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na", NULL},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", NULL},
        {"HTTP/1.1 200 OK\r\nA: b", NULL},
        {"HTTP/1.0 200 OK\r\n\r\n", NULL},
        {"HTTP/1.1 999 ?\r\n\r\n", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer body = {0};
        unsigned status;
        int error = https_parse(&status, &body, slice_text(cases[i].answer));
        assert_int_equal(error, cases[i].body != NULL ? 0 : ERROR_SYNTAX);
        if (cases[i].body != NULL)
            assert_true(slice_equal(buffer_slice(&body), slice_text(cases[i].body)));
        buffer_free(&body);
    }
}

TESTS("tools/objects", cmocka_unit_test(gets_all_pages_as_a_table),
    cmocka_unit_test(gets_one_as_json_that_can_be_applied), cmocka_unit_test(applies_all_or_nothing),
    cmocka_unit_test(deletes), cmocka_unit_test(speaks_only_to_its_own_system),
    cmocka_unit_test(says_what_is_wrong_with_a_file), cmocka_unit_test(keeps_the_token_private),
    cmocka_unit_test(takes_answers_apart))
