/* What an object of each kind consists of: one table of fields per kind (kinds/NAME.c). Checks, defaults,
 * printing, REST, reference and forms read these tables; nothing else knows the fields but load.c, which
 * fills the rows of config.h. A new kind is a file there, a line in kinds.c and a function in
 * build_object.c. */
#ifndef TANDEM_CONFIG_KIND_H
#define TANDEM_CONFIG_KIND_H

#include "base/buffer.h"

enum field_type {
    FIELD_NAME, /* letters, digits, - _ . */
    FIELD_DIAL, /* what a phone can dial: letters, digits, * # + - _ . */
    FIELD_TEXT, /* UTF-8 without control characters */
    FIELD_INTEGER,
    FIELD_FLAG,
    FIELD_CHOICE,    /* one of `words` */
    FIELD_REFERENCE, /* the name of an object of kind `refers` */
    FIELD_ENDPOINT,  /* "udp:127.0.0.1:5060", see world/address.h */
    FIELD_LOG,       /* "proxy=debug" */
    FIELD_PASSWORD,  /* comes in clear, is kept as Argon2id, never leaves */
    FIELD_NETWORK,   /* "192.0.2.0/24", see world/network.h */
    FIELD_PEM,       /* lines of printable ASCII, as certificates are written; stays out of tables */
    FIELD_TYPES
};

enum field_flag {
    FIELD_REQUIRED = 1,
    FIELD_LIST = 2,   /* an array of such values; minimum and maximum concern each */
    FIELD_SECRET = 4, /* printed only for administrators who ask for secrets; left out of a change it stays */
    FIELD_AT_LOGIN = 8,   /* read when somebody logs in or something starts; the others are live */
    FIELD_INHERITED = 16, /* absent: as the object above says, or the one above that (inherit.h) */
};

#define FIELD_LIST_ITEMS 64

struct field {
    const char *name;
    enum field_type type;
    unsigned flags;           /* enum field_flag */
    int64_t minimum, maximum; /* integers: the value; other text: bytes */
    const char *standard;     /* the default, as JSON; NULL: absent */
    const char *refers;       /* name of a kind */
    const char *const *words; /* ended by NULL */
    const char *only;         /* applications: only for these roles, words with spaces between; NULL: all */
    const char *sample;       /* as JSON */
    const char *help;         /* a sentence */
};

/* What many kinds have. */
#define FIELD_KEY(key, most, example, sentence)                                                              \
    {                                                                                                        \
        .name = (key), .type = FIELD_NAME, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = (most),         \
        .sample = (example), .help = (sentence)                                                              \
    }
#define FIELD_LOCATION(field_flags, sentence)                                                                \
    {                                                                                                        \
        .name = "location", .type = FIELD_REFERENCE, .flags = (field_flags), .minimum = 1, .maximum = 32,    \
        .refers = "location", .sample = "\"home\"", .help = (sentence)                                       \
    }

/* The first field is the key: the name under which the object is found. */
struct kind {
    const char *name, *plural;
    const struct field *fields;
    size_t field_count;
    const char *help;
    /* Where inherited values come from: the object of this kind to which a field refers, or the only one. */
    const struct kind *above;
    const char *single; /* the name of the only object of this kind; NULL: there may be many */
};

#define KIND_FIELDS(array) (sizeof(array) / sizeof((array)[0]))
/* kinds/NAME.c */
extern const struct kind kind_cluster, kind_location, kind_member, kind_dn, kind_person, kind_application,
    kind_trunk_group, kind_trunk, kind_dial_rule, kind_ban;

/* NULL: there is no such kind. */
const struct kind *kind_find(struct slice name);
/* In the order in which they refer to each other: begin with *at = 0; NULL at the end. */
const struct kind *kind_next(size_t *at);
size_t kind_number(const struct kind *k); /* its place in that order */
#define KIND_MAX 32
const struct field *field_find(const struct kind *k, struct slice name);

const char *field_type_name(enum field_type type);
/* "cluster, location, member, ..." */
void kind_list(struct buffer *out);

/* The position of a word in a choice's list, or -1. */
int field_word(const char *const *words, struct slice word);
/* Whether the field exists for an application of this role. */
bool field_applies(const struct field *f, struct slice role);

/* Reference documentation of all kinds, in Markdown, with a sample of each. */
void kind_reference(struct buffer *out);
/* The same tables as JSON, for forms. */
void kind_describe(struct buffer *out);

extern const char *const kind_dn_words[];              /* enum config_dn_kind */
extern const char *const kind_person_role_words[];     /* enum config_person_role */
extern const char *const kind_role_words[];            /* enum config_role */
extern const char *const kind_member_state_words[];    /* enum config_member_state */
extern const char *const kind_trunk_transport_words[]; /* enum transport */
extern const char *const kind_dial_direction_words[];  /* false: in, true: out */
extern const char *const kind_dial_words[];            /* enum config_dial, without its first */

#endif
