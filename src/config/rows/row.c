#include "config/rows/row.h"

#include "base/error.h"
#include "base/mem.h"

/* In front of each row. Aligned so that the structure behind it may hold pointers. */
struct head {
    _Alignas(8) uint32_t references;
};

static struct head *head_of(const void *row)
{
    return (struct head *)(uintptr_t)((const char *)row - sizeof(struct head));
}

static struct slice *text_at(const void *structure, const struct row_member *m)
{
    return (struct slice *)(uintptr_t)((const char *)structure + m->offset);
}

static struct config_list *list_at(const void *structure, const struct row_member *m)
{
    return (struct config_list *)(uintptr_t)((const char *)structure + m->offset);
}

/* Bytes behind the structure: the items of lists, then all text. */
static size_t measure(size_t *items, const struct row_shape *shape, const void *structure)
{
    size_t text = 0;
    *items = 0;
    for (size_t i = 0; i < shape->count; i++) {
        const struct row_member *m = &shape->members[i];
        if (m->type == ROW_TEXT)
            text += text_at(structure, m)->length;
        if (m->type != ROW_LIST)
            continue;
        const struct config_list *list = list_at(structure, m);
        *items += list->count;
        for (size_t k = 0; k < list->count; k++)
            text += list->items[k].length;
    }
    return text + *items * sizeof(struct slice);
}

static struct slice keep(char **at, struct slice s)
{
    struct slice kept = slice_of(slice_put(*at, s), s.length);
    *at += s.length;
    return kept;
}

const void *row_new(const struct row_shape *shape, const void *structure)
{
    size_t items, behind = measure(&items, shape, structure);
    struct head *head = mem_alloc(sizeof *head + shape->size + behind);
    char *row = (char *)(head + 1);
    struct slice *item = (struct slice *)(void *)(row + shape->size);
    char *text = (char *)(item + items);
    head->references = 1;
    memcpy(row, structure, shape->size);
    for (size_t i = 0; i < shape->count; i++) {
        const struct row_member *m = &shape->members[i];
        if (m->type == ROW_TEXT)
            *text_at(row, m) = keep(&text, *text_at(row, m));
        if (m->type != ROW_LIST)
            continue;
        struct config_list *list = list_at(row, m);
        const struct slice *from = list->items;
        list->items = item;
        for (size_t k = 0; k < list->count; k++)
            *item++ = keep(&text, from[k]);
    }
    return row;
}

const void *row_retain(const void *row)
{
    __atomic_add_fetch(&head_of(row)->references, 1, __ATOMIC_RELAXED);
    return row;
}

void row_release(const void *row)
{
    if (__atomic_sub_fetch(&head_of(row)->references, 1, __ATOMIC_ACQ_REL) == 0)
        mem_free(head_of(row));
}

/* ---- in files: { place, length, bytes } ...; numbers: 7 bits a byte, the lowest first ---- */

static void add_number(struct buffer *out, size_t number)
{
    for (; number >= 0x80; number >>= 7)
        buffer_add_byte(out, (char)(number | 0x80));
    buffer_add_byte(out, (char)number);
}

static void add_text(struct buffer *out, struct slice s)
{
    add_number(out, s.length);
    buffer_add(out, s);
}

static bool take_number(size_t *number, struct slice *rest)
{
    *number = 0;
    for (unsigned shift = 0; shift < 35 && rest->length != 0; shift += 7) {
        unsigned char byte = (unsigned char)rest->data[0];
        *rest = slice_from(*rest, 1);
        *number |= (size_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static bool take_text(struct slice *text, struct slice *rest)
{
    size_t length;
    if (!take_number(&length, rest) || length > rest->length)
        return false;
    *text = slice_first(*rest, length);
    *rest = slice_from(*rest, length);
    return true;
}

static bool is_zero(struct slice s)
{
    size_t i = 0;
    while (i < s.length && s.data[i] == '\0')
        i++;
    return i == s.length;
}

static void write_list(struct buffer *out, size_t place, const struct config_list *list)
{
    struct buffer items = {0};
    if (list->count == 0)
        return;
    for (size_t i = 0; i < list->count; i++)
        add_text(&items, list->items[i]);
    add_number(out, place);
    add_text(out, buffer_slice(&items));
    buffer_free(&items);
}

void row_write(struct buffer *out, const struct row_shape *shape, const void *row)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct row_member *m = &shape->members[i];
        struct slice s =
            m->type == ROW_TEXT ? *text_at(row, m) : slice_of((const char *)row + m->offset, m->size);
        if (m->type == ROW_LIST) {
            write_list(out, i, list_at(row, m));
        } else if (m->type == ROW_TEXT ? !slice_empty(s) : !is_zero(s)) {
            add_number(out, i);
            add_text(out, s);
        }
    }
}

static bool read_list(struct config_list *list, struct slice bytes, struct arena *arena)
{
    struct slice rest = bytes, item;
    size_t count = 0;
    for (; rest.length != 0; count++)
        if (!take_text(&item, &rest))
            return false;
    struct slice *items = arena_alloc(arena, count * sizeof *items + 1);
    *list = (struct config_list){items, count};
    for (size_t i = 0; i < count; i++)
        if (!take_text(&items[i], &bytes))
            return false;
    return true;
}

static bool read_member(void *structure, const struct row_member *m, struct slice s, struct arena *arena)
{
    if (m->type == ROW_LIST)
        return read_list(list_at(structure, m), s, arena);
    if (m->type == ROW_TEXT)
        *text_at(structure, m) = s;
    else if (s.length == m->size)
        slice_put((char *)structure + m->offset, s);
    return m->type == ROW_TEXT || s.length == m->size;
}

int row_read(void *structure, const struct row_shape *shape, struct slice bytes, struct arena *arena)
{
    memset(structure, 0, shape->size);
    while (bytes.length != 0) {
        size_t place;
        struct slice s;
        if (!take_number(&place, &bytes) || !take_text(&s, &bytes))
            return ERROR_CORRUPT;
        if (place < shape->count && !read_member(structure, &shape->members[place], s, arena))
            return ERROR_CORRUPT;
    }
    return slice_empty(row_name(structure)) ? ERROR_CORRUPT : 0;
}
