/* GET /api/openapi.json: the REST interface described for programs (OpenAPI 3.1), from the table of
 * operations and the tables of the kinds. It is the same for everybody. */
#include "roles/session/session_int.h"

#include <jansson.h>

#include "config/kind.h"
#include "config/object.h"

struct operation {
    const char *method, *path;
    bool log_in;
    const char *summary, *query, *body, *answer;
};

static const struct operation operations[] = {
#define OPERATION(method, path, log_in, summary, query, body, answer)                                        \
    {method, path, log_in, summary, query, body, answer},
#include "roles/session/operation.def"
#undef OPERATION
};

#define KIND_PLACE "{kind}"

/* ---- schemas ---- */

static json_t *reference(const char *schema)
{
    char text[96];
    if (strcmp(schema, "any") == 0)
        return json_object();
    snprintf(text, sizeof text, "#/components/schemas/%s", schema);
    return json_pack("{ss}", "$ref", text);
}

static json_t *value_schema(const struct field *f)
{
    if (f->type == FIELD_FLAG)
        return json_pack("{ss}", "type", "boolean");
    if (f->type == FIELD_INTEGER)
        return json_pack("{ss, sI, sI}", "type", "integer", "minimum", (json_int_t)f->minimum, "maximum",
            (json_int_t)f->maximum);
    json_t *schema = json_pack("{ss}", "type", "string");
    if (f->words != NULL) {
        json_t *words = json_array();
        for (size_t i = 0; f->words[i] != NULL; i++)
            json_array_append_new(words, json_string(f->words[i]));
        json_object_set_new(schema, "enum", words);
    } else if (f->maximum != 0) { /* bytes: never fewer than characters */
        json_object_set_new(schema, "maxLength", json_integer((json_int_t)f->maximum));
    }
    return schema;
}

static json_t *field_schema(const struct field *f)
{
    json_t *schema = value_schema(f);
    if ((f->flags & FIELD_LIST) != 0)
        schema = json_pack("{ss, si, so}", "type", "array", "maxItems", FIELD_LIST_ITEMS, "items", schema);
    json_object_set_new(schema, "description", json_string(f->help));
    if (f->standard != NULL)
        json_object_set_new(schema, "default", json_loads(f->standard, JSON_DECODE_ANY, NULL));
    if (f->type == FIELD_PASSWORD)
        json_object_set_new(schema, "writeOnly", json_true());
    return schema;
}

static void add_kind(json_t *schemas, const struct kind *k)
{
    char list[64];
    json_t *properties = json_object(), *required = json_array();
    json_object_set_new(properties, "version",
        json_pack("{ss, si, ss}", "type", "integer", "minimum", 0, "description",
            "Grows with each change. In a request: what was seen; 0: the object must not exist."));
    for (size_t i = 0; i < k->field_count; i++) {
        json_object_set_new(properties, k->fields[i].name, field_schema(&k->fields[i]));
        if ((k->fields[i].flags & FIELD_REQUIRED) != 0 && k->fields[i].only == NULL)
            json_array_append_new(required, json_string(k->fields[i].name));
    }
    json_object_set_new(schemas, k->name,
        json_pack("{ss, ss, so, so, sb}", "type", "object", "description", k->help, "properties", properties,
            "required", required, "additionalProperties", false));
    snprintf(list, sizeof list, "%s_list", k->name);
    json_object_set_new(schemas, list,
        json_pack("{ss, s{s{ss}, s{ss, so}, s{ss}}}", "type", "object", "properties", "kind", "type",
            "string", "objects", "type", "array", "items", reference(k->name), "next", "type", "string"));
}

