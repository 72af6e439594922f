#include "tools/place.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/file.h"
#include "tools/https.h"
#include "tools/operator.h"

#define FOLDERS 3

/* ---- the folders ---- */

/* The n-th in order of preference; false: there is none on this machine. */
static bool folder(char path[PLACE_PATH], unsigned n)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME"), *only = getenv("TANDEM_PLACES");
    if (only != NULL) {
        snprintf(path, PLACE_PATH, "%s", only);
        return n == 0;
    }
    if (n == 0 && runtime != NULL && runtime[0] == '/')
        snprintf(path, PLACE_PATH, "%s/tandem", runtime);
    else if (n == 1)
        snprintf(path, PLACE_PATH, "/run/tandem");
    else if (n == 2 && home != NULL && home[0] == '/')
        snprintf(path, PLACE_PATH, "%s/.tandem", home);
    else
        return false;
    return true;
}

/* What others may write is not believed. */
static bool is_trusted(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && (about.st_mode & S_IWOTH) == 0;
}

static bool can_write(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return false;
    return is_trusted(path) && access(path, W_OK | X_OK) == 0;
}

int place_write(const struct place *p, struct buffer *complaint)
{
    char path[PLACE_PATH], file[PLACE_PATH + 32], data[PATH_MAX];
    for (unsigned n = 0; n < FOLDERS; n++) {
        if (!folder(path, n) || !can_write(path))
            continue;
        snprintf(file, sizeof file, "%s/%ld.json", path, p->pid);
        json_t *json = json_pack("{sI, ss, ss, ss, ss}", "pid", (json_int_t)p->pid, "system", p->system,
            "name", p->name, "web", p->web, "data", realpath(p->data, data) != NULL ? data : p->data);
        char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
        int error = text != NULL ? tools_file_write_private(file, slice_text(text), complaint) : ERROR_SYNTAX;
        free(text);
        json_decref(json);
        return error;
    }
    buffer_add_text(
        complaint, "no folder for the files of running processes can be written; sub-commands need --data");
    return ERROR_DENIED;
}

void place_remove(long pid)
{
    char path[PLACE_PATH], file[PLACE_PATH + 32];
    for (unsigned n = 0; n < FOLDERS; n++)
        if (folder(path, n)) {
            snprintf(file, sizeof file, "%s/%ld.json", path, pid);
            unlink(file);
        }
}

/* ---- reading ---- */

static bool take_text(char *to, size_t size, const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL && (size_t)snprintf(to, size, "%s", text) < size;
}

static bool runs(long pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static bool read_place(struct place *p, const char *path)
{
    struct buffer text = {0}, complaint = {0};
    json_t *json = NULL;
    if (tools_file_read(&text, path, &complaint) == 0)
        json = json_loadb(text.data != NULL ? text.data : "", text.length, 0, NULL);
    *p = (struct place){.pid = (long)json_integer_value(json_object_get(json, "pid"))};
    bool good = take_text(p->system, sizeof p->system, json, "system") &&
                take_text(p->name, sizeof p->name, json, "name") &&
                take_text(p->web, sizeof p->web, json, "web") &&
                take_text(p->data, sizeof p->data, json, "data");
    if (good && !runs(p->pid)) {
        unlink(path); /* its process had no time to */
        good = false;
    }
    json_decref(json);
    buffer_free(&text);
    buffer_free(&complaint);
    return good;
}

static int compare(const void *one, const void *other)
{
    const struct place *a = one, *b = other;
    int order = strcmp(a->system, b->system);
    order = order != 0 ? order : strcmp(a->name, b->name);
    return order != 0 ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

size_t place_list(struct place *list, size_t most)
{
    char path[PLACE_PATH], file[PLACE_PATH + 256];
    size_t count = 0;
    for (unsigned n = 0; n < FOLDERS; n++) {
        DIR *d = folder(path, n) && is_trusted(path) ? opendir(path) : NULL;
        const struct dirent *e;
        while (d != NULL && count < most && (e = readdir(d)) != NULL) {
            if (!slice_ends(slice_text(e->d_name), SLICE(".json")))
                continue;
            snprintf(file, sizeof file, "%s/%.255s", path, e->d_name);
            count += read_place(&list[count], file);
        }
        if (d != NULL)
            closedir(d);
    }
    qsort(list, count, sizeof *list, compare);
    return count;
}

/* ---- choosing ---- */

static bool same_folder(struct slice one, const char *other)
{
    char path[PLACE_PATH], real[PATH_MAX], other_real[PATH_MAX];
    snprintf(path, sizeof path, "%.*s", SLICE_ARG(one));
    return realpath(path, real) != NULL && realpath(other, other_real) != NULL &&
           strcmp(real, other_real) == 0;
}

static size_t keep(struct place *list, size_t count, const char *system)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].system, system) == 0)
            list[kept++] = list[i];
    return kept;
}

