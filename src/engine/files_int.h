/* What the two kinds of files give. Failures leave errno; files.c logs them. */
#ifndef TANDEM_ENGINE_FILES_INT_H
#define TANDEM_ENGINE_FILES_INT_H

#include "engine/files.h"

struct files_operations {
    void (*end)(struct files *f);
    int (*open)(struct file **file, struct files *f, const char *name, bool create); /* fills `size` too */
    void (*close)(struct file *file);                                                /* and frees */
    int (*append)(struct file *file, struct slice bytes);
    int (*read)(size_t *got, struct file *file, uint64_t at, char *data, size_t length);
    int (*sync)(struct file *file);
    int (*truncate)(struct file *file, uint64_t size);
    int (*rename)(struct files *f, const char *from, const char *to);
    int (*remove)(struct files *f, const char *name);
    int (*list)(struct buffer *names, struct files *f, struct slice prefix); /* in any order */
};

struct files {
    const struct files_operations *operations;
};

struct file {
    struct files *files;
    unsigned holders;
    uint64_t size;
    char name[FILES_NAME + 1];
};

extern const struct files_operations files__real, files__memory;

#endif
