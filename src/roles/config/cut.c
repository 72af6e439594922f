#include "roles/config/cut.h"

enum state {
    BEGINNING, /* of the text */
    KEY,       /* a field's name, or the end of an empty object */
    KEY_AGAIN, /* a field's name: there was a comma */
    IN_KEY,
    COLON,
    VALUE,
    ITEM,       /* a value, or the end of an empty array */
    ITEM_AGAIN, /* a value: there was a comma */
    IN_TEXT,    /* a value in quotes */
    IN_BRACKETS,
    IN_WORD, /* a number, true, ... */
    AFTER,   /* comma, or the end of what it is in */
    TRAIL    /* nothing but spaces */
};

void cut_begin(struct cut *c, struct slice text, const char *array)
{
    *c = (struct cut){.text = text, .array = array, .line = 1};
}

static enum cut_result bad(struct cut *c, const char *why)
{
    c->why = why;
    return CUT_BAD;
}

static enum cut_result piece(struct cut *c, size_t end)
{
    c->value = slice_of(c->text.data + c->start, end - c->start);
    c->state = AFTER;
    return c->inside ? CUT_ITEM : CUT_FIELD;
}

static enum cut_result begin_value(struct cut *c, char byte)
{
    c->start = c->at;
    if (byte == '"') {
        c->state = IN_TEXT;
    } else if (byte == '[' && !c->entered && slice_equal(c->key, slice_text(c->array))) {
        c->inside = c->entered = true;
        c->state = ITEM;
    } else if (byte == '{' || byte == '[') {
        c->state = IN_BRACKETS;
        c->depth = 1;
        c->quoted = c->escaped = false;
    } else if (byte == ',' || byte == ':' || byte == '}' || byte == ']') {
        return bad(c, "a value is missing");
    } else {
        c->state = IN_WORD;
    }
    return CUT_MORE;
}

/* Inside quotes: true when this byte ends them. */
static bool unquotes(struct cut *c, char byte)
{
    if (c->escaped)
        c->escaped = false;
    else if (byte == '\\')
        c->escaped = true;
    else
        return byte == '"';
    return false;
}

static enum cut_result in_brackets(struct cut *c, char byte)
{
    if (c->quoted) {
        c->quoted = !unquotes(c, byte);
    } else if (byte == '"') {
        c->quoted = true;
    } else if (byte == '{' || byte == '[') {
        if (++c->depth > CUT_DEPTH)
            return bad(c, "is nested too deeply");
    } else if ((byte == '}' || byte == ']') && --c->depth == 0) {
        return piece(c, c->at + 1);
    }
    return CUT_MORE;
}

static enum cut_result after(struct cut *c, char byte)
{
    if (byte == ',') {
        c->state = c->inside ? ITEM_AGAIN : KEY_AGAIN;
    } else if (c->inside && byte == ']') {
        c->inside = false;
        c->state = AFTER;
    } else if (!c->inside && byte == '}') {
        c->state = TRAIL;
    } else {
        return bad(c, "a comma or a closing bracket is missing");
    }
    return CUT_MORE;
}

static enum cut_result key(struct cut *c, char byte)
{
    if (byte == '}' && c->state == KEY) {
        c->state = TRAIL;
        return CUT_MORE;
    }
    if (byte != '"')
        return bad(c, "the name of a field is missing");
    c->start = c->at + 1;
    c->state = IN_KEY;
    return CUT_MORE;
}

/* One byte that is no space, outside of quotes and brackets. */
static enum cut_result structure(struct cut *c, char byte)
{
    switch (c->state) {
    case BEGINNING:
        c->state = KEY;
        return byte == '{' ? CUT_MORE : bad(c, "must be a JSON object");
    case KEY:
    case KEY_AGAIN:
        return key(c, byte);
    case COLON:
        c->state = VALUE;
        return byte == ':' ? CUT_MORE : bad(c, "a colon is missing");
    case ITEM:
        if (byte == ']')
            return after(c, byte);
        return begin_value(c, byte);
    case VALUE:
    case ITEM_AGAIN:
        return begin_value(c, byte);
    case AFTER:
        return after(c, byte);
    default:
        return bad(c, "there is something behind the end");
    }
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static enum cut_result step(struct cut *c, char byte)
{
    switch (c->state) {
    case IN_KEY:
        if (!unquotes(c, byte))
            return CUT_MORE;
        c->key = slice_of(c->text.data + c->start, c->at - c->start);
        c->state = COLON;
        return CUT_MORE;
    case IN_TEXT:
        /* The quote that begins it came before. */
        return unquotes(c, byte) ? piece(c, c->at + 1) : CUT_MORE;
    case IN_BRACKETS:
        return in_brackets(c, byte);
    default:
        return is_space(byte) ? CUT_MORE : structure(c, byte);
    }
}

enum cut_result cut_next(struct cut *c, size_t *budget)
{
    while (c->at < c->text.length && *budget != 0) {
        char byte = c->text.data[c->at];
        bool ends = byte == ',' || byte == '}' || byte == ']' || is_space(byte);
        if (c->state == IN_WORD && ends)
            return piece(c, c->at); /* this byte is looked at again */
        enum cut_result result = c->state == IN_WORD ? CUT_MORE : step(c, byte);
        if (result == CUT_BAD)
            return result;
        c->line += byte == '\n';
        c->at++;
        --*budget;
        if (result != CUT_MORE)
            return result;
    }
    if (c->at < c->text.length)
        return CUT_MORE;
    return c->state == TRAIL ? CUT_END : bad(c, "ends too early");
}
