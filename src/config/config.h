/* The configuration as roles see it: one immutable, counted copy per process. A change makes a new copy,
 * which comes as INPUT_CONFIG; whoever keeps pointers into the old one retains it, or looks everything up
 * again. The new copy shares with the old one what did not change (rows/tree.h), so that it costs as much as
 * the change and not as much as the configuration.
 *
 *     store ── objects ──> config_builder ──> struct configuration ──> every instance (world_configuration)
 *
 * Lookups allocate nothing. All text belongs to the copy. Rows of a kind lie in order of name. */
#ifndef TANDEM_CONFIG_CONFIG_H
#define TANDEM_CONFIG_CONFIG_H

#include "config/guard.h"
#include "config/trunk.h"

#define CONFIG_SLOTS 256 /* per location: who owns a DN is decided by slot */

struct config_location {
    struct slice name;
    struct slice realm; /* of its phones' digest */
    struct config_phones phones;
    struct config_guard guard;
    struct config_list scanners, domains; /* more scanners; names by which phones call us, empty: any */
    struct config_list pairs, proxies;    /* names of its pairs of nodes, of its applications of role proxy */
    struct config_list networks;          /* whose senders limits per source do not touch */
    struct config_list unchallenged;      /* whose phones need no secret */
    struct config_passing passing;
    struct config_trace trace;
    uint32_t dial_rate; /* calls to the outside that a DN may begin in a minute */
    uint8_t dial;       /* enum config_dial: what its DNs may call that do not say */
};

enum config_dn_kind { CONFIG_DN_EXTENSION };
struct config_dn {
    struct slice number;
    struct slice name;                          /* for people */
    uint8_t ha1_md5[16];                        /* H(number:realm:secret), RFC 7616 3.4.2 */
    uint8_t ha1_sha256[32], ha1_sha512_256[32]; /* the same */
    uint16_t place;                             /* of its location: config_dn_location() */
    uint8_t kind;                               /* enum config_dn_kind */
    uint8_t slot;
    bool disabled;
    uint8_t digests; /* which there are: bits by enum digest_algorithm; without a secret none */
    uint8_t dial;    /* enum config_dial: see config_dn_dial */
};

enum config_member_state { CONFIG_MEMBER_NEW, CONFIG_MEMBER_TRUSTED, CONFIG_MEMBER_REVOKED };

/* A process on a machine, known by its certificate. */
struct config_member {
    struct slice name;
    const struct config_location *location; /* NULL: none is said */
    struct slice instance_id;               /* of its enrolment */
    struct slice serial, serial_before; /* of its certificate and of the one before; hexadecimal, or empty */
    int64_t ends_at;                    /* µs: of the certificate; 0: there is none */
    uint8_t state;                      /* enum config_member_state */
    bool requests;                      /* a certificate request of its waits for an answer */
};

enum config_person_role { CONFIG_PERSON_AGENT, CONFIG_PERSON_SUPERVISOR, CONFIG_PERSON_ADMINISTRATOR };

struct config_person {
    struct slice name;
    struct slice display_name;
    struct slice password; /* Argon2id, encoded; empty: nobody can log in by password */
    uint8_t role;          /* enum config_person_role */
    bool disabled;
};

enum config_role {
    CONFIG_ROLE_PROXY,
    CONFIG_ROLE_NODE,
    CONFIG_ROLE_HISTORY,
    CONFIG_ROLE_CONFIG,
    CONFIG_ROLE_SESSION,
    CONFIG_ROLE_CONTROL,
    CONFIG_ROLE_COUNT
};

/* One role instance. */
struct config_application {
    struct slice name;
    const struct config_location *location;
    struct slice member;       /* the process that runs it; empty: one that has no name */
    struct slice pair;         /* nodes: the pair it belongs to; otherwise empty */
    struct config_list listen; /* proxy: SIP. session: HTTPS. Endpoint texts */
    struct slice link;         /* node: where the other member of the pair connects */
    struct slice inside;       /* node: where proxies connect; proxy: where other proxies connect */
    uint8_t role;              /* enum config_role */
};

/* Two nodes, or one alone. */
struct config_pair {
    struct slice name;
    const struct config_location *location;
    const struct config_application *members[2]; /* in order of name; the second may be NULL */
};

/* ---- one copy for all: whoever gave it to a world holds it ---- */
struct configuration *config_retain(struct configuration *c); /* from any thread */
void config_release(struct configuration *c);                 /* the last one frees; NULL is fine */

/* ---- by name; NULL when there is none ---- */
const struct config_location *config_location(const struct configuration *c, struct slice name);
const struct config_dn *config_dn(const struct configuration *c, struct slice number);
const struct config_person *config_person(const struct configuration *c, struct slice name);
const struct config_application *config_application(const struct configuration *c, struct slice name);
const struct config_pair *config_pair(const struct configuration *c, struct slice name);
const struct config_member *config_member(const struct configuration *c, struct slice name);

/* SEC-1: whether a stream whose verified certificate names this member and has this serial number
 * (hexadecimal, lower case) may be accepted, and one that is open may stay: the member is trusted, and the
 * certificate is the one that it has now or had before. A certificate of an earlier enrolment is good for
 * nothing, although the authority once signed it. */
bool config_member_admits(const struct configuration *c, struct slice name, struct slice serial);

/* ---- all of them, in order of name: begin with *at = 0; NULL at the end ---- */
const struct config_location *config_next_location(const struct configuration *c, size_t *at);
const struct config_dn *config_next_dn(const struct configuration *c, size_t *at);
const struct config_member *config_next_member(const struct configuration *c, size_t *at);
const struct config_pair *config_next_pair(const struct configuration *c, size_t *at);
const struct config_application *config_next_application(
    const struct configuration *c, enum config_role role, size_t *at);
/* The next DN in which two copies differ (NULL: one without any): it came (before is NULL), went (after is
 * NULL) or is another row. What both share costs nothing. Begin with both cursors 0; false at the end. */
struct config_dn_walk {
    const struct configuration *one, *other;
    size_t one_at, other_at;
};
bool config_next_dn_change(
    const struct config_dn **before, const struct config_dn **after, struct config_dn_walk *walk);
size_t config_dn_count(const struct configuration *c);

/* ---- of a DN ---- */
const struct config_location *config_dn_location(const struct configuration *c, const struct config_dn *dn);
const struct config_pair *config_dn_pair(const struct configuration *c, const struct config_dn *dn);
#define CONFIG_HA1 65 /* with the NUL */
/* A digest (enum digest_algorithm) in hexadecimal; false: there is none, and nobody may come in by it. */
bool config_dn_ha1(char hex[CONFIG_HA1], const struct config_dn *dn, unsigned algorithm)
    __attribute__((warn_unused_result));

/* ---- ownership ---- */
uint8_t config_slot(struct slice number); /* the same everywhere and for ever */
/* The pair that owns a slot: the location's pairs are dealt out in order of name. NULL: it has none. */
const struct config_pair *config_slot_pair(
    const struct configuration *c, const struct config_location *location, uint8_t slot);

const char *config_role_name(enum config_role role); /* "proxy" */
const char *config_person_role_name(enum config_person_role role);

#endif
