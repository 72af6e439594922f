/* What of a row is copied with it, and written to files. Members keep their place for ever. */
#include "config/config_int.h"

static const struct row_member cluster_members[] = {
    ROW_MEMBER_TEXT(struct config_cluster, name),
    ROW_MEMBER_BYTES(struct config_cluster, phones.sha256),
    ROW_MEMBER_BYTES(struct config_cluster, phones.register_standard),
    ROW_MEMBER_BYTES(struct config_cluster, phones.register_shortest),
    ROW_MEMBER_BYTES(struct config_cluster, phones.register_longest),
    ROW_MEMBER_LIST(struct config_cluster, log),
    ROW_MEMBER_BYTES(struct config_cluster, phones.sha512_256),
};
static const struct row_member location_members[] = {
    ROW_MEMBER_TEXT(struct said_location, row.name),
    ROW_MEMBER_TEXT(struct said_location, row.realm),
    ROW_MEMBER_BYTES(struct said_location, says_sha256),
    ROW_MEMBER_BYTES(struct said_location, row.phones.sha256),
    ROW_MEMBER_BYTES(struct said_location, row.phones.register_standard),
    ROW_MEMBER_BYTES(struct said_location, row.phones.register_shortest),
    ROW_MEMBER_BYTES(struct said_location, row.phones.register_longest),
    ROW_MEMBER_LIST(struct said_location, row.networks),
    ROW_MEMBER_LIST(struct said_location, row.unchallenged),
    ROW_MEMBER_BYTES(struct said_location, row.dial_rate),
    ROW_MEMBER_BYTES(struct said_location, row.dial),
    ROW_MEMBER_BYTES(struct said_location, row.guard.strangers),
    ROW_MEMBER_BYTES(struct said_location, row.guard.strangers_all),
    ROW_MEMBER_BYTES(struct said_location, row.guard.phone),
    ROW_MEMBER_BYTES(struct said_location, row.guard.work),
    ROW_MEMBER_BYTES(struct said_location, row.guard.streams),
    ROW_MEMBER_BYTES(struct said_location, row.guard.unanswered),
    ROW_MEMBER_BYTES(struct said_location, row.guard.ban_credentials),
    ROW_MEMBER_BYTES(struct said_location, row.guard.ban_malformed),
    ROW_MEMBER_BYTES(struct said_location, row.guard.ban_seconds),
    ROW_MEMBER_BYTES(struct said_location, row.guard.calls),
    ROW_MEMBER_BYTES(struct said_location, row.guard.transactions),
    ROW_MEMBER_BYTES(struct said_location, row.guard.alarm_failures),
    ROW_MEMBER_BYTES(struct said_location, row.guard.alarm_addresses),
    ROW_MEMBER_BYTES(struct said_location, row.guard.alarm_calls),
    ROW_MEMBER_BYTES(struct said_location, row.guard.silent),
    ROW_MEMBER_LIST(struct said_location, row.scanners),
    ROW_MEMBER_LIST(struct said_location, row.domains),
    ROW_MEMBER_LIST(struct said_location, row.passing.headers),
    ROW_MEMBER_LIST(struct said_location, row.passing.denied),
    ROW_MEMBER_LIST(struct said_location, row.passing.bodies),
    ROW_MEMBER_LIST(struct said_location, row.passing.attributes),
    ROW_MEMBER_BYTES(struct said_location, row.trace.memory),
    ROW_MEMBER_BYTES(struct said_location, row.trace.hep_id),
    ROW_MEMBER_BYTES(struct said_location, row.trace.hep_port),
    ROW_MEMBER_TEXT(struct said_location, row.trace.hep_host),
    ROW_MEMBER_TEXT(struct said_location, row.trace.hep_password),
    ROW_MEMBER_BYTES(struct said_location, says_sha512_256),
    ROW_MEMBER_BYTES(struct said_location, row.phones.sha512_256),
    ROW_MEMBER_BYTES(struct said_location, row.guard.node_calls),
    ROW_MEMBER_BYTES(struct said_location, row.guard.streams_all),
    ROW_MEMBER_BYTES(struct said_location, row.guard.stream_idle),
};
static const struct row_member dn_members[] = {
    ROW_MEMBER_TEXT(struct config_dn, number),
    ROW_MEMBER_TEXT(struct config_dn, name),
    ROW_MEMBER_BYTES(struct config_dn, ha1_md5),
    ROW_MEMBER_BYTES(struct config_dn, ha1_sha256),
    ROW_MEMBER_BYTES(struct config_dn, place),
    ROW_MEMBER_BYTES(struct config_dn, kind),
    ROW_MEMBER_BYTES(struct config_dn, slot),
    ROW_MEMBER_BYTES(struct config_dn, disabled),
    ROW_MEMBER_BYTES(struct config_dn, digests),
    ROW_MEMBER_BYTES(struct config_dn, dial),
    ROW_MEMBER_BYTES(struct config_dn, ha1_sha512_256),
};
static const struct row_member member_members[] = {
    ROW_MEMBER_TEXT(struct said_member, row.name),
    ROW_MEMBER_TEXT(struct said_member, row.instance_id),
    ROW_MEMBER_TEXT(struct said_member, row.serial),
    ROW_MEMBER_TEXT(struct said_member, row.serial_before),
    ROW_MEMBER_BYTES(struct said_member, row.ends_at),
    ROW_MEMBER_BYTES(struct said_member, row.state),
    ROW_MEMBER_BYTES(struct said_member, row.requests),
    ROW_MEMBER_TEXT(struct said_member, location),
};
static const struct row_member person_members[] = {
    ROW_MEMBER_TEXT(struct config_person, name),
    ROW_MEMBER_TEXT(struct config_person, display_name),
    ROW_MEMBER_TEXT(struct config_person, password),
    ROW_MEMBER_BYTES(struct config_person, role),
    ROW_MEMBER_BYTES(struct config_person, disabled),
};
static const struct row_member application_members[] = {
    ROW_MEMBER_TEXT(struct said_application, row.name),
    ROW_MEMBER_TEXT(struct said_application, row.pair),
    ROW_MEMBER_LIST(struct said_application, row.listen),
    ROW_MEMBER_TEXT(struct said_application, row.link),
    ROW_MEMBER_TEXT(struct said_application, row.inside),
    ROW_MEMBER_BYTES(struct said_application, row.role),
    ROW_MEMBER_TEXT(struct said_application, location),
    ROW_MEMBER_TEXT(struct said_application, row.member),
};
static const struct row_member trunk_group_members[] = {
    ROW_MEMBER_TEXT(struct config_trunk_group, name),
    ROW_MEMBER_BYTES(struct config_trunk_group, capacity),
};
static const struct row_member trunk_members[] = {
    ROW_MEMBER_TEXT(struct said_trunk, row.name),
    ROW_MEMBER_TEXT(struct said_trunk, location),
    ROW_MEMBER_TEXT(struct said_trunk, group),
    ROW_MEMBER_TEXT(struct said_trunk, row.host),
    ROW_MEMBER_LIST(struct said_trunk, row.networks),
    ROW_MEMBER_TEXT(struct said_trunk, row.certificate_name),
    ROW_MEMBER_TEXT(struct said_trunk, row.domain),
    ROW_MEMBER_TEXT(struct said_trunk, row.user),
    ROW_MEMBER_TEXT(struct said_trunk, row.secret),
    ROW_MEMBER_LIST(struct said_trunk, row.realms),
    ROW_MEMBER_TEXT(struct said_trunk, row.caller_prefix),
    ROW_MEMBER_BYTES(struct said_trunk, row.capacity),
    ROW_MEMBER_BYTES(struct said_trunk, row.rate),
    ROW_MEMBER_BYTES(struct said_trunk, row.register_expires),
    ROW_MEMBER_BYTES(struct said_trunk, row.options_interval),
    ROW_MEMBER_BYTES(struct said_trunk, row.port),
    ROW_MEMBER_BYTES(struct said_trunk, row.order),
    ROW_MEMBER_BYTES(struct said_trunk, row.weight),
    ROW_MEMBER_BYTES(struct said_trunk, row.transport),
    ROW_MEMBER_BYTES(struct said_trunk, row.trusted),
    ROW_MEMBER_BYTES(struct said_trunk, row.registers),
    ROW_MEMBER_BYTES(struct said_trunk, row.disabled),
    ROW_MEMBER_LIST(struct said_trunk, row.denied),
};
static const struct row_member dial_rule_members[] = {
    ROW_MEMBER_TEXT(struct said_dial_rule, row.name),
    ROW_MEMBER_TEXT(struct said_dial_rule, location),
    ROW_MEMBER_TEXT(struct said_dial_rule, trunk),
    ROW_MEMBER_TEXT(struct said_dial_rule, group),
    ROW_MEMBER_TEXT(struct said_dial_rule, row.prefix),
    ROW_MEMBER_TEXT(struct said_dial_rule, row.add),
    ROW_MEMBER_BYTES(struct said_dial_rule, row.shortest),
    ROW_MEMBER_BYTES(struct said_dial_rule, row.longest),
    ROW_MEMBER_BYTES(struct said_dial_rule, row.strip),
    ROW_MEMBER_BYTES(struct said_dial_rule, row.out),
    ROW_MEMBER_BYTES(struct said_dial_rule, row.needs),
};

