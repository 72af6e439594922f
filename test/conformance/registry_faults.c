/* What a cluster of servers does to the registry, and a machine alone cannot: members die, stop and come back
 * while others decide. Whatever happens, each decision is made once, and who is not sure is told so. */
#include <stdlib.h>

#include "registry.h"

#define RIVALS 3
#define LEASE 3000 /* ms */
#define PACE 300   /* ms between renewals */

/* One of several processes that count one number up by compare-and-set. */
struct rival {
    struct seat *seat;
    uint64_t token;    /* of the open question; 0: none */
    bool sets;         /* it sets, and does not read */
    uint64_t revision; /* as last read */
    int64_t value;     /* likewise, or what it wants to set */
    int64_t done, unsure;
    int64_t silence; /* µs: longest time without a decision */
    int64_t last;
};

static uint64_t send_range(struct seat *s, const char *key)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange g = TANDEM__REGISTRY_RANGE__INIT;
    g.prefix = (char *)(uintptr_t)key;
    g.has_exact = g.exact = true;
    m.range = &g;
    return seat_send(s, SERVICE_REGISTRY, &m.base, 1000);
}

static int64_t number_of(ProtobufCBinaryData value)
{
    uint64_t number;
    CHECK_SAME(slice_to_u64(&number, pack_slice(value), INT64_MAX), 0);
    return (int64_t)number;
}

static void set_next(struct rival *r)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)++r->value);
    r->token = registry_send_set(r->seat, "count", r->revision, text, NO_LEASE, 1000);
    r->sets = true;
}

static void read_again(struct rival *r)
{
    r->token = send_range(r->seat, "count");
    r->sets = false;
}

static void step(struct rival *r, int64_t *won, size_t wins)
{
    const struct reply *reply = r->token != 0 ? seat_reply(r->seat, r->token) : NULL;
    if (reply == NULL)
        return;
    if (reply->answer == ANSWER_YES && r->sets) {
        int64_t now = real_now(r->seat->stage->loop);
        r->revision = registry_answer(r->seat, reply)->revision;
        r->done++;
        r->silence = now - r->last > r->silence ? now - r->last : r->silence;
        r->last = now;
        CHECK(r->value < (int64_t)wins);
        CHECK_SAME(won[r->value]++, 0); /* nobody else has made the same decision */
        set_next(r);
    } else if (reply->answer == ANSWER_YES) {
        const Tandem__RegistryAnswer *a = registry_answer(r->seat, reply);
        CHECK_SAME(a->n_entries, 1);
        r->revision = a->entries[0]->revision;
        r->value = number_of(a->entries[0]->value);
        set_next(r);
    } else {
        r->unsure += r->sets && reply->answer == ANSWER_UNKNOWN;
        read_again(r);
    }
}

static void count_for(struct stage *s, struct rival *rivals, int64_t milliseconds)
{
    static int64_t won[1 << 20];
    int64_t end = real_now(s->loop) + milliseconds * 1000;
    while (real_now(s->loop) < end) {
        stage_run(s, 0);
        for (int i = 0; i < RIVALS; i++)
            step(&rivals[i], won, sizeof won / sizeof won[0]);
    }
}

/* CF-2: three processes count while members of etcd are killed, stopped and started again. */
static void each_decision_is_made_once(struct stage *s)
{
    struct rival rivals[RIVALS];
    struct seat *watcher = seat_open(s, "watcher");
    int64_t done = 0, unsure = 0, longest = 0;
    if (!stage_fault("heal"))
        stage_not_here("nothing can fail");
    seat_watch(watcher, "count", 1);
    CHECK(registry_set(watcher, "count", 0, "0", NO_LEASE) > 0);
    for (int i = 0; i < RIVALS; i++) {
        rivals[i] = (struct rival){.last = real_now(s->loop)};
        rivals[i].seat = seat_open(i == 0 ? s : stage_another(s), "rival");
        read_again(&rivals[i]);
    }
    static const char *const faults[] = {"soon 300 kill leader", "soon 300 heal", "soon 300 pause leader",
        "soon 300 heal", "soon 300 restart follower", "soon 300 kill follower", "soon 300 pause 0",
        "soon 300 heal"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        CHECK(stage_fault("%s", faults[i]));
        count_for(s, rivals, 2000);
    }
    CHECK(stage_fault("heal"));
    stage_run(s, 3000);
    for (int i = 0; i < RIVALS; i++) {
        if (rivals[i].token != 0 && rivals[i].sets && seat_reply(rivals[i].seat, rivals[i].token) != NULL &&
            seat_reply(rivals[i].seat, rivals[i].token)->answer != ANSWER_NO)
            unsure++; /* decided or not, and not looked at any more */
        done += rivals[i].done;
        unsure += rivals[i].unsure;
        longest = rivals[i].silence > longest ? rivals[i].silence : longest;
    }
    const struct reply *r;
    uint64_t token = send_range(watcher, "count");
    STAGE_UNTIL(s, (r = seat_reply(watcher, token)) != NULL, STAGE_PATIENCE);
    CHECK_SAME(r->answer, ANSWER_YES);
    int64_t count = number_of(registry_answer(watcher, r)->entries[0]->value);
    fprintf(stderr, "%lld decisions, %lld unsure, the number is %lld, longest silence %lld ms\n",
        (long long)done, (long long)unsure, (long long)count, (long long)longest / 1000);
    CHECK(done > 100 && count >= done && count <= done + unsure);
    uint64_t last = 0;
    for (size_t i = 0; i < watcher->note_count; i++) { /* in order, nothing twice, to the end */
        CHECK(seat_note(watcher, i)->revision > last);
        last = seat_note(watcher, i)->revision;
    }
    CHECK_SAME(last, registry_answer(watcher, r)->entries[0]->revision);
}

