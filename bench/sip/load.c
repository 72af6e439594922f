/* A lean generator of SIP load: REGISTER and calls at an offered rate, and what they cost the server.
 *
 *     load register|call NAME=VALUE...       server, caller, called, node: ports of 127.0.0.1
 *                                            rate (a second), count, first, names, round, strict, secret, pids
 *
 * Prints "DONE FAILED REPEATED STRAY MICROSECONDS BYTES CUT": units that went well and that did not, messages that it had to
 * send again, answers that nobody waited for, CPU of the processes PIDS in that time, and by how much their memory grew
 * until the last answer; at the end those that failed although they had begun well. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define TICK 1000          /* µs: what is due in it begins together */
#define T1 500000          /* µs (RFC 3261 17.1.1.1) */
#define TRIES 5            /* then a unit has failed */
#define PATIENCE 8000000   /* µs after the last unit began */
#define SCAN 50000         /* µs between looks for what is to be sent again */
#define PIDS 64
#define FRAME_HELLO 16
#define FRAME_MESSAGE 17

struct options options = {.names = 1000, .first = 1000000, .secret = ""};
struct unit *units;
unsigned done, failed, repeated, stray, cut;

static const struct mode *mode;
static int sockets[PORTS] = {-1, -1, -1}, listener = -1;
static int64_t now;
static pid_t pids[PIDS];
static unsigned pid_count;

static struct {
    struct mmsghdr heads[BATCH];
    struct iovec parts[BATCH];
    char bytes[BATCH][MESSAGE];
    unsigned count;
} out[2];
static char unsent[1 << 22], *next_room; /* of the stream */
static size_t unsent_length;

void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- the server's processes ---- */

static double cpu(void)
{
    double sum = 0;
    for (unsigned i = 0; i < pid_count; i++) {
        clockid_t id;
        struct timespec t;
        if (clock_getcpuclockid(pids[i], &id) != 0 || clock_gettime(id, &t) != 0)
            fail("clock of the server");
        sum += (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
    }
    return sum;
}

/* What they share is counted once: proportional set size. */
static long memory(void)
{
    long sum = 0;
    for (unsigned i = 0; i < pid_count; i++) {
        char path[64], line[200];
        long kilobytes;
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pids[i]);
        FILE *f = fopen(path, "r");
        if (f == NULL)
            fail(path);
        while (fgets(line, sizeof line, f) != NULL)
            if (sscanf(line, "Pss: %ld kB", &kilobytes) == 1)
                sum += kilobytes * 1024;
        fclose(f);
    }
    return sum;
}

/* ---- out ---- */

static void flush_port(unsigned port)
{
    unsigned sent = 0;
    while (sent < out[port].count) {
        int n = sendmmsg(sockets[port], out[port].heads + sent, out[port].count - sent, 0);
        if (n <= 0)
            fail("send");
        sent += (unsigned)n;
    }
    out[port].count = 0;
}

static void flush_stream(void)
{
    while (unsent_length != 0) {
        ssize_t n = send(sockets[PORT_NODE], unsent, unsent_length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            fail("send to the proxy");
        memmove(unsent, unsent + n, unsent_length - (size_t)n);
        unsent_length -= (size_t)n;
    }
}

static void flush(void)
{
    flush_port(PORT_CALLER);
    flush_port(PORT_CALLED);
    if (sockets[PORT_NODE] >= 0)
        flush_stream();
}

/* One message is written at a time; where it goes is known when it is sent. */
char *out_room(void)
{
    static char room[MESSAGE];
    return next_room = room;
}

static void add_frame(unsigned char kind, const char *bytes, size_t length)
{
    if (unsent_length + length + 5 > sizeof unsent)
        fail("the proxy does not read");
    uint32_t head = htonl((uint32_t)length + 1);
    memcpy(unsent + unsent_length, &head, 4);
    unsent[unsent_length + 4] = (char)kind;
    memcpy(unsent + unsent_length + 5, bytes, length);
    unsent_length += length + 5;
}

void out_send(enum port port, size_t length)
{
    if (port == PORT_NODE) {
        add_frame(FRAME_MESSAGE, next_room, length);
        return;
    }
    if (out[port].count == BATCH)
        flush_port(port);
    unsigned i = out[port].count++;
    memcpy(out[port].bytes[i], next_room, length);
    out[port].parts[i] = (struct iovec){out[port].bytes[i], length};
    out[port].heads[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &out[port].parts[i], .msg_iovlen = 1}};
}

/* ---- units ---- */

void unit_sent(unsigned unit, uint8_t stage)
{
    units[unit] = (struct unit){.stage = stage, .sent = 1, .again = now + T1};
}

void unit_quiet(unsigned unit)
{
    units[unit].again = 0;
}

void unit_over(unsigned unit, bool good)
{
    if (units[unit].stage >= UNIT_DONE)
        return;
    cut += !good && units[unit].stage > 1;
    units[unit].stage = good ? UNIT_DONE : UNIT_FAILED;
    units[unit].again = 0;
    done += good;
    failed += !good;
}

static void repeat(unsigned begun)
{
    static int64_t next;
    static unsigned first; /* all before it are over */
    if (now < next)
        return;
    next = now + SCAN;
    while (first < begun && units[first].stage >= UNIT_DONE)
        first++;
    for (unsigned i = first; i < begun; i++) {
        if (units[i].again == 0 || units[i].again > now)
            continue;
        if (units[i].sent == TRIES) {
            unit_over(i, false);
            continue;
        }
        repeated++;
        units[i].again = now + ((int64_t)T1 << units[i].sent++);
        mode->again(i);
    }
}

