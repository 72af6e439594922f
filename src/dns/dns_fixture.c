#include "dns/dns_fixture.h"

#include <strings.h>

#include "base/error.h"
#include "unit.h"
#include "world/world_int.h"

#define TOKEN 77
#define OBJECT_DNS 9
#define WORDS 10

/* ---- name servers ---- */

static unsigned split(struct slice words[WORDS], const char *line)
{
    struct slice rest = slice_text(line);
    unsigned count = 0;
    while (count < WORDS && slice_cut(&rest, ' ', &words[count]))
        count++;
    return count;
}

static unsigned number(struct slice s)
{
    uint64_t n = 0;
    assert_int_equal(slice_to_u64(&n, s, UINT32_MAX), 0);
    return (unsigned)n;
}

static void add_text(struct buffer *out, struct slice s)
{
    buffer_add_byte(out, (char)s.length);
    buffer_add(out, s);
}

static unsigned type_of(struct slice word)
{
    static const struct {
        const char *name;
        unsigned type;
    } types[] = {{"A", DNS_TYPE_A}, {"AAAA", DNS_TYPE_AAAA}, {"SRV", DNS_TYPE_SRV}, {"NAPTR", DNS_TYPE_NAPTR},
        {"CNAME", DNS_TYPE_CNAME}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (slice_equal(word, slice_text(types[i].name)))
            return types[i].type;
    fail_msg("no such type: %.*s", SLICE_ARG(word));
    return 0;
}

static void add_data(struct buffer *data, unsigned type, const struct slice *w)
{
    struct address a;
    switch (type) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
        assert_int_equal(address_parse_ip(&a, w[0]), 0);
        buffer_add(data, slice_of(a.ip, type == DNS_TYPE_A ? 4 : 16));
        break;
    case DNS_TYPE_SRV:
        for (int i = 0; i < 3; i++)
            dns_add_u16(data, number(w[i]));
        assert_int_equal(dns_add_name(data, w[3]), 0);
        break;
    case DNS_TYPE_NAPTR:
        dns_add_u16(data, number(w[0]));
        dns_add_u16(data, number(w[1]));
        add_text(data, w[2]);
        add_text(data, w[3]);
        add_text(data, SLICE(""));
        assert_int_equal(dns_add_name(data, w[4]), 0);
        break;
    default:
        assert_int_equal(dns_add_name(data, w[0]), 0);
    }
}

static void add_record(struct buffer *out, const char *line)
{
    struct slice w[WORDS];
    struct buffer data = {0};
    assert_true(split(w, line) >= 4);
    unsigned type = type_of(w[2]);
    add_data(&data, type, w + 3);
    assert_int_equal(dns_add_name(out, w[0]), 0);
    dns_add_u16(out, type);
    dns_add_u16(out, 1);
    dns_add_u32(out, number(w[1]));
    dns_add_u16(out, (unsigned)data.length);
    buffer_add(out, buffer_slice(&data));
    buffer_free(&data);
}

/* The records of the question's name, aliases first; how many. */
static unsigned add_answers(struct buffer *out, const struct dns_fixture_server *s, const char *name,
    unsigned type, bool *exists, unsigned depth)
{
    unsigned count = 0;
    for (const char *const *line = s->zone; *line != NULL; line++) {
        struct slice w[WORDS];
        split(w, *line);
        if (!slice_equal_nocase(w[0], slice_text(name)))
            continue;
        *exists = true;
        if (type_of(w[2]) == type || type_of(w[2]) == DNS_TYPE_CNAME) {
            add_record(out, *line);
            count++;
        }
        if (type_of(w[2]) == DNS_TYPE_CNAME && type != DNS_TYPE_CNAME && depth < 10) {
            char target[DNS_NAME];
            assert_int_equal(dns_name_set(target, w[3]), 0);
            count += add_answers(out, s, target, type, exists, depth + 1);
        }
    }
    return count;
}

