#include "config/start/option.h"

#include "base/error.h"
#include "config/start/toml.h"
#include "world/address.h"

static const struct {
    const char *name, *value;
    enum option_type type;
    const char *standard;
    unsigned where;
    const char *help;
} table[] = {
#define OPTION(symbol, name, value, type, standard, where, help) {name, value, type, standard, where, help},
#include "config/start/option.def"
#undef OPTION
};

static const char *const names[] = {
#define OPTION(symbol, name, value, type, standard, where, help) name,
#include "config/start/option.def"
#undef OPTION
};

const char *option_name(enum option option)
{
    return table[option].name;
}

const char *option_value_name(enum option option)
{
    return table[option].value;
}

const char *option_help(enum option option)
{
    return table[option].help;
}

static int find(struct slice name)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (slice_equal(slice_text(names[i]), name))
            return i;
    return -1;
}

static bool is_list(enum option option)
{
    return table[option].type == OPTION_ENDPOINTS || table[option].type == OPTION_TEXTS;
}

void options_init(struct options *o)
{
    memset(o, 0, sizeof *o);
    for (int i = 0; i < OPTION_COUNT; i++) {
        struct option_value *v = &o->values[i];
        v->text = slice_text(table[i].standard);
        struct slice rest = v->text;
        while (is_list((enum option)i) && !slice_empty(rest) && slice_cut(&rest, ' ', &v->items[v->count]))
            v->count++;
    }
}

/* ---- one value ---- */

static const char *const level_sentence = "must be error, warning, notice, info or debug";

/* What is wrong with a value, or NULL. */
static const char *wrong_value(enum option option, struct slice value)
{
    struct endpoint endpoint;
    enum log_level level;
    switch (table[option].type) {
    case OPTION_TEXT:
    case OPTION_TEXTS:
        if (slice_find(value, '\0') >= 0)
            return "has a NUL byte";
        return slice_empty(value) ? "must not be empty" : option_wrong_text(option, value);
    case OPTION_LEVEL:
        return log_level_parse(&level, value) != 0 ? level_sentence : NULL;
    case OPTION_FLAG:
        return NULL;
    default:
        if (endpoint_parse(&endpoint, value) != 0)
            return "is no endpoint; write it like udp:127.0.0.1:5060";
        if (option == OPTION_WEB && endpoint.transport != TRANSPORT_TLS)
            return "must be tls:ADDRESS:PORT";
        if (option == OPTION_METRICS && endpoint.transport != TRANSPORT_TCP)
            return "must be tcp:ADDRESS:PORT";
        if (option == OPTION_LISTEN && endpoint.transport == TRANSPORT_LOCAL)
            return "must be udp:, tcp:, tls:, ws: or wss:ADDRESS:PORT";
        return NULL;
    }
}

/* ---- command line ---- */

static int unknown_option(struct slice name, uint64_t permitted, struct buffer *complaint)
{
    const char *known[OPTION_COUNT];
    size_t count = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if ((permitted & OPTION_BIT(i)) != 0)
            known[count++] = names[i];
    int nearest = word_nearest(name, known, count), option = find(name);
    buffer_add_format(complaint, "unknown option --%.*s", SLICE_ARG(slice_first(name, 64)));
    if (option >= 0 && table[option].where == OPTION_IN_FILE)
        buffer_add_text(complaint, "; it stands in the start file only");
    else if (nearest >= 0)
        buffer_add_format(complaint, "; did you mean --%s?", known[nearest]);
    else
        buffer_add_text(complaint, "; see tandem help");
    return ERROR_UNSUPPORTED;
}

static int take_argument(struct options *o, enum option option, struct slice value, struct buffer *complaint)
{
    const char *wrong = wrong_value(option, value);
    if (wrong != NULL) {
        buffer_add_format(
            complaint, "--%s %.*s: %s", names[option], SLICE_ARG(slice_first(value, 128)), wrong);
        return ERROR_SYNTAX;
    }
    if (table[option].type == OPTION_ENDPOINTS) {
        if (o->more_count == OPTION_ITEMS) {
            buffer_add_format(complaint, "--%s: more than %d of them", names[option], OPTION_ITEMS);
            return ERROR_LIMIT;
        }
        o->more[o->more_count++] = value;
        return 0;
    }
    o->values[option].text = value;
    o->values[option].given = true;
    return 0;
}

/* The option of a short name, or -1. */
static int short_option(struct slice name)
{
    if (slice_equal(name, SLICE("-f")))
        return OPTION_FILE;
    if (slice_equal(name, SLICE("-o")))
        return OPTION_OUTPUT;
    return slice_equal(name, SLICE("-m")) ? OPTION_COMMENT : -1;
}

