/* Thousands of damaged NPY, NPZ, CSV and ARFF files, the same ones each time: no crash, one clear error, memory that
 * does not follow what a header promises. */
#define _GNU_SOURCE
#include "fuzz_npy.c"

#include "fuzz/mutate.h"
#include "unit/npy_file.h"
#include "unit/picture_file.h"

enum { MUTATIONS = 2500 };

/* A digit of the shape becomes several. */
static void lengthen_number(idx_bytes *input, uint64_t *state)
{
    static const char *const numbers[] = {"0", "-1", "99999999", "4294967296", "9223372036854775807", "1e3", ",,", "("};
    const char *number = numbers[below(state, 8)];
    const size_t length = strlen(number), place = below(state, input->count);
    if (input->byte[place] < '0' || input->byte[place] > '9' || place + length > input->count) return;
    memcpy(input->byte + place, number, length);
}

static void mutate(idx_bytes *input, uint64_t *state)
{
    const size_t header = input->count < 128 ? input->count : 128;
    switch (below(state, 7)) {
    case 0:
    case 1:
        for (int i = 0; i < 40; ++i)
            lengthen_number(input, state);
        break;
    case 2: input->byte[below(state, header)] ^= (uint8_t)(1u << below(state, 8)); break;
    case 3: input->byte[below(state, input->count)] = (uint8_t)next_number(state); break;
    case 4: input->byte[below(state, input->count)] = (uint8_t)(below(state, 2) ? 0xff : 0); break;
    case 5: input->count = 1 + below(state, input->count); break;
    default:
        for (size_t more = 1 + below(state, 64); more > 0 && input->count < IDX_BYTES; --more)
            input->byte[input->count++] = (uint8_t)next_number(state);
    }
}

static void fuzz(const idx_bytes *input, uint64_t seed)
{
    cr_assert_null(fuzz_npy(input->byte, input->count), "%s", vae_error_message());
    cr_assert_gt(fuzz_successes, 0, "the unchanged input is not read: %s", vae_error_message());
    fuzz_successes = 0;
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = seed * 1000003 + (uint64_t)i;
        idx_bytes mutated = *input;
        for (size_t changes = 1 + below(&state, 3); changes > 0; --changes)
            mutate(&mutated, &state);
        const char *violated = fuzz_npy(mutated.byte, mutated.count);
        cr_assert_null(violated, "input %d of seed %d: %s (%s)", i, (int)seed, violated, vae_error_message());
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 100);
    cr_expect_lt(fuzz_successes, MUTATIONS * 4);
}

static void setup(void)
{
    idx_setup();
    idx_limit_memory();
}

/* An allocation by what a header promises then fails with a status that fuzz_npy.c does not expect. */
TestSuite(fuzz_npy, .init = setup, .fini = idx_teardown);

Test(fuzz_npy, csv)
{
    static const char text[] = "age,\"height\",weight\n1,2.5,-3e2\n4,5,6\n0.25,8,1e-9\n";
    idx_bytes file = {.count = sizeof text - 1};
    memcpy(file.byte, text, file.count);
    fuzz(&file, 9);
}

Test(fuzz_npy, arff)
{
    static const char text[] =
        "% x\n@relation r\n@attribute 'a\\'' real\n@attribute b numeric\n@data\n1,2.5\n-3e2,5\n% y\n6,7\n";
    idx_bytes file = {.count = sizeof text - 1};
    memcpy(file.byte, text, file.count);
    fuzz(&file, 10);
}

Test(fuzz_npy, images)
{
    const idx_bytes file = npy_values(NPY_SIZES(5, 6, 7, 3));
    fuzz(&file, 1);
}

Test(fuzz_npy, floats)
{
    float values[4 * 12];
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i)
        values[i] = (float)i / 48;
    const idx_bytes file = npy_bytes("<f4", NPY_SIZES(4, 3, 4), values, sizeof values);
    fuzz(&file, 2);
}

Test(fuzz_npy, fortran_order)
{
    idx_bytes file = npy_values(NPY_SIZES(4, 3, 5, 2));
    memcpy(memmem(file.byte, file.count, "False", 5), "True ", 5);
    fuzz(&file, 6);
}

Test(fuzz_npy, labels)
{
    const idx_bytes file = npy_values(NPY_SIZES(FUZZ_LIMIT));
    fuzz(&file, 3);
}

Test(fuzz_npy, labels_that_are_texts)
{
    const uint32_t texts[FUZZ_LIMIT * 2] = {'a', 0, 0xE9, 'b', 0x1F408, 0};
    const idx_bytes file = npy_bytes("<U2", NPY_SIZES(FUZZ_LIMIT), texts, sizeof texts);
    fuzz(&file, 7);
}

static void fuzz_archive(bool deflated, uint64_t seed)
{
    const idx_bytes images = npy_values(NPY_SIZES(4, 3, 5)), labels = npy_values(NPY_SIZES(4));
    const npz_entry entries[] = {{"faces.npy", &images}, {"labels.npy", &labels}};
    idx_bytes file;
    npz_write(idx_path("a.npz"), entries, 2, deflated);
    file.count = picture_content(idx_path("a.npz"), file.byte, sizeof file.byte);
    fuzz(&file, seed);
}

Test(fuzz_npy, deflated_archive)
{
    fuzz_archive(true, 4);
}

Test(fuzz_npy, stored_archive)
{
    fuzz_archive(false, 5);
}
