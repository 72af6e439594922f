#include "tools/first_start.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "config/seal.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define SECRET 20 /* letters of 5 bits: 100 bits */
#define FIRST_DN 1001
#define LAST_DN 1010
#define STATEMENTS 64
#define PARAMETERS 7 /* of a statement at most */

struct making {
    const struct first_start_means *means;
    struct arena arena;
    Tandem__StoreStatement statements[STATEMENTS], *list[STATEMENTS];
    size_t count;
    int64_t objects;
    int64_t change;                /* number of the transaction */
    struct slice request, comment; /* of it */
    int error;
    char phone_secret[SECRET + 1]; /* of the first one */
};

/* Letters and digits that nobody mistakes for each other on the phone: 32 of them, so that none is likelier.
 */
static void random_text(struct making *m, char text[SECRET + 1])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    _Static_assert(sizeof letters == 33, "32 letters");
    unsigned char bytes[SECRET];
    m->means->random(m->means->argument, bytes, sizeof bytes);
    for (size_t i = 0; i < SECRET; i++)
        text[i] = letters[bytes[i] % 32];
    text[SECRET] = '\0';
}

/* ---- statements ---- */

static Tandem__StoreStatement *add_statement(struct making *m, const char *name)
{
    Tandem__StoreStatement *s = m->list[m->count] = &m->statements[m->count];
    m->count++;
    tandem__store_statement__init(s);
    s->name = (char *)(uintptr_t)name;
    s->parameters = arena_alloc(&m->arena, PARAMETERS * sizeof(Tandem__StoreValue *));
    return s;
}

static Tandem__StoreValue *add_value(struct making *m, Tandem__StoreStatement *s)
{
    Tandem__StoreValue *v = arena_alloc(&m->arena, sizeof *v);
    tandem__store_value__init(v);
    s->parameters[s->n_parameters++] = v;
    return v;
}

static void add_text(struct making *m, Tandem__StoreStatement *s, struct slice text)
{
    add_value(m, s)->text = arena_text(&m->arena, text);
}

static void add_number(struct making *m, Tandem__StoreStatement *s, int64_t number)
{
    Tandem__StoreValue *v = add_value(m, s);
    v->has_number = true;
    v->number = number;
}

static void add_dump(struct making *m, Tandem__StoreStatement *s, const json_t *json)
{
    struct buffer text = {0};
    object_dump(&text, json);
    add_text(m, s, buffer_slice(&text));
    buffer_free(&text);
}

/* All of it is one change of the configuration: the steps of a transaction as the store's objects.sql has
 * them.
 */
#define FIRST_CHANGE 1

static void add_object(struct making *m, const struct kind *k, const json_t *kept)
{
    Tandem__StoreStatement *stage = add_statement(m, "change_stage_add");
    add_text(m, stage, m->request);
    add_text(m, stage, slice_text(k->name));
    add_text(m, stage, object_name(k, kept));
    add_number(m, stage, 0); /* it must not be there yet */
    add_dump(m, stage, kept);
    m->objects++;
}

static void add_steps(struct making *m)
{
    Tandem__StoreStatement *add = add_statement(m, "change_add");
    add_number(m, add, m->change);
    add_text(m, add, m->request);
    add_number(m, add, m->means->now);
    add_text(m, add, SLICE("first start"));
    add_text(m, add, m->comment);
    add_value(m, add); /* undoes nothing */
    Tandem__StoreStatement *objects = add_statement(m, "change_objects_add");
    add_number(m, objects, m->change);
    add_text(m, objects, m->request);
    Tandem__StoreStatement *complete = add_statement(m, "change_complete");
    add_number(m, complete, m->change);
    add_number(m, complete, m->objects);
    add_number(m, add_statement(m, "change_apply"), m->change);
    add_statement(m, "change_stage_clear_all");
}

/* Takes the body, a new reference. Checked like one from outside: this is the first user of the tables. */
static void make(struct making *m, const char *kind, json_t *body)
{
    const struct kind *k = kind_find(slice_text(kind));
    struct object_complaint c = {0};
    struct slice password;
    json_t *kept = NULL;
    if (m->error == 0)
        kept = object_check(&m->error, k, (struct slice){0}, body, NULL, &c);
    if (kept != NULL && object_password(&password, k, kept)) {
        struct buffer encoded = {0};
        m->error = m->means->hash(m->means->argument, password, &encoded);
        object_set_password(k, kept, buffer_slice(&encoded));
        buffer_free(&encoded);
    }
    if (kept != NULL)
        object_seal(k, kept, m->means->key);
    if (kept != NULL && m->error == 0)
        add_object(m, k, kept);
    object_complaint_free(&c);
    json_decref(kept);
    json_decref(body);
}

/* In a cluster everything runs on the member that was first, until somebody gives it to others. */
static void make_applications(struct making *m, struct slice member)
{
    static const char *const applications[][2] = {{"proxy-1", "proxy"}, {"history-1", "history"},
        {"config-1", "config"}, {"control-1", "control"}, {"session-1", "session"}, {"node-1a", "node"}};
    const char *name = arena_text(&m->arena, member);
    if (!slice_empty(member))
        make(m, "member", json_pack("{ss, ss, ss}", "name", name, "location", "home", "state", "trusted"));
    for (size_t i = 0; i < sizeof applications / sizeof applications[0]; i++) {
        json_t *body = json_pack(
            "{ss, ss, ss}", "name", applications[i][0], "role", applications[i][1], "location", "home");
        if (!slice_empty(member))
            json_object_set_new(body, "member", json_string(name));
        if (strcmp(applications[i][1], "node") == 0)
            json_object_set_new(body, "pair", json_string("node-1"));
        make(m, "application", body);
    }
}