/* Those that are no objects of the configuration. */
static void add_others(json_t *schemas)
{
    static const char text[] =
        "{\"error\":{\"type\":\"object\",\"properties\":{\"error\":{\"type\":\"object\",\"properties\":{"
        "\"code\":{\"type\":\"integer\"},\"symbol\":{\"type\":\"string\"},\"sentence\":{\"type\":\"string\"},"
        "\"path\":{\"type\":\"string\",\"description\":\"Where in the body (RFC 6901).\"}}}}},"
        "\"login\":{\"type\":\"object\",\"required\":[\"user\",\"password\"],\"properties\":{"
        "\"user\":{\"type\":\"string\"},\"password\":{\"type\":\"string\"}}},"
        "\"person_session\":{\"type\":\"object\",\"properties\":{\"user\":{\"type\":\"string\"},"
        "\"name\":{\"type\":\"string\"},\"role\":{\"type\":\"string\"}}},"
        "\"calls\":{\"type\":\"object\",\"properties\":{\"calls\":{\"type\":\"array\",\"items\":{"
        "\"type\":\"object\"}},\"next\":{\"type\":[\"string\",\"null\"]}}},"
        "\"users\":{\"type\":\"object\",\"properties\":{\"users\":{\"type\":\"array\",\"items\":{"
        "\"$ref\":\"#/components/schemas/object_name\"}},\"count\":{\"type\":\"integer\"},"
        "\"next\":{\"type\":\"string\"}}},"
        "\"object_name\":{\"type\":\"object\",\"properties\":{\"kind\":{\"type\":\"string\"},"
        "\"name\":{\"type\":\"string\"}}},"
        "\"changed\":{\"type\":\"object\",\"properties\":{\"kind\":{\"type\":\"string\"},"
        "\"name\":{\"type\":\"string\"},\"action\":{\"enum\":[\"create\",\"change\",\"delete\",\"same\"]},"
        "\"before\":{\"type\":[\"object\",\"null\"]},\"after\":{\"type\":[\"object\",\"null\"]},"
        "\"version\":{\"type\":\"integer\"},\"changed_secrets\":{\"type\":\"array\",\"items\":{"
        "\"type\":\"string\"}}}},"
        "\"change\":{\"type\":\"object\",\"properties\":{\"number\":{\"type\":\"integer\"},"
        "\"applied\":{\"type\":\"boolean\"},\"at\":{\"type\":\"string\",\"description\":"
        "\"Microseconds since 1970.\"},\"by\":{\"type\":\"string\"},\"comment\":{\"type\":\"string\"},"
        "\"undoes\":{\"type\":\"integer\"},\"changes\":{\"type\":\"array\",\"items\":{"
        "\"$ref\":\"#/components/schemas/changed\"}},\"more\":{\"type\":\"integer\",\"description\":"
        "\"Objects that are not shown.\"},\"next\":{\"type\":\"string\"}}},"
        "\"changes\":{\"type\":\"object\",\"properties\":{\"changes\":{\"type\":\"array\",\"items\":{"
        "\"$ref\":\"#/components/schemas/change\"}},\"next\":{\"type\":[\"integer\",\"null\"]}}},"
        "\"change_request\":{\"type\":\"object\",\"required\":[\"changes\"],\"additionalProperties\":false,"
        "\"properties\":{\"comment\":{\"type\":\"string\",\"maxLength\":500},\"changes\":{\"type\":\"array\","
        "\"items\":{\"type\":\"object\",\"required\":[\"kind\"],\"additionalProperties\":false,"
        "\"properties\":{"
        "\"action\":{\"enum\":[\"put\",\"delete\"],\"default\":\"put\"},\"kind\":{\"type\":\"string\"},"
        "\"name\":{\"type\":\"string\"},\"object\":{\"type\":\"object\"},\"version\":{\"type\":\"integer\"}}}"
        "}}},"
        "\"export\":{\"type\":\"object\",\"required\":[\"format\",\"objects\"],\"properties\":{"
        "\"format\":{\"const\":\"tandem-export\"},\"revision\":{\"const\":1},\"number\":{\"type\":"
        "\"integer\"},"
        "\"comment\":{\"type\":\"string\"},\"objects\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"required\":[\"kind\",\"object\"],\"properties\":{\"kind\":{\"type\":\"string\"},"
        "\"object\":{\"type\":\"object\"}}}},\"next\":{\"type\":\"string\"}}}}";
    json_t *others = json_loads(text, 0, NULL);
    json_object_update(schemas, others);
    json_decref(others);
}

/* ---- operations ---- */

static void add_query(json_t *parameters, const char *query)
{
    struct slice rest = slice_text(query), one, name;
    while (slice_cut(&rest, ' ', &one)) {
        slice_cut(&one, ':', &name);
        json_array_append_new(
            parameters, json_pack("{so, ss, s{so}}", "name", json_stringn(name.data, name.length), "in",
                            "query", "schema", "type", json_stringn(one.data, one.length)));
    }
}

