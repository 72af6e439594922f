/* Start files and lists of objects: nothing crashes, every refusal has a line and a sentence, and what is
 * read turns into JSON. */
#include "base/error.h"
#include "config/start/option.h"
#include "config/start/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct buffer sentence = {0};
    struct toml *root;
    struct options options;
    unsigned line = 0;
    struct slice text = slice_of(data, size);

    int error = toml_parse(&root, &arena, text, &line, &sentence);
    if ((error != 0) != (sentence.length != 0) || line == 0)
        __builtin_trap();
    if (error == 0)
        json_decref(toml_json(root));
    buffer_clear(&sentence);
    options_init(&options);
    error = options_file(&options, SLICE("x"), text, &arena, &sentence);
    if ((error != 0) != (sentence.length != 0))
        __builtin_trap();
    buffer_free(&sentence);
    arena_free(&arena);
    return 0;
}
