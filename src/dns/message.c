/* Reading and writing messages (RFC 1035 4.1). */
#include "base/error.h"
#include "dns/dns.h"

#define HEAD 12  /* bytes of a message's header */
#define LABEL 63 /* bytes of a label */
#define JUMPS 16 /* that a name may take through the message */
#define CLASS_IN 1
#define FLAG_RESPONSE 0x8000U
#define FLAG_TRUNCATED 0x0200U
#define FLAG_RECURSE 0x0100U

/* ---- names ---- */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void lower_text(char *text)
{
    for (; *text != '\0'; text++)
        *text = lower(*text);
}

int dns_name_set(char to[DNS_NAME], struct slice text)
{
    size_t label = 0;
    if (slice_ends(text, SLICE(".")))
        text.length--;
    to[0] = '\0';
    if (text.length >= DNS_NAME)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '.' ? label == 0 || i + 1 == text.length : !is_name_byte(c) || label == LABEL)
            return ERROR_SYNTAX;
        label = c == '.' ? 0 : label + 1;
    }
    for (size_t i = 0; i < text.length; i++)
        to[i] = lower(text.data[i]);
    to[text.length] = '\0';
    return 0;
}

/* One label at `from` is added; *strange: it has bytes that no name of ours has. */
static int add_label(char to[DNS_NAME], size_t *length, struct slice label, bool *strange)
{
    if (*length + label.length + 1 >= DNS_NAME)
        return ERROR_SYNTAX;
    if (*length != 0)
        to[(*length)++] = '.';
    for (size_t i = 0; i < label.length; i++) {
        *strange = *strange || !is_name_byte(label.data[i]);
        to[(*length)++] = label.data[i];
    }
    return 0;
}

int dns_read_name(char to[DNS_NAME], struct slice message, size_t *at)
{
    size_t from = *at, length = 0;
    bool strange = false, jumped = false;
    unsigned jumps = 0;
    to[0] = '\0';
    for (;;) {
        if (from >= message.length)
            return ERROR_SYNTAX;
        unsigned head = (unsigned char)message.data[from++];
        if (head == 0)
            break;
        if (head >= 0xc0) { /* RFC 1035 4.1.4: backwards only, so that it ends; and not for long */
            if (from >= message.length || ++jumps > JUMPS)
                return ERROR_SYNTAX;
            size_t to_there = (head & 0x3fU) << 8 | (unsigned char)message.data[from];
            if (to_there >= from - 1)
                return ERROR_SYNTAX;
            if (!jumped)
                *at = from + 1;
            jumped = true;
            from = to_there;
            continue;
        }
        if (head > LABEL || from + head > message.length ||
            add_label(to, &length, slice_of(message.data + from, head), &strange) != 0)
            return ERROR_SYNTAX;
        from += head;
    }
    to[length] = '\0';
    if (!jumped)
        *at = from;
    return strange ? ERROR_UNSUPPORTED : 0;
}

void dns_add_u16(struct buffer *out, unsigned number)
{
    buffer_add_byte(out, (char)(number >> 8));
    buffer_add_byte(out, (char)number);
}

void dns_add_u32(struct buffer *out, uint32_t number)
{
    dns_add_u16(out, number >> 16);
    dns_add_u16(out, number & 0xffff);
}

int dns_add_name(struct buffer *out, struct slice name)
{
    char good[DNS_NAME];
    struct slice label;
    if (dns_name_set(good, name) != 0)
        return ERROR_SYNTAX;
    if (slice_ends(name, SLICE(".")))
        name.length--;
    while (!slice_empty(name) && slice_cut(&name, '.', &label)) { /* the root has no labels */
        buffer_add_byte(out, (char)label.length);
        buffer_add(out, label);
    }
    buffer_add_byte(out, '\0');
    return 0;
}

int dns_add_question(struct buffer *out, uint16_t id, struct slice name, enum dns_type type)
{
    dns_add_u16(out, id);
    dns_add_u16(out, FLAG_RECURSE);
    dns_add_u16(out, 1);
    dns_add_u16(out, 0);
    dns_add_u16(out, 0);
    dns_add_u16(out, 1);
    int error = dns_add_name(out, name);
    dns_add_u16(out, type);
    dns_add_u16(out, CLASS_IN);
    buffer_add_byte(out, '\0'); /* the root's OPT record (RFC 6891 6.1.2) */
    dns_add_u16(out, DNS_TYPE_OPT);
    dns_add_u16(out, DNS_UDP);
    dns_add_u32(out, 0);
    dns_add_u16(out, 0);
    return error;
}

/* ---- records ---- */

struct reader {
    struct slice bytes;
    size_t at;
    bool bad; /* it went past the end */
};

static uint32_t read_number(struct reader *r, unsigned bytes)
{
    uint32_t number = 0;
    if (r->bytes.length - r->at < bytes) {
        r->bad = true;
        r->at = r->bytes.length;
        return 0;
    }
    while (bytes-- != 0)
        number = number << 8 | (unsigned char)r->bytes.data[r->at++];
    return number;
}

