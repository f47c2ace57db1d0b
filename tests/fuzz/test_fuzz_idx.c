/* Thousands of damaged IDX files, the same ones each time: no crash, one clear error, memory that does not follow what
 * a header promises. */
#define _GNU_SOURCE
#include "fuzz_idx.c"

#include "fuzz/mutate.h"
#include "unit/idx_file.h"

enum { MUTATIONS = 4000 };

/* A size of the header becomes one that overflows, or nearly. */
static void replace_size(idx_bytes *input, uint64_t *state)
{
    static const uint32_t sizes[] = {0,          1,          2,          3,         255,        256,
                                     65535,      65536,      1u << 20,   1u << 24,  0x7fffffff, 0x80000000,
                                     0xffffffff, 0x55555556, 0x80000001, 0xfffffffe};
    const size_t place = 5 + 4 * below(state, 4);
    if (place + 4 > input->count) return;
    idx_bytes size = {.count = 0};
    idx_append_size(&size, sizes[below(state, sizeof sizes / sizeof *sizes)]);
    memcpy(input->byte + place, size.byte, 4);
}

static void mutate(idx_bytes *input, uint64_t *state)
{
    static const uint8_t values[] = {0, 1, 3, 4, 8, 0x1f, 0x7f, 0x80, 0x8b, 0xff};
    const size_t header = input->count < 24 ? input->count : 24;
    switch (below(state, 7)) {
    case 0: replace_size(input, state); break;
    case 1: input->byte[below(state, header)] ^= (uint8_t)(1u << below(state, 8)); break;
    case 2: input->byte[below(state, header)] = values[below(state, sizeof values)]; break;
    case 3: input->byte[below(state, input->count)] = (uint8_t)next_number(state); break;
    case 4: input->count = 1 + below(state, input->count); break;
    case 5: input->count = 1 + below(state, header); break;
    default:
        for (size_t more = 1 + below(state, 64); more > 0 && input->count < IDX_BYTES; --more)
            input->byte[input->count++] = (uint8_t)next_number(state);
    }
}

/* `prefix` is the fuzzer's first byte. */
static idx_bytes as_input(uint8_t prefix, const idx_bytes *file)
{
    idx_bytes input = {.byte = {prefix}, .count = file->count + 1};
    cr_assert_lt(file->count, IDX_BYTES);
    memcpy(input.byte + 1, file->byte, file->count);
    return input;
}

/* Of five calls for each input, some succeed and most fail. */
static void fuzz(const idx_bytes *input, uint64_t seed)
{
    cr_assert_null(fuzz_idx(input->byte, input->count));
    cr_assert_gt(fuzz_successes, 1, "the unchanged input is not read: %s", vae_error_message());
    fuzz_successes = 0;
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = seed * 1000003 + (uint64_t)i;
        idx_bytes mutated = *input;
        for (size_t changes = 1 + below(&state, 4); changes > 0; --changes)
            mutate(&mutated, &state);
        const char *violated = fuzz_idx(mutated.byte, mutated.count);
        cr_assert_null(violated, "input %d of seed %d: %s (%s)", i, (int)seed, violated, vae_error_message());
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 100);
    cr_expect_lt(fuzz_successes, MUTATIONS * 5 / 2);
}

/* An allocation by what a header promises then fails with a status that fuzz_idx.c does not expect. */
TestSuite(fuzz_idx, .init = idx_limit_memory);

Test(fuzz_idx, images)
{
    const idx_bytes file = idx_images(5, 6, 7), input = as_input(0, &file);
    fuzz(&input, 1);
}

Test(fuzz_idx, images_with_channels)
{
    idx_bytes file = IDX_HEADER(8, 4, 3, 3, 3);
    idx_append_values(&file, 108);
    const idx_bytes input = as_input(0, &file);
    fuzz(&input, 2);
}

Test(fuzz_idx, labels)
{
    const idx_bytes file = idx_labels(FUZZ_LIMIT), input = as_input(0, &file);
    fuzz(&input, 3);
}

Test(fuzz_idx, compressed_images)
{
    const idx_bytes file = idx_images(5, 6, 7), input = as_input(1, &file);
    fuzz(&input, 4);
}

/* Here the gzip stream itself is damaged. */
Test(fuzz_idx, damaged_gzip)
{
    const idx_bytes file = idx_images(5, 6, 7);
    idx_bytes compressed = {.count = 0};
    compressed.count = idx_compress(file.byte, file.count, compressed.byte, sizeof compressed.byte);
    const idx_bytes input = as_input(0, &compressed);
    fuzz(&input, 5);
}