/* ---- in ---- */

static void read_port(unsigned port)
{
    static char bytes[BATCH][4096];
    static struct iovec parts[BATCH];
    static struct mmsghdr heads[BATCH];
    int count = BATCH;
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){bytes[i], sizeof bytes[i] - 1};
        heads[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    while (count == BATCH) {
        count = recvmmsg(sockets[port], heads, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            bytes[i][heads[i].msg_len] = '\0';
            mode->input((enum port)port, (struct text){bytes[i], heads[i].msg_len});
        }
    }
}

/* A proxy introduces itself, and we say that we are the pair's primary, of a view that nobody will reach. */
static void frame(unsigned char kind, char *bytes, size_t length)
{
    static const char hello[] = "\x0a\x06node-1\x10\x80\x80\x80\x80\x40";
    if (kind == FRAME_HELLO) {
        add_frame(FRAME_HELLO, hello, sizeof hello - 1);
    } else if (kind == FRAME_MESSAGE) {
        char after = bytes[length];
        bytes[length] = '\0';
        mode->input(PORT_NODE, (struct text){bytes, length});
        bytes[length] = after;
    }
}

static void read_stream(void)
{
    static char held[1 << 20];
    static size_t length;
    for (;;) {
        ssize_t n = recv(sockets[PORT_NODE], held + length, sizeof held - 1 - length, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            fail("the proxy's stream");
        if (n < 0)
            return;
        length += (size_t)n;
        size_t at = 0;
        while (length - at >= 5) {
            uint32_t size;
            memcpy(&size, held + at, 4);
            size = ntohl(size);
            if (length - at < size + 4)
                break;
            frame((unsigned char)held[at + 4], held + at + 5, size - 1);
            at += size + 4;
        }
        memmove(held, held + at, length -= at);
    }
}

/* ---- sockets ---- */

static struct sockaddr_in address(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int udp(unsigned port)
{
    struct sockaddr_in own = address(port), server = address(options.server);
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
        fail("socket");
    return fd;
}

/* As a node we are there before the proxy is: it finds us within its interval of attempts. */
static void await_proxy(void)
{
    struct sockaddr_in own = address(options.node);
    struct timeval patience = {.tv_sec = 10};
    int one = 1;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(listener, (struct sockaddr *)&own, sizeof own) != 0 || listen(listener, 8) != 0)
        fail("listen");
    sockets[PORT_NODE] = accept(listener, NULL, NULL);
    if (sockets[PORT_NODE] < 0)
        fail("no proxy connects");
    setsockopt(sockets[PORT_NODE], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int64_t end = clock_now() + 500000;
    while (clock_now() < end) {
        read_stream();
        flush_stream();
        usleep(1000);
    }
}

/* ---- the run ---- */

static void input_all(void)
{
    read_port(PORT_CALLER);
    if (sockets[PORT_CALLED] >= 0)
        read_port(PORT_CALLED);
    if (sockets[PORT_NODE] >= 0)
        read_stream();
}

static void run(void)
{
    int64_t first = clock_now(), last = 0;
    unsigned begun = 0;
    while (done + failed < options.count) {
        now = clock_now();
        unsigned due = (unsigned)((double)(now - first) * options.rate / 1e6) + 1;
        for (unsigned i = 0; begun < due && begun < options.count && i < 4 * BATCH; i++)
            mode->begin(begun++);
        last = begun < options.count ? now : last;
        input_all();
        repeat(begun);
        flush();
        if ((options.strict && repeated + failed != 0) || (now > last + PATIENCE && begun == options.count))
            break;
        int64_t rest = TICK - (clock_now() - first) % TICK;
        nanosleep(&(struct timespec){0, rest * 1000}, NULL);
    }
    for (unsigned i = 0; i < options.count; i++)
        unit_over(i, false); /* those that got no answer until now */
}

static void read_pids(char *text)
{
    for (char *word = strtok(text, ","); word != NULL && pid_count < PIDS; word = strtok(NULL, ","))
        pids[pid_count++] = (pid_t)atoi(word);
}

static void read_option(char *text)
{
    const struct {
        const char *name;
        unsigned *value;
    } numbers[] = {{"server", &options.server}, {"caller", &options.caller}, {"called", &options.called},
        {"node", &options.node}, {"rate", &options.rate}, {"count", &options.count}, {"first", &options.first},
        {"names", &options.names}, {"round", &options.round}, {"keep", &options.keep},
        {"strict", &options.strict}};
    char *value = strchr(text, '=');
    if (value == NULL)
        fail(text);
    *value++ = '\0';
    if (strcmp(text, "pids") == 0)
        read_pids(value);
    else if (strcmp(text, "secret") == 0)
        options.digest = (options.secret = value)[0] != '\0';
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(text, numbers[i].name) == 0)
            *numbers[i].value = (unsigned)atoi(value);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    mode = strcmp(argv[1], "call") == 0 ? &mode_call : &mode_register;
    for (int i = 2; i < argc; i++)
        read_option(argv[i]);
    units = calloc(options.count, sizeof *units);
    sockets[PORT_CALLER] = udp(options.caller);
    if (options.called != 0)
        sockets[PORT_CALLED] = udp(options.called);
    if (options.node != 0)
        await_proxy();
    double spent = cpu();
    long used = memory();
    run();
    spent = cpu() - spent;
    used = memory() - used;
    printf("%u %u %u %u %.0f %ld %u\n", done, failed, repeated, stray, spent, used, cut);
    return 0;
}
