/* Fuzzing of the readers of drawings: data/stroke_npz.c, data/pickle_machine.c, data/ndjson.c and data/svg.c.
 * test_fuzz_drawings.c includes this file and feeds it mutations of its own in every test run; for a longer search,
 * with libFuzzer:
 *
 *   clang -g -O1 -no-pie -fopenmp -fsanitize=fuzzer,address,undefined -Iinclude -Isrc/host tests/fuzz/fuzz_drawings.c \
 *       $(ls src/host/data/[a-z]*.c src/host/core/[a-z]*.c | grep -v tiff) src/host/backend/registry.c \
 *       -Wl,--unresolved-symbols=ignore-all -ljansson -lzip -lexpat -lpng -ljpeg -lgif -lwebpdemux -lwebp -lz -lm \
 *       -o build/fuzz-drawings
 *   build/fuzz-drawings -rss_limit_mb=512
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/pickle.h"
#include "data/sequences.h"

enum { FUZZ_MAX_INPUT = 1 << 16 };

/* Calls that succeeded, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* What a failed call may leave; NULL if all is well. */
static const char *fuzz_check_failure(vae_status status, const char *name)
{
    if (status != VAE_ERROR_FORMAT) return "a status other than VAE_ERROR_FORMAT";
    if (strncmp(vae_error_message(), name, strlen(name)) != 0) return "a message that does not begin with the file";
    if (strchr(vae_error_message(), '\n')) return "a message of more than one line";
    return NULL;
}

/* Whether a row is a step: finite offsets within 1000, and one state of three. */
static bool fuzz_is_step(const float *row)
{
    const bool bits = (row[2] == 0 || row[2] == 1) && (row[3] == 0 || row[3] == 1) && (row[4] == 0 || row[4] == 1);
    return fabsf(row[0]) <= 1000 && fabsf(row[1]) <= 1000 && bits && row[2] + row[3] + row[4] == 1;
}

/* Every number, so that a sanitizer sees memory that is not there. */
static const char *fuzz_check_rows(const vae_dataset *dataset, int64_t max_length)
{
    const float *rows = (const float *)(const void *)dataset->values;
    for (int64_t i = 0; i < dataset->count; ++i) {
        const int64_t first = dataset->offsets[i], end = dataset->offsets[i + 1];
        if (end - first < 2 || (max_length && end - first > max_length + 2)) return "a drawing of another length";
        for (int64_t r = first; r < end; ++r) {
            if (!fuzz_is_step(rows + 5 * r)) return "a row that is no step";
            if ((rows[5 * r + 4] == 1) != (r == end - 1)) return "an end elsewhere than at the end";
        }
    }
    return NULL;
}

static const char *fuzz_read(const char *path, const vae_sequence_options *options)
{
    vae_dataset dataset;
    const vae_status status = vae_sequences_read(path, options, &dataset);
    if (status) {
        return dataset.values || dataset.offsets || dataset.labels || dataset.count ? "drawings beside a failure"
                                                                                    : fuzz_check_failure(status, path);
    }
    const char *violated = dataset.count < 1 ? "no drawings" : fuzz_check_rows(&dataset, options->max_length);
    fuzz_successes++;
    vae_dataset_free(&dataset);
    return violated;
}

/* NULL, or what a reader should not have done with a file. */
static const char *fuzz_drawings(const uint8_t *data, size_t size)
{
    static const vae_sequence_options whole = {
        .kind = VAE_KIND_DRAWING, .part = "train", .storage = VAE_STORAGE_MEMORY};
    static const vae_sequence_options cut = {
        .kind = VAE_KIND_DRAWING, .max_length = 3, .simplify = 2, .unrecognized = true, .storage = VAE_STORAGE_MEMORY};
    if (size > FUZZ_MAX_INPUT) return NULL;
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size) return "no file to write to";
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *violated = fuzz_read(path, &whole);
    if (!violated) violated = fuzz_read(path, &cut);
    close(file);
    return violated;
}

/* The same of a pickle, in memory of just its size. */
static const char *fuzz_pickle(const uint8_t *data, size_t size)
{
    vae_pickle pickle;
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) return "no memory";
    memcpy(copy, data, size);
    const vae_status status = vae_pickle_read("pickle", copy, size, &pickle);
    const char *violated = status ? fuzz_check_failure(status, "pickle: byte ") : NULL;
    double sum = 0;
    for (int64_t i = 0; !status && i < pickle.count; ++i) {
        const vae_pickled_array *array = pickle.arrays[i];
        int64_t count = 1;
        for (int d = 0; d < array->rank; ++d)
            count *= array->sizes[d];
        for (int64_t n = 0; n < count; ++n)
            sum += isnan(vae_number_read(&array->type, array->data + n * array->type.size));
    }
    fuzz_successes += !status && sum >= 0;
    if (!status) vae_pickle_free(&pickle);
    free(copy);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const bool is_pickle = size > 0 && data[0] == 0x80;
    const char *violated = is_pickle ? fuzz_pickle(data, size) : fuzz_drawings(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
