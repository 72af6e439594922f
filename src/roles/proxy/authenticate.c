/* Who sends this? Everybody without good credentials gets the same answers, whether the DN exists or not. */
#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "sip/digest.h"
#include "sip/uri.h"
#include "world/network.h"

static bool is_offered(struct proxy *p, enum digest_algorithm a)
{
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    if (a == DIGEST_MD5)
        return true;
    return l != NULL && (a == DIGEST_SHA256 ? l->phones.sha256 : l->phones.sha512_256);
}

static void challenge(struct proxy *p, struct sip_transaction *t, const struct sip_message *m, bool stale)
{
    bool registrar = m->method == SIP_REGISTER;
    struct buffer out = sip_spare_take(&p->transactions);
    char nonce[DIGEST_NONCE];
    uint16_t status = registrar ? 401 : 407;
    enum sip_header_id header = registrar ? SIP_HEADER_WWW_AUTHENTICATE : SIP_HEADER_PROXY_AUTHENTICATE;
    digest_nonce(
        nonce, &p->hashes, slice_of(p->nonce_key, PROXY_KEY), slice_text(p->realm), world_now(p->world));
    sip_add_response_head(&out, m, status, SLICE(""), SLICE("edge"));
    /* The one that we prefer stands first (RFC 8760 2.4). */
    for (int a = DIGEST_ALGORITHMS - 1; a >= 0; a--) {
        if (!is_offered(p, (enum digest_algorithm)a))
            continue;
        buffer_add_text(&out, sip_header_name(header));
        buffer_add_text(&out, ": ");
        digest_add_challenge(&out, (enum digest_algorithm)a, slice_text(p->realm), slice_text(nonce), stale);
        buffer_add_text(&out, "\r\n");
    }
    sip_add_body(&out, SLICE(""), SLICE(""));
    sip_respond_once(t, buffer_slice(&out));
    sip_spare_give(&p->transactions, &out);
    world_count(p->world, COUNTER_CHALLENGES, 1);
}

/* The credentials for our realm, of the algorithms we know. */
static bool find_credentials(struct proxy *p, const struct sip_message *m, struct digest *d)
{
    enum sip_header_id id =
        m->method == SIP_REGISTER ? SIP_HEADER_AUTHORIZATION : SIP_HEADER_PROXY_AUTHORIZATION;
    for (size_t i = 0; i < m->header_count; i++)
        if (m->headers[i].id == id && digest_parse(d, m->headers[i].value, &p->arena) == 0 &&
            slice_equal(d->realm, slice_text(p->realm)))
            return true;
    return false;
}

/* The user that the request claims to be: To of a REGISTER, From otherwise. */
static bool claimed(struct slice *user, const struct sip_message *m, char room[CONFIG_NAME_MAX])
{
    struct sip_name_address a;
    struct sip_uri uri;
    return sip_name_address_parse(&a, m->method == SIP_REGISTER ? m->to : m->from) == 0 &&
           sip_uri_parse(&uri, a.uri) == 0 && sip_uri_user(user, &uri, room, CONFIG_NAME_MAX) == 0;
}

static bool claims(const struct sip_message *m, struct slice number)
{
    char room[CONFIG_NAME_MAX];
    struct slice user;
    return claimed(&user, m, room) && slice_equal(user, number);
}

/* The digest's uri is not held against the request's (RFC 7616 3.4.6): phones and proxies on the way write
 * them differently; what is overheard is good once at this proxy, and elsewhere until the nonce's end. */
static const struct config_dn *verify(
    struct proxy *p, const struct sip_message *m, const struct digest *d, struct slice *number)
{
    char ha1[CONFIG_HA1] = "00000000000000000000000000000000";
    const struct config_dn *dn = config_dn(world_configuration(p->world), d->username);
    *number = dn != NULL ? dn->number : SLICE("");
    bool known = dn != NULL && config_dn_ha1(ha1, dn, d->algorithm);
    /* also for nobody, and where there is no secret: the time it takes tells nothing */
    bool right = digest_verify_body(d, &p->hashes, m->method_name, slice_text(ha1), m->body);
    return right && known && !dn->disabled && claims(m, dn->number) ? dn : NULL;
}

/* Who comes from where somebody else has asked already is whom the request names. */
static bool is_unchallenged(struct proxy *p, const struct sip_target *from)
{
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    struct network n;
    for (size_t i = 0; l != NULL && from->address.family != 0 && i < l->unchallenged.count; i++)
        if (network_parse(&n, l->unchallenged.items[i]) == 0 && network_holds(&n, &from->address))
            return true;
    return false;
}

static const struct config_dn *named(struct proxy *p, const struct sip_message *m)
{
    char room[CONFIG_NAME_MAX];
    struct slice user;
    const struct config_dn *dn =
        claimed(&user, m, room) ? config_dn(world_configuration(p->world), user) : NULL;
    return dn != NULL && !dn->disabled ? dn : NULL;
}

const struct config_dn *proxy__authenticate(
    struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct digest d;
    struct slice number;
    if (is_unchallenged(p, &t->target)) {
        const struct config_dn *dn = named(p, m);
        if (dn == NULL)
            sip_respond_simple(t, 403, SLICE("edge"));
        else
            guard_proved(p, m, dn->number);
        return dn;
    }
    if (!find_credentials(p, m, &d)) {
        challenge(p, t, m, false);
        return NULL;
    }
    int error = digest_nonce_check(d.nonce, &p->hashes, slice_of(p->nonce_key, PROXY_KEY),
        slice_text(p->realm), world_now(p->world), timer_duration(TIMER_NONCE_LIFE));
    if (error != 0) {
        challenge(p, t, m, error == ERROR_STALE);
        return NULL;
    }
    const struct config_dn *dn = verify(p, m, &d, &number);
    if (dn == NULL) {
        guard_failed(p, number);
        world_count(p->world, COUNTER_DENIALS, 1);
        LOG(LOG_INFO, "proxy", "%.*s from %.*s is refused: wrong credentials", SLICE_ARG(m->method_name),
            SLICE_ARG(d.username));
        sip_respond_simple(t, 403, SLICE("edge"));
    } else if (!proxy__replay_is_new(p, d.nonce, number, d.count)) { /* or a phone that does not count */
        world_count(p->world, COUNTER_REPLAYS, 1);
        challenge(p, t, m, true);
        return NULL;
    } else {
        guard_proved(p, m, number);
    }
    return dn;
}
