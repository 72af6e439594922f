/* Levels of modules, changed while every thread logs. */
#include "base/log_int.h"

#define NAME 64
#define TABLES 8 /* the last ones stay as they are, since a thread may still be looking at one */

struct table {
    enum log_level general;
    size_t count;
    struct {
        char name[NAME];
        size_t length;
        enum log_level level;
    } modules[LOG_MODULES];
};

static struct table tables[TABLES];
static struct table *current; /* NULL: the threshold holds for all */
static unsigned next;

static bool is_part(struct slice module, struct slice name)
{
    if (name.length > module.length)
        return false;
    struct slice end = slice_from(module, module.length - name.length);
    if (module.length == name.length)
        return slice_equal(module, name);
    return (slice_starts(module, name) && module.data[name.length] == '/') ||
           (slice_equal(end, name) && end.data[-1] == '/');
}

bool log__module_logs(const char *module, enum log_level level)
{
    const struct table *t = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    if (t == NULL)
        return true;
    struct slice name = slice_text(module);
    size_t best = 0; /* the longest name that fits */
    enum log_level most = t->general;
    for (size_t i = 0; i < t->count; i++)
        if (t->modules[i].length > best &&
            is_part(name, slice_of(t->modules[i].name, t->modules[i].length))) {
            best = t->modules[i].length;
            most = t->modules[i].level;
        }
    return level <= most;
}

void log_set_modules(enum log_level general, const struct slice *items, size_t count)
{
    struct table *t = &tables[next++ % TABLES];
    enum log_level most = general;
    *t = (struct table){.general = general};
    for (size_t i = 0; i < count && t->count < LOG_MODULES; i++) {
        struct slice rest = items[i], name;
        enum log_level level;
        if (slice_find(rest, '=') < 1 || !slice_cut(&rest, '=', &name) || name.length >= NAME ||
            log_level_parse(&level, rest) != 0)
            continue;
        slice_put(t->modules[t->count].name, name);
        t->modules[t->count].length = name.length;
        t->modules[t->count++].level = level;
        most = level > most ? level : most;
    }
    __atomic_store_n(&current, t->count != 0 ? t : NULL, __ATOMIC_RELEASE);
    log_threshold = most;
}
