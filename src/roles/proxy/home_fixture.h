/* The location "home" as tests and fuzz targets know it: a proxy with all its listeners, a node, two DNs. */
#ifndef TANDEM_ROLES_PROXY_HOME_FIXTURE_H
#define TANDEM_ROLES_PROXY_HOME_FIXTURE_H

#include "config/builder.h"

static inline void home_fixture(struct config_builder *b, struct config_location home)
{
    struct slice listen[] = {SLICE("udp:127.0.0.1:5060"), SLICE("tcp:127.0.0.1:5060"),
        SLICE("tls:127.0.0.1:5061"), SLICE("ws:127.0.0.1:5062"), SLICE("wss:127.0.0.1:7443"),
        SLICE("udp:[::1]:5060")};
    home.name = SLICE("home");
    config_builder_location(b, &home);
    config_builder_application(b,
        &(struct config_application){.name = SLICE("proxy-1"),
            .role = CONFIG_ROLE_PROXY,
            .listen = {listen, sizeof listen / sizeof listen[0]},
            .inside = SLICE("local:proxy-1")},
        SLICE("home"));
    config_builder_application(b,
        &(struct config_application){.name = SLICE("node-1a"),
            .pair = SLICE("node-1"),
            .role = CONFIG_ROLE_NODE,
            .link = SLICE("local:link"),
            .inside = SLICE("local:node-1a")},
        SLICE("home"));
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret 1"));
    config_builder_dn(b, SLICE("1002"), SLICE("home"), SLICE("secret 2"));
}

#endif
