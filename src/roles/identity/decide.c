/* What becomes of a member: nothing here asks anybody. `member` is the object as the role config gave it; it
 * is changed in place, and `changed` says whether it is to be written. */
#include <openssl/crypto.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/kind.h"
#include "roles/identity/identity_int.h"

#define STATE(e) field_word(kind_member_state_words, identity__text((e)->member, "state"))

static bool refuse(struct identity_refusal *r, unsigned status, int error, const char *sentence)
{
    *r = (struct identity_refusal){status, error, sentence};
    return false;
}

static void set_text(struct errand *e, const char *field, struct slice text)
{
    json_object_set_new(e->member, field, json_stringn(text.data, text.length));
    e->changed = true;
}

static void set_number(struct errand *e, const char *field, int64_t number)
{
    json_object_set_new(e->member, field, json_integer((json_int_t)number));
    e->changed = true;
}

/* null and not nothing: a secret that is left out stays. */
static void remove_field(struct errand *e, const char *field)
{
    json_object_set_new(e->member, field, json_null());
    e->changed = true;
}

static void set_state(struct errand *e, enum config_member_state state)
{
    set_text(e, "state", slice_text(kind_member_state_words[state]));
}

static void set_version(struct errand *e)
{
    json_object_set_new(e->member, "version", json_integer((json_int_t)e->version));
}

/* ---- a request ---- */

/* A code is good for one name, once, for an hour. Every failure sounds the same. */
static bool check_code(const struct errand *e, int64_t now, struct identity_refusal *r)
{
    struct slice kept = identity__text(e->member, "code"), given = identity__text(e->checked, "code");
    if (!slice_empty(kept) && kept.length == given.length &&
        CRYPTO_memcmp(kept.data, given.data, kept.length) == 0 &&
        now < identity__number(e->member, "code_ends_at"))
        return true;
    return refuse(r, 403, ERROR_DENIED,
        "the code is not good for this name: it is wrong, was used, or has ended; an administrator makes "
        "another by "
        "tandem code NAME");
}

static size_t open_requests(const struct configuration *c)
{
    const struct config_member *m;
    size_t count = 0;
    for (size_t at = 0; (m = config_next_member(c, &at)) != NULL;)
        count += m->state == CONFIG_MEMBER_NEW && m->requests;
    return count;
}

/* Without a code nobody gets a name that is somebody's. */
static bool check_free(struct errand *e, struct identity_refusal *r)
{
    bool asks = !slice_empty(identity__text(e->member, "request"));
    if (e->version != 0 && STATE(e) == CONFIG_MEMBER_TRUSTED)
        return refuse(r, 409, ERROR_EXISTS,
            "a trusted member has this name; choose another, or join with a code that an administrator makes "
            "by "
            "tandem code NAME");
    if (e->version != 0 && STATE(e) == CONFIG_MEMBER_NEW && asks)
        return refuse(
            r, 409, ERROR_EXISTS, "another machine asks for this name already; choose another by --name");
    if (open_requests(world_configuration(e->identity->world)) >= IDENTITY_OPEN)
        return refuse(r, 503, ERROR_OVERLOADED,
            "too many requests wait for an administrator; he trusts or deletes some, or makes a code for "
            "this one");
    return true;
}