static const struct row_member ban_members[] = {
    ROW_MEMBER_TEXT(struct config_ban, name),
    ROW_MEMBER_TEXT(struct config_ban, network),
    ROW_MEMBER_TEXT(struct config_ban, location),
    ROW_MEMBER_TEXT(struct config_ban, why),
    ROW_MEMBER_BYTES(struct config_ban, until),
};

#define SHAPE(members, structure)                                                                            \
    {                                                                                                        \
        members, KIND_FIELDS(members), sizeof(structure)                                                     \
    }
static const struct {
    const struct kind *kind;
    struct row_shape shape;
} shapes[] = {
    {&kind_cluster, SHAPE(cluster_members, struct config_cluster)},
    {&kind_location, SHAPE(location_members, struct said_location)},
    {&kind_member, SHAPE(member_members, struct said_member)},
    {&kind_dn, SHAPE(dn_members, struct config_dn)},
    {&kind_person, SHAPE(person_members, struct config_person)},
    {&kind_application, SHAPE(application_members, struct said_application)},
    {&kind_trunk_group, SHAPE(trunk_group_members, struct config_trunk_group)},
    {&kind_trunk, SHAPE(trunk_members, struct said_trunk)},
    {&kind_dial_rule, SHAPE(dial_rule_members, struct said_dial_rule)},
    {&kind_ban, SHAPE(ban_members, struct config_ban)},
};

const struct row_shape *config__shape(const struct kind *k)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (shapes[i].kind == k)
            return &shapes[i].shape;
    return NULL;
}
