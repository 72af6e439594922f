/* Every named statement, with values by chance, has the same results in the process and here; so has each
 * statement that is added later. */
#include <stdlib.h>

#include "engine/store/statement.h"
#include "engine/store/store.h"
#include "store.h"

#define REQUESTS 4000
#define STATEMENTS_MOST 3

static uint64_t chance_state;

static unsigned chance(unsigned below)
{
    chance_state = chance_state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(chance_state >> 33) % below;
}

static bool names(const char *list, size_t at, const char *wanted)
{
    struct slice rest = slice_text(list), part;
    for (size_t i = 0; slice_cut(&rest, ' ', &part); i++)
        if (i == at)
            return slice_equal(part, slice_text(wanted));
    return false;
}

/* Few values, so that they meet. */
static void make_value(Tandem__StoreValue *v, const struct store_statement *about, size_t at)
{
    static const char *const texts[] = {
        "", "a", "B", "dn", "1001", "1002", "sip:a", "node-1", "{}", "\xc3\xa4 '\""};
    static const int64_t numbers[] = {0, 1, 2, 3, 7, 900, INT64_MAX};
    char type = about->parameters[at];
    tandem__store_value__init(v);
    if (type < 'a' && chance(3) == 0)
        return;
    if ((type | 0x20) == 'i') {
        bool limit = names(about->parameter_names, at, "limit");
        bool version = names(about->parameter_names, at, "expected_version"); /* one more is computed */
        v->has_number = true;
        v->number = limit ? 1 + chance(20) : numbers[chance(version ? 6 : 7)];
    } else if ((type | 0x20) == 't') {
        v->text = (char *)(uintptr_t)texts[chance(10)];
    } else {
        v->has_blob = true;
        v->blob = pack_bytes(slice_first(SLICE("\0\x01\xff blob"), chance(8)));
    }
}

static const struct store_statement *add_by_chance(struct buffer *request)
{
    const struct store_statement *about = &store_statements[chance((unsigned)store_statement_count)];
    Tandem__StoreValue values[64], *parameters[64];
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&statement};
    Tandem__StoreRequest m = TANDEM__STORE_REQUEST__INIT;
    statement.name = (char *)(uintptr_t)about->name;
    statement.n_parameters = strlen(about->parameters);
    CHECK(statement.n_parameters <= 64);
    for (size_t i = 0; i < statement.n_parameters; i++) {
        make_value(&values[i], about, i);
        parameters[i] = &values[i];
    }
    statement.parameters = parameters;
    m.statements = statements;
    m.n_statements = 1;
    pack_add(request, &m.base);
    return about;
}

/* Cursors grow in both, but PostgreSQL leaves gaps: what counts is the order of the rows. */
static void forget_cursors(const struct store_statement **abouts, Tandem__StoreAnswer *a)
{
    for (size_t i = 0; i < a->n_results; i++)
        for (size_t row = 0; row < a->results[i]->n_rows; row++)
            for (size_t column = 0; column < a->results[i]->rows[row]->n_values; column++)
                if (names(abouts[i]->columns, column, "cursor")) {
                    CHECK(a->results[i]->rows[row]->values[column]->number > 0);
                    a->results[i]->rows[row]->values[column]->number = 1;
                }
}

static void canonical(
    struct buffer *out, struct stage *s, const struct store_statement **abouts, struct slice bytes)
{
    arena_reset(&s->arena);
    Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, bytes, &s->arena);
    CHECK(a != NULL);
    forget_cursors(abouts, a);
    buffer_clear(out);
    pack_add(out, &a->base);
}

struct both {
    struct seat *seat;
    struct store *reference;
    struct buffer request, bytes, left, right;
    unsigned yes, no;
    unsigned rows[256]; /* answers with rows, by statement */
};

static void disagree(
    struct both *b, const struct store_statement **abouts, size_t count, const struct reply *r)
{
    static char here[300];
    struct reply reference = {.bytes = buffer_slice(&b->bytes)};
    snprintf(here, sizeof here, "%s", store_reply_text(b->seat, &reference));
    stage_fail(__FILE__, __LINE__, "%s, %s, ... %s: \"%.150s\", in the process \"%.150s\"", abouts[0]->name,
        abouts[count / 2]->name, abouts[count - 1]->name, store_reply_text(b->seat, r), here);
}