static int complain_several(const struct place *list, size_t count, struct buffer *complaint)
{
    buffer_add_text(complaint, "several systems run here; say which by --data:");
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(list[i].system, list[i - 1].system) != 0 || strcmp(list[i].system, "local") == 0)
            buffer_add_format(complaint, " %s (%s)", list[i].data, list[i].system);
    return ERROR_CONFLICT;
}

int place_choose(struct place *list, size_t *count, const struct options *o, struct buffer *complaint)
{
    size_t found = place_list(list, PLACES);
    bool said = o->values[OPTION_DATA].given || o->values[OPTION_WEB].given;
    *count = 0;
    for (size_t i = 0; i < found; i++)
        if (!o->values[OPTION_WEB].given && same_folder(options_text(o, OPTION_DATA), list[i].data)) {
            list[0] = list[i];
            *count = 1;
            return 0;
        }
    if (said || found == 0)
        return 0;
    bool local = strcmp(list[0].system, "local") == 0;
    *count = local ? 1 : keep(list, found, list[0].system);
    if (*count != found) {
        size_t all = place_list(list, PLACES);
        *count = 0;
        return complain_several(list, all, complaint);
    }
    return 0;
}

static bool is_there(struct slice data)
{
    char path[PLACE_PATH];
    snprintf(path, sizeof path, "%.*s/operator.token", SLICE_ARG(data));
    return access(path, F_OK) == 0;
}

static int ask_one(unsigned *status, struct buffer *body, struct slice web, struct slice data,
    const char *host, const char *method, struct slice path, struct slice content, struct buffer *complaint)
{
    char token[OPERATOR_TOKEN_HEX];
    struct https_target target = {.web = web, .data = data, .token = token, .host = host};
    int error = operator_read(token, data, complaint);
    if (error == ERROR_MISSING)
        buffer_add_text(complaint, "; run this where the data is, or say --data DIR");
    return error != 0 ? error : https_ask(status, body, &target, method, path, content, complaint);
}

/* A member's certificate names the member; that of a single process the address. */
static int ask_place(unsigned *status, struct buffer *body, const struct place *p, const char *method,
    struct slice path, struct slice content, struct buffer *complaint)
{
    struct slice web = slice_text(p->web), data = slice_text(p->data);
    int error = ask_one(status, body, web, data, NULL, method, path, content, complaint);
    if (error != ERROR_UNAUTHENTICATED || strcmp(p->system, "local") == 0)
        return error;
    buffer_clear(complaint);
    return ask_one(status, body, web, data, p->name, method, path, content, complaint);
}

int place_ask(unsigned *status, struct buffer *body, const struct options *o, const char *method,
    struct slice path, struct slice content, struct buffer *complaint)
{
    struct place list[PLACES];
    size_t count;
    int error = place_choose(list, &count, o, complaint);
    bool said = o->values[OPTION_DATA].given || o->values[OPTION_WEB].given;
    bool reads = strcmp(method, "GET") == 0;
    if (error == 0 && count == 0 && !said && !is_there(options_text(o, OPTION_DATA))) {
        buffer_add_text(complaint, "no system runs here; start one with tandem run, or say --data DIR");
        return ERROR_UNREACHABLE;
    }
    if (error == 0 && count == 0)
        return ask_one(status, body, options_text(o, OPTION_WEB), options_text(o, OPTION_DATA), NULL, method,
            path, content, complaint);
    for (size_t i = 0; i < count; i++) {
        buffer_clear(complaint);
        buffer_clear(body);
        error = ask_place(status, body, &list[i], method, path, content, complaint);
        if (error == 0 ? *status != 503 || !reads : error != ERROR_UNREACHABLE && !reads)
            break; /* else the next may know more; what may have been done is not asked for twice */
    }
    return error;
}
