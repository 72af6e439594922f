#include "tools/dispatch.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "tools/file.h"

static int command_version(const struct options *options);
static int command_help(const struct options *options);

#define SHOWING (OPTION_PLACE | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_SECRETS))

#define DOCTOR (OPTION_PLACE | OPTION_BIT(OPTION_LISTEN))

static const struct command commands[] = {
    {"get", "KIND [NAME]", "shows objects of the configuration", SHOWING, 1, 2, command_get},
    {"apply", "-f FILE", "makes or replaces the objects of a file, all or none",
        OPTION_PLACE | OPTION_BIT(OPTION_FILE) | OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_REPLACE) |
            OPTION_BIT(OPTION_COMMENT),
        0, 0, command_apply},
    {"delete", "KIND NAME", "removes an object", OPTION_PLACE, 2, 2, command_delete},
    {"export", "[KIND]", "prints or writes objects in a form for version control",
        OPTION_PLACE | OPTION_BIT(OPTION_OUTPUT) | OPTION_BIT(OPTION_SECRETS), 0, 1, command_export},
    {"changes", "[NUMBER | KIND [NAME]]", "shows what was changed, by whom and when",
        OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 2, command_changes},
    {"undo", "NUMBER", "undoes a change, by another one",
        OPTION_PLACE | OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_COMMENT), 1, 1, command_undo},
    {"status", "", "shows how every instance is", OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 0,
        command_status},
    {"zone", "[DOMAIN]", "prints the DNS records by which phones find the proxies",
        OPTION_PLACE | OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_NAME_SERVER), 0, 1, command_zone},
    {"trunks", "", "shows how every trunk is", OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 0, command_trunks},
    {"alarms", "[history]", "shows what is wrong, or was", OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 1,
        command_alarms},
    {"registrations", "[TEXT]", "shows which phones are registered, all or those with the text",
        OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 1, command_registrations},
    {"trace", "CALL", "shows the SIP messages of a call: its id, a Call-ID, or a number to choose from",
        OPTION_PLACE | OPTION_BIT(OPTION_FOLLOW) | OPTION_BIT(OPTION_RAW) | OPTION_BIT(OPTION_PCAP) |
            OPTION_BIT(OPTION_JSON),
        1, 1, command_trace},
    {"acknowledge", "ID", "says that somebody cares for an alarm", OPTION_PLACE, 1, 1, command_acknowledge},
    {"bans", "", "shows whom the proxies shut out, and numbers that do odd things",
        OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 0, command_bans},
    {"ban", "ADDRESS", "shuts an address or a network out at all proxies",
        OPTION_PLACE | OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_WHY), 1, 1, command_ban},
    {"unban", "ADDRESS", "lets it in again", OPTION_PLACE, 1, 1, command_unban},
    {"join", "URL", "makes this machine a member of the platform there",
        OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_NAME) | OPTION_BIT(OPTION_LOCATION) |
            OPTION_BIT(OPTION_CODE) | OPTION_BIT(OPTION_FINGERPRINT) | OPTION_BIT(OPTION_START_FILE) |
            OPTION_BIT(OPTION_RUN),
        1, 1, command_join},
    {"renew", "", "gives this member a new key and certificate",
        OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_CONFIG), 0, 0, command_renew},
    {"members", "", "lists the members with their certificates", OPTION_PLACE | OPTION_BIT(OPTION_JSON), 0, 0,
        command_members},
    {"trust", "NAME", "makes a new member a trusted one", OPTION_PLACE | OPTION_BIT(OPTION_FINGERPRINT), 1, 1,
        command_trust},
    {"revoke", "NAME", "shuts a member out", OPTION_PLACE, 1, 1, command_revoke},
    {"code", "NAME", "makes a one-time code by which that member joins",
        OPTION_PLACE | OPTION_BIT(OPTION_JSON), 1, 1, command_code},
    {"backup", "FILE", "writes everything that cannot be made anew into a file, while the system runs",
        OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_CONFIG), 1, 1, command_backup},
    {"restore", "FILE", "makes a new data folder, or fills an empty database, from a backup",
        OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_CONFIG), 1, 1, command_restore},
    {"accounts", "nats CLUSTER MEMBER[=ROLE,...]... | postgres",
        "prints accounts for the bus or the store, each with what its roles need", 0, 1, OPTION_WORDS,
        command_accounts},
    {"firewall", "[ROLE,...] ZONE=NETWORK...", "prints rules for nftables: what is reachable from where", 0,
        1, OPTION_WORDS, command_firewall},
    {"authority", "[import CERTIFICATE KEY | use]", "shows who signs and who is trusted, or changes it",
        OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_CONFIG), 0, 3, command_authority},
    {"doctor", "", "says what this machine and its cluster lack", DOCTOR, 0, 0, command_doctor},
    {"graph", "[NAME]", "prints a state machine for Graphviz, or the names of all", 0, 0, 1, command_graph},
    {"reference", "[NAME]", "prints a part of the reference, or the names of its parts", 0, 0, 1,
        command_reference},
    {"version", "", "prints the version", 0, 0, 0, command_version},
    {"help", "[COMMAND]", "prints this, or what a command takes", 0, 0, 1, command_help},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct command *first_command;

