#include "base/error.h"
#include "base/mem.h"
#include "config/object.h"
#include "roles/config/writer_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

/* The end of a long transaction, for who asks for it later. */
struct result {
    struct list link;
    unsigned status;
    char id[TRANSACTION_ID];
    size_t length;
    char body[];
};

void writer__send(
    struct writer *w, const struct request *r, unsigned status, struct slice body, uint64_t wanted)
{
    Tandem__ConfigAnswer answer = TANDEM__CONFIG_ANSWER__INIT;
    struct buffer packed = {0};
    answer.token = r->token;
    answer.status = status;
    answer.content_type = (char[]){"application/json"};
    answer.has_body = true;
    answer.body = pack_bytes(body);
    answer.has_wanted = wanted != 0;
    answer.wanted = wanted;
    pack_add(&packed, &answer.base);
    world_publish(w->world, r->reply_to, buffer_slice(&packed));
    buffer_free(&packed);
}

/* The transaction whose request this is, when its requester has been told to ask later. */
static const struct transaction *told(const struct writer *w, const struct request *r)
{
    list_for_each (link, &w->waiting) {
        const struct transaction *t = list_entry(link, struct transaction, link);
        if (&t->request == r)
            return t->told ? t : NULL;
    }
    return NULL;
}

void writer__answer(struct writer *w, const struct request *r, unsigned status, const json_t *body)
{
    struct buffer text = {0};
    const struct transaction *t = told(w, r);
    object_dump(&text, body);
    if (t != NULL)
        writer__keep_result(w, t, status, buffer_slice(&text));
    else
        writer__send(w, r, status, buffer_slice(&text), 0);
    buffer_free(&text);
}

void writer__refuse(
    struct writer *w, const struct request *r, int error, struct slice path, struct slice sentence)
{
    writer__refuse_status(w, r, writer__status(error), error, path, sentence);
}

void writer__refuse_status(struct writer *w, const struct request *r, unsigned status, int error,
    struct slice path, struct slice sentence)
{
    if (slice_empty(sentence))
        sentence = slice_text(error_sentence(error));
    json_t *body = json_pack("{s{si, ss, so, so}}", "error", "code", error, "symbol", error_symbol(error),
        "sentence", json_stringn(sentence.data, sentence.length), "path",
        path.length != 0 ? json_stringn(path.data, path.length) : json_string(""));
    if (body == NULL) /* a stranger's text that is no UTF-8 */
        body = json_pack("{s{si, ss, ss, ss}}", "error", "code", error, "symbol", error_symbol(error),
            "sentence", error_sentence(error), "path", "");
    writer__answer(w, r, status, body);
    json_decref(body);
}

void writer__refuse_text(struct writer *w, const struct request *r, int error, const char *sentence)
{
    writer__refuse(w, r, error, (struct slice){0}, slice_text(sentence));
}

unsigned writer__status(int error)
{
    switch (error) {
    case ERROR_SYNTAX:
    case ERROR_RANGE:
    case ERROR_LIMIT:
    case ERROR_REFERENCE:
    case ERROR_NEWER:
        return 400;
    case ERROR_UNSUPPORTED:
        return 400;
    case ERROR_DENIED:
        return 403;
    case ERROR_MISSING:
        return 404;
    case ERROR_EXISTS:
    case ERROR_CONFLICT:
        return 409;
    case ERROR_OVERLOADED:
    case ERROR_UNKNOWN:
    case ERROR_TIMEOUT:
    case ERROR_BUSY:
    case ERROR_UNREACHABLE:
        return 503;
    default:
        return 500;
    }
}

/* ---- results ---- */

void writer__keep_result(struct writer *w, const struct transaction *t, unsigned status, struct slice body)
{
    struct result *r = mem_zero(sizeof *r + body.length);
    r->status = status;
    memcpy(r->id, t->id, sizeof r->id);
    r->length = body.length;
    slice_put(r->body, body);
    list_append(&w->results, &r->link);
    if (++w->result_count <= WRITER_RESULTS)
        return;
    struct result *oldest = list_entry(list_first(&w->results), struct result, link);
    list_remove(&oldest->link);
    mem_free(oldest);
    w->result_count--;
}

bool writer__result(struct writer *w, const struct request *r)
{
    list_for_each (link, &w->results) {
        const struct result *kept = list_entry(link, struct result, link);
        if (!slice_equal(r->id, slice_text(kept->id)))
            continue;
        writer__send(w, r, kept->status, slice_of(kept->body, kept->length), 0);
        return true;
    }
    return false;
}

void writer__results_free(struct writer *w)
{
    list_for_each_safe (link, next, &w->results)
        mem_free(list_entry(link, struct result, link));
}
