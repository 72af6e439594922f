#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/file.h"
#include "tools/place.h"
#include "tools/tools_fixture.h"

#include "unit.h"

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body
#define WELL                                                                                                 \
    "\"members\":[{\"name\":\"local\",\"health\":\"ok\",\"parts\":[]}],\"alarms\":{\"critical\":0,"          \
    "\"major\":0,\"minor\":0}}"

static char runtime[64];

static int setup(void **state)
{
    (void)state;
    strcpy(runtime, P_tmpdir "/tandem-run-XXXXXX");
    setenv("TZ", "UTC", 1);
    if (mkdtemp(runtime) == NULL)
        return -1;
    char path[128];
    snprintf(path, sizeof path, "%s/tandem", runtime);
    return setenv("TANDEM_PLACES", path, 1);
}

static int teardown(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/tandem", runtime);
    rmdir(path);
    return rmdir(runtime);
}

static void run_on(struct printed *p, const struct running_system *s, const char *words)
{
    char line[512];
    snprintf(line, sizeof line, "%s --data %s --web %s", words, s->folder, s->web);
    run_tandem(p, NULL, line);
}

static void leave(const struct running_system *s, const char *system, const char *name, long pid)
{
    struct place place = {.pid = pid};
    struct buffer complaint = {0};
    snprintf(place.system, sizeof place.system, "%s", system);
    snprintf(place.name, sizeof place.name, "%s", name);
    snprintf(place.web, sizeof place.web, "%s", s->web);
    snprintf(place.data, sizeof place.data, "%s", s->folder);
    assert_int_equal(place_write(&place, &complaint), 0);
}

/* Those of this test's folder: others may run on the machine. */
static size_t count_ours(const char *system)
{
    struct place list[PLACES];
    size_t all = place_list(list, PLACES), count = 0;
    for (size_t i = 0; i < all; i++)
        count += strcmp(list[i].system, system) == 0;
    return count;
}

/* CF-10 */
static void status_is_a_table_and_a_number(void **state)
{
    (void)state;
    static const char *const answers[] = {
        OK("{\"instances\":[{\"role\":\"proxy\",\"name\":\"proxy-1\",\"location\":\"home\",\"member\":"
           "\"local\","
           "\"health\":\"ok\",\"since\":\"1700000000000000\",\"why\":\"\"}]," WELL),
        OK("{\"instances\":[{\"role\":\"proxy\",\"name\":\"proxy-1\",\"location\":\"home\",\"health\":"
           "\"down\","
           "\"why\":\"no process runs "
           "it\"}],\"members\":[{\"name\":\"host-1\",\"health\":\"degraded\",\"parts\":"
           "[{\"what\":\"bus\",\"health\":\"ok\"},{\"what\":\"store\",\"health\":\"down\",\"why\":"
           "\"refused\"}]}],"
           "\"alarms\":{\"critical\":1,\"major\":0,\"minor\":2}}"),
        ("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n"
         "{\"error\":{\"sentence\":\"no answer yet\"}}"),
    };
    struct running_system s;
    struct printed p;
    system_open(&s, "IP:127.0.0.1", answers, 3);
    run_on(&p, &s, "status");
    assert_int_equal(p.status, 0);
    assert_string_equal(p.out, "role   name     location  member  health  since                why\n"
                               "proxy  proxy-1  home      local   ok      2023-11-14 22:13:20  -\n");
    run_on(&p, &s, "status");
    assert_int_equal(p.status, 1);
    assert_string_equal(p.out, "role   name     location  member  health  since  why\n"
                               "proxy  proxy-1  home      -       down    -      no process runs it\n"
                               "host-1: the store is away: refused\n"
                               "Alarms: 1 critical, 0 major, 2 minor; tandem alarms shows them\n");
    run_on(&p, &s, "status --json");
    assert_int_equal(p.status, 2);
    assert_string_equal(p.out, "");
    assert_string_equal(p.error, "tandem: the system answers 503: no answer yet\n");
    system_close(&s);
}

