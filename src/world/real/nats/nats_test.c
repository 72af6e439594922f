/* The bus on NATS against a server that only pretends: what is wrong is said in a sentence, and waits. What a
 * real server does is in test/conformance. */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world/real/nats/carrier_int.h"
#include "world/real/real_fixture.h"

#define INFO(more)                                                                                           \
    "INFO {\"server_id\":\"X\",\"server_name\":\"pretender\",\"version\":\"2.9.10\","                        \
    "\"max_payload\":1048576,\"proto\":1" more "}\r\n"
#define DENIED "-ERR 'Permissions Violation for Subscription to \"%s\"'\r\n"

/* What the pretender says first, and what to each CONNECT, each SUB of a subject that has `deny` in it. */
struct pretender {
    int listener, stop[2];
    uint16_t port;
    const char *greeting, *to_connect, *deny;
    pthread_t thread;
};

static void say(int fd, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t count = send(fd, text, length, MSG_NOSIGNAL);
        if (count <= 0)
            return;
        text += count;
        length -= (size_t)count;
    }
}

static void denied(const struct pretender *p, int fd, const char *line)
{
    char subject[256], text[512];
    if (p->deny != NULL && sscanf(line, "SUB %255s", subject) == 1 && strstr(subject, p->deny) != NULL) {
        snprintf(text, sizeof text, DENIED, subject);
        say(fd, text);
    }
}

/* Enough of a server for one client: answers PING, and gives the probe back. */
static void serve_line(const struct pretender *p, int fd, const char *line, char probe[300])
{
    char subject[256], text[512], id[16];
    if (strncmp(line, "CONNECT", 7) == 0 && p->to_connect != NULL)
        say(fd, p->to_connect);
    else if (strncmp(line, "PING", 4) == 0)
        say(fd, "PONG\r\n");
    denied(p, fd, line);
    if (sscanf(line, "SUB %255s %15s", subject, id) == 2 && strstr(subject, ".bus.probe.") != NULL)
        snprintf(probe, 300, "%s %s", subject, id);
    if (strncmp(line, "PUB ", 4) == 0 && strstr(line, ".bus.probe.") != NULL &&
        (p->deny == NULL || strcmp(p->deny, "probe") != 0)) {
        snprintf(text, sizeof text, "MSG %s 0\r\n\r\n", probe);
        say(fd, text);
    }
}

static void serve(const struct pretender *p, int fd)
{
    char bytes[8192], probe[300] = "";
    size_t length = 0;
    say(fd, p->greeting);
    for (;;) {
        struct pollfd polls[2] = {{.fd = fd, .events = POLLIN}, {.fd = p->stop[0], .events = POLLIN}};
        if (poll(polls, 2, -1) < 0 || polls[1].revents != 0)
            return;
        ssize_t count = read(fd, bytes + length, sizeof bytes - 1 - length);
        if (count <= 0)
            return;
        length += (size_t)count;
        bytes[length] = '\0';
        for (char *end; (end = strchr(bytes, '\n')) != NULL;) {
            *end = '\0';
            serve_line(p, fd, bytes, probe);
            length -= (size_t)(end + 1 - bytes);
            memmove(bytes, end + 1, length + 1);
        }
    }
}

static void *pretend_h(void *argument)
{
    const struct pretender *p = argument;
    for (;;) {
        struct pollfd polls[2] = {
            {.fd = p->listener, .events = POLLIN}, {.fd = p->stop[0], .events = POLLIN}};
        if (poll(polls, 2, -1) < 0 || polls[1].revents != 0)
            return NULL;
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        serve(p, fd);
        close(fd);
    }
}

static void pretender_open(struct pretender *p)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(p->listener, 16), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&address, &size), 0);
    p->port = ntohs(address.sin_port);
    assert_int_equal(pipe(p->stop), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, pretend_h, p), 0);
}

static void pretender_close(struct pretender *p)
{
    assert_int_equal(write(p->stop[1], "x", 1), 1);
    pthread_join(p->thread, NULL);
    close(p->listener);
    close(p->stop[0]);
    close(p->stop[1]);
}

/* A loop with the bus alone. */
struct house {
    struct real_loop *l;
    struct real_engines engines;
    struct pretender p;
    char address[64];
    struct slice addresses[1];
    struct probe a;
};

static void house_open(struct house *h, const char *scheme, struct real_engines_params params)
{
    h->l = fixture_loop(NULL);
    pretender_open(&h->p);
    snprintf(h->address, sizeof h->address, "%s127.0.0.1:%u", scheme, h->p.port);
    h->addresses[0] = slice_text(h->address);
    h->engines = (struct real_engines){.loop = h->l};
    params.bus.addresses = h->addresses;
    params.bus.count = 1;
    params.cluster = "tandem";
    assert_int_equal(real__bus_nats(&h->engines.bus, &h->engines, &params), 0);
    probe_open(&h->a, h->l, "node-1");
}

