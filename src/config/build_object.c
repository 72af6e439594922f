/* From bodies to rows: the only place, beside the tables, that knows the fields of each kind. */
#include "base/error.h"
#include "base/log.h"
#include "config/catalogue.h"
#include "config/config_int.h"
#include "config/seal.h"

static struct config_list texts(struct slice *items, const json_t *list)
{
    size_t count = list != NULL ? json_array_size(list) : 0;
    for (size_t i = 0; i < count && i < FIELD_LIST_ITEMS; i++) {
        const json_t *item = json_array_get(list, i);
        items[i] = slice_of(json_string_value(item), json_string_length(item));
    }
    return (struct config_list){items, count < FIELD_LIST_ITEMS ? count : FIELD_LIST_ITEMS};
}

/* Of the cluster, with defaults, or of what inherits from it. */
static struct config_phones phones(const struct kind *k, const json_t *body)
{
    return (struct config_phones){
        .sha256 = object_flag(k, body, "sha256"),
        .register_standard = (uint32_t)object_integer(k, body, "register_standard"),
        .register_shortest = (uint32_t)object_integer(k, body, "register_shortest"),
        .register_longest = (uint32_t)object_integer(k, body, "register_longest"),
    };
}

struct config_phones config__standard_phones(void)
{
    return phones(&kind_cluster, NULL);
}

static void build_cluster(struct config_builder *b, const struct kind *k, const json_t *body)
{
    struct slice log[FIELD_LIST_ITEMS];
    config_builder_cluster(b, &(struct config_cluster){.name = object_name(k, body),
                                  .phones = phones(k, body),
                                  .log = texts(log, object_list(body, "log"))});
}

static void build_location(struct config_builder *b, const struct kind *k, const json_t *body)
{
    config__put_location(b, &(struct said_location){
                                .row =
                                    {
                                        .name = object_name(k, body),
                                        .realm = object_text(k, body, "realm"),
                                        .phones = phones(k, body),
                                    },
                                .says_sha256 = json_object_get(body, "sha256") != NULL,
                            });
}

static void build_member(struct config_builder *b, const struct kind *k, const json_t *body)
{
    int state = field_word(kind_member_state_words, object_text(k, body, "state"));
    config_builder_member(b,
        &(struct config_member){
            .name = object_name(k, body),
            .instance_id = object_text(k, body, "instance_id"),
            .serial = object_text(k, body, "serial"),
            .serial_before = object_text(k, body, "serial_before"),
            .ends_at = json_integer_value(json_object_get(body, "ends_at")),
            .state = (uint8_t)(state >= 0 ? state : CONFIG_MEMBER_REVOKED),
            .requests = !slice_empty(object_text(k, body, "request")),
        },
        object_text(k, body, "location"));
}

static void build_dn(struct config_builder *b, const struct kind *k, const json_t *body)
{
    int kind = field_word(kind_dn_words, object_text(k, body, "kind"));
    config_builder_dn_row(b,
        &(struct config_dn){
            .number = object_name(k, body),
            .name = object_text(k, body, "name"),
            .kind = (uint8_t)(kind >= 0 ? kind : CONFIG_DN_EXTENSION),
            .disabled = kind < 0 || object_flag(k, body, "disabled"),
        },
        object_text(k, body, "location"), object_text(k, body, "secret"));
}

static void build_person(struct config_builder *b, const struct kind *k, const json_t *body)
{
    int role = field_word(kind_person_role_words, object_text(k, body, "role"));
    config_builder_person(b, &(struct config_person){
                                 .name = object_name(k, body),
                                 .display_name = object_text(k, body, "display_name"),
                                 .password = object_text(k, body, "password"),
                                 .role = (uint8_t)(role >= 0 ? role : CONFIG_PERSON_AGENT),
                                 .disabled = role < 0 || object_flag(k, body, "disabled"),
                             });
}

static void build_application(struct config_builder *b, const struct kind *k, const json_t *body)
{
    int role = field_word(kind_role_words, object_text(k, body, "role"));
    struct slice listen[FIELD_LIST_ITEMS];
    if (role < 0)
        return; /* of a newer version: nothing here can run it */
    config_builder_application(b,
        &(struct config_application){
            .name = object_name(k, body),
            .pair = object_text(k, body, "pair"),
            .member = object_text(k, body, "member"),
            .listen = texts(listen, object_list(body, "listen")),
            .link = object_text(k, body, "link"),
            .inside = object_text(k, body, "inside"),
            .role = (uint8_t)role,
        },
        object_text(k, body, "location"));
}

static const struct {
    const char *kind;
    void (*build)(struct config_builder *b, const struct kind *k, const json_t *body);
} builds[] = {
    {"cluster", build_cluster},
    {"location", build_location},
    {"member", build_member},
    {"dn", build_dn},
    {"person", build_person},
    {"application", build_application},
};

int object_build(struct config_builder *b, const struct object *o)
{
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    if (!json_is_object(body)) {
        json_decref(body);
        return ERROR_CORRUPT;
    }
    if (object_unseal(o->kind, body, config_builder_key(b)) != 0)
        LOG(LOG_ERROR, "config",
            "a secret of %s %.*s cannot be opened: it was sealed with another key than that of "
            "DATA/secret.key; put the right file back, or set the secret again",
            o->kind->name, SLICE_ARG(o->name));
    for (size_t i = 0; i < sizeof builds / sizeof builds[0]; i++)
        if (strcmp(builds[i].kind, o->kind->name) == 0)
            builds[i].build(b, o->kind, body);
    json_decref(body);
    return 0;
}
