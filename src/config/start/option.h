/* What a process is told at its start, by its start file and its command line (CF-4). One table, option.def.
 * The command line wins. */
#ifndef TANDEM_CONFIG_OPTION_H
#define TANDEM_CONFIG_OPTION_H

#include "base/arena.h"
#include "base/log.h"
#include "config/builder.h"

enum option_type { OPTION_TEXT, OPTION_TEXTS, OPTION_ENDPOINT, OPTION_ENDPOINTS, OPTION_LEVEL, OPTION_FLAG };
enum option_where { OPTION_IN_FILE = 1, OPTION_ON_LINE = 2 };

enum option {
#define OPTION(symbol, name, value, type, standard, where, help) OPTION_##symbol,
#include "config/start/option.def"
#undef OPTION
    OPTION_COUNT
};
#define OPTION_BIT(option) ((uint64_t)1 << (option))
_Static_assert(OPTION_COUNT <= 64, "a bit for each");
/* Those that say where the running system is. */
#define OPTION_PLACE (OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_WEB) | OPTION_BIT(OPTION_CONFIG))

#define OPTION_ITEMS 64 /* of a list */
#define OPTION_WORDS 64 /* of a command line, beside options */

struct option_value {
    struct slice text;
    struct slice items[OPTION_ITEMS];
    size_t count;
    bool given;    /* on the command line */
    unsigned line; /* of the start file; 0: it is not there */
};

/* Text belongs to the arena of the file or to argv, which must outlive it. */
struct options {
    struct option_value values[OPTION_COUNT];
    struct slice more[OPTION_ITEMS]; /* --listen */
    size_t more_count;
    const char *words[OPTION_WORDS]; /* what is no option, in order */
    size_t word_count;
};

void options_init(struct options *o); /* defaults */

/* The command line without the program and its sub-command; `permitted`: OPTION_BITs. Read it before the
 * file, which does not change what is given already. ERROR_* and one sentence. */
int options_arguments(struct options *o, int count, char **arguments, uint64_t permitted,
    struct buffer *complaint) __attribute__((warn_unused_result));

/* `name` is the file's, for complaints: "tandem.toml:3: ...". */
int options_file(struct options *o, struct slice name, struct slice text, struct arena *arena,
    struct buffer *complaint) __attribute__((warn_unused_result));

static inline struct slice options_text(const struct options *o, enum option option)
{
    return o->values[option].text;
}
bool options_flag(const struct options *o, enum option option);
/* Somebody said it, or it has a default. */
static inline bool options_has(const struct options *o, enum option option)
{
    return o->values[option].count != 0 || !slice_empty(o->values[option].text);
}
enum log_level options_log_level(const struct options *o);
/* Of one that is checked to be a number. */
uint64_t options_number(const struct options *o, enum option option);
/* What the copy of the configuration takes from here; points into the options. */
struct config_local options_local(const struct options *o);

/* "needs registry" for an option whose other half is missing: ERROR_MISSING, with the line. options_file
 * calls it. */
int options_check(const struct options *o, struct slice file, struct buffer *complaint)
    __attribute__((warn_unused_result));
/* What is wrong with the place of an engine, or with a name, or NULL. */
const char *option_wrong_text(enum option option, struct slice value);

const char *option_name(enum option option);
const char *option_value_name(enum option option); /* NULL: it has none */
const char *option_help(enum option option);
/* Reference documentation, Markdown, with a sample start file. */
void option_reference(struct buffer *out);

/* The most similar of `count` words; -1: none is similar. For "did you mean". */
int word_nearest(struct slice word, const char *const *words, size_t count);

#endif
