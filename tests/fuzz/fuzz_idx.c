/* Fuzzing of data/idx.c. test_fuzz_idx.c includes this file and feeds it mutations of its own in every test run; for a
 * longer search, with libFuzzer:
 *
 *   clang -g -O1 -no-pie -fopenmp -fsanitize=fuzzer,address,undefined -Iinclude -Isrc/host tests/fuzz/fuzz_idx.c \
 *       $(ls src/host/data/[a-z]*.c src/host/core/[a-z]*.c | grep -v tiff) src/host/backend/registry.c \
 *       -Wl,--unresolved-symbols=ignore-all -ljansson -lzip -lexpat -lpng -ljpeg -lgif -lwebpdemux -lwebp -lz -lm \
 *       -o build/fuzz-idx
 *   build/fuzz-idx -rss_limit_mb=512
 *
 * The first byte of an input says whether the rest is the file (even) or is to be compressed first (odd), since
 * mutation hardly ever keeps gzip's checksum. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "data/dataset.h"
#include "data/read.h"

enum { FUZZ_MAX_INPUT = 1 << 16, FUZZ_LIMIT = 3 };

/* gzip makes at most 1032 bytes of one. */
#define FUZZ_MAX_CONTENT ((int64_t)FUZZ_MAX_INPUT * 1032)

static size_t fuzz_compress(const uint8_t *data, size_t size, uint8_t *target, size_t room)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size, .next_out = target, .avail_out = (uInt)room};
    if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return stream.total_out;
}

/* Calls that succeeded, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* Reads every byte, so that a sanitizer sees memory that is not there. */
static unsigned fuzz_touch(const uint8_t *bytes, int64_t count)
{
    unsigned sum = 0;
    for (int64_t i = 0; i < count; ++i)
        sum += bytes[i];
    return sum;
}

/* What a failed call may leave; NULL if all is well. */
static const char *fuzz_check_failure(vae_status status, const char *path)
{
    if (status != VAE_ERROR_FORMAT) return "a status other than VAE_ERROR_FORMAT";
    if (strncmp(vae_error_message(), path, strlen(path)) != 0) return "a message that does not begin with the file";
    if (strchr(vae_error_message(), '\n')) return "a message of more than one line";
    return NULL;
}

static const char *fuzz_images(const char *path, int64_t limit)
{
    vae_dataset dataset;
    const vae_status status = vae_images_read(path, &(vae_read_options){.limit = limit}, &dataset);
    if (status) {
        if (dataset.values || dataset.count) return "images beside a failure";
        return fuzz_check_failure(status, path);
    }
    const int64_t elements = vae_dataset_elements(&dataset);
    const char *violated = NULL;
    if (dataset.count < 1 || elements < 1 || dataset.count * elements > FUZZ_MAX_CONTENT) {
        violated = "more or fewer images than the file can hold";
    } else if (limit && dataset.count > limit) {
        violated = "more images than the limit";
    } else {
        fuzz_touch(dataset.values, dataset.count * elements);
    }
    fuzz_successes++;
    vae_dataset_free(&dataset);
    return violated;
}

static const char *fuzz_labels(const char *path, int64_t limit)
{
    vae_dataset dataset = {.count = FUZZ_LIMIT};
    const vae_status status = vae_labels_read(path, limit, &dataset);
    if (status) return dataset.labels ? "labels beside a failure" : fuzz_check_failure(status, path);
    fuzz_touch((const uint8_t *)dataset.labels, dataset.count * (int64_t)sizeof *dataset.labels);
    fuzz_successes++;
    vae_dataset_free(&dataset);
    return NULL;
}

static const char *fuzz_shape(const char *path)
{
    int64_t shape[4];
    const vae_status status = vae_images_read_shape(path, &(vae_read_options){0}, shape);
    if (status) return fuzz_check_failure(status, path);
    for (int i = 0; i < 4; ++i) {
        if (shape[i] < 1 || shape[i] > UINT32_MAX) return "a size out of range";
    }
    fuzz_successes++;
    return NULL;
}

/* NULL, or what the reader should not have done. */
static const char *fuzz_idx(const uint8_t *data, size_t size)
{
    if (size < 1 || size > FUZZ_MAX_INPUT) return NULL;
    static uint8_t compressed[FUZZ_MAX_INPUT * 2];
    const uint8_t *content = data + 1;
    size_t count = size - 1;
    if (data[0] & 1) {
        count = fuzz_compress(content, count, compressed, sizeof compressed);
        content = compressed;
    }
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, content, count) != (ssize_t)count) return "no file to write to";
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *violated = fuzz_images(path, 0);
    if (!violated) violated = fuzz_images(path, FUZZ_LIMIT);
    if (!violated) violated = fuzz_labels(path, 0);
    if (!violated) violated = fuzz_labels(path, FUZZ_LIMIT);
    if (!violated) violated = fuzz_shape(path);
    close(file);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *violated = fuzz_idx(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
