/* Which pair gets a new call, when members, networks and the registry fail (VC-3, VC-4, GEO-1). Each scene
 * strikes once in a living cluster, looks at what proxies believe meanwhile, heals, and ends with all
 * invariants. */
#include "unit.h"

#include "base/log.h"
#include "pair/pair.h"
#include "sim/cluster_int.h"

#define SECOND INT64_C(1000000)
#define FIRST_DN 10001
#define KNOWN 4096U

struct scene {
    void (*strike)(struct scene *s, struct cluster *c, bool on);
    int64_t length; /* µs that it lasts */
    /* what was seen */
    int64_t since;
    bool over;
    int64_t looked_at;
    struct sim_instance *struck;
    unsigned own_calls, other_calls; /* of pair 1's phones at their pair and at others, all the time */
    unsigned others_late;            /* at others, begun 6 s after the strike and before its end */
    int64_t out_at, back_at;         /* proxy 1 has seen pair 1 out of service; in service after that */
    uint64_t known[KNOWN];           /* calls that were counted */
    char text[16];
};

static unsigned site_of_node(const struct cluster *c, unsigned pair, unsigned member)
{
    return 1 + c->params->proxies + pair * 2 + member;
}

static struct sim_instance *primary(struct cluster *c, unsigned pair, unsigned *member)
{
    uint64_t view;
    for (unsigned m = 0; m < 2; m++) {
        struct sim_instance *i = c->members[2 * pair + m].instance;
        if (sim_self(i) != NULL && pair_inner(sim_self(i), &view) != NULL) {
            *member = m;
            return i;
        }
    }
    return NULL;
}

static struct buffer audit(struct sim_instance *i)
{
    struct buffer out = {0};
    if (sim_self(i) != NULL)
        sim_role(i)->audit(sim_self(i), &out);
    return out;
}

/* The pair that owns the caller, by the rule of the simulated configuration: phone 10001 + i. */
static bool home_of_pair(const struct cluster *c, struct slice from, unsigned pair)
{
    uint64_t number;
    if (slice_to_u64(&number, from, UINT32_MAX) != 0)
        return false;
    unsigned locations = c->params->locations > 1 ? 2 : 1;
    if (locations == 2)
        return (number - FIRST_DN) % 2 == pair % 2;
    const struct config_dn *dn = config_dn(c->configuration, from);
    const struct config_pair *owner = dn != NULL ? config_dn_pair(c->configuration, dn) : NULL;
    return owner != NULL && owner->name.data[owner->name.length - 1] == (char)('1' + pair);
}

static bool is_new(struct scene *s, uint64_t call)
{
    size_t at = call % KNOWN;
    while (s->known[at] != 0 && s->known[at] != call)
        at = (at + 1) % KNOWN;
    bool was_new = s->known[at] == 0;
    s->known[at] = call;
    return was_new;
}

static void count_call(struct scene *s, struct cluster *c, unsigned pair, struct slice line)
{
    struct slice id, state, from;
    uint64_t key = 0;
    slice_cut(&line, ' ', &id);
    slice_cut(&line, ' ', &id);
    slice_cut(&line, ' ', &state);
    slice_cut(&line, ' ', &from);
    for (size_t i = 0; i < id.length; i++)
        key = key * 31 + (unsigned char)id.data[i];
    if (!home_of_pair(c, from, 0) || !is_new(s, key != 0 ? key : 1))
        return;
    bool late = s->since != 0 && !s->over && sim_now(c->sim) > s->since + 6 * SECOND;
    s->own_calls += pair == 0;
    s->other_calls += pair != 0;
    s->others_late += pair != 0 && late;
}