static void add_answer(struct buffer *out, const struct dns_fixture_server *s, const struct dns_message *m,
    const char *question, unsigned id, bool cut)
{
    struct buffer records = {0};
    bool exists = false;
    unsigned count = add_answers(&records, s, m->question, m->type, &exists, 0), more = 0;
    if (s->habit == DNS_HABIT_POISON) {
        add_record(&records, "bank.example 3600 A 203.0.113.66");
        count++;
        add_record(&records, "one.example.com 3600 A 203.0.113.66");
        more++;
    }
    unsigned code = s->habit == DNS_HABIT_FAILS ? DNS_CODE_FAILED : exists ? 0U : (unsigned)DNS_CODE_NO_NAME;
    dns_add_u16(out, id);
    dns_add_u16(out, 0x8180U | (cut ? 0x0200U : 0) | code);
    dns_add_u16(out, 1);
    dns_add_u16(out, cut ? 0 : count);
    dns_add_u16(out, 0);
    dns_add_u16(out, cut ? 0 : more);
    assert_int_equal(dns_add_name(out, slice_text(question)), 0);
    dns_add_u16(out, m->type);
    dns_add_u16(out, 1);
    if (!cut)
        buffer_add(out, buffer_slice(&records));
    buffer_free(&records);
}

/* A lie under a number, a question or in letters that do not fit. */
static void lie(struct dns_fixture_server *s, const struct address *to, const struct dns_message *m,
    const char *question, unsigned id)
{
    static const char *const none[] = {NULL};
    struct dns_fixture_server liar = {.zone = none};
    struct buffer out = {0};
    add_answer(&out, &liar, m, question, id, false);
    world_send_to(s->world, s->socket, to, buffer_slice(&out));
    buffer_free(&out);
}

static void datagram(struct dns_fixture_server *s, const struct input *in)
{
    struct dns_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    char other[DNS_NAME];
    assert_int_equal(dns_parse(&m, in->bytes, &arena), 0);
    s->asked++;
    s->kinds[m.type % 64]++;
    strcpy(other, m.question);
    if (s->habit == DNS_HABIT_LOWERS)
        assert_int_equal(dns_name_set(other, slice_text(m.question)), 0);
    if (s->habit == DNS_HABIT_WRONG) {
        lie(s, &in->peer, &m, m.question, m.id ^ 1U);
        lie(s, &in->peer, &m, "other.example.com", m.id);
        for (char *c = other; *c != '\0'; c++)
            *c = *c >= 'a' && *c <= 'z'   ? (char)(*c - 'a' + 'A')
                 : *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a')
                                          : *c;
        lie(s, &in->peer, &m, other, m.id);
        strcpy(other, m.question);
    }
    bool cut = s->habit == DNS_HABIT_CUTS || s->habit == DNS_HABIT_SHUT;
    add_answer(&out, s, &m, other, m.id, cut);
    if (s->habit == DNS_HABIT_GARBLE)
        out.length = 20;
    if (s->habit != DNS_HABIT_SILENT)
        world_send_to(s->world, s->socket, &in->peer, buffer_slice(&out));
    buffer_free(&out);
    arena_free(&arena);
}

/* In two pieces: a length, and the rest. */
static void stream(struct dns_fixture_server *s, const struct input *in)
{
    struct dns_message m;
    struct arena arena = {0};
    struct buffer out = {0}, head = {0};
    buffer_add(&s->in, in->bytes);
    struct slice bytes = buffer_slice(&s->in);
    if (bytes.length > 2 && dns_parse(&m, slice_from(bytes, 2), &arena) == 0) {
        s->streams++;
        add_answer(&out, s, &m, m.question, m.id, false);
        dns_add_u16(&head, (unsigned)out.length);
        world_send(s->world, in->flow, buffer_slice(&head));
        world_send(s->world, in->flow, buffer_slice(&out));
        buffer_clear(&s->in);
    }
    buffer_free(&out);
    buffer_free(&head);
    arena_free(&arena);
}

static int server_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct dns_fixture_server *s = *self;
    (void)setup;
    s->world = w;
    s->socket = world_listen(w, SLICE("udp:0.0.0.0:53"), 1);
    world_listen(w, SLICE("tcp:0.0.0.0:53"), 2);
    return 0;
}

