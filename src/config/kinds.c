/* The tables themselves. */
#include "config/kind.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const kind_dn_words[] = {"extension", NULL};
const char *const kind_person_role_words[] = {"agent", "supervisor", "administrator", NULL};
const char *const kind_role_words[] = {"proxy", "node", "history", "config", "session", NULL};

static const struct field location_fields[] = {
    {.name = "name",
        .type = FIELD_NAME,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 32,
        .sample = "\"home\"",
        .help = "Name of the location."},
    {.name = "display_name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Head office\"",
        .help = "Name for people."},
    {.name = "realm",
        .type = FIELD_NAME,
        .maximum = 64,
        .standard = "\"\"",
        .sample = "\"phones.example.com\"",
        .help = "Realm of the digest authentication of its phones (RFC 7616). Empty: the location's name. "
                "After a "
                "change phones have to log in again."},
    {.name = "sha256",
        .type = FIELD_FLAG,
        .standard = "false",
        .sample = "true",
        .help = "Challenge phones with SHA-256 besides MD5 (RFC 8760). Answers with either are always "
                "accepted, but "
                "some phones fail at a challenge that they do not know."},
};

static const struct field dn_fields[] = {
    {.name = "number",
        .type = FIELD_DIAL,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 32,
        .sample = "\"1001\"",
        .help = "What is dialled, and the name by which its phone registers."},
    {.name = "name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Reception\"",
        .help = "Name for people."},
    {.name = "kind",
        .type = FIELD_CHOICE,
        .words = kind_dn_words,
        .standard = "\"extension\"",
        .sample = "\"extension\"",
        .help = "What it is. An extension is a phone."},
    {.name = "location",
        .type = FIELD_REFERENCE,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 32,
        .refers = "location",
        .sample = "\"home\"",
        .help = "Where its phone registers and which pairs of nodes own it."},
    {.name = "secret",
        .type = FIELD_TEXT,
        .flags = FIELD_SECRET,
        .minimum = 8,
        .maximum = 64,
        .sample = "\"n5Qw8rYt2LkJ\"",
        .help = "By which its phone registers. Without one it cannot."},
    {.name = "disabled",
        .type = FIELD_FLAG,
        .standard = "false",
        .sample = "false",
        .help = "A disabled DN cannot register, call or be called."},
};

static const struct field person_fields[] = {
    {.name = "name",
        .type = FIELD_NAME,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 64,
        .sample = "\"grace\"",
        .help = "Name for the log-in."},
    {.name = "display_name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Grace\"",
        .help = "Name for people."},
    {.name = "role",
        .type = FIELD_CHOICE,
        .words = kind_person_role_words,
        .standard = "\"agent\"",
        .sample = "\"agent\"",
        .help =
            "What the person may do: agents see their own work, supervisors see everything, administrators "
            "also change it."},
    {.name = "password",
        .type = FIELD_PASSWORD,
        .flags = FIELD_SECRET,
        .minimum = 10,
        .maximum = 128,
        .sample = "\"correct horse battery\"",
        .help = "Can be set, never read. Without one the person cannot log in."},
    {.name = "disabled",
        .type = FIELD_FLAG,
        .standard = "false",
        .sample = "false",
        .help = "A disabled person cannot log in; sessions end at once."},
};

static const struct field application_fields[] = {
    {.name = "name",
        .type = FIELD_NAME,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 32,
        .sample = "\"node-1a\"",
        .help = "Name of the instance, unique in the cluster."},
    {.name = "role",
        .type = FIELD_CHOICE,
        .flags = FIELD_REQUIRED | FIELD_AT_LOGIN,
        .words = kind_role_words,
        .sample = "\"node\"",
        .help = "What the instance does."},
    {.name = "location",
        .type = FIELD_REFERENCE,
        .flags = FIELD_REQUIRED | FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 32,
        .refers = "location",
        .sample = "\"home\"",
        .help = "Where it runs."},
    {.name = "pair",
        .type = FIELD_NAME,
        .flags = FIELD_REQUIRED | FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 32,
        .only = "node",
        .sample = "\"node-1\"",
        .help = "The pair that it belongs to. A pair has one or two members, in one location."},
    {.name = "listen",
        .type = FIELD_ENDPOINT,
        .flags = FIELD_LIST | FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 128,
        .only = "proxy session",
        .sample = "[\"udp:192.0.2.1:5060\", \"tcp:192.0.2.1:5060\"]",
        .help = "Where it listens: proxies for SIP, sessions for HTTPS. Left out: as the start file says."},
    {.name = "link",
        .type = FIELD_ENDPOINT,
        .flags = FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 128,
        .only = "node",
        .sample = "\"local:node-1a-link\"",
        .help = "Where the other member of the pair connects. Left out: local:NAME-link."},
    {.name = "inside",
        .type = FIELD_ENDPOINT,
        .flags = FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 128,
        .only = "node proxy",
        .sample = "\"local:node-1a\"",
        .help = "Where proxies connect to it. Left out: local:NAME."},
};

static const struct kind kinds[] = {
    {"location", "locations", location_fields, COUNT(location_fields),
        "A site: phones register there, applications run there. Its DNs belong to 256 slots by a hash of "
        "their "
        "numbers, and its pairs of nodes share the slots."},
    {"dn", "DNs", dn_fields, COUNT(dn_fields), "A directory number: what can call and be called."},
    {"person", "persons", person_fields, COUNT(person_fields), "Somebody who can log in."},
    {"application", "applications", application_fields, COUNT(application_fields),
        "One running instance of a role, and its options."},
};

_Static_assert(COUNT(kinds) <= KIND_MAX, "raise KIND_MAX");

size_t kind_number(const struct kind *k)
{
    return (size_t)(k - kinds);
}

const struct kind *kind_find(struct slice name)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (slice_equal(slice_text(kinds[i].name), name))
            return &kinds[i];
    return NULL;
}

const struct kind *kind_next(size_t *at)
{
    return *at < COUNT(kinds) ? &kinds[(*at)++] : NULL;
}