static void look(struct scene *s, struct cluster *c)
{
    for (unsigned m = 0; m < c->member_count; m++) {
        struct buffer said = audit(c->members[m].instance);
        struct slice rest = buffer_slice(&said), line;
        while (slice_cut(&rest, '\n', &line))
            if (slice_starts(line, SLICE("call ")))
                count_call(s, c, c->members[m].pair, line);
        buffer_free(&said);
    }
    struct buffer said = audit(c->proxies[0]);
    bool in = slice_find_slice(buffer_slice(&said), SLICE("node node-1 in service")) >= 0;
    bool out = slice_find_slice(buffer_slice(&said), SLICE("node node-1 out")) >= 0;
    if (s->since != 0 && out && s->out_at == 0)
        s->out_at = sim_now(c->sim);
    if (s->since != 0 && in && s->back_at == 0 && (s->out_at != 0 || sim_now(c->sim) > s->since + 4 * SECOND))
        s->back_at = sim_now(c->sim);
    buffer_free(&said);
}

static void step_h(void *argument, struct cluster *c)
{
    struct scene *s = argument;
    int64_t now = sim_now(c->sim);
    if (now >= s->looked_at + SECOND / 10) {
        s->looked_at = now;
        look(s, c);
    }
    if (s->since == 0 && now > c->town.begin_at + 10 * SECOND) {
        s->since = now;
        if (s->strike != NULL)
            s->strike(s, c, true);
    } else if (s->since != 0 && !s->over && now >= s->since + s->length) {
        s->over = true;
        if (s->strike != NULL)
            s->strike(s, c, false);
    }
}

static bool done_h(void *argument, struct cluster *c)
{
    const struct scene *s = argument;
    return s->over && sim_now(c->sim) > s->since + s->length + 10 * SECOND;
}

static void ignore_line(void *argument, enum log_level level, const char *line, size_t length)
{
    (void)argument;
    (void)level;
    (void)line;
    (void)length;
}

static struct cluster_result play_with(
    struct scene *s, uint64_t seed, unsigned locations, unsigned roaming, unsigned proxies, bool lenient)
{
    struct cluster_result result;
    struct cluster_hooks hooks = {.argument = s, .step = step_h, .done = done_h};
    struct cluster_params params = {.seed = seed,
        .calls = 300,
        .phones = 60,
        .proxies = proxies,
        .pairs = 2,
        .locations = locations,
        .roaming = roaming,
        .lenient = lenient,
        .rest_most = 15 * SECOND,
        .hooks = &hooks,
        .report = getenv("TANDEM_REPORT") != NULL ? stdout : NULL};
    if (getenv("TANDEM_REPORT") == NULL)
        log_set_sink(ignore_line, NULL);
    assert_int_equal(cluster_run(&result, &params), 0);
    assert_string_equal(result.first, "");
    assert_int_equal(result.violations, 0);
    return result;
}

static struct cluster_result play(struct scene *s, uint64_t seed, unsigned locations, bool lenient)
{
    return play_with(s, seed, locations, 0, 2, lenient);
}

/* ---- scenes ---- */

/* GEO-1: nothing strikes: the calls of a location's phones are at its own pair, all of them. */
static void a_call_stays_in_the_location_that_it_enters(void **state)
{
    (void)state;
    static struct scene s;
    s = (struct scene){.length = SECOND};
    struct cluster_result r = play(&s, 101, 2, false);
    assert_true(r.established > 60);
    assert_true(s.own_calls > 40);
    assert_int_equal(s.other_calls, 0);
}

/* VC-2: phones call those of another location, also those that are registered in another one than their own;
 * nothing fails, so each that is registered is reached. */
static void phones_are_reached_in_every_location(void **state)
{
    (void)state;
    for (uint64_t seed = 150; seed < 154; seed++) {
        static struct scene s;
        s = (struct scene){.length = SECOND};
        struct cluster_result r = play_with(&s, seed, 2, 3, 4, false);
        assert_true(r.established > 60);
    }
}

/* Both members of pair 1 and all proxies do not hear each other. */
static void cut_pair(struct scene *s, struct cluster *c, bool on)
{
    (void)s;
    for (unsigned member = 0; member < 2; member++)
        for (unsigned k = 0; k < c->params->proxies; k++) {
            sim_cut(c->sim, site_of_node(c, 0, member), 1 + k, on);
            sim_cut(c->sim, 1 + k, site_of_node(c, 0, member), on);
        }
}

