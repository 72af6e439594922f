/* The bare machine: epoll, recvmmsg, sendmmsg, the same bytes. No protocol, but that a REGISTER gets another first line and
 * that what comes from one of the two phones goes to the other.
 *
 *     floor PORT CALLER CALLED */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH 32
#define BYTES 4096

static char bytes[BATCH][BYTES];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr heads[BATCH];

static struct sockaddr_in address(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

/* Begins where the first line would have to begin for the rest to stand as it is. */
static void answer(int i)
{
    static const char status[] = "SIP/2.0 200 OK";
    char *end = memchr(bytes[i], '\r', heads[i].msg_len);
    if (end == NULL || end - bytes[i] < (int)sizeof status)
        return;
    char *begin = end - (sizeof status - 1);
    memcpy(begin, status, sizeof status - 1);
    parts[i] = (struct iovec){begin, heads[i].msg_len - (size_t)(begin - bytes[i])};
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    struct sockaddr_in own = address(atoi(argv[1])), caller = address(atoi(argv[2])), called = address(atoi(argv[3]));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), queue = epoll_create1(0), size = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0)
        return 1;
    struct epoll_event e = {.events = EPOLLIN};
    epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e);
    for (;;) {
        epoll_wait(queue, &e, 1, -1);
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){bytes[i], BYTES};
            heads[i] = (struct mmsghdr){
                .msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &peers[i], .msg_namelen = sizeof peers[i]}};
        }
        int count = recvmmsg(fd, heads, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            parts[i].iov_len = heads[i].msg_len;
            if (bytes[i][0] == 'R' && bytes[i][1] == 'E')
                answer(i);
            else
                peers[i] = peers[i].sin_port == caller.sin_port ? called : caller;
        }
        for (int sent = 0, n; sent < count; sent += n)
            if ((n = sendmmsg(fd, heads + sent, (unsigned)(count - sent), 0)) <= 0)
                n = 1;
    }
}
