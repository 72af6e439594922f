#include "base/error.h"
#include "roles/config/writer_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

void writer__answer(struct writer *w, const struct writer_request *r, unsigned status, const json_t *body)
{
    Tandem__ConfigAnswer answer = TANDEM__CONFIG_ANSWER__INIT;
    struct buffer text = {0}, packed = {0};
    object_dump(&text, body);
    answer.token = r->token;
    answer.status = status;
    answer.content_type = (char[]){"application/json"};
    answer.has_body = true;
    answer.body = pack_bytes(buffer_slice(&text));
    pack_add(&packed, &answer.base);
    world_publish(w->world, r->reply_to, buffer_slice(&packed));
    buffer_free(&text);
    buffer_free(&packed);
}

void writer__refuse(struct writer *w, const struct writer_request *r, unsigned status, int error,
    struct slice path, struct slice sentence)
{
    if (slice_empty(sentence))
        sentence = slice_text(error_sentence(error));
    json_t *body = json_pack("{s{si, ss, ss%, ss%}}", "error", "code", error, "symbol", error_symbol(error),
        "sentence", sentence.data, sentence.length, "path", path.data != NULL ? path.data : "", path.length);
    writer__answer(w, r, status, body);
    json_decref(body);
}

unsigned writer__status(int error)
{
    switch (error) {
    case ERROR_SYNTAX:
    case ERROR_RANGE:
    case ERROR_LIMIT:
    case ERROR_REFERENCE:
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
        return 503;
    default:
        return 500;
    }
}
