/* Values: strings, integers, flags, arrays. */
#include <ctype.h>

#include "base/error.h"
#include "config/start/toml_int.h"

static void next(struct toml_parser *p)
{
    p->rest = slice_from(p->rest, 1);
}

static void add_utf8(struct buffer *out, uint32_t code)
{
    if (code < 0x80) {
        buffer_add_byte(out, (char)code);
    } else if (code < 0x800) {
        buffer_add_byte(out, (char)(0xc0 | code >> 6));
        buffer_add_byte(out, (char)(0x80 | (code & 0x3f)));
    } else {
        if (code < 0x10000) {
            buffer_add_byte(out, (char)(0xe0 | code >> 12));
        } else {
            buffer_add_byte(out, (char)(0xf0 | code >> 18));
            buffer_add_byte(out, (char)(0x80 | (code >> 12 & 0x3f)));
        }
        buffer_add_byte(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buffer_add_byte(out, (char)(0x80 | (code & 0x3f)));
    }
}

static bool unicode(struct toml_parser *p, struct buffer *out, unsigned digits)
{
    uint32_t code = 0;
    for (unsigned i = 0; i < digits; i++, next(p)) {
        int byte = toml__peek(p);
        if (byte < 0 || !isxdigit(byte))
            return toml__fail(p, ERROR_SYNTAX, "\\u needs 4 and \\U needs 8 hexadecimal digits");
        code = code << 4 | (uint32_t)(isdigit(byte) ? byte - '0' : (byte | 0x20) - 'a' + 10);
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return toml__fail(p, ERROR_SYNTAX, "the escape names no character");
    add_utf8(out, code);
    return true;
}

static bool escape(struct toml_parser *p, struct buffer *out)
{
    static const char names[] = "btnfr\"\\", meanings[] = "\b\t\n\f\r\"\\";
    int byte = toml__peek(p);
    const char *known = byte > 0 ? strchr(names, byte) : NULL;
    next(p);
    if (known != NULL)
        buffer_add_byte(out, meanings[known - names]);
    else if (byte == 'u' || byte == 'U')
        return unicode(p, out, byte == 'u' ? 4 : 8);
    else
        return toml__fail(p, ERROR_SYNTAX, "unknown escape; there are \\b \\t \\n \\f \\r \\\" \\\\ \\u \\U");
    return true;
}

static bool text_end(struct toml_parser *p, char quote, struct buffer *out)
{
    int byte;
    while ((byte = toml__peek(p)) != quote) {
        if (byte < 0 || byte == '\n' || byte == '\r')
            return toml__fail(p, ERROR_SYNTAX, "the text does not end on its line; a %c is missing", quote);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return toml__fail(
                p, ERROR_SYNTAX, "the text has a control character; write it as \\u00%02x", byte);
        next(p);
        if (byte == '\\' && quote == '"') {
            if (!escape(p, out))
                return false;
        } else {
            buffer_add_byte(out, (char)byte);
        }
    }
    next(p);
    return true;
}

/* JSON and our texts are UTF-8 (RFC 3629); anything else is refused here. */
static bool is_utf8(struct slice s)
{
    json_t *json = json_stringn(s.data != NULL ? s.data : "", s.length);
    bool is = json != NULL;
    json_decref(json);
    return is;
}

bool toml__text(struct toml_parser *p, struct slice *text)
{
    struct buffer out = {0};
    char quote = (char)toml__peek(p);
    next(p);
    bool done = false;
    if (toml__peek(p) == quote && p->rest.length > 1 && p->rest.data[1] == quote)
        toml__fail(p, ERROR_UNSUPPORTED, "texts over several lines are not supported; write \\n");
    else if (text_end(p, quote, &out))
        done = is_utf8(buffer_slice(&out)) || toml__fail(p, ERROR_SYNTAX, "the text is not UTF-8");
    if (done)
        *text = arena_copy(p->arena, buffer_slice(&out));
    buffer_free(&out);
    return done;
}

bool toml__bare(struct toml_parser *p, struct slice *key)
{
    size_t length = 0;
    while (length < p->rest.length && (isalnum((unsigned char)p->rest.data[length]) ||
                                          p->rest.data[length] == '_' || p->rest.data[length] == '-'))
        length++;
    *key = slice_first(p->rest, length);
    p->rest = slice_from(p->rest, length);
    return length != 0;
}

/* ---- integers and flags ---- */

static bool integer(int64_t *number, struct slice word)
{
    struct slice digits = word;
    char plain[24];
    size_t length = 0;
    uint64_t value;
    bool negative = word.length != 0 && word.data[0] == '-';
    if (word.length != 0 && (negative || word.data[0] == '+'))
        digits = slice_from(word, 1);
    for (size_t i = 0; i < digits.length; i++) {
        bool between = i != 0 && i + 1 < digits.length && isdigit((unsigned char)digits.data[i - 1]) &&
                       isdigit((unsigned char)digits.data[i + 1]);
        if (digits.data[i] == '_' && between)
            continue; /* 1_000 */
        if (length == sizeof plain)
            return false;
        plain[length++] = digits.data[i];
    }
    if (length == 0 || (length > 1 && plain[0] == '0') ||
        slice_to_u64(&value, slice_of(plain, length), INT64_MAX) != 0)
        return false;
    *number = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool word_value(struct toml_parser *p, struct toml *parent, struct slice key)
{
    size_t length = 0;
    while (length < p->rest.length && strchr(" \t\r\n,]#", p->rest.data[length]) == NULL &&
           p->rest.data[length] != '\0')
        length++;
    struct slice word = slice_first(p->rest, length);
    bool flag = slice_equal(word, SLICE("true"));
    int64_t number = 0;
    if (flag || slice_equal(word, SLICE("false"))) {
        toml__add(p, parent, TOML_FLAG, key)->flag = flag;
    } else if (integer(&number, word)) {
        toml__add(p, parent, TOML_INTEGER, key)->number = number;
    } else if (length == 0) {
        return toml__fail(p, ERROR_SYNTAX, "a value is missing");
    } else {
        return toml__fail(
            p, ERROR_SYNTAX, "is no value: write a text in quotes, a whole number, true, false or [list]");
    }
    p->rest = slice_from(p->rest, length);
    return true;
}

/* ---- arrays ---- */

static bool array(struct toml_parser *p, struct toml *list, unsigned depth)
{
    next(p);
    for (;;) {
        if (!toml__skip_lines(p))
            return false;
        if (toml__peek(p) == ']')
            break;
        if (!toml__value(p, list, (struct slice){0}, depth + 1) || !toml__skip_lines(p))
            return false;
        if (toml__peek(p) != ',')
            break;
        next(p);
    }
    if (toml__peek(p) != ']')
        return toml__fail(p, ERROR_SYNTAX, "a list needs , between its items and ] at its end");
    next(p);
    return true;
}

bool toml__value(struct toml_parser *p, struct toml *parent, struct slice key, unsigned depth)
{
    struct slice text;
    switch (toml__peek(p)) {
    case '"':
    case '\'':
        if (!toml__text(p, &text))
            return false;
        toml__add(p, parent, TOML_TEXT, key)->text = text;
        return true;
    case '[':
        if (depth >= TOML_DEPTH)
            return toml__fail(p, ERROR_LIMIT, "lists are nested too deeply");
        return array(p, toml__add(p, parent, TOML_ARRAY, key), depth);
    case '{':
        return toml__fail(
            p, ERROR_UNSUPPORTED, "tables on one line are not supported; write [table] on a line of its own");
    default:
        return word_value(p, parent, key);
    }
}
