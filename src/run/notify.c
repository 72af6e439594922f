#include "run/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct notify {
    int socket;
    struct sockaddr_un to;
    socklen_t length;
    int64_t watchdog;
};

/* A path, or with '@' in front a name of the kernel's own (unix(7), abstract). */
static bool take_address(struct notify *n, const char *text)
{
    size_t length = strlen(text);
    if ((text[0] != '/' && text[0] != '@') || length < 2 || length >= sizeof n->to.sun_path)
        return false;
    n->to.sun_family = AF_UNIX;
    memcpy(n->to.sun_path, text, length);
    if (text[0] == '@')
        n->to.sun_path[0] = '\0';
    n->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (text[0] == '/'));
    return true;
}

/* WATCHDOG_PID: the interval may be meant for another process (sd_watchdog_enabled(3)). */
static int64_t read_watchdog(void)
{
    const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t number, wanted;
    if (interval == NULL || slice_to_u64(&number, slice_text(interval), INT64_MAX) != 0)
        return 0;
    if (pid != NULL &&
        (slice_to_u64(&wanted, slice_text(pid), INT64_MAX) != 0 || wanted != (uint64_t)getpid()))
        return 0;
    return (int64_t)number;
}

struct notify *notify_open(void)
{
    const char *address = getenv("NOTIFY_SOCKET");
    struct notify *n = NULL;
    if (address != NULL) {
        n = mem_zero(sizeof *n);
        n->socket =
            take_address(n, address) ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
        n->watchdog = read_watchdog();
        if (n->socket < 0) {
            LOG(LOG_WARNING, "run", "the service manager cannot be told anything: NOTIFY_SOCKET is %s",
                address);
            mem_free(n);
            n = NULL;
        }
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return n;
}

void notify_close(struct notify *n)
{
    if (n == NULL)
        return;
    close(n->socket);
    mem_free(n);
}

void notify(struct notify *n, const char *lines)
{
    if (n == NULL)
        return;
    if (sendto(n->socket, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)&n->to, n->length) < 0)
        LOG(LOG_WARNING, "run", "the service manager does not listen: %s", strerror(errno));
}

int64_t notify_watchdog(const struct notify *n)
{
    return n != NULL ? n->watchdog : 0;
}
