/* Whatever stands in a file that is called a backup: refused, or read without harm. */
#include "base/log.h"
#include "tools/backup/backup.h"

static int line_h(void *argument, struct slice line, uint64_t number)
{
    struct database_table *table = argument;
    struct database_value values[DATABASE_COLUMNS];
    struct arena arena = {0};
    int error =
        number == 0 ? backup__read_table(table, line) : backup__read_row(values, table->count, line, &arena);
    if (error == 0 && number != 0) {
        struct buffer again = {.data = NULL};
        error = backup__row_line(&again, values, table->count);
        buffer_free(&again);
    }
    arena_free(&arena);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive archive;
    struct buffer complaint = {.data = NULL};
    struct database_table table = {.name = "calls"};
    unsigned schema = 0;
    FILE *file = size != 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    log_threshold = LOG_ERROR;
    if (size != 0 && line_h(&table, slice_of(data, size), 0) == 0)
        size = size != 0;
    table.count = 2;
    int error = size != 0 ? line_h(&table, slice_of(data, size), 1) : 0;
    if (file == NULL)
        return 0;
    error = archive_open_file(&archive, file, "fuzz", &complaint);
    if (error == 0)
        error = backup__check_manifest(&archive, &schema, "fuzz", &complaint);
    for (size_t i = 0; i < archive.count && error == 0; i++)
        error = archive_lines(&archive, &archive.members[i], line_h, &table);
    archive_close(&archive);
    buffer_free(&complaint);
    return 0;
}
