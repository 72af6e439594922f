#include "base/error.h"

static const struct {
    const char *symbol, *sentence;
} errors[] = {
    {"NONE", ""},
#define ERROR(symbol, sentence) {#symbol, sentence},
#include "base/error.def"
#undef ERROR
};

static int row(int code)
{
    return code < 0 && -code < ERROR_NUMBER_COUNT ? -code : 0;
}

const char *error_symbol(int code)
{
    return errors[row(code)].symbol;
}

const char *error_sentence(int code)
{
    return errors[row(code)].sentence;
}
