/* A temporary folder with one file of sound, `path`, for tests of reading and writing them. */
#ifndef VAE_TEST_WAVE_FOLDER_H
#define VAE_TEST_WAVE_FOLDER_H

#include <stdio.h>

#include "core/file.h"
#include "sound/wave.h"
#include "unit/temporary.h"
#include "unit/wave_file.h"

static char folder[64], path[128];

static inline void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/sound", folder);
}

static inline void teardown(void)
{
    temporary_remove(folder);
}

static inline void write_bytes(const void *bytes, size_t count)
{
    cr_assert_eq(vae_file_write_soon(path, bytes, count), VAE_OK, "%s", vae_error_message());
}

static inline vae_wave read_wave(vae_wave_options options)
{
    vae_wave wave;
    cr_assert_eq(vae_wave_read(path, &options, &wave), VAE_OK, "%s", vae_error_message());
    return wave;
}

static inline void write_encoded(int format, int channels, int rate, const float *frames, int64_t count)
{
    wave_bytes bytes = wave_encode(format, channels, rate, frames, count);
    write_bytes(bytes.byte, bytes.count);
    free(bytes.byte);
}

#endif
