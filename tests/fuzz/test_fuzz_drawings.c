/* Thousands of damaged files of drawings, the same ones each time: no crash, one clear error, memory that does not
 * follow what a file promises. */
#define _GNU_SOURCE
#include "fuzz_drawings.c"

#include "fuzz/mutate.h"
#include "unit/npy_file.h"
#include "unit/pickle_file.h"
#include "unit/picture_file.h"

enum { MUTATIONS = 2500 };

typedef const char *fuzz_target(const uint8_t *data, size_t size);

/* Characters that mean something to one of the formats. */
static uint8_t some_character(uint64_t *state)
{
    static const char characters[] = "0123456789.-+eE,:;[]{}()<>/&\"'=% \n\\MmZzAaCcqtRbKUX.\x80\x94\x95\xff";
    return (uint8_t)characters[below(state, sizeof characters - 1)];
}

/* A piece of the file to another place of it. */
static void copy_piece(idx_bytes *input, uint64_t *state)
{
    const size_t from = below(state, input->count), to = below(state, input->count);
    const size_t longest = input->count - (from > to ? from : to);
    memmove(input->byte + to, input->byte + from, below(state, longest < 40 ? longest + 1 : 40));
}

static void mutate(idx_bytes *input, uint64_t *state)
{
    switch (below(state, 6)) {
    case 0: input->byte[below(state, input->count)] ^= (uint8_t)(1u << below(state, 8)); break;
    case 1: input->byte[below(state, input->count)] = (uint8_t)next_number(state); break;
    case 2:
    case 3: input->byte[below(state, input->count)] = some_character(state); break;
    case 4: copy_piece(input, state); break;
    default: input->count = 1 + below(state, input->count); break;
    }
}

static void fuzz(fuzz_target *target, const idx_bytes *input, uint64_t seed)
{
    cr_assert_null(target(input->byte, input->count), "%s", vae_error_message());
    cr_assert_gt(fuzz_successes, 0, "the unchanged input is not read: %s", vae_error_message());
    fuzz_successes = 0;
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = seed * 1000003 + (uint64_t)i;
        idx_bytes mutated = *input;
        for (size_t changes = 1 + below(&state, 3); changes > 0; --changes)
            mutate(&mutated, &state);
        const char *violated = target(mutated.byte, mutated.count);
        cr_assert_null(violated, "input %d of seed %d: %s (%s)", i, (int)seed, violated, vae_error_message());
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 100);
    cr_expect_lt(fuzz_successes, MUTATIONS * 2 - MUTATIONS / 10);
}

static void setup(void)
{
    idx_setup();
    idx_limit_memory();
}

TestSuite(fuzz_drawings, .init = setup, .fini = idx_teardown);

#define FUZZ_TEXT(text, seed)                                                                                          \
    do {                                                                                                               \
        static const char content[] = text;                                                                            \
        idx_bytes file = {.count = sizeof content - 1};                                                                \
        memcpy(file.byte, content, file.count);                                                                        \
        fuzz(fuzz_drawings, &file, seed);                                                                              \
    } while (0)

Test(fuzz_drawings, ndjson)
{
    FUZZ_TEXT("{\"word\":\"cat\",\"recognized\":true,\"drawing\":[[[1,20,3e1],[4,5,6]],[[7],[8]]]}\n"
              "{\"drawing\":[[[0,3.5,9],[1,-1,2],[0,10,20]]],\"word\":\"dog\",\"recognized\":false}\n",
              1);
}

Test(fuzz_drawings, svg_paths)
{
    FUZZ_TEXT("<svg viewBox=\"0 0 100 50\"><path d=\"M1 2l3-4.5h5v.5C1 2 3 4 5 6s1 2 3 4q1-1 2 0t3 1A9 8 30 011 5z\"/>"
              "<path d=\"m5 5 1 1a3,3 0 1 0 4-4zM0 0\"/></svg>",
              2);
}

Test(fuzz_drawings, svg_shapes)
{
    FUZZ_TEXT(
        "<?xml version=\"1.0\"?><!DOCTYPE svg [<!ATTLIST g a CDATA #IMPLIED>]><svg width=\"9px\" height=\"9\">"
        "<g transform=\"translate(1,2) rotate(30 1 1)skewX(3) matrix(1 0 0 1 2 3)\"><rect x=\"1\" width=\"5\" "
        "height=\"4\" rx=\"1\"/></g><circle r=\"3\" cx=\"1\"/><ellipse rx=\"3\" ry=\"2\"/><polygon points=\"1,2 3 "
        "4-5.6 7\"/><line x2=\"3\"/><defs><path d=\"M0 0\"/></defs><text>&amp;</text></svg>",
        3);
}

static const int16_t cross[] = {-200, 4, 0, 9, -9, 1, 16, -7, 0, 0, 300, 1}, line[] = {5, 6, 1};
static const pickle_drawing drawings[] = {{4, cross}, {1, line}, {0, NULL}};

Test(fuzz_drawings, pickles)
{
    for (int w = 0; w < PICKLE_WRITERS; ++w) {
        const idx_bytes pickle = pickle_drawings(&pickle_writers[w], drawings, 3);
        fuzz(fuzz_pickle, &pickle, 10 + (uint64_t)w);
    }
}

static void fuzz_archive(const npz_entry *entries, int count, bool deflated, uint64_t seed)
{
    idx_bytes file;
    npz_write(idx_path("a.npz"), entries, count, deflated);
    file.count = picture_content(idx_path("a.npz"), file.byte, sizeof file.byte);
    fuzz(fuzz_drawings, &file, seed);
}

Test(fuzz_drawings, pickled_archive)
{
    const idx_bytes pickle = pickle_drawings(&pickle_writers[0], drawings, 3);
    idx_bytes train = npy_bytes("|O", NPY_SIZES(3), NULL, 0);
    memcpy(train.byte + train.count, pickle.byte, pickle.count);
    train.count += pickle.count;
    fuzz_archive(&(npz_entry){"train.npy", &train}, 1, false, 30);
}

Test(fuzz_drawings, flat_archive)
{
    const int64_t offsets[] = {0, 4, 5};
    int16_t rows[15];
    memcpy(rows, cross, sizeof cross);
    memcpy(rows + 12, line, sizeof line);
    const idx_bytes train = npy_bytes("<i2", NPY_SIZES(5, 3), rows, sizeof rows);
    const idx_bytes places = npy_bytes("<i8", NPY_SIZES(3), offsets, sizeof offsets);
    const npz_entry entries[] = {{"train.npy", &train}, {"train_offsets.npy", &places}};
    fuzz_archive(entries, 2, false, 31);
    fuzz_archive(entries, 2, true, 32);
}
