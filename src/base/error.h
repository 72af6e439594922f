/* Errors are ints: 0, or a negative code of error.def. */
#ifndef TANDEM_BASE_ERROR_H
#define TANDEM_BASE_ERROR_H

enum error_number {
    ERROR_NUMBER_NONE,
#define ERROR(symbol, sentence) ERROR_NUMBER_##symbol,
#include "base/error.def"
#undef ERROR
    ERROR_NUMBER_COUNT
};

enum error_code {
#define ERROR(symbol, sentence) ERROR_##symbol = -ERROR_NUMBER_##symbol,
#include "base/error.def"
#undef ERROR
};

/* "SYNTAX", and the sentence; for 0 and unknown codes "NONE" and an empty sentence. */
const char *error_symbol(int code);
const char *error_sentence(int code);

#endif