/* "--name value", "--name=value", "-f value"; *at moves past what it used. */
static int one_option(
    struct options *o, int count, char **arguments, int *at, uint64_t permitted, struct buffer *complaint)
{
    struct slice name = slice_text(arguments[(*at)++]), rest;
    int is_short = short_option(name);
    ptrdiff_t equals = slice_find(name, '=');
    rest = equals >= 0 ? slice_from(name, (size_t)equals + 1) : (struct slice){0};
    name = slice_from(
        equals >= 0 ? slice_first(name, (size_t)equals) : name, slice_starts(name, SLICE("--")) ? 2 : 1);
    int option = is_short >= 0 ? is_short : find(name);
    if (option < 0 || (permitted & OPTION_BIT(option)) == 0)
        return unknown_option(name, permitted, complaint);
    if (table[option].value == NULL) {
        if (equals >= 0) {
            buffer_add_format(complaint, "--%s takes no value", names[option]);
            return ERROR_SYNTAX;
        }
        return take_argument(o, (enum option)option, SLICE("true"), complaint);
    }
    if (equals < 0 && *at == count) {
        buffer_add_format(
            complaint, "--%s needs a value: --%s %s", names[option], names[option], table[option].value);
        return ERROR_SYNTAX;
    }
    return take_argument(
        o, (enum option)option, equals >= 0 ? rest : slice_text(arguments[(*at)++]), complaint);
}

int options_arguments(
    struct options *o, int count, char **arguments, uint64_t permitted, struct buffer *complaint)
{
    bool only_words = false;
    for (int at = 0; at < count;) {
        const char *argument = arguments[at];
        if (!only_words && strcmp(argument, "--") == 0) {
            only_words = true;
            at++;
        } else if (!only_words && argument[0] == '-' && argument[1] != '\0') {
            int error = one_option(o, count, arguments, &at, permitted, complaint);
            if (error != 0)
                return error;
        } else if (o->word_count == OPTION_WORDS) {
            buffer_add_format(complaint, "more than %d words", OPTION_WORDS);
            return ERROR_LIMIT;
        } else {
            o->words[o->word_count++] = argument;
            at++;
        }
    }
    return 0;
}

/* ---- start file ---- */

static int complain(
    struct buffer *out, struct slice file, unsigned line, int error, const char *key, const char *what)
{
    buffer_add_format(out, "%.*s:%u: %s%s%s", SLICE_ARG(file), line, key, key[0] != '\0' ? " " : "", what);
    return error;
}

static int unknown_setting(const struct toml *t, struct slice file, struct buffer *complaint)
{
    const char *known[OPTION_COUNT];
    size_t count = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if ((table[i].where & OPTION_IN_FILE) != 0)
            known[count++] = names[i];
    int nearest = word_nearest(t->key, known, count);
    buffer_add_format(complaint, "%.*s:%u: there is no setting \"%.*s\"", SLICE_ARG(file), t->line,
        SLICE_ARG(slice_first(t->key, 64)));
    if (nearest >= 0)
        buffer_add_format(complaint, "; did you mean \"%s\"?", known[nearest]);
    else
        buffer_add_text(complaint, "; see tandem reference options");
    return ERROR_UNSUPPORTED;
}

static int take_list(struct option_value *v, enum option option, const struct toml *list, struct slice file,
    struct buffer *complaint)
{
    v->count = 0;
    if (list->type != TOML_ARRAY)
        return complain(complaint, file, list->line, ERROR_SYNTAX, names[option], "must be a list of texts");
    for (const struct toml *t = list->first; t != NULL; t = t->next) {
        if (t->type != TOML_TEXT)
            return complain(complaint, file, t->line, ERROR_SYNTAX, names[option], "must be a list of texts");
        const char *wrong = wrong_value(option, t->text);
        if (wrong != NULL)
            return complain(complaint, file, t->line, ERROR_SYNTAX, names[option], wrong);
        if (v->count == OPTION_ITEMS)
            return complain(complaint, file, t->line, ERROR_LIMIT, names[option], "has too many items");
        v->items[v->count++] = t->text;
    }
    return 0;
}

static int take_value(struct options *o, const struct toml *t, struct slice file, struct buffer *complaint)
{
    int option = find(t->key);
    if (option < 0 || (table[option].where & OPTION_IN_FILE) == 0)
        return unknown_setting(t, file, complaint);
    struct option_value *v = &o->values[option];
    v->line = t->line;
    if (is_list((enum option)option))
        return take_list(v, (enum option)option, t, file, complaint);
    if (t->type != TOML_TEXT)
        return complain(complaint, file, t->line, ERROR_SYNTAX, names[option], "must be a text in quotes");
    const char *wrong = wrong_value((enum option)option, t->text);
    if (wrong != NULL)
        return complain(complaint, file, t->line, ERROR_SYNTAX, names[option], wrong);
    if (!v->given)
        v->text = t->text;
    return 0;
}