static void compare(struct both *b, const struct store_statement **abouts, size_t count)
{
    struct arena arena = {0};
    int error = 0;
    const Tandem__StoreRequest *m =
        pack_read(&tandem__store_request__descriptor, buffer_slice(&b->request), &arena);
    CHECK(m != NULL && m->n_statements == count);
    const struct reply *r = seat_ask(b->seat, SERVICE_STORE, &m->base, STORE_WAIT);
    buffer_clear(&b->bytes);
    enum answer expected = store_run(&b->bytes, &error, b->reference, buffer_slice(&b->request));
    if (r->answer != expected || r->error != error)
        stage_fail(__FILE__, __LINE__, "%s (the last of %zu): %d %s, in the process %d %s",
            abouts[count - 1]->name, count, r->answer, error_symbol(r->error), expected, error_symbol(error));
    *(expected == ANSWER_YES ? &b->yes : &b->no) += 1;
    if (expected == ANSWER_YES) {
        canonical(&b->left, b->seat->stage, abouts, r->bytes);
        canonical(&b->right, b->seat->stage, abouts, buffer_slice(&b->bytes));
        if (!slice_equal(buffer_slice(&b->left), buffer_slice(&b->right)))
            disagree(b, abouts, count, r);
        b->rows[abouts[0] - store_statements] += b->bytes.length > 4;
    }
    arena_free(&arena);
}

static void every_statement_has_equal_results(struct stage *given)
{
    const struct store_statement *abouts[STATEMENTS_MOST];
    struct both b = {.seat = seat_open(store_stage(given), "both")};
    struct store_options memory = {.path = ":memory:"};
    chance_state = 7;
    CHECK(store_statement_count <= 256);
    CHECK_SAME(store_open(&b.reference, &memory), 0);
    for (unsigned i = 0; i < REQUESTS; i++) {
        size_t count = 1 + (chance(4) == 0 ? chance(STATEMENTS_MOST) : 0);
        buffer_clear(&b.request);
        for (size_t at = 0; at < count; at++)
            abouts[at] = add_by_chance(&b.request);
        compare(&b, abouts, count);
    }
    CHECK(b.yes > REQUESTS / 2 && b.no > REQUESTS / 50);
    for (size_t i = 0; i < store_statement_count; i++)
        if (store_statements[i].returns[0] != '\0' && b.rows[i] == 0)
            stage_fail(
                __FILE__, __LINE__, "%s never gave a row: the values do not meet", store_statements[i].name);
    store_close(b.reference);
    struct buffer *all[] = {&b.request, &b.bytes, &b.left, &b.right};
    for (size_t i = 0; i < 4; i++)
        buffer_free(all[i]);
}

/* All pages behind each other, by the cursor of each, are all rows. */
static void pages_follow_each_other(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "pages");
    char id[24];
    long long cursor = NOTHING, seen = 0;
    for (long long i = 0; i < 53; i++) {
        snprintf(id, sizeof id, "%016llx", i);
        STORE_SAYS(s, "+1", "call_created", "tittttt", id, i, i % 3 == 0 ? "1001" : "1002",
            i % 5 == 0 ? "1001" : "1003", "n", NULL, NULL);
        STORE_SAYS(s, "+0", "call_created", "tittttt", id, i, "1001", "1001", "n", NULL, NULL);
    }
    for (long long last = 53;;) {
        const char *text = STORE_ASK(s, "history_page", "tii", "1001", cursor, 4LL);
        if (text[0] == '\0')
            break;
        for (const char *row = text; row != NULL; row = strchr(row, ';')) {
            char *after;
            cursor = strtoll(row + (*row == ';'), &after, 10);
            long long number = strtoll(after, NULL, 16);
            CHECK(number < last && (number % 3 == 0 || number % 5 == 0));
            last = number;
            seen++;
            row += *row == ';';
        }
    }
    CHECK_SAME(seen, 18 + 11 - 4);
}

CONFORMANCE(
    "store", CONFORMANCE_TEST(every_statement_has_equal_results), CONFORMANCE_TEST(pages_follow_each_other))