static bool decide_enrol(struct errand *e, int64_t now, const uint64_t chance[2], struct identity_refusal *r)
{
    static const char *const gone[] = {
        "certificate", "serial", "serial_before", "ends_at", "code", "code_ends_at"};
    struct slice fingerprint = identity__text(e->checked, "fingerprint");
    bool has_code = !slice_empty(e->code);
    char id[IDENTITY_ID + 1];
    if (has_code && !check_code(e, now, r))
        return false;
    if (!has_code && e->version != 0 && STATE(e) != CONFIG_MEMBER_REVOKED &&
        slice_equal(identity__text(e->member, "fingerprint"), fingerprint))
        return true; /* the same key once more: its answer was lost, perhaps it is trusted by now */
    if (!has_code && !check_free(e, r))
        return false;
    /* A code that waits for its machine outlives a request without one. */
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        if (has_code || strncmp(gone[i], "code", 4) != 0)
            remove_field(e, gone[i]);
    snprintf(id, sizeof id, "%016llx%016llx", (unsigned long long)chance[0], (unsigned long long)chance[1]);
    set_version(e);
    set_state(e, has_code ? CONFIG_MEMBER_TRUSTED : CONFIG_MEMBER_NEW);
    e->id = arena_copy(&e->arena, slice_of(id, IDENTITY_ID));
    set_text(e, "instance_id", e->id);
    set_text(e, "fingerprint", fingerprint);
    set_text(e, "request", e->request);
    set_text(e, "address", e->source);
    set_number(e, "requested_at", now);
    if (!slice_empty(e->location))
        set_text(e, "location", e->location);
    return true;
}

/* ---- with a signature ---- */

bool identity__timely(struct errand *e, int64_t now, struct identity_refusal *r)
{
    int64_t off = e->at > now ? e->at - now : now - e->at;
    const struct seen *seen = map_get(&e->identity->seen, e->id);
    if (!slice_equal(identity__text(e->member, "instance_id"), e->id))
        return refuse(r, 404, ERROR_MISSING, "there is no such enrolment");
    if (off > timer_duration(TIMER_IDENTITY_CLOCK))
        return refuse(r, 401, ERROR_UNAUTHENTICATED,
            "the time of the signature is not ours; sign again with the time that this answer says");
    if (seen != NULL && e->at <= seen->at)
        return refuse(r, 401, ERROR_UNAUTHENTICATED, "this signature was used before; sign again");
    return true;
}

void identity__remember(struct errand *e)
{
    struct identity *i = e->identity;
    struct seen *seen = map_get(&i->seen, e->id);
    if (e->id.length != IDENTITY_ID)
        return;
    if (seen == NULL && map_count(&i->seen) >= IDENTITY_SEEN) {
        size_t at = 0;
        struct seen *oldest = map_next(&i->seen, &at);
        map_remove(&i->seen, slice_of(oldest->id, IDENTITY_ID));
        mem_free(oldest);
    }
    if (seen == NULL) {
        seen = mem_zero(sizeof *seen);
        slice_put(seen->id, e->id);
        snprintf(seen->name, sizeof seen->name, "%.*s", SLICE_ARG(e->name));
        map_put(&i->seen, slice_of(seen->id, IDENTITY_ID), seen);
    }
    seen->at = e->at > seen->at ? e->at : seen->at;
}

static bool check_trusted(struct errand *e, struct identity_refusal *r)
{
    return STATE(e) != CONFIG_MEMBER_REVOKED ||
           refuse(
               r, 403, ERROR_DENIED, "this member was revoked; let the machine join again, with a new key");
}

static bool decide_fetch(struct errand *e, struct identity_refusal *r)
{
    e->changed = STATE(e) == CONFIG_MEMBER_TRUSTED && slice_empty(identity__text(e->member, "request")) &&
                 !slice_empty(identity__text(e->member, "certificate"));
    return check_trusted(e, r);
}

static bool decide_renew(struct errand *e, int64_t now, struct identity_refusal *r)
{
    struct slice fingerprint = identity__text(e->checked, "fingerprint");
    if (!check_trusted(e, r))
        return false;
    if (STATE(e) != CONFIG_MEMBER_TRUSTED || slice_empty(identity__text(e->member, "certificate")))
        return refuse(r, 409, ERROR_CONFLICT, "this member has no certificate yet that could be renewed");
    if (identity__number(e->member, "ends_at") <= now)
        return refuse(r, 403, ERROR_DENIED, "the certificate has ended; let the machine join again");
    if (slice_equal(identity__text(e->member, "fingerprint"), fingerprint))
        return slice_equal(identity__text(e->member, "request"), e->request) ||
               refuse(r, 409, ERROR_CONFLICT, "a new certificate needs a new key");
    set_version(e);
    set_text(e, "fingerprint", fingerprint);
    set_text(e, "request", e->request);
    set_text(e, "address", e->source);
    set_number(e, "requested_at", now);
    return true;
}