/* A lease as a role holds it. */
struct holder {
    struct seat *seat;
    uint64_t lease, token, life;
    int64_t sent, until; /* until: it believes that nobody else can hold what it holds */
    enum { GRANT, NAME, RENEW } asked;
    unsigned lost;
};

static void ask_lease(struct holder *h, int what)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseGrant g = TANDEM__LEASE_GRANT__INIT;
    Tandem__LeaseRenew l = TANDEM__LEASE_RENEW__INIT;
    char key[32];
    h->asked = what;
    if (what != NAME)
        h->sent = real_now(h->seat->stage->loop);
    g.milliseconds = LEASE;
    l.lease = h->lease;
    if (what == GRANT)
        m.lease_grant = &g;
    else
        m.lease_renew = &l;
    if (what == NAME) {
        snprintf(key, sizeof key, "holder/%llu", (unsigned long long)++h->life);
        h->token = registry_send_set(h->seat, key, 0, "1", h->lease, 1000);
    } else {
        h->token = seat_send(h->seat, SERVICE_REGISTRY, &m.base, 1000);
    }
}

static void hold(struct holder *h)
{
    const struct reply *r = h->token != 0 ? seat_reply(h->seat, h->token) : NULL;
    int64_t now = real_now(h->seat->stage->loop);
    if (r == NULL) {
        if (h->token == 0 && now - h->sent >= PACE * 1000)
            ask_lease(h, h->lease == 0 ? GRANT : RENEW);
        return;
    }
    h->token = 0;
    if (r->answer == ANSWER_YES && h->asked == GRANT) {
        uint64_t lease = registry_answer(h->seat, r)->lease;
        CHECK(lease > h->lease);
        h->lease = lease;
        ask_lease(h, NAME);
    } else if (r->answer == ANSWER_YES) {
        h->until = h->sent + LEASE * 1000;
    } else if (h->asked == NAME || (r->answer == ANSWER_NO && r->error == ERROR_MISSING)) {
        h->lost += h->asked == RENEW;
        h->lease = 0;
        h->until = 0; /* it knows: from now on it does nothing */
    }
}

/* Nobody sees a key of the lease gone while its holder believes in it. */
static void look_for_death(struct holder *h, const struct seat *observer, size_t *seen)
{
    for (const struct note *n; (n = seat_note(observer, *seen)) != NULL; (*seen)++) {
        char key[32];
        snprintf(key, sizeof key, "holder/%llu", (unsigned long long)h->life);
        if (n->answer == ANSWER_NO && slice_equal(n->name, slice_text(key)))
            CHECK(real_now(h->seat->stage->loop) >= h->until);
    }
}

/* A leader that stood still comes back and takes itself for the leader for a while: what it says of a lease
 * is not believed. */
static void a_lease_does_not_end_under_its_holder(struct stage *s)
{
    struct holder h = {.seat = seat_open(s, "holder")};
    struct seat *observer = seat_open(stage_another(s), "observer");
    size_t seen = 0;
    if (!stage_fault("heal"))
        stage_not_here("nothing can fail");
    seat_watch(observer, "holder/", 1);
    static const char *const faults[] = {"soon 500 pause leader", "soon 3000 heal", "soon 500 kill leader",
        "soon 500 heal", "soon 500 pause 0", "soon 1000 heal", "soon 500 restart leader"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        int64_t end = real_now(s->loop) + (i == 1 ? 5000000 : 2000000);
        CHECK(stage_fault("%s", faults[i]));
        while (real_now(s->loop) < end) {
            stage_run(s, 1);
            hold(&h);
            look_for_death(&h, observer, &seen);
        }
    }
    CHECK(stage_fault("heal"));
    fprintf(stderr, "%llu lives, %u leases ended\n", (unsigned long long)h.life, h.lost);
    CHECK(h.life >= 1);
}

