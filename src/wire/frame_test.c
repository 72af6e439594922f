#include "wire/frame.h"

#include "unit.h"

#include "base/error.h"

static void frames_come_back_however_cut(void **state)
{
    (void)state;
    static char big[70000];
    struct buffer stream = {0};
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    frame_add(&stream, 1, SLICE("hello"));
    frame_add(&stream, 255, SLICE(""));
    frame_add(&stream, 3, slice_of(big, sizeof big));
    size_t begun = frame_begin(&stream, 4);
    buffer_add_text(&stream, "built in place");
    frame_end(&stream, begun);
    for (size_t piece = 1; piece < 200000; piece = piece * 5 + 1) {
        struct frame_reader r = {0};
        struct frame f;
        unsigned kinds = 0, count = 0;
        for (struct slice rest = buffer_slice(&stream); rest.length != 0;) {
            struct slice part = slice_first(rest, piece);
            rest = slice_from(rest, part.length);
            int error;
            while ((error = frame_next(&r, &part, &f)) == 0) {
                kinds += f.kind;
                count++;
                if (f.kind == 3)
                    assert_true(slice_equal(f.payload, slice_of(big, sizeof big)));
                if (f.kind == 4)
                    assert_true(slice_equal(f.payload, SLICE("built in place")));
            }
            assert_int_equal(error, ERROR_AGAIN);
            assert_int_equal(part.length, 0);
        }
        assert_int_equal(count, 4);
        assert_int_equal(kinds, 263);
        assert_int_equal(r.held.capacity, 0); /* nothing is held between frames */
        frame_reader_free(&r);
    }
    buffer_free(&stream);
}

/* SEC-5 */
static void refuses_bad_lengths(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        int error;
    } examples[] = {
        {SLICE_INIT("\x00\x00\x00\x00"), ERROR_SYNTAX},
        {SLICE_INIT("\x00\x10\x00\x01"), ERROR_LIMIT},
        {SLICE_INIT("\xff\xff\xff\xff"), ERROR_LIMIT},
        {SLICE_INIT("\x00\x10\x00\x00"), ERROR_AGAIN},
        {SLICE_INIT("\x00\x10"), ERROR_AGAIN},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t piece = 1; piece <= 4; piece += 3) {
            struct frame_reader r = {0};
            struct frame f;
            int error = ERROR_AGAIN;
            for (size_t at = 0; at < examples[i].bytes.length; at += piece) {
                struct slice part = slice_first(slice_from(examples[i].bytes, at), piece);
                error = frame_next(&r, &part, &f);
            }
            assert_int_equal(error, examples[i].error);
            frame_reader_free(&r);
        }
}

static void too_long_a_frame_is_not_written(void **state)
{
    (void)state;
    struct buffer out = {0};
    char *big = calloc(1, FRAME_LIMIT);
    frame_add(&out, 1, slice_of(big, FRAME_LIMIT - 1));
    assert_false(out.overflowed);
    frame_add(&out, 1, slice_of(big, FRAME_LIMIT));
    assert_true(out.overflowed);
    assert_int_equal(out.length, FRAME_LIMIT + 4);
    free(big);
    buffer_free(&out);
}

TESTS("wire/frame", cmocka_unit_test(frames_come_back_however_cut), cmocka_unit_test(refuses_bad_lengths),
    cmocka_unit_test(too_long_a_frame_is_not_written))
