/* What matters of the registry: the views of pairs. They number the events of calls and the calls themselves,
 * so a restored system must not begin with them anew. */
#include <stdio.h>

#include "base/error.h"
#include "engine/registry.h"
#include "tools/backup/backup.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

/* Takeovers since the last event that was stored before the backup, at most. A call's number has 16 bits of
 * the view (node/call.c), so this is not a multiple of 65536. */
#define AHEAD 4096U

void backup__note_view(
    struct backup_views *v, const struct database_table *table, const struct database_value *values)
{
    struct slice node = {0};
    int64_t number = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->columns[i], "node") == 0)
            node = values[i].bytes;
        else if (strcmp(table->columns[i], "number") == 0)
            number = values[i].number;
    }
    if (v->count == BACKUP_VIEWS || slice_empty(node) || node.length >= sizeof v->views[0].pair || number < 0)
        return;
    struct backup_view *view = &v->views[v->count++];
    *view = (struct backup_view){.view = ((uint64_t)number >> 32) + AHEAD};
    slice_put(view->pair, node);
}

static int set_view(struct registry *registry, const struct backup_view *v)
{
    char key[128];
    struct buffer value = {.data = NULL}, packed = {.data = NULL}, answer = {.data = NULL};
    Tandem__PairRecord record = TANDEM__PAIR_RECORD__INIT;
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    int error = 0;
    record.view = v->view;
    record.primary = (char *)"restored"; /* nobody's name: it is not there, so the view after it is free */
    record.alone = true;
    pack_add(&value, &record.base);
    snprintf(key, sizeof key, "pair/%s", v->pair);
    set.key = key;
    set.has_value = true;
    set.value = pack_bytes(buffer_slice(&value));
    request.set = &set;
    pack_add(&packed, &request.base);
    if (registry_ask(&answer, &error, registry, buffer_slice(&packed), 0) != ANSWER_YES && error == 0)
        error = ERROR_DISK;
    buffer_free(&value);
    buffer_free(&packed);
    buffer_free(&answer);
    return error;
}

int backup__write_views(const struct backup_views *v, const char *data)
{
    char path[1200];
    struct files *files = NULL;
    struct registry *registry = NULL;
    snprintf(path, sizeof path, "%s/registry", data);
    int error = files_open_real(&files, path);
    if (error == 0)
        error = registry_open(&registry, files, 0);
    for (size_t i = 0; i < v->count && error == 0; i++)
        error = set_view(registry, &v->views[i]);
    if (error == 0)
        error = registry_sync(registry);
    if (registry != NULL)
        registry_close(registry);
    if (files != NULL)
        files_close(files);
    return error;
}
