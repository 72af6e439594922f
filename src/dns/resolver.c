#include "dns/resolver.h"

#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "dns/dns_int.h"

#define TCP_HEAD 2       /* bytes before each message on a stream (RFC 1035 4.2.2) */
#define ALIASES 8        /* that are followed for one question */
#define ROUNDS 2         /* times that each server is asked */
#define ATTEMPTS_LEAST 3 /* with few servers some are asked more often */

struct dns_question {
    uint64_t number;
    uint64_t flow;         /* of the attempt; 0: none */
    bool stream;           /* it is a TCP stream */
    unsigned attempt;      /* of all servers, from 0 */
    unsigned first_server; /* of attempt 0 */
    unsigned aliases;
    uint16_t id;
    uint16_t type;
    char name[DNS_NAME];    /* that was wanted: what the answer is kept under */
    char current[DNS_NAME]; /* what is asked, behind aliases */
    char written[DNS_NAME]; /* the same in the letters of this attempt */
    struct slice key;
    char key_text[DNS_NAME + 8];
    struct buffer in; /* of the stream */
    struct world_timer timer;
};

static void next_attempt(struct dns_resolver *r, struct dns_question *q);

void dns_resolver_open(struct dns_resolver *r, struct world *w, const struct dns_resolver_params *params)
{
    *r = (struct dns_resolver){.world = w,
        .token = params->token,
        .object_kind = params->object_kind,
        .user = params->user,
        .located = params->located};
    dns_cache_init(&r->cache);
    list_init(&r->waiting);
}

static void end_flow(struct dns_resolver *r, struct dns_question *q)
{
    if (q->flow == 0)
        return;
    map_remove_number(&r->by_flow, q->flow);
    world_close(r->world, q->flow);
    buffer_free(&q->in);
    q->flow = 0;
}

static void release(struct dns_resolver *r, struct dns_question *q)
{
    end_flow(r, q);
    world_timer_clear(&q->timer);
    map_remove(&r->by_key, q->key);
    map_remove_number(&r->questions, q->number);
    mem_free(q);
}

void dns_resolver_close(struct dns_resolver *r)
{
    struct dns_question *q;
    map_for_each (q, &r->questions)
        release(r, q);
    map_free(&r->questions);
    map_free(&r->by_key);
    map_free(&r->by_flow);
    dns__dead_free(r);
    dns_cache_free(&r->cache);
    arena_free(&r->arena);
}

unsigned dns_resolver_servers(struct dns_resolver *r, const struct slice *servers, size_t count)
{
    r->server_count = r->preferred = 0;
    for (size_t i = 0; i < count && r->server_count < DNS_SERVERS; i++) {
        struct address *a = &r->servers[r->server_count];
        *a = (struct address){.family = 0};
        if (address_parse_ip(a, servers[i]) == 0)
            a->port = DNS_PORT;
        else if (address_parse(a, servers[i]) != 0 || a->port == 0)
            continue;
        r->server_count++;
    }
    return r->server_count;
}

/* ---- asking ---- */

static const struct address *server_of(const struct dns_resolver *r, const struct dns_question *q)
{
    return &r->servers[(q->first_server + q->attempt) % r->server_count];
}

static unsigned attempts(const struct dns_resolver *r)
{
    unsigned all = r->server_count * ROUNDS;
    return all < ATTEMPTS_LEAST ? ATTEMPTS_LEAST : all;
}

/* Letters in either case by chance make a question that is hard to guess; the last round is plain, since some
 * servers do not give the question back as it was. */
static void write_name(struct dns_resolver *r, struct dns_question *q)
{
    uint64_t chance = 0;
    bool plain = q->attempt + r->server_count >= attempts(r);
    strcpy(q->written, q->current);
    for (size_t i = 0; q->written[i] != '\0' && !plain; i++) {
        if (i % 64 == 0)
            chance = world_random(r->world);
        if (q->written[i] >= 'a' && q->written[i] <= 'z' && (chance >> i % 64 & 1) != 0)
            q->written[i] = (char)(q->written[i] - 'a' + 'A');
    }
}

static void arm(struct dns_resolver *r, struct dns_question *q, enum timer wait)
{
    world_timer_set(r->world, &q->timer, OBJECT(r->object_kind, q->number), 0,
        world_now(r->world) + timer_duration(wait));
}

static bool add_question(struct buffer *out, const struct dns_question *q)
{
    return dns_add_question(out, q->id, slice_text(q->written), (enum dns_type)q->type) == 0;
}