/* A character-string (RFC 1035 3.3); false: it does not fit, and the record is of no use. */
static bool read_text(char *to, size_t size, struct reader *r)
{
    size_t length = read_number(r, 1);
    if (r->bytes.length - r->at < length) {
        r->bad = true;
        return false;
    }
    struct slice text = slice_of(r->bytes.data + r->at, length);
    r->at += length;
    if (to == NULL)
        return length == 0;
    if (length >= size || memchr(text.data, '\0', length) != NULL)
        return false;
    slice_put(to, text);
    to[length] = '\0';
    lower_text(to);
    return true;
}

static bool read_target(char to[DNS_NAME], struct reader *r)
{
    int error = dns_read_name(to, r->bytes, &r->at);
    if (error == ERROR_SYNTAX)
        r->bad = true;
    lower_text(to);
    return error == 0;
}

static bool read_address(struct dns_record *d, struct reader *r, size_t length)
{
    if (length != (d->type == DNS_TYPE_A ? 4U : 16U))
        return false;
    d->address.family = d->type == DNS_TYPE_A ? 4 : 6;
    memcpy(d->address.ip, r->bytes.data + r->at, length);
    r->at += length;
    return true;
}

static bool read_naptr(struct dns_record *d, struct reader *r)
{
    d->priority = (uint16_t)read_number(r, 2);
    d->weight = (uint16_t)read_number(r, 2);
    bool fits = read_text(d->flags, sizeof d->flags, r);
    fits = read_text(d->service, sizeof d->service, r) && fits;
    fits = read_text(NULL, 0, r) && fits; /* with an expression it is not for SIP (RFC 3263 4.1) */
    return read_target(d->target, r) && fits;
}

/* What only its data say; false: of no use to us. `end` is where they end. */
static bool read_data(struct dns_record *d, struct reader *r, size_t end)
{
    char unused[DNS_NAME];
    switch (d->type) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
        return read_address(d, r, end - r->at);
    case DNS_TYPE_CNAME:
        return read_target(d->target, r);
    case DNS_TYPE_SRV:
        d->priority = (uint16_t)read_number(r, 2);
        d->weight = (uint16_t)read_number(r, 2);
        d->port = (uint16_t)read_number(r, 2);
        return read_target(d->target, r);
    case DNS_TYPE_NAPTR:
        return read_naptr(d, r);
    case DNS_TYPE_SOA: /* RFC 2308 5: the lesser of its own TTL and its last field */
        if (dns_read_name(unused, r->bytes, &r->at) == ERROR_SYNTAX ||
            dns_read_name(unused, r->bytes, &r->at) == ERROR_SYNTAX)
            r->bad = true;
        for (int i = 0; i < 5; i++) {
            uint32_t number = read_number(r, 4);
            if (i == 4 && number < d->ttl)
                d->ttl = number;
        }
        return true;
    default:
        r->at = end;
        return false;
    }
}

/* 1: *d is a record that we know; 0: it is of no use; ERROR_SYNTAX. */
static int read_record(struct dns_record *d, struct reader *r)
{
    *d = (struct dns_record){.type = 0};
    int named = dns_read_name(d->name, r->bytes, &r->at);
    if (named == ERROR_SYNTAX)
        return ERROR_SYNTAX;
    lower_text(d->name);
    d->type = (uint16_t)read_number(r, 2);
    unsigned class = read_number(r, 2);
    d->ttl = read_number(r, 4);
    if (d->ttl > INT32_MAX) /* RFC 2181 8 */
        d->ttl = 0;
    size_t length = read_number(r, 2), end = r->at + length;
    if (r->bad || end > r->bytes.length)
        return ERROR_SYNTAX;
    if (class != CLASS_IN || named != 0) {
        r->at = end;
        return 0;
    }
    bool useful = read_data(d, r, end);
    if (r->bad || r->at > end)
        return ERROR_SYNTAX;
    bool exact = r->at == end;
    r->at = end;
    return useful && exact ? 1 : 0;
}

static int read_records(struct dns_message *m, struct reader *r, unsigned count)
{
    struct dns_record d;
    for (unsigned i = 0; i < count; i++) {
        int got = read_record(&d, r);
        if (got < 0)
            return got;
        if (got == 1 && m->count < DNS_RECORDS)
            m->records[m->count++] = d;
    }
    return 0;
}

int dns_parse(struct dns_message *m, struct slice bytes, struct arena *arena)
{
    struct reader r = {.bytes = bytes};
    *m = (struct dns_message){.id = (uint16_t)read_number(&r, 2)};
    unsigned flags = read_number(&r, 2), counts[4];
    m->is_response = (flags & FLAG_RESPONSE) != 0;
    m->truncated = (flags & FLAG_TRUNCATED) != 0;
    m->code = flags & 15U;
    for (int i = 0; i < 4; i++)
        counts[i] = read_number(&r, 2);
    if (r.bad || bytes.length < HEAD || counts[0] != 1 || dns_read_name(m->question, bytes, &r.at) != 0)
        return ERROR_SYNTAX;
    m->type = (uint16_t)read_number(&r, 2);
    if (read_number(&r, 2) != CLASS_IN || r.bad)
        return ERROR_SYNTAX;
    if (m->truncated) /* what there is of it may end anywhere */
        return 0;
    m->records = arena_alloc(arena, DNS_RECORDS * sizeof *m->records);
    int error = read_records(m, &r, counts[1]);
    m->answers = m->count;
    if (error == 0)
        error = read_records(m, &r, counts[2] + counts[3]);
    return error;
}