/* GEO-1, VC-3: without a pair in service a location's new calls are another location's, and only then. */
static void another_location_takes_the_calls_of_one_without_nodes(void **state)
{
    (void)state;
    for (uint64_t seed = 110; seed < 114; seed++) {
        static struct scene s;
        s = (struct scene){.strike = cut_pair, .length = 45 * SECOND};
        play(&s, seed, 2, true);
        assert_true(s.own_calls > 20);
        assert_true(s.others_late > 0);
        assert_in_range(s.out_at - s.since, 2 * SECOND, 6 * SECOND);
        assert_in_range(s.back_at - s.since, s.length, s.length + 20 * SECOND);
    }
}

/* VC-4: the record names a primary that hears the proxies, but is not heard by them. */
static void cut_one_way(struct scene *s, struct cluster *c, bool on)
{
    unsigned member;
    if (s->struck == NULL)
        s->struck = primary(c, 0, &member);
    for (member = 0; member < 2; member++)
        for (unsigned k = 0; k < c->params->proxies; k++)
            if (c->members[member].instance == s->struck)
                sim_cut(c->sim, site_of_node(c, 0, member), 1 + k, on);
}

/* VC-4, VC-3: the registry says one thing and OPTIONS another: new calls go to a pair that answers. */
static void a_member_that_is_not_heard_gets_no_new_calls(void **state)
{
    (void)state;
    for (uint64_t seed = 120; seed < 124; seed++) {
        static struct scene s;
        s = (struct scene){.strike = cut_one_way, .length = 25 * SECOND};
        play(&s, seed, 1, true);
        assert_true(s.others_late > 0);
        assert_in_range(s.out_at - s.since, 2 * SECOND, 6 * SECOND);
        assert_true(s.back_at - s.since >= s.length);
    }
}

static void pause_primary(struct scene *s, struct cluster *c, bool on)
{
    unsigned member;
    if (on && (s->struck = primary(c, 0, &member)) != NULL)
        sim_pause(c->sim, s->struck, sim_now(c->sim) + 8 * SECOND);
}

/* VC-4: a stopped process does not close its streams; its partner has its calls long before it goes on, and
 * it is never out of service for the proxies. */
static void a_stopped_primary_is_left_for_its_partner(void **state)
{
    (void)state;
    for (uint64_t seed = 130; seed < 134; seed++) {
        static struct scene s;
        s = (struct scene){.strike = pause_primary, .length = 10 * SECOND};
        play(&s, seed, 1, true);
        assert_int_equal(s.out_at, 0);
        assert_in_range(s.back_at - s.since, 0, 5 * SECOND);
    }
}

/* Proxy 1 does not hear the registry when the primary of pair 1 dies. */
static void blind_proxy(struct scene *s, struct cluster *c, bool on)
{
    unsigned member;
    sim_cut(c->sim, 0, 1, on);
    sim_cut(c->sim, 1, 0, on);
    if (on && (s->struck = primary(c, 0, &member)) != NULL)
        sim_kill(c->sim, s->struck, false);
    else if (!on && s->struck != NULL)
        sim_restart(c->sim, s->struck);
}

/* VC-4: a proxy that is cut off from the registry finds the survivor by itself. */
static void a_proxy_without_the_registry_finds_the_survivor(void **state)
{
    (void)state;
    for (uint64_t seed = 140; seed < 144; seed++) {
        static struct scene s;
        s = (struct scene){.strike = blind_proxy, .length = 20 * SECOND};
        play(&s, seed, 1, true);
        assert_true(s.back_at != 0);
        assert_true(s.back_at - s.since < 8 * SECOND);
    }
}

TESTS("sim/nodes", cmocka_unit_test(a_call_stays_in_the_location_that_it_enters),
    cmocka_unit_test(phones_are_reached_in_every_location),
    cmocka_unit_test(another_location_takes_the_calls_of_one_without_nodes),
    cmocka_unit_test(a_member_that_is_not_heard_gets_no_new_calls),
    cmocka_unit_test(a_stopped_primary_is_left_for_its_partner),
    cmocka_unit_test(a_proxy_without_the_registry_finds_the_survivor));
