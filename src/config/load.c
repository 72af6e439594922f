#include "config/load.h"

#include "base/error.h"
#include "base/log.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define COLUMNS 4 /* kind, name, version, body */
#define TOGETHER 256

void config_load_request(struct buffer *out)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement list = TANDEM__STORE_STATEMENT__INIT, *statement = &list;
    list.name = (char[]){"object_list"};
    request.statements = &statement;
    request.n_statements = 1;
    pack_add(out, &request.base);
}

static bool load_row(struct catalogue *c, const Tandem__StoreRow *row)
{
    if (row->n_values != COLUMNS || row->values[0]->text == NULL || row->values[1]->text == NULL ||
        !row->values[2]->has_number || row->values[2]->number < 1 || row->values[3]->text == NULL)
        return false;
    const struct kind *kind = kind_find(slice_text(row->values[0]->text));
    if (kind == NULL) {
        LOG(LOG_NOTICE, "config/load", "%s %s is of a kind that this version does not know",
            row->values[0]->text, row->values[1]->text);
        return true;
    }
    catalogue_put(c, &(struct object){kind, slice_text(row->values[1]->text),
                         slice_text(row->values[3]->text), (uint64_t)row->values[2]->number});
    return true;
}

int catalogue_load(struct catalogue *c, struct slice answer)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, answer, &arena);
    bool good = a != NULL && a->n_results == 1;
    for (size_t i = 0; good && i < a->results[0]->n_rows; i++)
        good = load_row(c, a->results[0]->rows[i]);
    arena_free(&arena);
    return good ? 0 : ERROR_CORRUPT;
}

static int build_kind(
    struct config_builder *b, const struct catalogue *c, const struct kind *k, struct buffer *complaint)
{
    const struct object *list[TOGETHER];
    struct slice after = {0};
    size_t count;
    do {
        count = catalogue_list(list, TOGETHER, c, k, after);
        for (size_t i = 0; i < count; i++) {
            if (object_build(b, list[i]) == 0)
                continue;
            if (complaint != NULL)
                buffer_add_format(
                    complaint, "%s %.*s in the store is damaged", k->name, SLICE_ARG(list[i]->name));
            return ERROR_CORRUPT;
        }
        after = count != 0 ? list[count - 1]->name : after;
    } while (count == TOGETHER);
    return 0;
}

int catalogue_build(struct configuration **out, const struct catalogue *c, const struct config_local *local,
    struct buffer *complaint)
{
    struct config_builder *b = config_builder_new();
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        int error = build_kind(b, c, k, complaint);
        if (error == 0)
            continue;
        config_builder_free(b);
        *out = NULL;
        return error;
    }
    if (local != NULL)
        config_builder_local(b, local);
    return config_builder_end(out, b, complaint);
}

int config_load_all(struct configuration **out, struct slice answer, const struct config_local *local,
    struct buffer *complaint)
{
    struct catalogue *c = catalogue_new();
    *out = NULL;
    int error = catalogue_load(c, answer);
    if (error != 0 && complaint != NULL)
        buffer_add_text(complaint, "the store's answer is no list of objects");
    if (error == 0)
        error = catalogue_build(out, c, local, complaint);
    catalogue_free(c);
    return error;
}