static void ask_by_datagram(struct dns_resolver *r, struct dns_question *q)
{
    struct buffer out = {0};
    const struct address *server = server_of(r, q);
    q->id = (uint16_t)world_random(r->world);
    q->stream = false;
    write_name(r, q);
    if (add_question(&out, q)) {
        q->flow = world_listen(
            r->world, server->family == 6 ? SLICE("udp:[::]:0") : SLICE("udp:0.0.0.0:0"), r->token);
        map_put_number(&r->by_flow, q->flow, q);
        world_send_to(r->world, q->flow, server, buffer_slice(&out));
    }
    world_count(r->world, COUNTER_DNS_QUESTIONS, 1);
    buffer_free(&out);
    arm(r, q, TIMER_DNS_TRY);
}

static void ask_by_stream(struct dns_resolver *r, struct dns_question *q)
{
    struct buffer endpoint = {0};
    end_flow(r, q);
    buffer_add_text(&endpoint, "tcp:");
    address_add(&endpoint, server_of(r, q));
    q->flow = world_open(r->world, buffer_slice(&endpoint), r->token);
    q->stream = true;
    map_put_number(&r->by_flow, q->flow, q);
    buffer_free(&endpoint);
    arm(r, q, TIMER_DNS_STREAM);
}

static void finish(struct dns_resolver *r, struct dns_question *q, enum dns_found found,
    const struct dns_record *const *records, size_t count, uint32_t seconds)
{
    if (found == DNS_FAILED)
        world_count(r->world, COUNTER_DNS_FAILED, 1);
    dns_cache_put(
        &r->cache, q->name, (enum dns_type)q->type, world_now(r->world), found, records, count, seconds);
    release(r, q);
}

/* The next server, or nobody can say. */
static void next_attempt(struct dns_resolver *r, struct dns_question *q)
{
    end_flow(r, q);
    if (++q->attempt < attempts(r) && r->server_count != 0) {
        ask_by_datagram(r, q);
        return;
    }
    LOG(LOG_NOTICE, "dns", "no name server has answered for %s", q->name);
    finish(r, q, DNS_FAILED, NULL, 0, DNS_FAILED_FOR);
    dns__wake(r);
}

const struct dns_answer *dns_ask(struct dns_resolver *r, const char *name, enum dns_type type, int64_t since)
{
    int64_t now = world_now(r->world);
    const struct dns_answer *known = dns_cache_find(&r->cache, name, type, now, since);
    char key[DNS_NAME + 8];
    if (known != NULL)
        return known;
    snprintf(key, sizeof key, "%u %s", (unsigned)type, name);
    if (map_get(&r->by_key, slice_text(key)) != NULL)
        return NULL;
    if (r->server_count == 0 || map_count(&r->questions) >= DNS_QUESTIONS) {
        dns_cache_put(&r->cache, name, type, now, DNS_FAILED, NULL, 0, 0);
        return dns_cache_find(&r->cache, name, type, now, now);
    }
    struct dns_question *q = mem_zero(sizeof *q);
    q->number = ++r->next_question;
    q->type = (uint16_t)type;
    q->first_server = r->preferred;
    strcpy(q->name, name);
    strcpy(q->current, name);
    strcpy(q->key_text, key);
    q->key = slice_text(q->key_text);
    map_put_number(&r->questions, q->number, q);
    map_put(&r->by_key, q->key, q);
    ask_by_datagram(r, q);
    return NULL;
}

/* ---- answers ---- */

/* Follows aliases inside the message; *name is where they end. */
static void follow_aliases(const struct dns_message *m, struct dns_question *q)
{
    bool moved = true;
    while (moved && q->aliases < ALIASES) {
        moved = false;
        for (size_t i = 0; i < m->answers && !moved; i++) {
            const struct dns_record *d = &m->records[i];
            if (d->type != DNS_TYPE_CNAME || strcmp(d->name, q->current) != 0 || d->target[0] == '\0')
                continue;
            strcpy(q->current, d->target);
            q->aliases++;
            moved = true;
        }
    }
}

/* Only what belongs to the name that was asked for, or its alias, is believed. */
static size_t gather(const struct dns_record **records, uint32_t *shortest, const struct dns_message *m,
    const struct dns_question *q)
{
    size_t count = 0;
    for (size_t i = 0; i < m->answers; i++) {
        const struct dns_record *d = &m->records[i];
        if (d->type == DNS_TYPE_CNAME && d->ttl < *shortest)
            *shortest = d->ttl;
        if (d->type == q->type && strcmp(d->name, q->current) == 0)
            records[count++] = d;
    }
    return count;
}

static uint32_t negative_seconds(const struct dns_message *m)
{
    for (size_t i = m->answers; i < m->count; i++)
        if (m->records[i].type == DNS_TYPE_SOA)
            return m->records[i].ttl;
    return DNS_NO_STANDARD;
}

