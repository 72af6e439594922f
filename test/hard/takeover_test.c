/* Test 3 of the hard parts (VC-20, VC-21, VC-24), with whole calls: the link, the primary's and the backup's
 * way to the registry, each up, down or one-way, times a primary that stands still between the backup's
 * receipt and its own send, times a call in each of its states. In each cell: what leaves an overtaken
 * primary is what its survivor says as well; in no view are there two primaries; in the end each call has
 * ended in order and has its one row in the history.
 *
 * Planted: a backup that goes on giving receipts after it has begun to take over. Seen to fail with it. */
#include "unit.h"

#include "base/hash.h"
#include "hard_fixture.h"
#include "roles/node/node.h"
#include "sim/phone_int.h"
#include "wire/frame.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define SECOND INT64_C(1000000)
#define STRUCK (6 * SECOND)

enum { WAY_UP, WAY_DOWN, WAY_ONE, WAYS };
enum { LINK_UP, LINK_DOWN, LINK_TO_PRIMARY, LINK_TO_BACKUP, LINKS };
enum { STOP_NONE, STOP_SHORT, STOP_LONG, STOPS };
enum { CALL_RINGING, CALL_ANSWERED, CALL_STANDS, CALL_REOFFERED, CALL_ENDS, CALL_EARLY, CALL_UPDATED, CALLS };
#define CELLS (LINKS * WAYS * WAYS * STOPS * CALLS)

/* A set of numbers that takes no memory while the run looks for leaks. */
#define SET 32768U
struct set {
    uint64_t numbers[SET];
    size_t count;
};

static bool has(const struct set *s, uint64_t number)
{
    size_t at = number % SET;
    while (s->numbers[at] != 0 && s->numbers[at] != number)
        at = (at + 1) % SET;
    return s->numbers[at] == number;
}

static void add(struct set *s, uint64_t number)
{
    size_t at = number % SET;
    while (s->numbers[at] != 0 && s->numbers[at] != number)
        at = (at + 1) % SET;
    s->count += s->numbers[at] == 0;
    s->numbers[at] = number;
    assert_true(s->count < SET / 2);
}

static void forget(struct set *s)
{
    if (s->count != 0)
        memset(s, 0, sizeof *s);
}

static struct set told[2];    /* by member: hashes of what it has told */
static struct set pending[2]; /* what it let out while the other was about to take over */
static struct set owed[2];    /* the same, once the other has taken over: that one has to say it, too */

struct cell {
    unsigned link, first, second, stop, call;
    /* while it runs */
    struct cluster *cluster;
    struct sim_instance *primary, *backup;
    int64_t struck_at;
    bool healed, claimed; /* claimed: a member has begun with nothing */
    bool with_state[2];   /* by member: it became primary with the other's state */
    uint8_t before[2];    /* its state after its last turn */
};

static struct cell cell_of(unsigned number)
{
    struct cell cell = {.call = number % CALLS};
    cell.stop = (number /= CALLS) % STOPS;
    cell.link = (number /= STOPS) % LINKS;
    cell.first = (number /= LINKS) % WAYS;
    cell.second = number / WAYS;
    return cell;
}

/* ---- the strike ---- */

static bool is_there(struct cell *cell, const struct phone *p)
{
    switch (cell->call) {
    case CALL_RINGING:
        return p->call.state == PHONE_RINGING && p->call.rung;
    case CALL_ANSWERED:
        return p->call.state == PHONE_ANSWERING;
    case CALL_STANDS:
        return p->call.state == PHONE_ESTABLISHED && p->call.caller && !p->requests[SLOT_INVITE].active;
    case CALL_REOFFERED:
        return p->call.state == PHONE_ESTABLISHED && p->requests[SLOT_INVITE].active && p->call.held;
    case CALL_EARLY: /* a reliable provisional answer waits for its PRACK */
        return p->call.state == PHONE_RINGING && p->call.unacknowledged;
    case CALL_UPDATED:
        return p->call.state == PHONE_ESTABLISHED && p->requests[SLOT_UPDATE].active;
    default:
        return p->call.state == PHONE_ENDING;
    }
}

static void cut(struct cell *cell, unsigned one, unsigned other, bool there, bool back)
{
    sim_cut(cell->cluster->sim, one, other, there);
    sim_cut(cell->cluster->sim, other, one, back);
}

