#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

bool text_header(struct text m, const char *name, size_t *at, struct text *value)
{
    size_t length = strlen(name);
    const char *end = m.data + m.length;
    for (const char *p = m.data + *at; p < end;) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        if (line == NULL || line - p < 2)
            break;
        if ((size_t)(line - p) > length + 1 && p[length] == ':' && memcmp(p, name, length) == 0) {
            const char *begin = p + length + 1;
            while (*begin == ' ')
                begin++;
            *value = (struct text){begin, (size_t)(line - 1 - begin)};
            *at = (size_t)(line + 1 - m.data);
            return true;
        }
        p = line + 1;
    }
    return false;
}

struct text text_uri(struct text value)
{
    const char *begin = memchr(value.data, '<', value.length);
    const char *end = memchr(value.data, '>', value.length);
    if (begin == NULL || end == NULL || end < begin)
        return value;
    return (struct text){begin + 1, (size_t)(end - begin - 1)};
}

bool text_between(struct text all, const char *before, char after, struct text *value)
{
    const char *begin = memmem(all.data, all.length, before, strlen(before));
    if (begin == NULL)
        return false;
    begin += strlen(before);
    const char *end = memchr(begin, after, (size_t)(all.data + all.length - begin));
    if (end == NULL)
        return false;
    *value = (struct text){begin, (size_t)(end - begin)};
    return true;
}

unsigned text_status(struct text m)
{
    return m.length > 12 && memcmp(m.data, "SIP/2.0 ", 8) == 0 ? (unsigned)strtoul(m.data + 8, NULL, 10) : 0;
}

bool text_unit(struct text m, const char *branch, unsigned *unit)
{
    struct text via;
    size_t at = 0, length = strlen(branch);
    if (!text_header(m, "Via", &at, &via))
        return false;
    const char *p = memmem(via.data, via.length, branch, length);
    if (p == NULL)
        return false;
    *unit = (unsigned)strtoul(p + length, NULL, 10);
    return true;
}

static char *add(char *p, const char *name, struct text value)
{
    size_t length = strlen(name);
    memcpy(p, name, length);
    p += length;
    *p++ = ':';
    *p++ = ' ';
    memcpy(p, value.data, value.length);
    p += value.length;
    *p++ = '\r';
    *p++ = '\n';
    return p;
}

size_t text_answer(char *room, struct text request, const char *status, const char *tag, const char *more)
{
    static const char *const names[] = {"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"};
    char *p = room + sprintf(room, "SIP/2.0 %s\r\n", status);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct text value;
        size_t at = 0;
        while (text_header(request, names[i], &at, &value)) {
            if (value.length + 400 > (size_t)(room + MESSAGE - p))
                fail("an answer is too long");
            p = add(p, names[i], value);
            if (i == 3 && tag != NULL && memmem(value.data, value.length, ";tag=", 5) == NULL)
                p += sprintf(p - 2, ";tag=%s\r\n", tag) - 2;
        }
    }
    return (size_t)(p - room) + (size_t)sprintf(p, "%s", more);
}