static void server_input(void *self, const struct input *in)
{
    struct dns_fixture_server *s = self;
    if (in->kind == INPUT_DATAGRAM)
        datagram(s, in);
    else if (in->kind == INPUT_ACCEPTED && s->habit == DNS_HABIT_SHUT)
        world_close(s->world, in->flow);
    else if (in->kind == INPUT_DATA)
        stream(s, in);
}

static void server_close(void *self)
{
    buffer_free(&((struct dns_fixture_server *)self)->in);
}

static const struct role server_role = {
    .name = "name-server", .open = server_open, .input = server_input, .close = server_close};

/* ---- the client ---- */

static void located_h(void *user, struct locate *l, uint64_t owner)
{
    struct dns_fixture *f = user;
    (void)l;
    assert_int_equal(owner, 42);
    f->located++;
}

static int client_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct dns_fixture *f = *self;
    struct slice servers[] = {SLICE("10.0.2.1"), SLICE("nonsense"), SLICE("10.0.3.1:53")};
    (void)setup;
    dns_resolver_open(&f->resolver, w,
        &(struct dns_resolver_params){
            .token = TOKEN, .object_kind = OBJECT_DNS, .user = f, .located = located_h});
    assert_int_equal(dns_resolver_servers(&f->resolver, servers, 3), 2);
    return 0;
}

static void client_input(void *self, const struct input *in)
{
    dns_resolver_input(&((struct dns_fixture *)self)->resolver, in);
}

static void client_close(void *self)
{
    dns_resolver_close(&((struct dns_fixture *)self)->resolver);
}

static const struct role client_role = {
    .name = "client", .open = client_open, .input = client_input, .close = client_close};

void dns_fixture_open(struct dns_fixture *f, uint64_t seed, const char *const *zone)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(sim_create(&f->sim, &(struct sim_params){.seed = seed, .argument = f}), 0);
    for (unsigned i = 0; i < DNS_FIXTURE_SERVERS; i++) {
        unsigned host = sim_host(f->sim, 0x0a000201U + (i << 8), 2 + i);
        f->servers[i].zone = zone;
        sim_start(f->sim, &(struct sim_start){.role = &server_role,
                              .name = i == 0 ? SLICE("ns-1") : SLICE("ns-2"),
                              .host = host,
                              .self = &f->servers[i]});
    }
    f->client = sim_start(f->sim, &(struct sim_start){.role = &client_role,
                                      .name = SLICE("client"),
                                      .host = sim_host(f->sim, 0x0a000101U, 1),
                                      .self = f});
    dns_fixture_pass(f, 1000000);
}

void dns_fixture_close(struct dns_fixture *f)
{
    sim_free(f->sim);
}

void dns_fixture_pass(struct dns_fixture *f, int64_t microseconds)
{
    sim_run(f->sim, sim_now(f->sim) + microseconds);
}

const char *dns_fixture_locate(struct dns_fixture *f, const struct locate_wish *wish)
{
    static char text[2000];
    struct buffer out = {0};
    struct locate_target t;
    struct world *w = sim_world(f->client);
    int error = 0;
    world_turn_begin(w, sim_now(f->sim));
    struct locate *l = locate_begin(&f->resolver, wish, 42);
    for (int waits = 0; waits < 400 && (error == 0 || error == ERROR_AGAIN);) {
        error = locate_next(&t, l);
        if (error == 0) {
            buffer_add_format(&out, "%s ", transport_name(t.transport));
            address_add(&out, &t.address);
            buffer_add_format(&out, "%s%s, ", t.domain[0] != '\0' ? " " : "", t.domain);
        } else if (error == ERROR_AGAIN) {
            unsigned before = f->located;
            world_turn_end(w);
            world_turn_clear(w);
            while (f->located == before && waits++ < 400)
                dns_fixture_pass(f, 100000);
            world_turn_begin(w, sim_now(f->sim));
        }
    }
    locate_end(l);
    world_turn_end(w);
    world_turn_clear(w);
    buffer_add_text(&out, error == ERROR_MISSING ? "." : error_symbol(error));
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(buffer_slice(&out)));
    buffer_free(&out);
    return text;
}