static void cut_all(struct cell *cell, bool on)
{
    unsigned a = hard_site(cell->cluster, cell->primary), b = hard_site(cell->cluster, cell->backup);
    unsigned link = on ? cell->link : LINK_UP, first = on ? cell->first : WAY_UP,
             second = on ? cell->second : WAY_UP;
    cut(cell, a, b, link == LINK_DOWN || link == LINK_TO_PRIMARY,
        link == LINK_DOWN || link == LINK_TO_BACKUP);
    cut(cell, a, 0, first == WAY_DOWN, first != WAY_UP); /* one-way: it is asked, and answers are lost */
    cut(cell, b, 0, second == WAY_DOWN, second != WAY_UP);
}

static void step_h(void *argument, struct cluster *c)
{
    struct cell *cell = argument;
    int64_t now = sim_now(c->sim);
    cell->cluster = c;
    if (cell->struck_at != 0) {
        if (!cell->healed && now >= cell->struck_at + STRUCK)
            cut_all(cell, false);
        cell->healed |= now >= cell->struck_at + STRUCK;
        return;
    }
    cell->primary = hard_primary(c, 0, &cell->backup);
    if (now < c->town.begin_at + SECOND || cell->primary == NULL || sim_self(cell->backup) == NULL ||
        !pair_in_step(sim_self(cell->primary), sim_self(cell->backup)))
        return;
    bool there = false;
    for (unsigned i = 0; i < c->params->phones && !there; i++)
        there = is_there(cell, sim_self(c->phones[i]));
    if (!there)
        return;
    cell->struck_at = now;
    if (cell->stop != STOP_NONE)
        sim_pause_unsent(cell->primary, now + (cell->stop == STOP_SHORT ? 1 : 8) * SECOND);
    cut_all(cell, true);
}

static bool done_h(void *argument, struct cluster *c)
{
    const struct cell *cell = argument;
    return cell->healed && sim_now(c->sim) > cell->struck_at + 10 * SECOND;
}

/* ---- whoever is overtaken says only what the survivor says ---- */

static unsigned member_of(const struct cell *cell, const struct sim_instance *i)
{
    return cell->cluster->members[0].instance == i ? 0 : 1;
}

static void effect_h(void *argument, struct sim_instance *i, const struct effect *e)
{
    struct cell *cell = argument;
    if (cell->cluster == NULL || e->kind != EFFECT_TELL || sim_role(i) != cell->cluster->node)
        return;
    unsigned m = member_of(cell, i);
    const struct pair *other = sim_self(cell->cluster->members[1 - m].instance), *own = sim_self(i);
    uint64_t what = hash_stable_add(hash_stable_add(0, e->first), e->second);
    add(&told[m], what);
    if (other == NULL || own == NULL)
        return;
    if (other->state == PAIR_ST_TAKING && own->inner != NULL)
        add(&pending[m], what);
    else if (other->inner != NULL && cell->with_state[1 - m] && other->view > own->view)
        add(&owed[m], what);
}

static void after_turn_h(void *argument, struct sim_instance *i, const struct input *input)
{
    struct cell *cell = argument;
    (void)input;
    if (cell->cluster == NULL || sim_role(i) != cell->cluster->node || sim_self(i) == NULL)
        return;
    const struct pair *p = sim_self(i);
    unsigned own = member_of(cell, i), other = 1 - own;
    if (p->inner != NULL && cell->before[own] < PAIR_ST_ALONE) {
        cell->with_state[own] = cell->before[own] == PAIR_ST_TAKING;
        cell->claimed |= cell->struck_at != 0 && !cell->with_state[own];
    }
    cell->before[own] = p->state;
    if (p->state == PAIR_ST_TAKING || pending[other].count == 0)
        return;
    for (size_t at = 0; p->inner != NULL && at < SET; at++)
        if (pending[other].numbers[at] != 0)
            add(&owed[other], pending[other].numbers[at]);
    forget(&pending[other]);
}

/* How much an overtaken member has said that the other never said. */
static unsigned stray(void)
{
    unsigned count = 0;
    for (unsigned m = 0; m < 2; m++)
        for (size_t at = 0; owed[m].count != 0 && at < SET; at++)
            count += owed[m].numbers[at] != 0 && !has(&told[1 - m], owed[m].numbers[at]);
    return count;
}

static struct cluster_result run_cell(
    struct cell *cell, uint64_t seed, const struct role *node, unsigned *strays)
{
    struct cluster_hooks hooks = {
        .argument = cell, .step = step_h, .effect = effect_h, .after_turn = after_turn_h, .done = done_h};
    struct cluster_result result = hard_run((struct cluster_params){
        .seed = seed, .calls = 30, .phones = 14, .pairs = 1, .node = node, .lenient = true, .hooks = &hooks});
    *strays = stray();
    for (unsigned m = 0; m < 2; m++) {
        forget(&told[m]);
        forget(&pending[m]);
        forget(&owed[m]);
    }
    return result;
}

