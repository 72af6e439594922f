#include "tools/network/accounts.h"

#include <stdio.h>

#include "base/error.h"
#include "engine/store/rights.h"
#include "tools/dispatch.h"

#define EVERY SLICE("every")

enum direction { PUBLISH, SUBSCRIBE };

static const struct permission {
    struct slice role;
    enum direction direction;
    struct slice subject;
    const char *why;
} permissions[] = {
#define PERMISSION(role, direction, subject, why) {SLICE_INIT(role), direction, SLICE_INIT(subject), why},
#include "tools/network/permission.def"
#undef PERMISSION
};
#define PERMISSIONS (sizeof permissions / sizeof permissions[0])

/* ---- roles of a member ---- */

static bool is_role(struct slice name)
{
    for (size_t i = 0; i < PERMISSIONS; i++)
        if (slice_equal(permissions[i].role, name))
            return true;
    return false;
}

/* Whether a permission is one of the roles'; without roles: of all. */
static bool concerns(const struct permission *p, struct slice roles)
{
    struct slice role;
    if (slice_empty(roles) || slice_equal(p->role, EVERY))
        return true;
    while (slice_cut(&roles, ',', &role))
        if (slice_equal(role, p->role))
            return true;
    return false;
}

static bool is_word(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                c == '_'))
            return false;
    }
    return name.length != 0 && name.length <= 64;
}

static int check_member(
    struct slice member, struct slice *name, struct slice *roles, struct buffer *complaint)
{
    struct slice role;
    *roles = member;
    slice_cut(roles, '=', name);
    if (!is_word(*name)) {
        buffer_add_format(complaint, "\"%.*s\" is no name of a member", SLICE_ARG(*name));
        return ERROR_SYNTAX;
    }
    if (name->length + 1 == member.length) {
        buffer_add_format(complaint, "\"%.*s\" names no role", SLICE_ARG(member));
        return ERROR_SYNTAX;
    }
    for (struct slice rest = *roles; slice_cut(&rest, ',', &role);)
        if (!is_role(role) || slice_equal(role, EVERY)) {
            buffer_add_format(
                complaint, "\"%.*s\" is no role; see tandem reference permissions", SLICE_ARG(role));
            return ERROR_SYNTAX;
        }
    return 0;
}

/* ---- for nats-server ---- */

/* Each once, as several roles may need the same. */
static bool is_first(size_t at, struct slice roles)
{
    for (size_t i = 0; i < at; i++)
        if (permissions[i].direction == permissions[at].direction &&
            slice_equal(permissions[i].subject, permissions[at].subject) && concerns(&permissions[i], roles))
            return false;
    return true;
}

static void add_list(struct buffer *out, struct slice cluster, struct slice roles, enum direction direction)
{
    const char *separator = "";
    for (size_t i = 0; i < PERMISSIONS; i++) {
        const struct permission *p = &permissions[i];
        if (p->direction != direction || !concerns(p, roles) || !is_first(i, roles))
            continue;
        buffer_add_format(
            out, "%s\n            \"%.*s.%.*s\"", separator, SLICE_ARG(cluster), SLICE_ARG(p->subject));
        separator = ",";
    }
}

static void add_variable(struct buffer *out, struct slice name)
{
    buffer_add_text(out, "$BUS_PASSWORD_");
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        buffer_add_byte(out, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c == '-' ? '_' : c);
    }
}

static void add_user(struct buffer *out, struct slice cluster, struct slice name, struct slice roles)
{
    buffer_add_format(out, "      { user: \"%.*s\", password: ", SLICE_ARG(name));
    add_variable(out, name);
    buffer_add_text(out, ", permissions: {\n          publish: { allow: [");
    add_list(out, cluster, roles, PUBLISH);
    buffer_add_text(out, " ] }\n          subscribe: { allow: [");
    add_list(out, cluster, roles, SUBSCRIBE);
    buffer_add_text(out, " ] } } }\n");
}

int accounts_nats(struct buffer *out, struct slice cluster, const struct slice *members, size_t count,
    struct buffer *complaint)
{
    struct slice name, roles;
    if (!is_word(cluster)) {
        buffer_add_format(complaint, "\"%.*s\" is no name of a cluster", SLICE_ARG(cluster));
        return ERROR_SYNTAX;
    }
    for (size_t i = 0; i < count; i++) {
        int error = check_member(members[i], &name, &roles, complaint);
        if (error != 0)
            return error;
    }
    buffer_add_format(out,
        "# Made by `tandem accounts nats`: with the passwords before it, a part of the configuration of "
        "each\n"
        "# nats-server. A user may do what is listed and nothing else. The account SYS has no users.\n"
        "accounts {\n  %.*s {\n    users: [\n",
        SLICE_ARG(cluster));
    for (size_t i = 0; i < count; i++) {
        struct slice rest = members[i];
        slice_cut(&rest, '=', &name);
        add_user(out, cluster, name, rest);
    }
    buffer_add_text(out, "    ]\n  }\n  SYS {}\n}\nsystem_account: SYS\n");
    return 0;
}

/* ---- for tests and readers ---- */

static bool covers(struct slice pattern, struct slice subject)
{
    struct slice want, have;
    while (slice_cut(&pattern, '.', &want)) {
        if (!slice_cut(&subject, '.', &have))
            return false;
        if (slice_equal(want, SLICE(">")))
            return true;
        bool wild = slice_equal(have, SLICE("*")) || slice_equal(have, SLICE(">"));
        if (slice_equal(want, SLICE("*")) ? slice_equal(have, SLICE(">")) : wild || !slice_equal(want, have))
            return false;
    }
    return slice_empty(subject);
}

bool accounts_permit(struct slice role, bool publish, struct slice subject)
{
    for (size_t i = 0; i < PERMISSIONS; i++) {
        const struct permission *p = &permissions[i];
        if ((p->direction == PUBLISH) == publish && covers(p->subject, subject) &&
            (slice_equal(p->role, role) || slice_equal(p->role, EVERY)))
            return true;
    }
    return false;
}

void accounts_reference(struct buffer *out)
{
    buffer_add_text(out,
        "# Permissions on the bus\n\nSubjects stand below the cluster's name (`tandem.call.node-1`). What is "
        "not "
        "listed nobody may do.\n\n| role | may | subject | for |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < PERMISSIONS; i++)
        buffer_add_format(out, "| %.*s | %s | `%.*s` | %s |\n", SLICE_ARG(permissions[i].role),
            permissions[i].direction == PUBLISH ? "publish" : "subscribe", SLICE_ARG(permissions[i].subject),
            permissions[i].why);
}

static int print_postgres(void)
{
    struct buffer out = {0};
    store_rights_sql(&out);
    fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    return EXIT_DONE;
}

int command_accounts(const struct options *options)
{
    struct buffer out = {0}, complaint = {0};
    struct slice members[OPTION_WORDS];
    size_t count = 0;
    if (strcmp(options->words[0], "postgres") == 0 && options->word_count == 1)
        return print_postgres();
    if (strcmp(options->words[0], "nats") != 0 || options->word_count < 3) {
        command_complain(
            "write it as: tandem accounts nats CLUSTER MEMBER[=ROLE,...]..., or tandem accounts postgres");
        return EXIT_USAGE;
    }
    for (size_t i = 2; i < options->word_count; i++)
        members[count++] = slice_text(options->words[i]);
    int error = accounts_nats(&out, slice_text(options->words[1]), members, count, &complaint);
    if (error == 0)
        fwrite(out.data, 1, out.length, stdout);
    else
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&out);
    buffer_free(&complaint);
    return error == 0 ? EXIT_DONE : EXIT_USAGE;
}
