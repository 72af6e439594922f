#include "run/notify.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

/* A service manager's socket. */
static int manager(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    socklen_t length = sizeof name;
    if (path[0] == '@') {
        name.sun_path[0] = '\0';
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    assert_true(s >= 0);
    assert_int_equal(bind(s, (struct sockaddr *)&name, length), 0);
    return s;
}

static void hears(int s, const char *wanted)
{
    char text[256];
    ssize_t got = recv(s, text, sizeof text - 1, 0);
    assert_true(got > 0);
    text[got] = '\0';
    assert_string_equal(text, wanted);
}

/* CF-11 */
static void the_manager_hears_what_is_said(void **state)
{
    (void)state;
    char folder[] = P_tmpdir "/tandem-notify-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    int s = manager(path);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    struct notify *n = notify_open();
    assert_non_null(n);
    assert_null(getenv("NOTIFY_SOCKET")); /* no child speaks in our name */
    assert_null(getenv("WATCHDOG_USEC"));
    assert_true(notify_watchdog(n) == 3000000);
    notify(n, "READY=1\n");
    notify(n, "WATCHDOG=1\n");
    hears(s, "READY=1\n");
    hears(s, "WATCHDOG=1\n");
    notify_close(n);
    close(s);
    unlink(path);
    rmdir(folder);
}

static void names_of_the_kernel_are_possible(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@tandem-notify-test-%ld", (long)getpid());
    int s = manager(name);
    setenv("NOTIFY_SOCKET", name, 1);
    struct notify *n = notify_open();
    assert_non_null(n);
    assert_true(notify_watchdog(n) == 0);
    notify(n, "STATUS=well\n");
    hears(s, "STATUS=well\n");
    notify_close(n);
    close(s);
}

static void without_a_manager_nothing_is_said(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "relative/path", "/", "@"};
    unsetenv("NOTIFY_SOCKET");
    assert_null(notify_open());
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_null(notify_open());
    }
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_null(notify_open());
    notify(NULL, "READY=1\n");
    assert_true(notify_watchdog(NULL) == 0);
    notify_close(NULL);
}

/* sd_watchdog_enabled(3): the interval may be meant for somebody else. */
static void a_watchdog_of_another_process_is_not_ours(void **state)
{
    (void)state;
    char pid[32];
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    setenv("WATCHDOG_USEC", "1000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    struct notify *n = notify_open();
    assert_true(notify_watchdog(n) == 0);
    notify(n, "READY=1\n"); /* nobody listens: a line in the log, no more */
    notify_close(n);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    setenv("WATCHDOG_USEC", "1000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    n = notify_open();
    assert_true(notify_watchdog(n) == 1000);
    notify_close(n);
}

TESTS("run/notify", cmocka_unit_test(the_manager_hears_what_is_said),
    cmocka_unit_test(names_of_the_kernel_are_possible), cmocka_unit_test(without_a_manager_nothing_is_said),
    cmocka_unit_test(a_watchdog_of_another_process_is_not_ours))