static void answered(struct dns_resolver *r, struct dns_question *q, const struct dns_message *m)
{
    const struct dns_record *records[DNS_RECORDS];
    uint32_t shortest = UINT32_MAX;
    r->preferred = (q->first_server + q->attempt) % r->server_count;
    follow_aliases(m, q);
    size_t count = gather(records, &shortest, m, q);
    bool elsewhere = count == 0 && m->code == DNS_CODE_OK &&
                     !slice_equal_nocase(slice_text(q->current), slice_text(q->written));
    if (elsewhere && q->aliases < ALIASES) { /* the alias is said, what it stands for is not */
        end_flow(r, q);
        ask_by_datagram(r, q);
        return;
    }
    for (size_t i = 0; i < count; i++) /* an alias may end earlier than what it stands for */
        if (records[i]->ttl > shortest)
            ((struct dns_record *)(uintptr_t)records[i])->ttl = shortest;
    finish(r, q, count != 0 ? DNS_FOUND : DNS_NONE, records, count, negative_seconds(m));
    dns__wake(r);
}

/* Whether it answers what was asked: somebody may guess, but not all of this. */
static bool fits(const struct dns_question *q, const struct dns_message *m)
{
    return m->is_response && m->id == q->id && m->type == q->type && strcmp(m->question, q->written) == 0;
}

static void message(struct dns_resolver *r, struct dns_question *q, struct slice bytes)
{
    struct dns_message m;
    if (dns_parse(&m, bytes, &r->arena) != 0 || !fits(q, &m)) {
        world_count(r->world, COUNTER_DNS_FORGED, 1);
        if (q->stream)
            next_attempt(r, q);
    } else if (m.truncated && !q->stream) {
        ask_by_stream(r, q);
    } else if (m.truncated || (m.code != DNS_CODE_OK && m.code != DNS_CODE_NO_NAME)) {
        next_attempt(r, q);
    } else {
        answered(r, q, &m);
    }
    arena_reset(&r->arena);
}

static void opened(struct dns_resolver *r, struct dns_question *q)
{
    struct buffer out = {0}, framed = {0};
    if (add_question(&out, q)) {
        dns_add_u16(&framed, (unsigned)out.length);
        buffer_add(&framed, buffer_slice(&out));
        world_send(r->world, q->flow, buffer_slice(&framed));
    }
    buffer_free(&out);
    buffer_free(&framed);
}

static void data(struct dns_resolver *r, struct dns_question *q, struct slice bytes)
{
    buffer_add(&q->in, bytes);
    struct slice in = buffer_slice(&q->in);
    if (in.length < TCP_HEAD)
        return;
    size_t length = (size_t)(unsigned char)in.data[0] << 8 | (unsigned char)in.data[1];
    if (in.length < TCP_HEAD + length)
        return;
    struct buffer whole = q->in; /* the question may end, and its buffer with it */
    q->in = (struct buffer){0};
    message(r, q, slice_first(slice_from(buffer_slice(&whole), TCP_HEAD), length));
    buffer_free(&whole);
}

static void flow_input(struct dns_resolver *r, struct dns_question *q, const struct input *in)
{
    switch (in->kind) {
    case INPUT_DATAGRAM:
        if (address_equal(&in->peer, server_of(r, q)))
            message(r, q, in->bytes);
        else
            world_count(r->world, COUNTER_DNS_FORGED, 1);
        break;
    case INPUT_OPENED:
        opened(r, q);
        break;
    case INPUT_DATA:
        data(r, q, in->bytes);
        break;
    case INPUT_CLOSED:
        map_remove_number(&r->by_flow, q->flow);
        buffer_free(&q->in);
        q->flow = 0;
        next_attempt(r, q);
        break;
    default:
        break;
    }
}

bool dns_resolver_input(struct dns_resolver *r, const struct input *in)
{
    struct dns_question *q;
    if (in->kind == INPUT_TIMER) {
        if (OBJECT_KIND(in->object) != r->object_kind)
            return false;
        q = map_get_number(&r->questions, OBJECT_INDEX(in->object));
        if (q != NULL)
            next_attempt(r, q);
        return true;
    }
    bool flows = in->kind == INPUT_DATAGRAM || in->kind == INPUT_OPENED || in->kind == INPUT_DATA ||
                 in->kind == INPUT_CLOSED;
    if (!flows || in->token != r->token)
        return false;
    q = map_get_number(&r->by_flow, in->flow);
    if (q != NULL)
        flow_input(r, q, in);
    return true;
}