static void make_objects(struct making *m, struct slice member, const char *password)
{
    make(m, "location", json_pack("{ss}", "name", "home"));
    make_applications(m, member);
    for (int number = FIRST_DN; number <= LAST_DN; number++) {
        char text[8], name[16], secret[SECRET + 1];
        snprintf(text, sizeof text, "%d", number);
        snprintf(name, sizeof name, "Phone %d", number);
        random_text(m, secret);
        if (number == FIRST_DN)
            memcpy(m->phone_secret, secret, sizeof secret);
        make(m, "dn",
            json_pack(
                "{ss, ss, ss, ss}", "number", text, "name", name, "location", "home", "secret", secret));
    }
    make(m, "person",
        json_pack("{ss, ss, ss, ss}", "name", "admin", "display_name", "Administrator", "role",
            "administrator", "password", password));
}

static int ask_store(struct making *m, struct buffer *answer)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    struct buffer packed = {0};
    request.statements = m->list;
    request.n_statements = m->count;
    pack_add(&packed, &request.base);
    int error = m->means->store(m->means->argument, buffer_slice(&packed), answer);
    buffer_free(&packed);
    return error;
}

static int write_objects(struct making *m)
{
    struct buffer answer = {0};
    int error = ask_store(m, &answer);
    buffer_free(&answer);
    return error;
}

/* ---- what is printed ---- */

static struct slice place_of(struct slice endpoint) /* without its transport */
{
    ptrdiff_t colon = slice_find(endpoint, ':');
    return slice_from(endpoint, (size_t)(colon + 1));
}

/* The first that is listened on by this transport; empty: none. */
static struct slice listener(const struct config_local *local, struct slice transport)
{
    for (size_t i = 0; i < local->listen.count; i++)
        if (slice_starts(local->listen.items[i], transport))
            return place_of(local->listen.items[i]);
    return SLICE("");
}

static void write_message(
    struct buffer *out, const struct making *m, const struct options *o, const char *password)
{
    struct slice data = options_text(o, OPTION_DATA);
    struct config_local local = options_local(o);
    struct slice listen =
        local.listen.count != 0 ? place_of(local.listen.items[0]) : SLICE("(nowhere: see listen)");
    buffer_add_format(out, "Log in:  https://%.*s as admin with the password %s (it is shown this once)\n",
        SLICE_ARG(place_of(options_text(o, OPTION_WEB))), password);
    buffer_add_format(out,
        "Trust:   %.*s/certificates/authority.pem, the authority of that page's certificate\n",
        SLICE_ARG(data));
    struct slice tls = listener(&local, SLICE("tls:")), wss = listener(&local, SLICE("wss:"));
    buffer_add_format(out, "Phones:  register %d to %d at %.*s", FIRST_DN, LAST_DN, SLICE_ARG(listen));
    if (!slice_empty(tls))
        buffer_add_format(out, ", by TLS at %.*s", SLICE_ARG(tls));
    if (!slice_empty(wss))
        buffer_add_format(out, ", in browsers at wss://%.*s", SLICE_ARG(wss));
    buffer_add_format(out, "; the secret of %d is %s\n", FIRST_DN, m->phone_secret);
    buffer_add_text(
        out, "Secrets: tandem get dn --secrets; change anything with tandem apply, see tandem help\n");
    buffer_add_format(out, "Data:    %.*s; another start goes on with it\n", SLICE_ARG(data));
}

int first_start(struct buffer *message, const struct first_start_means *means, const struct options *options)
{
    struct making m = {.means = means,
        .change = FIRST_CHANGE,
        .request = SLICE("first start"),
        .comment = SLICE("the first start")};
    char password[SECRET + 1];
    random_text(&m, password);
    make_objects(&m, options_text(options, OPTION_NAME), password);
    add_steps(&m);
    if (m.error == 0)
        m.error = write_objects(&m);
    if (m.error == 0)
        write_message(message, &m, options, password);
    arena_free(&m.arena);
    return m.error;
}

/* ---- what a later version brings ---- */

static int last_change(int64_t *number, const struct first_start_means *means)
{
    struct making m = {.means = means};
    struct buffer answer = {0};
    add_statement(&m, "change_last");
    m.error = ask_store(&m, &answer);
    const Tandem__StoreAnswer *a = NULL;
    if (m.error == 0)
        a = pack_read(&tandem__store_answer__descriptor, buffer_slice(&answer), &m.arena);
    if (a != NULL && a->n_results == 1 && a->results[0]->n_rows == 1)
        *number = a->results[0]->rows[0]->values[0]->number;
    else if (m.error == 0)
        m.error = ERROR_CORRUPT;
    buffer_free(&answer);
    arena_free(&m.arena);
    return m.error;
}

int first_start_complete(bool *added, const struct first_start_means *means, const struct configuration *c)
{
    struct making m = {.means = means,
        .request = SLICE("complete: control-1"),
        .comment = SLICE("the role control, which this version brings")};
    size_t at = 0, first = 0;
    const struct config_location *location = config_next_location(c, &first);
    *added = false;
    if (location == NULL || config_next_application(c, CONFIG_ROLE_CONTROL, &at) != NULL)
        return 0;
    m.error = last_change(&m.change, means);
    m.change++;
    make(&m, "application",
        json_pack("{ss, ss, ss}", "name", "control-1", "role", "control", "location",
            arena_text(&m.arena, location->name)));
    add_steps(&m);
    if (m.error == 0)
        m.error = write_objects(&m);
    *added = m.error == 0;
    arena_free(&m.arena);
    return m.error == ERROR_CONFLICT || m.error == ERROR_EXISTS
               ? 0
               : m.error; /* somebody had it and deleted it */
}