static void add_places(json_t *parameters, struct slice path)
{
    struct slice part, name;
    while (slice_cut(&path, '{', &part))
        if (!slice_empty(path)) {
            struct slice rest = path;
            slice_cut(&rest, '}', &name);
            json_array_append_new(
                parameters, json_pack("{so, ss, sb, s{ss}}", "name", json_stringn(name.data, name.length),
                                "in", "path", "required", true, "schema", "type", "string"));
        }
}

static json_t *content(const char *schema)
{
    return json_pack("{s{s{so}}}", "content", "application/json", "schema", reference(schema));
}

static json_t *responses(const char *schema)
{
    json_t *done = schema[0] != '\0' ? content(schema) : json_object();
    json_t *failed = content("error");
    json_object_set_new(done, "description", json_string("Done"));
    json_object_set_new(failed, "description", json_string("Refused, or not possible at the moment"));
    return json_pack("{so, so}", "2XX", done, "default", failed);
}

/* "get_api_config_dn_name" */
static json_t *operation_id(const char *method, const char *path)
{
    struct buffer id = {0};
    for (const char *at = method; *at != '\0'; at++)
        buffer_add_byte(&id, (char)(*at | 0x20));
    for (const char *at = path; *at != '\0'; at++)
        if (*at == '/' || *at == '.')
            buffer_add_byte(&id, '_');
        else if (*at != '{' && *at != '}')
            buffer_add_byte(&id, *at);
    json_t *json = json_stringn(id.data, id.length);
    buffer_free(&id);
    return json;
}

static void add_one(
    json_t *paths, const struct operation *o, const char *path, const char *body, const char *answer)
{
    char method[8] = "";
    json_t *item = json_object_get(paths, path), *parameters = json_array();
    for (size_t i = 0; o->method[i] != '\0'; i++)
        method[i] = (char)(o->method[i] | 0x20);
    if (item == NULL) {
        item = json_object();
        json_object_set_new(paths, path, item);
    }
    add_places(parameters, slice_text(path));
    add_query(parameters, o->query);
    json_t *operation = json_pack("{ss, so, so, so}", "summary", o->summary, "operationId",
        operation_id(o->method, path), "parameters", parameters, "responses", responses(answer));
    if (body[0] != '\0')
        json_object_set_new(operation, "requestBody", content(body));
    if (!o->log_in)
        json_object_set_new(operation, "security", json_array());
    json_object_set_new(item, method, operation);
}

/* The text with the name of the kind in the place of {kind}. */
static void insert(char *out, size_t size, const char *text, const struct kind *k)
{
    const char *place = strstr(text, KIND_PLACE);
    if (place == NULL)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%.*s%s%s", (int)(place - text), text, k->name, place + sizeof KIND_PLACE - 1);
}

static json_t *describe_paths(void)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *o = &operations[i];
        const struct kind *k;
        char path[96], body[64], answer[64];
        if (strstr(o->path, KIND_PLACE) == NULL) {
            add_one(paths, o, o->path, o->body, o->answer);
            continue;
        }
        for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
            insert(path, sizeof path, o->path, k);
            insert(body, sizeof body, o->body, k);
            insert(answer, sizeof answer, o->answer, k);
            add_one(paths, o, path, body, answer);
        }
    }
    return paths;
}

void session__openapi_describe(struct buffer *out)
{
    const struct kind *k;
    json_t *schemas = json_object();
    add_others(schemas);
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        add_kind(schemas, k);
    json_t *all = json_pack("{ss, s{ss, ss, ss}, so, s{so, s{s{ss, ss, ss}, s{ss, ss}}}, s[{s[]}, {s[]}]}",
        "openapi", "3.1.0", "info", "title", "Tandem", "version", TANDEM_VERSION, "description",
        "Requests that change something carry the header X-Tandem-Request: 1.", "paths", describe_paths(),
        "components", "schemas", schemas, "securitySchemes", "cookie", "type", "apiKey", "in", "cookie",
        "name", "tandem_session", "operator", "type", "http", "scheme", "bearer", "security", "cookie",
        "operator");
    object_dump(out, all);
    json_decref(all);
}

void session__openapi(struct connection *c, struct sign_in *i)
{
    struct buffer text = {0};
    (void)i;
    session__openapi_describe(&text);
    session__answer_json(c, HTTP_STATUS_OK, (struct slice){0}, buffer_slice(&text));
    buffer_free(&text);
}