/* In the unit run each value of each dimension is met a few times, in the suite each cell of a third;
 * otherwise all, with several seeds. */
static void takeover_matrix(void **state)
{
    (void)state;
    unsigned effort = hard_effort(), stride = effort == 0 ? 31 : 1, struck = 0, claims = 0;
    for (unsigned round = 0; round < (effort > 1 ? effort : 1); round++)
        for (unsigned number = round % stride; number < CELLS; number += stride) {
            struct cell cell = cell_of(number);
            unsigned strays;
            print_message("cell %u\n", number);
            uint64_t seed = 1000 + number + round * CELLS;
            struct cluster_result r = run_cell(&cell, seed, NULL, &strays);
            struck += cell.struck_at != 0;
            /* Two faults are one too many: who went on alone, since the link was cut, and then stands still
             * for longer than its lease, takes its calls along. */
            bool lost = cell.claimed && cell.link != LINK_UP && cell.stop == STOP_LONG;
            claims += lost;
            assert_true(lost || !cell.claimed);
            if ((r.violations != 0 && !lost) || strays != 0)
                fail_msg(
                    "cell %u (seed %llu): link %u, registry %u and %u, stop %u, call %u: %s; %u messages of "
                    "an overtaken primary",
                    number, (unsigned long long)seed, cell.link, cell.first, cell.second, cell.stop,
                    cell.call, r.violations != 0 ? r.first : "", strays);
        }
    print_message("%u cells, %u with a second fault\n", struck, claims);
    assert_true(struck * 5 > CELLS / stride * 4); /* in the others no call was in that state */
    assert_true(claims * 8 < struck);
}

/* ---- planted ---- */

static struct generous {
    uint64_t flow, view;
    struct frame_reader in;
} generous[2];

static bool no_close(void *argument, const struct effect *e)
{
    return e->kind != EFFECT_CLOSE || e->flow != ((const struct generous *)argument)->flow;
}

static void give_receipt(struct pair *p, struct generous *g, struct slice payload)
{
    struct arena arena = {0};
    struct buffer bytes = {.data = NULL}, frame = {.data = NULL};
    Tandem__PairReceipt receipt = TANDEM__PAIR_RECEIPT__INIT;
    const Tandem__PairBatch *b = pack_read(&tandem__pair_batch__descriptor, payload, &arena);
    if (b != NULL) {
        receipt.view = g->view;
        receipt.number = b->number;
        pack_add(&bytes, &receipt.base);
        frame_add(&frame, PAIR_FRAME_RECEIPT, buffer_slice(&bytes));
        world_send(p->world, g->flow, buffer_slice(&frame));
    }
    buffer_free(&bytes);
    buffer_free(&frame);
    arena_free(&arena);
}

static void generous_input(void *self, const struct input *in)
{
    struct pair *p = self;
    struct generous *g = &generous[p->name[strlen(p->name) - 1] == 'b'];
    uint64_t flow = p->flow, view = p->shadow_view;
    uint8_t before = p->state;
    pair_input(self, in);
    if (before == PAIR_ST_SHADOW && p->state == PAIR_ST_TAKING) {
        frame_reader_free(&g->in);
        *g = (struct generous){.flow = flow, .view = view};
        hard_filter(p->world, no_close, g);
    }
    if (p->state != PAIR_ST_TAKING || in->kind != INPUT_DATA || in->flow != g->flow)
        return;
    struct slice bytes = in->bytes;
    struct frame f;
    while (frame_next(&g->in, &bytes, &f) == 0)
        if (f.kind == PAIR_FRAME_BATCH)
            give_receipt(p, g, f.payload);
}

static int generous_open(void **self, struct world *w, const struct role_setup *setup)
{
    return role_node.open(self, w, setup);
}

static const struct role generous_node = {
    .name = "node", .open = generous_open, .close = pair_close, .input = generous_input, .audit = pair_audit};

static void late_receipts_are_noticed(void **state)
{
    (void)state;
    unsigned noticed = 0;
    hard_be_quiet();
    for (unsigned seed = 2000; seed < 2020 && noticed == 0; seed++) {
        struct cell cell = {
            .link = LINK_UP, .first = WAY_DOWN, .second = WAY_ONE, .stop = STOP_SHORT, .call = CALL_RINGING};
        unsigned strays;
        struct cluster_result r = run_cell(&cell, seed, &generous_node, &strays);
        noticed += strays != 0 || r.violations != 0;
    }
    for (int g = 0; g < 2; g++)
        frame_reader_free(&generous[g].in);
    assert_true(noticed != 0);
}

TESTS("hard/takeover", cmocka_unit_test(takeover_matrix), cmocka_unit_test(late_receipts_are_noticed))