static void house_close(struct house *h)
{
    pretender_close(&h->p);
    h->engines.bus.leave(h->engines.bus.self, h->a.instance);
    h->engines.bus.close(h->engines.bus.self);
    real_close(h->l);
    probe_free(&h->a);
}

static struct real_condition *condition(struct house *h)
{
    return &h->engines.conditions[REAL_PART_BUS];
}

struct wrong {
    const char *scheme, *greeting, *to_connect, *deny, *sentence;
};

static void what_is_wrong_with_a_server_is_said_in_a_sentence(void **state)
{
    static const struct wrong rows[] = {
        {"nats://", "SSH-2.0-OpenSSH_9.2\r\n", NULL, NULL, " is no NATS server"},
        {"nats://", "INFO {\"version\":7}\r\n", NULL, NULL, " is no NATS server"},
        {"nats://", INFO(",\"cluster\":\"acme\""), NULL, NULL,
            " belongs to the NATS cluster \"acme\", not to \"tandem\" or \"tandem-...\""},
        {"nats://", INFO(",\"cluster\":\"tandems\""), NULL, NULL, " belongs to the NATS cluster \"tandems\""},
        {"nats://", INFO(",\"auth_required\":true"), "-ERR 'Authorization Violation'\r\n", NULL,
            " refuses us as user \"host-1\": check the name and the password"},
        {"tls://", INFO(""), NULL, NULL, " offers no TLS, but its address says tls://"},
        {"nats://", INFO(",\"tls_required\":true"), NULL, NULL, " wants TLS; write its address with tls://"},
        {"nats://", INFO(""), NULL, "probe",
            " permits user \"host-1\" nothing of \"tandem.>\": wrong account or cluster"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct house h = {
            .p = {.greeting = rows[i].greeting, .to_connect = rows[i].to_connect, .deny = rows[i].deny}};
        house_open(&h, rows[i].scheme, (struct real_engines_params){.bus.user = "host-1"});
        UNTIL(h.l, condition(&h)->away);
        if (strstr(condition(&h)->why, rows[i].sentence) == NULL)
            fail_msg("row %zu: %s", i, condition(&h)->why);
        house_close(&h);
    }
}

static void a_subject_that_is_not_permitted_is_an_error_said_once(void **state)
{
    struct house h = {.p = {.greeting = INFO(""), .deny = "secret"}};
    (void)state;
    house_open(&h, "nats://", (struct real_engines_params){.bus.user = "host-1"});
    unit_expect_error("does not let us as user \"host-1\": Permissions Violation for Subscription to "
                      "\"tandem.secret\"");
    h.engines.bus.subscribe(h.engines.bus.self, h.a.instance, 1, SLICE("secret"));
    h.engines.bus.subscribe(h.engines.bus.self, h.a.instance, 2, SLICE("secret"));
    for (int i = 0; i < 60; i++)
        real__round(h.l, 5000);
    assert_false(condition(&h)->away);
    house_close(&h);
}

static void a_password_that_cannot_be_read_is_said(void **state)
{
    struct house h = {.p = {.greeting = INFO("")}};
    (void)state;
    house_open(&h, "nats://",
        (struct real_engines_params){.bus = {.user = "host-1", .password_file = "/nowhere/password"}});
    UNTIL(h.l, condition(&h)->away);
    assert_non_null(strstr(condition(&h)->why, "cannot be read from /nowhere/password"));
    house_close(&h);
}

static void greetings_are_read_with_care(void **state)
{
    struct greeting g;
    (void)state;
    assert_true(carrier__greeting_parse(&g, SLICE("INFO {\"server_id\":\"a\",\"version\":\"2\",\"cluster\":"
                                                  "\"north\",\"tls_required\":true}\r")));
    assert_string_equal(g.cluster, "north");
    assert_true(g.tls);
    assert_false(carrier__greeting_parse(&g, SLICE("INFO ")));
    assert_false(carrier__greeting_parse(&g, SLICE("INFO []")));
    assert_false(carrier__greeting_parse(&g, SLICE("INFO {\"server_id\":\"a\"}")));
    assert_false(carrier__greeting_parse(&g, SLICE("-ERR 'no'")));
    assert_false(carrier__greeting_parse(&g, (struct slice){0}));
}

TESTS("world/real/nats", cmocka_unit_test(what_is_wrong_with_a_server_is_said_in_a_sentence),
    cmocka_unit_test(a_subject_that_is_not_permitted_is_an_error_said_once),
    cmocka_unit_test(a_password_that_cannot_be_read_is_said), cmocka_unit_test(greetings_are_read_with_care))