static void alarms_are_shown_and_acknowledged(void **state)
{
    (void)state;
    static const char *const answers[] = {
        OK("{\"alarms\":[]}"),
        OK("{\"alarms\":[{\"id\":7,\"severity\":\"critical\",\"alarm\":\"instance-down\",\"raised_at\":"
           "\"1700000000000000\",\"text\":\"proxy proxy-1 is down\"}]}"),
        OK("{\"alarms\":[]}"),
        OK("{\"text\":\"proxy proxy-1 is down\"}"),
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"error\":{\"sentence\":\"not raised\"}}",
    };
    struct running_system s;
    struct printed p;
    system_open(&s, "IP:127.0.0.1", answers, 5);
    run_on(&p, &s, "alarms");
    assert_string_equal(p.out, "No alarm is raised.\n");
    run_on(&p, &s, "alarms");
    assert_string_equal(p.out,
        "id  severity  raised_at            alarm          acknowledged_by  text\n"
        "7   critical  2023-11-14 22:13:20  instance-down  -                proxy proxy-1 is down\n");
    run_on(&p, &s, "alarms history");
    assert_non_null(strstr(s.requests[2], "GET /api/alarms?history=true&limit=200 HTTP/1.1\r\n"));
    run_on(&p, &s, "acknowledge 7");
    assert_int_equal(p.status, 0);
    assert_string_equal(p.out, "7: acknowledged: proxy proxy-1 is down\n");
    assert_non_null(strstr(s.requests[3], "POST /api/alarms/7/acknowledge HTTP/1.1\r\n"));
    run_on(&p, &s, "acknowledge 8");
    assert_int_equal(p.status, 1);
    system_close(&s);
    run_on(&p, &s, "acknowledge seven");
    assert_int_equal(p.status, 2);
    run_on(&p, &s, "alarms past");
    assert_int_equal(p.status, 2);
}

static void what_runs_is_found(void **state)
{
    (void)state;
    static const char *const answers[] = {OK("{\"instances\":[]," WELL)};
    struct running_system s;
    struct options o;
    struct buffer body = {0}, complaint = {0};
    struct place list[PLACES];
    size_t count;
    unsigned status = 0;
    system_open(&s, "IP:127.0.0.1", answers, 1);
    leave(&s, "found-by-test", "host-1", (long)getpid());
    assert_int_equal(count_ours("found-by-test"), 1);
    options_init(&o);
    o.values[OPTION_DATA].text = slice_text(s.folder);
    assert_int_equal(place_choose(list, &count, &o, &complaint), 0);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].web, s.web); /* not the default one */
    assert_int_equal(
        place_ask(&status, &body, &o, "GET", SLICE("/api/status"), (struct slice){0}, &complaint), 0);
    assert_int_equal(status, 200);
    place_remove((long)getpid());
    assert_int_equal(count_ours("found-by-test"), 0);
    system_close(&s);
    buffer_free(&body);
    buffer_free(&complaint);
}

/* A process that was killed leaves its file; nobody is asked because of it. */
static void the_dead_are_not_asked(void **state)
{
    (void)state;
    struct running_system s = {.folder = "nowhere", .web = "tls:127.0.0.1:1"};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    leave(&s, "dead-in-test", "host-1", (long)child);
    char path[128];
    snprintf(path, sizeof path, "%s/tandem/%ld.json", runtime, (long)child);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(count_ours("dead-in-test"), 0);
    assert_int_not_equal(access(path, F_OK), 0); /* nor is it looked at again */
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/tandem/%s", runtime, name);
    assert_int_equal(tools_file_write_private(path, slice_text(text), NULL), 0);
}

static void damaged_files_are_passed_over(void **state)
{
    (void)state;
    static const char *const names[] = {"1.json", "2.json", "3.json", "4.json", "5.txt"};
    struct place list[PLACES];
    char path[128];
    snprintf(path, sizeof path, "%s/tandem", runtime);
    assert_int_equal(mkdir(path, 0700), 0);
    size_t before = place_list(list, PLACES);
    write_file(names[0], "");
    write_file(names[1], "{\"pid\": 1, \"system\": \"x\"}");
    write_file(names[2], "[1]");
    write_file(names[3], "{\"pid\":\"x\",\"system\":1,\"name\":\"\",\"web\":\"\",\"data\":\"\"}");
    write_file(names[4], "{\"pid\":1,\"system\":\"a\",\"name\":\"a\",\"web\":\"a\",\"data\":\"a\"}");
    assert_int_equal(place_list(list, PLACES), before);
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/tandem/%s", runtime, names[i]);
        unlink(path);
    }
    /* Where others may write nothing is believed. */
    snprintf(path, sizeof path, "%s/tandem", runtime);
    struct running_system s = {.folder = "nowhere", .web = "tls:127.0.0.1:1"};
    leave(&s, "open-folder", "host-1", (long)getpid());
    assert_int_equal(count_ours("open-folder"), 1);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(count_ours("open-folder"), 0);
    place_remove((long)getpid());
}

#define APART(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TESTS("tools/status", APART(status_is_a_table_and_a_number), APART(alarms_are_shown_and_acknowledged),
    APART(what_runs_is_found), APART(the_dead_are_not_asked), APART(damaged_files_are_passed_over))
