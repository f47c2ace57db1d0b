/* Fuzzing of data/npy.c, data/npz.c, data/numbers_csv.c and data/arff.c. test_fuzz_npy.c includes this file and feeds
 * it mutations of its own in every test run; for a longer search, with libFuzzer:
 *
 *   clang -g -O1 -no-pie -fopenmp -fsanitize=fuzzer,address,undefined -Iinclude -Isrc/host tests/fuzz/fuzz_npy.c \
 *       $(ls src/host/data/[a-z]*.c src/host/core/[a-z]*.c | grep -v tiff) src/host/backend/registry.c \
 *       -Wl,--unresolved-symbols=ignore-all -ljansson -lzip -lexpat -lpng -ljpeg -lgif -lwebpdemux -lwebp -lz -lm \
 *       -o build/fuzz-npy
 *   build/fuzz-npy -rss_limit_mb=512
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/dataset.h"
#include "data/read.h"

enum { FUZZ_MAX_INPUT = 1 << 16, FUZZ_LIMIT = 3 };

/* Deflate makes at most 1032 bytes of one. */
#define FUZZ_MAX_CONTENT ((int64_t)FUZZ_MAX_INPUT * 1032)

/* Calls that succeeded, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* What a failed call may leave; NULL if all is well. What is no array is taken for CSV or IDX. */
static const char *fuzz_check_failure(vae_status status, const char *path)
{
    if (status != VAE_ERROR_FORMAT) return "a status other than VAE_ERROR_FORMAT";
    if (strncmp(vae_error_message(), path, strlen(path)) != 0) return "a message that does not begin with the file";
    if (strchr(vae_error_message(), '\n')) return "a message of more than one line";
    return NULL;
}

static const char *fuzz_images(const char *path, const vae_read_options *options)
{
    vae_dataset dataset;
    const vae_status status = vae_images_read(path, options, &dataset);
    if (status) return dataset.values || dataset.count ? "images beside a failure" : fuzz_check_failure(status, path);
    const int64_t elements = vae_dataset_elements(&dataset);
    const char *violated = NULL;
    unsigned sum = 0;
    if (dataset.count < 1 || elements < 1 || dataset.count * elements > FUZZ_MAX_CONTENT) {
        violated = "more or fewer images than the file can hold";
    } else if (options->limit && dataset.count > options->limit) {
        violated = "more images than the limit";
    } else {
        /* Every byte, so that a sanitizer sees memory that is not there. */
        for (int64_t i = 0; i < dataset.count * vae_dataset_row_bytes(&dataset); ++i)
            sum += dataset.values[i];
    }
    fuzz_successes += sum < UINT32_MAX;
    vae_dataset_free(&dataset);
    return violated;
}

static const char *fuzz_labels(const char *path)
{
    vae_dataset dataset = {.count = FUZZ_LIMIT};
    const vae_status status = vae_labels_read(path, FUZZ_LIMIT, &dataset);
    if (status) return dataset.labels ? "labels beside a failure" : fuzz_check_failure(status, path);
    fuzz_successes++;
    vae_dataset_free(&dataset);
    return NULL;
}

/* NULL, or what the reader should not have done. */
static const char *fuzz_npy(const uint8_t *data, size_t size)
{
    static const vae_read_options whole = {.limit = 0}, limited = {.limit = FUZZ_LIMIT};
    static const vae_read_options first = {.layout = VAE_CHANNELS_FIRST};
    static const vae_read_options resized = {.transform = {.size = {2, 3}}};
    if (size > FUZZ_MAX_INPUT) return NULL;
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size) return "no file to write to";
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *violated = fuzz_images(path, &whole);
    if (!violated) violated = fuzz_images(path, &limited);
    if (!violated) violated = fuzz_images(path, &resized);
    if (!violated) violated = fuzz_images(path, &first);
    if (!violated) violated = fuzz_labels(path);
    close(file);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *violated = fuzz_npy(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
