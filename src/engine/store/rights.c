#include "engine/store/rights.h"

#include "engine/store/statement.h"

#define EVERYBODY "all"

static const char *const roles[] = {"config", "control", "history", "member", "proxy", "session"};
#define ROLES (sizeof roles / sizeof roles[0])

const char *store_rights_role(size_t at)
{
    return at < ROLES ? roles[at] : NULL;
}

static bool runs(const struct store_statement *s, const char *role)
{
    struct slice rest = slice_text(s->roles), word;
    while (slice_cut(&rest, ' ', &word))
        if (slice_equal(word, slice_text(role)) || slice_equal(word, SLICE(EVERYBODY)))
            return true;
    return false;
}

/* "SELECT, INSERT" has "SELECT". */
static bool has_right(const char *rights, struct slice right)
{
    struct slice rest = slice_text(rights), word;
    while (slice_cut(&rest, ',', &word))
        if (slice_equal(slice_trim(word), right))
            return true;
    return false;
}

static bool granted(const char *role, const char *table, struct slice right)
{
    for (size_t i = 0; i < store_touch_count; i++) {
        const struct store_touch *t = &store_touches[i];
        if (strcmp(t->table, table) == 0 && has_right(t->rights, right) &&
            runs(store_statement_find(slice_text(t->statement)), role))
            return true;
    }
    return false;
}

bool store_rights_cover(const char *role, const char *statement)
{
    for (size_t i = 0; i < store_touch_count; i++) {
        struct slice rest = slice_text(store_touches[i].rights), right;
        while (strcmp(store_touches[i].statement, statement) == 0 && slice_cut(&rest, ',', &right))
            if (!granted(role, store_touches[i].table, slice_trim(right)))
                return false;
    }
    return true;
}

/* True for the first touch of each table. */
static bool first_of_table(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(store_touches[i].table, store_touches[at].table) == 0)
            return false;
    return true;
}

static void add_grants(struct buffer *out, const char *role)
{
    static const char *const rights[] = {"SELECT", "INSERT", "UPDATE", "DELETE"};
    for (size_t i = 0; i < store_touch_count; i++) {
        const char *table = store_touches[i].table, *before = "GRANT ";
        for (size_t r = 0; r < 4 && first_of_table(i); r++) {
            if (!granted(role, table, slice_text(rights[r])))
                continue;
            buffer_add_format(out, "%s%s", before, rights[r]);
            before = ", ";
        }
        if (before[0] == ',')
            buffer_add_format(out, " ON %s TO tandem_%s;\n", table, role);
    }
}

void store_rights_sql(struct buffer *out)
{
    buffer_add_text(out,
        "-- Roles of PostgreSQL with the least rights that Tandem's roles need. Run it in Tandem's database, "
        "as a\n"
        "-- superuser, once the schema is there, and again after each upgrade. Then a user for each "
        "process:\n"
        "--     CREATE ROLE \"host-1\" LOGIN PASSWORD '...' IN ROLE tandem_proxy, tandem_history;\n"
        "-- What brings the schema up to date is the owner of the database, who needs none of them.\n");
    for (size_t i = 0; i < ROLES; i++) {
        const char *role = roles[i];
        buffer_add_format(out,
            "\nDO $$ BEGIN CREATE ROLE tandem_%s NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END "
            "$$;\n"
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM tandem_%s;\n"
            "GRANT USAGE ON SCHEMA public TO tandem_%s;\n",
            role, role, role);
        add_grants(out, role);
        if (strcmp(role, "history") == 0)
            buffer_add_format(out, "GRANT EXECUTE ON FUNCTION tandem_partitions() TO tandem_%s;\n", role);
    }
}
