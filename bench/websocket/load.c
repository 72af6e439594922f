/* A lean load: opens WebSockets, lets them idle, sends messages and counts what the server's process spends.
 *
 *     load MODE PORT PID CONNECTIONS MESSAGES WINDOW      MODE: plain, tls, raw (no handshake, for the floor)
 *
 * WINDOW messages are under way at a time, each on a connection of its own.
 * Prints "bytes per idle connection" and "microseconds of CPU per message" of the process PID. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TEXT 100      /* bytes of a message */
#define WINDOW_MOST 256
#define WARM_UP 100   /* connections before memory is looked at */

static const char request[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

struct connection {
    int fd;
    SSL *ssl;
    size_t awaited; /* bytes of the echo that are still to come */
};

static struct sockaddr_in server;
static clockid_t server_clock;
static pid_t server_pid;
static int window;
static SSL_CTX *context;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long resident(void)
{
    char path[64];
    long size, pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)server_pid);
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2)
        fail(path);
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static double cpu(void)
{
    struct timespec t;
    if (clock_gettime(server_clock, &t) != 0)
        fail("clock of the server");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void pause_ms(long milliseconds)
{
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
}

static void shake_hands(struct connection *c)
{
    char answer[2048];
    size_t length = 0;
    if (c->ssl != NULL ? SSL_write(c->ssl, request, sizeof request - 1) <= 0
                       : write(c->fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1)
        fail("request");
    while (length < 4 || memcmp(answer + length - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = c->ssl != NULL ? SSL_read(c->ssl, answer + length, (int)(sizeof answer - length))
                                     : read(c->fd, answer + length, sizeof answer - length);
        if (got <= 0)
            fail("answer");
        length += (size_t)got;
    }
    if (memcmp(answer, "HTTP/1.1 101", 12) != 0)
        fail("handshake was refused");
}

static void open_one(struct connection *c, bool raw)
{
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&server, sizeof server) != 0)
        fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (context != NULL) {
        c->ssl = SSL_new(context);
        SSL_set_fd(c->ssl, c->fd);
        if (SSL_connect(c->ssl) != 1)
            fail("TLS");
    }
    if (!raw)
        shake_hands(c);
}

static void send_one(struct connection *c, bool raw)
{
    static char frame[6 + TEXT] = {(char)0x81, (char)(0x80 | TEXT), 1, 2, 3, 4};
    size_t length = sizeof frame;
    for (size_t i = 0; i < TEXT; i++)
        frame[6 + i] = (char)('x' ^ frame[2 + i % 4]);
    if (write(c->fd, frame, length) != (ssize_t)length)
        fail("send");
    c->awaited = raw ? length : 2 + TEXT;
}

/* Round after round over all connections, `window` of them at a time. */
static void echo(struct connection *all, long connections, long messages, bool raw)
{
    struct epoll_event events[WINDOW_MOST];
    char bytes[4096];
    long sent = 0, got = 0;
    int queue = epoll_create1(0);
    for (long i = 0; i < connections; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(queue, EPOLL_CTL_ADD, all[i].fd, &e);
    }
    for (; sent < window && sent < messages; sent++)
        send_one(&all[sent % connections], raw);
    while (got < messages) {
        int count = epoll_wait(queue, events, window, 10000);
        if (count <= 0)
            fail("no echo");
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            ssize_t length = read(c->fd, bytes, sizeof bytes);
            if (length <= 0 || (size_t)length > c->awaited)
                fail("echo");
            c->awaited -= (size_t)length;
            if (c->awaited != 0)
                continue;
            got++;
            if (sent < messages)
                send_one(&all[sent++ % connections], raw);
        }
    }
    close(queue);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    if (argc != 7)
        return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bool raw = strcmp(argv[1], "raw") == 0;
    if (strcmp(argv[1], "tls") == 0)
        context = SSL_CTX_new(TLS_client_method());
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server_pid = atoi(argv[3]);
    window = atoi(argv[6]);
    if (window < 1 || window > WINDOW_MOST)
        return 2;
    if (clock_getcpuclockid(server_pid, &server_clock) != 0)
        fail("clock of the server");
    long connections = atol(argv[4]), messages = atol(argv[5]), before = 0;
    struct connection *all = calloc((size_t)connections, sizeof *all);
    for (long i = 0; i < connections; i++) {
        if (i == WARM_UP) {
            pause_ms(200);
            before = resident();
        }
        open_one(&all[i], raw);
    }
    pause_ms(500);
    double bytes = (double)(resident() - before) / (double)(connections - WARM_UP), spent = 0;
    if (messages != 0) {
        echo(all, connections, connections, raw); /* each once: what is made at the first message is made */
        double begun = cpu();
        echo(all, connections, messages, raw);
        spent = (cpu() - begun) / (double)messages;
    }
    printf("%.1f %.3f\n", bytes, spent);
    return 0;
}
