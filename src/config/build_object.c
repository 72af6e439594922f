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
        .sha512_256 = object_flag(k, body, "sha512_256"),
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

/* A word of a later version permits nothing. */
static uint8_t dial(const struct kind *k, const json_t *body, const char *field)
{
    struct slice word = object_text(k, body, field);
    int number = field_word(kind_dial_words, word);
    return (uint8_t)(slice_empty(word) ? CONFIG_DIAL_UNSAID
                     : number < 0      ? CONFIG_DIAL_NONE
                                       : CONFIG_DIAL_NONE + number);
}

static uint32_t number(const struct kind *k, const json_t *body, const char *field)
{
    return (uint32_t)object_integer(k, body, field);
}

static struct config_guard guard(const struct kind *k, const json_t *body)
{
    return (struct config_guard){
        .strangers = number(k, body, "guard_strangers"),
        .strangers_all = number(k, body, "guard_strangers_all"),
        .phone = number(k, body, "guard_phone"),
        .work = number(k, body, "guard_work"),
        .streams = number(k, body, "guard_streams"),
        .streams_all = number(k, body, "streams"),
        .stream_idle = number(k, body, "stream_idle"),
        .unanswered = number(k, body, "guard_unanswered"),
        .ban_credentials = number(k, body, "guard_ban_credentials"),
        .ban_malformed = number(k, body, "guard_ban_malformed"),
        .ban_seconds = number(k, body, "guard_ban_seconds"),
        .calls = number(k, body, "guard_calls"),
        .transactions = number(k, body, "guard_transactions"),
        .node_calls = number(k, body, "guard_node_calls"),
        .alarm_failures = number(k, body, "guard_alarm_failures"),
        .alarm_addresses = number(k, body, "guard_alarm_addresses"),
        .alarm_calls = number(k, body, "guard_alarm_calls"),
        .silent = object_flag(k, body, "guard_silent"),
    };
}

static struct config_trace trace(const struct kind *k, const json_t *body)
{
    return (struct config_trace){
        .memory = number(k, body, "trace_memory"),
        .hep_id = number(k, body, "hep_id"),
        .hep_port = (uint16_t)number(k, body, "hep_port"),
        .hep_host = object_text(k, body, "hep_host"),
        .hep_password = object_text(k, body, "hep_password"),
    };
}

static void build_location(struct config_builder *b, const struct kind *k, const json_t *body)
{
    struct slice networks[FIELD_LIST_ITEMS], unchallenged[FIELD_LIST_ITEMS];
    struct slice scanners[FIELD_LIST_ITEMS], domains[FIELD_LIST_ITEMS];
    struct slice headers[FIELD_LIST_ITEMS], denied[FIELD_LIST_ITEMS];
    struct slice bodies[FIELD_LIST_ITEMS], attributes[FIELD_LIST_ITEMS];
    config__put_location(
        b, &(struct said_location){
               .row =
                   {
                       .name = object_name(k, body),
                       .realm = object_text(k, body, "realm"),
                       .phones = phones(k, body),
                       .networks = texts(networks, object_list(body, "trusted_networks")),
                       .unchallenged = texts(unchallenged, object_list(body, "unchallenged_networks")),
                       .dial_rate = (uint32_t)object_integer(k, body, "dial_rate"),
                       .dial = dial(k, body, "dial"),
                       .guard = guard(k, body),
                       .scanners = texts(scanners, object_list(body, "guard_scanners")),
                       .domains = texts(domains, object_list(body, "guard_domains")),
                       .passing = {.headers = texts(headers, object_list(body, "headers")),
                           .denied = texts(denied, object_list(body, "headers_denied")),
                           .bodies = texts(bodies, object_list(body, "bodies")),
                           .attributes = texts(attributes, object_list(body, "attributes"))},
                       .trace = trace(k, body),
                   },
               .says_sha256 = json_object_get(body, "sha256") != NULL,
               .says_sha512_256 = json_object_get(body, "sha512_256") != NULL,
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
            .dial = dial(k, body, "dial"),
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

static void build_trunk_group(struct config_builder *b, const struct kind *k, const json_t *body)
{
    config_builder_trunk_group(b, &(struct config_trunk_group){.name = object_name(k, body),
                                      .capacity = (uint32_t)object_integer(k, body, "capacity")});
}

static void build_trunk(struct config_builder *b, const struct kind *k, const json_t *body)
{
    struct slice networks[FIELD_LIST_ITEMS], realms[FIELD_LIST_ITEMS];
    int transport = field_word(kind_trunk_transport_words, object_text(k, body, "transport"));
    config_builder_trunk(b,
        &(struct config_trunk){
            .name = object_name(k, body),
            .host = object_text(k, body, "host"),
            .networks = texts(networks, object_list(body, "networks")),
            .certificate_name = object_text(k, body, "certificate_name"),
            .domain = object_text(k, body, "domain"),
            .user = object_text(k, body, "user"),
            .secret = object_text(k, body, "secret"),
            .realms = texts(realms, object_list(body, "realms")),
            .caller_prefix = object_text(k, body, "caller_prefix"),
            .capacity = (uint32_t)object_integer(k, body, "capacity"),
            .rate = (uint32_t)object_integer(k, body, "rate"),
            .register_expires = (uint32_t)object_integer(k, body, "register_expires"),
            .options_interval = (uint32_t)object_integer(k, body, "options_interval"),
            .port = (uint16_t)object_integer(k, body, "port"),
            .order = (uint16_t)object_integer(k, body, "order"),
            .weight = (uint16_t)object_integer(k, body, "weight"),
            .transport = (uint8_t)(transport >= 0 ? transport : 0),
            .trusted = object_flag(k, body, "trusted"),
            .registers = object_flag(k, body, "register"),
            .disabled = transport < 0 || object_flag(k, body, "disabled"),
        },
        object_text(k, body, "location"), object_text(k, body, "group"));
}

static void build_dial_rule(struct config_builder *b, const struct kind *k, const json_t *body)
{
    struct slice direction = object_text(k, body, "direction");
    if (field_word(kind_dial_direction_words, direction) < 0)
        return; /* of a newer version */
    config_builder_dial_rule(b,
        &(struct config_dial_rule){
            .name = object_name(k, body),
            .prefix = object_text(k, body, "prefix"),
            .add = object_text(k, body, "add"),
            .shortest = (uint8_t)object_integer(k, body, "shortest"),
            .longest = (uint8_t)object_integer(k, body, "longest"),
            .strip = (uint8_t)object_integer(k, body, "strip"),
            .out = slice_equal(direction, SLICE("out")),
            .needs = dial(k, body, "needs"),
        },
        object_text(k, body, "location"), object_text(k, body, "trunk"), object_text(k, body, "group"));
}

static void build_ban(struct config_builder *b, const struct kind *k, const json_t *body)
{
    config_builder_ban(b, &(struct config_ban){.name = object_name(k, body),
                              .network = object_text(k, body, "network"),
                              .location = object_text(k, body, "location"),
                              .why = object_text(k, body, "why"),
                              .until = object_integer(k, body, "until")});
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
    {"trunk-group", build_trunk_group},
    {"trunk", build_trunk},
    {"dial-rule", build_dial_rule},
    {"ban", build_ban},
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
