/* RP-9: a process can do with the store what its roles need, and nothing else. */
#include "engine/store/rights.h"
#include "engine/store/statement.h"
#include "store.h"

static void ask_of(struct seat *s, const struct store_statement *about, const char *role)
{
    Tandem__StoreValue values[64], *parameters[64];
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&statement};
    Tandem__StoreRequest m = TANDEM__STORE_REQUEST__INIT;
    statement.name = (char *)(uintptr_t)about->name;
    statement.n_parameters = strlen(about->parameters);
    CHECK(statement.n_parameters <= 64);
    for (size_t i = 0; i < statement.n_parameters; i++) {
        char type = (char)(about->parameters[i] | 0x20);
        tandem__store_value__init(&values[i]);
        values[i].has_number = type == 'i';
        values[i].number = 1;
        values[i].text = type == 't' ? (char *)"x" : NULL;
        values[i].has_blob = type == 'b';
        parameters[i] = &values[i];
    }
    statement.parameters = parameters;
    m.statements = statements;
    m.n_statements = 1;
    const struct reply *r = seat_ask(s, SERVICE_STORE, &m.base, STORE_WAIT);
    bool denied = r->error == ERROR_DENIED;
    if (r->answer == ANSWER_UNKNOWN || (!denied && r->error != 0 && r->error != ERROR_CONFLICT))
        stage_fail(__FILE__, __LINE__, "%s as %s: %s", about->name, role, error_symbol(r->error));
    if (denied == store_rights_cover(role, about->name))
        stage_fail(__FILE__, __LINE__, "%s %s run %s", role, denied ? "cannot" : "can", about->name);
}

static void each_role_has_the_rights_that_it_needs_and_no_others(struct stage *given)
{
    if (stage_is("embedded"))
        stage_not_here("a process has its database for itself");
    struct stage *owner = store_stage(given);
    const char *database = stage_params.store.database, *role;
    STORE_SAYS(seat_open(owner, "owner"), "+11", "incarnation_next", "t", "x");
    CHECK(stage_fault("accounts %s", database));
    unsigned covered = 0;
    for (size_t i = 0; (role = store_rights_role(i)) != NULL; i++) {
        CHECK(stage_fault("user %s", role));
        stage_params.store.user = role;
        struct seat *s = seat_open(stage_another(given), role);
        for (size_t at = 0; at < store_statement_count; at++) {
            ask_of(s, &store_statements[at], role);
            covered += store_rights_cover(role, store_statements[at].name);
        }
        CHECK(stage_fault("as %s %s CREATE TABLE mine (a int)", role, database));
        CHECK(stage_fault("as %s %s DROP TABLE calls", role, database));
        CHECK(stage_fault("as %s %s DELETE FROM calls", role, database));
        CHECK(stage_fault("as %s %s UPDATE tandem_schema SET version = 0", role, database));
    }
    CHECK(covered > store_statement_count && covered < 3 * store_statement_count);
    CHECK(stage_fault("as proxy %s SELECT tandem_partitions()", database));
    CHECK(stage_fault("as proxy %s SELECT * FROM calls", database));
    CHECK(stage_fault("user tandem"));
}

/* SEC-1: a process is known by its certificate; nobody needs a password. */
static void a_certificate_is_enough_to_log_in(struct stage *given)
{
    static char certificate[512], key[512];
    if (stage_is("embedded"))
        stage_not_here("a process has its database for itself");
    STORE_SAYS(seat_open(store_stage(given), "owner"), "+11", "incarnation_next", "t", "x");
    CHECK(stage_fault("accounts %s", stage_params.store.database));
    CHECK(stage_fault("certificate host-7 certified history"));
    int length = (int)(strrchr(stage_params.authority, '/') - stage_params.authority);
    snprintf(certificate, sizeof certificate, "%.*s/host-7.pem", length, stage_params.authority);
    snprintf(key, sizeof key, "%.*s/host-7.key", length, stage_params.authority);
    stage_params.store.user = "certified";
    stage_params.store.password_file = NULL;
    stage_params.certificate = certificate;
    stage_params.key = key;
    struct seat *s = seat_open(stage_another(given), "history");
    STORE_SAYS(s, "+1", "stream_position_set", "tii", "n", 5LL, 0LL);
    STORE_SAYS(s, "DENIED", "binding_purge", "i", 5LL);
    stage_params.certificate = stage_params.key = NULL;
}

CONFORMANCE("store", CONFORMANCE_TEST(a_certificate_is_enough_to_log_in),
    CONFORMANCE_TEST(each_role_has_the_rights_that_it_needs_and_no_others))