int options_file(
    struct options *o, struct slice name, struct slice text, struct arena *arena, struct buffer *complaint)
{
    struct toml *root;
    struct buffer sentence = {0};
    unsigned line;
    int error = toml_parse(&root, arena, text, &line, &sentence);
    if (error != 0)
        buffer_add_format(
            complaint, "%.*s:%u: %.*s", SLICE_ARG(name), line, SLICE_ARG(buffer_slice(&sentence)));
    for (const struct toml *t = root->first; error == 0 && t != NULL; t = t->next)
        error = take_value(o, t, name, complaint);
    if (error == 0)
        error = options_check(o, name, complaint);
    buffer_free(&sentence);
    return error;
}

/* ---- reading ---- */

bool options_flag(const struct options *o, enum option option)
{
    return o->values[option].given;
}

uint64_t options_number(const struct options *o, enum option option)
{
    uint64_t number = 0;
    return slice_to_u64(&number, options_text(o, option), INT64_MAX) == 0 ? number : 0;
}

enum log_level options_log_level(const struct options *o)
{
    enum log_level level;
    return log_level_parse(&level, options_text(o, OPTION_LOG)) == 0 ? level : LOG_NOTICE;
}

struct config_local options_local(const struct options *o)
{
    const struct option_value *listen = &o->values[OPTION_LISTEN], *resolvers = &o->values[OPTION_RESOLVERS];
    return (struct config_local){
        .listen = {listen->items, listen->count},
        .listen_more = {o->more, o->more_count},
        .web = options_text(o, OPTION_WEB),
        .resolvers = {resolvers->items, resolvers->count},
    };
}

/* "Needs `name`." for each that it needs. */
static void add_needs(struct buffer *out, enum option option)
{
#define NEEDS(symbol, needs)                                                                                 \
    if (option == OPTION_##symbol)                                                                           \
        buffer_add_format(out, " Needs `%s`.", names[OPTION_##needs]);
#include "config/start/needs.def"
#undef NEEDS
}

static void add_sample(struct buffer *out, enum option option)
{
    buffer_add_format(out, "%s = %s\"", names[option], is_list(option) ? "[" : "");
    for (const char *byte = table[option].standard; *byte != '\0'; byte++)
        buffer_add_text(out, *byte == ' ' ? "\", \"" : (char[]){*byte, '\0'});
    buffer_add_format(out, "\"%s\n", is_list(option) ? "]" : "");
}

static const char member_sample[] =
    "\nA member of a cluster is told where the rest is found, and nothing else:\n\n```toml\n"
    "name = \"host-1\"\n"
    "data = \"/var/lib/tandem\"\n"
    "registry = [\"https://192.0.2.1:2379\", \"https://192.0.2.2:2379\", \"https://192.0.2.3:2379\"]\n"
    "bus = [\"tls://192.0.2.1:4222\", \"tls://192.0.2.2:4222\", \"tls://192.0.2.3:4222\"]\n"
    "store = [\"192.0.2.1:5432\", \"192.0.2.2:5432\"]\n"
    "authority = \"/etc/tandem/authority.pem\"\n"
    "certificate = \"/etc/tandem/member.pem\"\n"
    "key = \"/etc/tandem/member.key\"\n```\n";

void option_reference(struct buffer *out)
{
    buffer_add_text(out,
        "# Options\n\nThe start file `tandem.toml` and the command line hold only what a process needs to "
        "begin; everything else is configured in objects. The command line wins.\n\n"
        "| option | value | default | where | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        bool in_file = (table[i].where & OPTION_IN_FILE) != 0,
             on_line = (table[i].where & OPTION_ON_LINE) != 0;
        buffer_add_format(out, "| `%s%s` | %s | %s%s%s | %s | %s", on_line ? "--" : "", names[i],
            table[i].value != NULL ? table[i].value : "", table[i].standard[0] != '\0' ? "`" : "",
            table[i].standard, table[i].standard[0] != '\0' ? "`" : "",
            in_file && on_line ? "both"
            : in_file          ? "start file"
                               : "command line",
            table[i].help);
        add_needs(out, (enum option)i);
        buffer_add_text(out, " |\n");
    }
    buffer_add_text(out, "\n```toml\n");
    for (int i = 0; i < OPTION_COUNT; i++)
        if (table[i].where == (OPTION_IN_FILE | OPTION_ON_LINE) && table[i].standard[0] != '\0')
            add_sample(out, (enum option)i);
    buffer_add_text(out, "```\n");
    buffer_add_text(out, member_sample);
}
