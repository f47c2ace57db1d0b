/* Fuzzing of sound/wave.c, and of libsndfile behind it. test_fuzz_wave.c includes this file and feeds it mutations of
 * its own in every test run; for a longer search, with libFuzzer:
 *
 *   clang -g -O1 -no-pie -fopenmp -fsanitize=fuzzer,address,undefined -Iinclude -Isrc/host tests/fuzz/fuzz_wave.c \
 *       src/host/sound/{wave,head,resample}.c src/host/core/[a-z]*.c src/host/backend/registry.c \
 *       -Wl,--unresolved-symbols=ignore-all -lsndfile -lsamplerate -ljansson -lz -lm -o build/fuzz-wave
 *   build/fuzz-wave -rss_limit_mb=512
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

#include "sound/wave.h"

enum { FUZZ_MAX_INPUT = 1 << 16, FUZZ_MOST = 1 << 15 };

/* Calls that succeeded, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* What a failed call may leave; NULL if all is well. */
static const char *fuzz_check_failure(vae_status status, const char *path)
{
    if (status != VAE_ERROR_FORMAT && status != VAE_ERROR_NUMERIC) return "a status that is neither FORMAT nor NUMERIC";
    if (strncmp(vae_error_message(), path, strlen(path)) != 0) return "a message that does not begin with the file";
    if (strchr(vae_error_message(), '\n')) return "a message of more than one line";
    return NULL;
}

static const char *fuzz_read(const char *path, int rate)
{
    vae_wave wave;
    const vae_status status = vae_wave_read(path, &(vae_wave_options){.rate = rate, .most = FUZZ_MOST}, &wave);
    if (status) return wave.samples || wave.count ? "samples beside a failure" : fuzz_check_failure(status, path);
    const char *violated = NULL;
    if (wave.count < 1 || wave.count > FUZZ_MOST) violated = "more or fewer samples than there may be";
    if (wave.rate < 1 || (rate && wave.rate != rate)) violated = "another rate";
    for (int64_t i = 0; i < wave.count && !violated; ++i) {
        if (!isfinite(wave.samples[i])) violated = "a sample that is not finite";
    }
    fuzz_successes++;
    vae_wave_free(&wave);
    return violated;
}

/* NULL, or what the reader should not have done. */
static const char *fuzz_wave(const uint8_t *data, size_t size)
{
    if (size > FUZZ_MAX_INPUT) return NULL;
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size) return "no file to write to";
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *violated = fuzz_read(path, 0);
    if (!violated) violated = fuzz_read(path, 11025);
    close(file);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *violated = fuzz_wave(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
