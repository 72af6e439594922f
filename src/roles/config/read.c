/* Requests that only read. */
#include "base/error.h"
#include "config/inherit.h"
#include "config/process.h"
#include "roles/config/writer_int.h"

struct slice writer__key(const struct writer *w)
{
    const struct configuration *c = world_configuration(w->world);
    return c != NULL ? config_secret_key(c) : (struct slice){0};
}

json_t *writer__show(const struct writer *w, const struct object *o, bool secrets)
{
    return catalogue_show(w->catalogue, o, writer__key(w), secrets);
}

static void answer_kinds(struct writer *w, const struct request *r)
{
    struct buffer text = {0};
    kind_describe(&text);
    writer__send(w, r, 200, buffer_slice(&text), 0);
    buffer_free(&text);
}

static void answer_object(struct writer *w, const struct request *r)
{
    const struct object *o = catalogue_get(w->catalogue, r->kind, r->name);
    if (o == NULL) {
        writer__refuse_text(w, r, ERROR_MISSING, "");
        return;
    }
    json_t *body = writer__show(w, o, r->secrets);
    if (body == NULL) {
        writer__refuse_text(w, r, ERROR_CORRUPT, "");
        return;
    }
    writer__answer(w, r, 200, body);
    json_decref(body);
}

void writer__read(struct writer *w, const struct request *r)
{
    switch (r->what) {
    case REQUEST_KINDS:
        answer_kinds(w, r);
        break;
    case REQUEST_OBJECT:
        answer_object(w, r);
        break;
    case REQUEST_USERS:
        if (catalogue_get(w->catalogue, r->kind, r->name) == NULL) {
            writer__refuse_text(w, r, ERROR_MISSING, "");
            break;
        }
        writer__walk_start(w, r);
        break;
    case REQUEST_LIST:
    case REQUEST_EXPORT:
        writer__walk_start(w, r);
        break;
    case REQUEST_RESULT:
        if (!writer__progress(w, r) && !writer__result(w, r))
            writer__past(w, r);
        break;
    default:
        writer__past(w, r);
        break;
    }
}