/* All of them in order; NULL at the end. */
static const struct command *command_at(size_t at)
{
    if (first_command != NULL)
        return at == 0 ? first_command : at <= COMMANDS ? &commands[at - 1] : NULL;
    return at < COMMANDS ? &commands[at] : NULL;
}

void command_complain(const char *format, ...)
{
    va_list arguments;
    fputs("tandem: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static int command_version(const struct options *options)
{
    (void)options;
    puts("tandem " TANDEM_VERSION);
    return EXIT_DONE;
}

/* ---- help ---- */

static void print_options(const struct command *c)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        char text[32];
        if ((c->options & OPTION_BIT(i)) == 0)
            continue;
        const char *value = option_value_name((enum option)i);
        snprintf(text, sizeof text, "--%s %s", option_name((enum option)i), value != NULL ? value : "");
        printf("  %-20s %s\n", text, option_help((enum option)i));
    }
}

static void print_command(const struct command *c)
{
    char text[48];
    snprintf(text, sizeof text, "%s %s", c->name, c->arguments);
    printf("  %-20s %s\n", text, c->help);
}

static const struct command *find(const char *name)
{
    const struct command *c;
    for (size_t at = 0; (c = command_at(at)) != NULL; at++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[COMMANDS + 1];
    size_t count = 0;
    while (command_at(count) != NULL) {
        names[count] = command_at(count)->name;
        count++;
    }
    int nearest = word_nearest(slice_text(name), names, count);
    if (nearest >= 0)
        command_complain("there is no command \"%.64s\"; did you mean %s?", name, names[nearest]);
    else
        command_complain("there is no command \"%.64s\"; see tandem help", name);
    return EXIT_USAGE;
}

static int command_help(const struct options *options)
{
    const struct command *c;
    if (options != NULL && options->word_count == 1) {
        if ((c = find(options->words[0])) == NULL)
            return unknown_command(options->words[0]);
        printf("tandem %s %s: %s\n", c->name, c->arguments, c->help);
        print_options(c);
        return EXIT_DONE;
    }
    puts("tandem COMMAND [ARGUMENTS] [OPTIONS]: an open, clustered contact centre\n");
    for (size_t at = 0; (c = command_at(at)) != NULL; at++)
        print_command(c);
    puts("\nOptions of a command: tandem help COMMAND. All settings: tandem reference options.");
    return EXIT_DONE;
}

void dispatch_reference(struct buffer *out)
{
    const struct command *c;
    buffer_add_text(out, "# Commands\n\n| command | what it does | options |\n| --- | --- | --- |\n");
    for (size_t at = 0; (c = command_at(at)) != NULL; at++) {
        buffer_add_format(out, "| `tandem %s%s%s` | %s |", c->name, c->arguments[0] != '\0' ? " " : "",
            c->arguments, c->help);
        for (int i = 0; i < OPTION_COUNT; i++)
            if ((c->options & OPTION_BIT(i)) != 0)
                buffer_add_format(out, " `--%s`", option_name((enum option)i));
        buffer_add_text(out, " |\n");
    }
}

/* ---- dispatch ---- */

/* The start file that was asked for, or the default one where there is one. */
static int read_start_file(
    struct options *o, struct buffer *text, struct arena *arena, struct buffer *complaint)
{
    struct slice path = options_text(o, OPTION_CONFIG);
    int error = tools_file_read(text, arena_text(arena, path), complaint);
    if (error == ERROR_MISSING && !o->values[OPTION_CONFIG].given) {
        buffer_clear(complaint);
        return 0;
    }
    return error != 0 ? error : options_file(o, path, buffer_slice(text), arena, complaint);
}

static int run_command(const struct command *c, int count, char **arguments)
{
    struct options options;
    struct arena arena = {0};
    struct buffer text = {0}, complaint = {0};
    int status = EXIT_USAGE;

    options_init(&options);
    int error = options_arguments(&options, count, arguments, c->options, &complaint);
    if (error == 0 && (c->options & OPTION_BIT(OPTION_CONFIG)) != 0)
        error = read_start_file(&options, &text, &arena, &complaint);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    else if (options.word_count < c->least || options.word_count > c->most)
        command_complain("write it as: tandem %s %s", c->name, c->arguments);
    else
        status = c->run(&options);
    buffer_free(&text);
    buffer_free(&complaint);
    arena_free(&arena);
    return status;
}

int dispatch(const struct command *first, int count, char **arguments)
{
    first_command = first;
    if (count < 2 || strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0) {
        command_help(NULL);
        return count < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(arguments[1], "--version") == 0)
        return command_version(NULL);
    const struct command *c = find(arguments[1]);
    return c != NULL ? run_command(c, count - 2, arguments + 2) : unknown_command(arguments[1]);
}