/* ---- an administrator's wish ---- */

static bool decide_trust(struct errand *e, struct identity_refusal *r)
{
    struct slice fingerprint = identity__text(e->member, "fingerprint");
    if (STATE(e) == CONFIG_MEMBER_REVOKED)
        return refuse(
            r, 409, ERROR_CONFLICT, "this member was revoked; let the machine join again, with a new key");
    if (slice_empty(fingerprint))
        return refuse(r, 409, ERROR_CONFLICT, "its machine has not asked yet; there is nothing to trust");
    if (!slice_empty(e->fingerprint) && !slice_equal(fingerprint, e->fingerprint))
        return refuse(r, 409, ERROR_CONFLICT,
            "its key has another fingerprint: this is not the request that you mean; nothing was changed");
    if (STATE(e) == CONFIG_MEMBER_NEW)
        set_state(e, CONFIG_MEMBER_TRUSTED);
    return true;
}

static bool decide_revoke(struct errand *e)
{
    if (STATE(e) == CONFIG_MEMBER_REVOKED)
        return true;
    set_state(e, CONFIG_MEMBER_REVOKED);
    remove_field(e, "request");
    remove_field(e, "code");
    remove_field(e, "code_ends_at");
    return true;
}

static bool decide_code(struct errand *e, int64_t now)
{
    set_version(e);
    set_text(e, "code", identity__text(e->made, "hash"));
    set_number(e, "code_ends_at", now + timer_duration(TIMER_IDENTITY_CODE));
    return true;
}

/* ---- a certificate ---- */

static bool decide_sign(struct errand *e)
{
    struct slice before = identity__text(e->member, "serial");
    if (STATE(e) != CONFIG_MEMBER_TRUSTED || slice_empty(identity__text(e->member, "request")))
        return true; /* somebody else was faster */
    e->changed = true;
    if (e->made == NULL)
        return true; /* it is to be signed */
    if (!slice_empty(before))
        set_text(e, "serial_before", before);
    set_text(e, "serial", identity__text(e->made, "serial"));
    set_text(e, "fingerprint", identity__text(e->made, "fingerprint"));
    set_text(e, "certificate", identity__text(e->made, "certificate"));
    set_number(e, "ends_at", identity__number(e->made, "ends_at"));
    remove_field(e, "request");
    return true;
}

/* Where the authority's key is, one's own certificate is as good as its word. */
static bool decide_self(struct errand *e)
{
    static const char *const fields[] = {"certificate", "serial", "fingerprint"};
    struct slice before = identity__text(e->member, "serial");
    if (STATE(e) == CONFIG_MEMBER_REVOKED)
        return true; /* an administrator has said so; it is no machine's to change that */
    if (slice_equal(before, identity__text(e->made, "serial")) && STATE(e) == CONFIG_MEMBER_TRUSTED)
        return true;
    set_version(e);
    set_state(e, CONFIG_MEMBER_TRUSTED);
    if (!slice_empty(before))
        set_text(e, "serial_before", before);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        set_text(e, fields[i], identity__text(e->made, fields[i]));
    set_number(e, "ends_at", identity__number(e->made, "ends_at"));
    remove_field(e, "request");
    return true;
}

bool identity__decide(struct errand *e, int64_t now, const uint64_t chance[2], struct identity_refusal *r)
{
    switch (e->kind) {
    case IDENTITY_ENROL:
        return decide_enrol(e, now, chance, r);
    case IDENTITY_FETCH:
        return decide_fetch(e, r);
    case IDENTITY_RENEW:
        return decide_renew(e, now, r);
    case IDENTITY_TRUST:
        return decide_trust(e, r);
    case IDENTITY_REVOKE:
        return decide_revoke(e);
    case IDENTITY_CODE:
        return decide_code(e, now);
    case IDENTITY_SELF:
        return decide_self(e);
    default:
        return decide_sign(e);
    }
}
