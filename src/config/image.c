#include "config/image.h"

#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "config/config_int.h"
#include "config/seal.h"

#define TITLE "tandem configuration copy "
#define VERSION "1"
#define PIECE ((size_t)128 << 10) /* bytes that are sealed together, or one record more */
#define CHECK 16                  /* hexadecimal digits */
#define HEAD 12                   /* of a sealed piece: length and hash */

enum record { RECORD_NUMBER = 1, RECORD_PLACE, RECORD_KIND, RECORD_ROW, RECORD_END };

static void add_uint(struct buffer *out, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0)
        buffer_add_byte(out, bytes < sizeof number ? (char)(number >> 8 * bytes) : 0);
}

static uint64_t read_uint(const char *at, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | (unsigned char)at[i];
    return number;
}

/* What tells the key without telling anything of it. */
static void key_check(char check[CHECK + 1], struct slice key)
{
    struct buffer sealed = {0};
    int error = seal_add(&sealed, key, SLICE("copy check"), SLICE(""));
    snprintf(check, CHECK + 1, "%016llx",
        (unsigned long long)(error == 0 ? hash_stable(buffer_slice(&sealed)) : 0));
    buffer_free(&sealed);
}

static struct slice place_of(char text[32], uint64_t piece)
{
    snprintf(text, 32, "copy piece %llu", (unsigned long long)piece);
    return slice_text(text);
}

/* ---- writing ---- */

struct writing {
    struct slice key;
    int (*put)(void *argument, struct slice bytes);
    void *argument;
    struct buffer piece, sealed;
    uint64_t count; /* of pieces */
    int error;
};

static void end_piece(struct writing *w)
{
    char place[32];
    buffer_clear(&w->sealed);
    add_uint(&w->sealed, 0, HEAD);
    if (w->error == 0)
        w->error = seal_add(&w->sealed, w->key, place_of(place, w->count++), buffer_slice(&w->piece));
    if (w->error != 0)
        return;
    struct slice bytes = slice_from(buffer_slice(&w->sealed), HEAD);
    struct buffer head = {0};
    add_uint(&head, bytes.length, 4);
    add_uint(&head, hash_stable(bytes), 8);
    memcpy(w->sealed.data, head.data, HEAD);
    buffer_free(&head);
    w->error = w->put(w->argument, buffer_slice(&w->sealed));
    buffer_clear(&w->piece);
}

/* Begins a record; its bytes are added by the caller. */
static size_t begin(struct writing *w, enum record type)
{
    if (w->piece.length >= PIECE)
        end_piece(w);
    size_t at = w->piece.length;
    add_uint(&w->piece, 0, 4);
    buffer_add_byte(&w->piece, (char)type);
    return at;
}

static void end(struct writing *w, size_t at)
{
    struct buffer length = {0};
    add_uint(&length, w->piece.length - at - 4, 4);
    memcpy(w->piece.data + at, length.data, 4);
    buffer_free(&length);
}

static void write_number(struct writing *w, enum record type, uint64_t number)
{
    size_t at = begin(w, type);
    add_uint(&w->piece, number, 8);
    end(w, at);
}

static void write_places(struct writing *w, const struct config_derived *d)
{
    for (size_t i = 0; i < d->place_count && w->error == 0; i++) {
        size_t at = begin(w, RECORD_PLACE);
        add_uint(&w->piece, d->places[i].name.length, 4);
        buffer_add(&w->piece, d->places[i].name);
        buffer_add(&w->piece, d->places[i].realm);
        end(w, at);
    }
}

static uint64_t write_rows(struct writing *w, const struct kind *k, const struct tree *rows)
{
    const void *row;
    size_t at = begin(w, RECORD_KIND), count = 0;
    buffer_add_text(&w->piece, k->name);
    end(w, at);
    for (; w->error == 0 && (row = tree_at(rows, count)) != NULL; count++) {
        at = begin(w, RECORD_ROW);
        row_write(&w->piece, config__shape(k), row);
        end(w, at);
    }
    return count;
}

int config_image_write(const struct configuration *c, struct slice key,
    int (*put)(void *argument, struct slice bytes), void *argument)
{
    struct writing w = {.key = key, .put = put, .argument = argument};
    struct buffer line = {0};
    const struct kind *k;
    char check[CHECK + 1];
    uint64_t count = 0;
    if (key.length != SEAL_KEY)
        return ERROR_UNSUPPORTED;
    key_check(check, key);
    buffer_add_format(&line, TITLE VERSION " %s\n", check);
    w.error = put(argument, buffer_slice(&line));
    write_number(&w, RECORD_NUMBER, c->number);
    write_places(&w, c->derived);
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        if (config__shape(k) != NULL)
            count += write_rows(&w, k, &c->rows[kind_number(k)]);
    write_number(&w, RECORD_END, count);
    end_piece(&w);
    buffer_free(&line);
    buffer_free(&w.piece);
    buffer_free(&w.sealed);
    return w.error;
}

/* ---- reading ---- */

struct reading {
    struct config_builder *builder;
    struct slice key;
    struct arena arena;
    const struct kind *kind; /* NULL: one that this version does not know, or none yet */
    uint64_t count;          /* of rows */
    bool ended;
};

