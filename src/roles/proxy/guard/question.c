/* GET /api/bans: who is shut out, and which numbers do what they should not. DELETE /api/bans/NETWORK: lifts
 * one that the program has made. */
#include <inttypes.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"
#include "wire/json.h"

#define MOST 1000U /* of one answer: the newest ones */

static void add_network(struct buffer *out, const struct address *key)
{
    struct buffer text = {0};
    address_add_ip(&text, key);
    struct slice plain = buffer_slice(&text);
    if (key->family == 6)
        plain = slice_of(plain.data + 1, plain.length - 2);
    buffer_add_format(out, "%.*s/%u", SLICE_ARG(plain), key->zero[0]);
    buffer_free(&text);
}

static void add_ban(struct buffer *out, const struct guard_ban *b, bool first)
{
    buffer_add_text(out, first ? "{\"network\":\"" : ",{\"network\":\"");
    add_network(out, &b->key);
    buffer_add_format(out,
        "\",\"by\":\"%s\",\"until\":\"%" PRId64 "\",\"times\":%u,\"why\":", b->by_hand ? "hand" : "program",
        b->until, b->times);
    json_add_string(out, slice_text(b->why));
    buffer_add_byte(out, '}');
}

static void add_bans(struct buffer *out, const struct guard_bans *bans, int64_t now)
{
    size_t count = 0, skip = map_count(&bans->by_key) > MOST ? map_count(&bans->by_key) - MOST : 0;
    list_for_each (link, &bans->all) {
        const struct guard_ban *b = list_entry(link, struct guard_ban, link);
        if (skip != 0 && !b->by_hand)
            skip--;
        else if (b->until == 0 || b->until > now)
            add_ban(out, b, count++ == 0);
    }
}

static void add_numbers(struct buffer *out, const struct guard *g, int64_t now)
{
    static const char *const words[GUARD_ANOMALIES] = {
        "wrong credentials again and again", "registers from many addresses", "begins very many calls"};
    size_t count = 0;
    list_for_each (link, &g->numbers_age) {
        const struct guard_number *n = list_entry(link, struct guard_number, age);
        for (unsigned i = 0; i < GUARD_ANOMALIES && count < MOST; i++) {
            if (n->until[i] <= now)
                continue;
            buffer_add_text(out, count++ != 0 ? ",{\"number\":" : "{\"number\":");
            json_add_string(out, slice_text(n->name));
            buffer_add_format(out, ",\"what\":\"%s\",\"until\":\"%" PRId64 "\"}", words[i], n->until[i]);
        }
    }
}

static void list_bans(struct proxy *p, const struct proxy_question *q)
{
    struct buffer body = {0};
    int64_t now = world_now(p->world);
    buffer_add_text(&body, "{\"bans\":[");
    add_bans(&body, &p->guard->bans, now);
    buffer_add_text(&body, "],\"numbers\":[");
    add_numbers(&body, p->guard, now);
    buffer_add_text(&body, "]}");
    proxy__answer(p, q, 200, buffer_slice(&body));
    buffer_free(&body);
}

/* ---- answers that wait ---- */

#define LATE_MOST 64U

struct late_answer {
    struct list link;
    int64_t at;
    uint64_t token;
    char reply_to[160];
};

static void say_missing(struct proxy *p, const struct proxy_question *q)
{
    proxy__answer_error(p, q, 404, ERROR_MISSING, "the program has not banned this; see tandem bans");
}

static void arm_late(struct proxy *p)
{
    struct guard *g = p->guard;
    if (!list_empty(&g->late))
        world_timer_set(
            p->world, &g->late_timer, GUARD_LATE, 0, list_entry(g->late.next, struct late_answer, link)->at);
}

/* All proxies are asked and the first answer counts: who does not know the ban lets those speak who do. */
static void say_missing_later(struct proxy *p, const struct proxy_question *q)
{
    struct guard *g = p->guard;
    size_t length = strlen(q->message->reply_to);
    struct late_answer *l;
    if (g->late_count >= LATE_MOST || length >= sizeof l->reply_to) {
        say_missing(p, q);
        return;
    }
    l = mem_zero(sizeof *l);
    l->at = world_now(p->world) + timer_duration(TIMER_GUARD_LATE);
    l->token = q->message->token;
    memcpy(l->reply_to, q->message->reply_to, length);
    list_append(&g->late, &l->link);
    g->late_count++;
    arm_late(p);
}

static void late_free(struct guard *g, struct late_answer *l)
{
    list_remove(&l->link);
    g->late_count--;
    mem_free(l);
}

void guard__late_due(struct proxy *p)
{
    struct guard *g = p->guard;
    while (!list_empty(&g->late)) {
        struct late_answer *l = list_entry(g->late.next, struct late_answer, link);
        Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
        struct proxy_question q = {.message = &m};
        if (l->at > world_now(p->world))
            break;
        m.token = l->token;
        m.reply_to = l->reply_to;
        say_missing(p, &q);
        late_free(g, l);
    }
    arm_late(p);
}

void guard__late_close(struct guard *g)
{
    world_timer_clear(&g->late_timer);
    while (!list_empty(&g->late))
        late_free(g, list_entry(g->late.next, struct late_answer, link));
}

/* Each proxy is asked, so that each forgets it. */
static void lift(struct proxy *p, const struct proxy_question *q, struct slice text)
{
    struct network n;
    if (!q->administrator) {
        proxy__answer_error(p, q, 403, ERROR_DENIED, error_sentence(ERROR_DENIED));
        return;
    }
    if (network_parse(&n, text) != 0) {
        proxy__answer_error(p, q, 400, ERROR_SYNTAX, "this is no address and no network");
        return;
    }
    if (!guard__lift(p, &n)) {
        say_missing_later(p, q);
        return;
    }
    LOG(LOG_NOTICE, "proxy", "%.*s is let in again by %s", SLICE_ARG(text), q->user);
    proxy__answer(p, q, 200, SLICE("{}"));
}

void guard_question(struct proxy *p, const struct proxy_question *q)
{
    bool reads = slice_equal(q->method, SLICE("GET"));
    if (reads && slice_equal(q->path, SLICE("bans")))
        list_bans(p, q);
    else if (slice_equal(q->method, SLICE("DELETE")) && slice_starts(q->path, SLICE("bans/")))
        lift(p, q, slice_from(q->path, 5));
    else
        proxy__answer_error(p, q, 404, ERROR_MISSING, "there is nothing at this path; see the reference");
}
