/* What of a row is copied with it, and written to files. Members keep their place for ever. */
#include "config/config_int.h"

static const struct row_member cluster_members[] = {
    ROW_MEMBER_TEXT(struct config_cluster, name),
    ROW_MEMBER_BYTES(struct config_cluster, phones.sha256),
    ROW_MEMBER_BYTES(struct config_cluster, phones.register_standard),
    ROW_MEMBER_BYTES(struct config_cluster, phones.register_shortest),
    ROW_MEMBER_BYTES(struct config_cluster, phones.register_longest),
    ROW_MEMBER_LIST(struct config_cluster, log),
};
static const struct row_member location_members[] = {
    ROW_MEMBER_TEXT(struct said_location, row.name),
    ROW_MEMBER_TEXT(struct said_location, row.realm),
    ROW_MEMBER_BYTES(struct said_location, says_sha256),
    ROW_MEMBER_BYTES(struct said_location, row.phones.sha256),
    ROW_MEMBER_BYTES(struct said_location, row.phones.register_standard),
    ROW_MEMBER_BYTES(struct said_location, row.phones.register_shortest),
    ROW_MEMBER_BYTES(struct said_location, row.phones.register_longest),
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
};

const struct row_shape *config__shape(const struct kind *k)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (shapes[i].kind == k)
            return &shapes[i].shape;
    return NULL;
}
