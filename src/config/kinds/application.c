#include "config/kind.h"

const char *const kind_role_words[] = {"proxy", "node", "history", "config", "session", "control", NULL};

static const struct field fields[] = {
    FIELD_KEY("name", 32, "\"node-1a\"", "Name of the instance, unique in the cluster."),
    {.name = "role",
        .type = FIELD_CHOICE,
        .flags = FIELD_REQUIRED | FIELD_AT_LOGIN,
        .words = kind_role_words,
        .sample = "\"node\"",
        .help = "What the instance does."},
    FIELD_LOCATION(FIELD_REQUIRED | FIELD_AT_LOGIN, "Where it runs."),
    {.name = "member",
        .type = FIELD_REFERENCE,
        .minimum = 1,
        .maximum = 32,
        .refers = "member",
        .sample = "\"host-1\"",
        .help = "The process of a cluster that runs it: the one whose start file has this name. Left out: "
                "processes without a name run it. A change moves it at once."},
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
        .sample = "[\"udp:192.0.2.1:5060\", \"tcp:192.0.2.1:5060\", \"tls:192.0.2.1:5061\"]",
        .help =
            "Where it listens: proxies for SIP (udp, tcp, tls, ws, wss), sessions for HTTPS. Behind tls and "
            "wss a "
            "name may stand: /NAME, or /* for any, and the other side has to show a certificate. Left out: "
            "as the start file says."},
    {.name = "link",
        .type = FIELD_ENDPOINT,
        .flags = FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 128,
        .only = "node",
        .sample = "\"local:node-1a-link\"",
        .help = "Where the other member of the pair connects. Left out: local:NAME-link. Between members of "
                "a cluster: tls:ADDRESS:PORT."},
    {.name = "inside",
        .type = FIELD_ENDPOINT,
        .flags = FIELD_AT_LOGIN,
        .minimum = 1,
        .maximum = 128,
        .only = "node proxy",
        .sample = "\"local:node-1a\"",
        .help = "Where proxies connect to it. Left out: local:NAME. Between members of a cluster: "
                "tls:ADDRESS:PORT."},
    {.name = "public",
        .type = FIELD_TEXT,
        .flags = FIELD_LIST,
        .minimum = 1,
        .maximum = 64,
        .only = "proxy",
        .sample = "[\"203.0.113.1\", \"2001:db8::1\"]",
        .help =
            "IP addresses by which phones and carriers reach it: what tandem zone prints. Left out: those it "
            "listens on."},
};

const struct kind kind_application = {"application", "applications", fields, KIND_FIELDS(fields),
    "One running instance of a role, and its options."};