static int read_row(struct reading *r, struct slice bytes)
{
    union {
        struct said_location location;
        struct said_member member;
        struct said_application application;
        struct config_cluster cluster;
        struct config_dn dn;
        struct config_person person;
        struct config_trunk_group trunk_group;
        struct said_trunk trunk;
        struct said_dial_rule dial_rule;
        struct config_ban ban;
    } row;
    r->count++;
    if (r->kind == NULL)
        return 0;
    const struct row_shape *shape = config__shape(r->kind);
    if (shape->size > sizeof row)
        return ERROR_CORRUPT;
    int error = row_read(&row, shape, bytes, &r->arena);
    if (error == 0)
        config__builder_row(r->builder, r->kind, &row);
    arena_reset(&r->arena);
    return error;
}

static int read_record(struct reading *r, enum record type, struct slice bytes)
{
    if (r->ended)
        return ERROR_CORRUPT;
    switch (type) {
    case RECORD_NUMBER:
        if (bytes.length != 8)
            return ERROR_CORRUPT;
        config_builder_number(r->builder, read_uint(bytes.data, 8));
        return 0;
    case RECORD_PLACE:
        if (bytes.length < 4 || read_uint(bytes.data, 4) > bytes.length - 4)
            return ERROR_CORRUPT;
        struct slice name = slice_of(bytes.data + 4, read_uint(bytes.data, 4));
        config__builder_place(r->builder, name, slice_from(bytes, 4 + name.length));
        return 0;
    case RECORD_KIND:
        r->kind = kind_find(bytes);
        if (r->kind != NULL && config__shape(r->kind) == NULL)
            r->kind = NULL;
        return 0;
    case RECORD_ROW:
        return read_row(r, bytes);
    case RECORD_END:
        r->ended = bytes.length == 8 && read_uint(bytes.data, 8) == r->count;
        return r->ended ? 0 : ERROR_CORRUPT;
    }
    return 0; /* of a newer version */
}

static int read_piece(struct reading *r, struct slice piece)
{
    while (piece.length != 0) {
        if (piece.length < 5)
            return ERROR_CORRUPT;
        size_t length = read_uint(piece.data, 4);
        if (length == 0 || length > piece.length - 4)
            return ERROR_CORRUPT;
        int error =
            read_record(r, (enum record)(unsigned char)piece.data[4], slice_of(piece.data + 5, length - 1));
        if (error != 0)
            return error;
        piece = slice_from(piece, 4 + length);
    }
    return 0;
}

static int read_pieces(struct reading *r, struct slice bytes)
{
    struct buffer piece = {0};
    int error = 0;
    for (uint64_t count = 0; error == 0 && bytes.length != 0; count++) {
        char place[32];
        size_t length = bytes.length >= HEAD ? read_uint(bytes.data, 4) : SIZE_MAX;
        if (length > bytes.length - HEAD || bytes.length < HEAD) {
            error = ERROR_CORRUPT;
            break;
        }
        struct slice sealed = slice_of(bytes.data + HEAD, length);
        buffer_clear(&piece);
        if (read_uint(bytes.data + 4, 8) != hash_stable(sealed) ||
            seal_open(&piece, r->key, place_of(place, count), sealed) != 0)
            error = ERROR_CORRUPT;
        else
            error = read_piece(r, buffer_slice(&piece));
        bytes = slice_from(bytes, HEAD + length);
    }
    buffer_free(&piece);
    return error != 0 ? error : r->ended ? 0 : ERROR_CORRUPT;
}

static int complain(struct buffer *complaint, int error, const char *sentence)
{
    if (complaint != NULL)
        buffer_add_text(complaint, sentence);
    return error;
}

/* The first line, taken off. */
static int read_title(struct slice *bytes, struct slice key, struct buffer *complaint)
{
    char check[CHECK + 1];
    struct slice line, version;
    if (!slice_starts(*bytes, SLICE(TITLE)) || slice_find(slice_first(*bytes, 128), '\n') < 0)
        return complain(complaint, ERROR_CORRUPT, "is no copy of a configuration");
    slice_cut(bytes, '\n', &line);
    line = slice_from(line, sizeof TITLE - 1);
    slice_cut(&line, ' ', &version);
    if (!slice_equal(version, SLICE(VERSION)))
        return complain(complaint, ERROR_NEWER, "was written by another version of the program");
    key_check(check, key);
    if (!slice_equal(line, slice_text(check)))
        return complain(complaint, ERROR_DENIED, "was sealed with another key than that of DATA/secret.key");
    return 0;
}

int config_image_read(struct configuration **out, struct slice bytes, const struct config_local *local,
    struct buffer *complaint)
{
    struct reading r = {.key = local->secret_key};
    int error = read_title(&bytes, local->secret_key, complaint);
    *out = NULL;
    if (error != 0)
        return error;
    r.builder = config_builder_empty();
    config_builder_local(r.builder, local);
    error = read_pieces(&r, bytes);
    arena_free(&r.arena);
    if (error == 0)
        return config_builder_end(out, r.builder, complaint);
    config_builder_free(r.builder);
    return complain(complaint, error, "is damaged");
}