static const struct real_condition *condition(const struct stage *s)
{
    return real_engines_condition(s->engines, REAL_PART_REGISTRY);
}

/* CF-10: without a majority nothing is decided, and that is said; what happened meanwhile is told. */
static void who_is_away_is_said(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a"), *b = seat_open(s, "node-1b");
    if (!stage_fault("heal"))
        stage_not_here("nothing can fail");
    uint64_t lease = registry_grant(a, 2000);
    CHECK(registry_set(a, "here/kept", 0, "1", NO_LEASE) > 0);
    CHECK(registry_set(a, "here/leased", 0, "1", lease) > 0);
    seat_watch(b, "here/", 1);
    STAGE_UNTIL(s, b->note_count == 2, STAGE_PATIENCE);
    CHECK(!condition(s)->away);
    CHECK(stage_fault("kill 0") && stage_fault("kill 1"));
    STAGE_UNTIL(s, condition(s)->away, STAGE_PATIENCE);
    CHECK(condition(s)->why[0] != '\0');
    CHECK_SAME(registry_set(a, "here/never", 0, "1", NO_LEASE), ERROR_UNREACHABLE);
    CHECK_SAME(registry_renew(a, lease), ERROR_UNREACHABLE);
    CHECK(stage_fault("kill 2"));
    CHECK_SAME(registry_set(a, "here/never", 0, "1", NO_LEASE), ERROR_UNREACHABLE);
    CHECK_SAME(b->note_count, 2);
    CHECK(stage_fault("heal"));
    STAGE_UNTIL(s, !condition(s)->away, STAGE_PATIENCE);
    STAGE_UNTIL(s, b->note_count == 3, STAGE_PATIENCE); /* the lease has run out */
    CHECK(slice_equal(seat_note(b, 2)->name, SLICE("here/leased")));
    CHECK(strcmp(registry_range(a, "here/", false), "here/kept=1 ") == 0);
    int64_t again = registry_set(a, "here/again", 0, "1", NO_LEASE);
    CHECK(again > 0);
    STAGE_UNTIL(s, b->note_count == 4, STAGE_PATIENCE);
    CHECK_SAME(seat_note(b, 3)->revision, again);
}

/* One that begins while nobody answers waits, and everything comes when somebody does. */
static void a_start_without_servers_waits(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    if (!stage_fault("heal"))
        stage_not_here("nothing can fail");
    CHECK(registry_set(a, "here/kept", 0, "1", NO_LEASE) > 0);
    CHECK(stage_fault("kill 0") && stage_fault("kill 1") && stage_fault("kill 2"));
    stage_restart(s);
    a = seat_open(s, "node-1a");
    seat_watch(a, "here/", 1);
    STAGE_UNTIL(s, condition(s)->away, STAGE_PATIENCE);
    CHECK_SAME(registry_set(a, "here/never", 0, "1", NO_LEASE), ERROR_UNREACHABLE);
    CHECK(stage_fault("heal"));
    STAGE_UNTIL(s, a->note_count == 1 && !condition(s)->away, STAGE_PATIENCE);
    CHECK(registry_set(a, "here/now", 0, "1", NO_LEASE) > 0);
}

/* Other servers stand at our addresses: nothing is written there, and we go on when ours are back. */
static void another_cluster_is_left_alone(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    if (!stage_fault("heal"))
        stage_not_here("nothing can fail");
    int64_t kept = registry_set(a, "here/kept", 0, "1", NO_LEASE);
    CHECK(kept > 0);
    CHECK(stage_fault("replace"));
    CHECK_SAME(registry_set(a, "here/kept", (uint64_t)kept, "2", NO_LEASE), ERROR_UNREACHABLE);
    CHECK_SAME(registry_set(a, "here/kept", 0, "2", NO_LEASE), ERROR_UNREACHABLE);
    STAGE_UNTIL(s, strstr(condition(s)->why, "another cluster") != NULL, STAGE_PATIENCE);
    CHECK(condition(s)->away);
    stage_restart(s); /* nor does a restart make us forget */
    a = seat_open(s, "node-1a");
    CHECK_SAME(registry_set(a, "here/kept", 0, "2", NO_LEASE), ERROR_UNREACHABLE);
    CHECK(stage_fault("is-empty"));
    CHECK(stage_fault("replace-back"));
    STAGE_UNTIL(s, !condition(s)->away && condition(s)->since != 0, STAGE_PATIENCE);
    CHECK(strcmp(registry_range(a, "here/", false), "here/kept=1 ") == 0);
}

CONFORMANCE("registry", CONFORMANCE_TEST(each_decision_is_made_once),
    CONFORMANCE_TEST(a_lease_does_not_end_under_its_holder), CONFORMANCE_TEST(who_is_away_is_said),
    CONFORMANCE_TEST(a_start_without_servers_waits), CONFORMANCE_TEST(another_cluster_is_left_alone))
