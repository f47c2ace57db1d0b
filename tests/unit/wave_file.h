/* Files of sound for tests, as libsndfile encodes them, in memory. */
#ifndef VAE_TEST_WAVE_FILE_H
#define VAE_TEST_WAVE_FILE_H

#include <criterion/criterion.h>
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct wave_bytes {
    uint8_t *byte; /* from malloc */
    size_t count;
} wave_bytes;

/* frames [count, channels] in one of libsndfile's formats, the same bytes each time: without the chunk of peaks, which
 * has the time in it. Needs _GNU_SOURCE. */
static inline wave_bytes wave_encode(int format, int channels, int rate, const float *frames, int64_t count)
{
    const int file = memfd_create("wave", MFD_CLOEXEC);
    SF_INFO info = {.format = format, .channels = channels, .samplerate = rate};
    SNDFILE *sound = sf_open_fd(file, SFM_WRITE, &info, SF_FALSE);
    cr_assert_not_null(sound, "%s", sf_strerror(NULL));
    sf_command(sound, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
    sf_command(sound, SFC_SET_CLIPPING, NULL, SF_TRUE);
    cr_assert_eq(sf_writef_float(sound, frames, count), count);
    cr_assert_eq(sf_close(sound), 0);
    const off_t size = lseek(file, 0, SEEK_END);
    wave_bytes bytes = {malloc((size_t)size), (size_t)size};
    cr_assert_not_null(bytes.byte);
    cr_assert_eq(pread(file, bytes.byte, bytes.count, 0), (ssize_t)size);
    close(file);
    return bytes;
}

/* A sine that begins with its phase 0. */
static inline void wave_sine(float *samples, int64_t count, double amplitude, double hertz, int rate)
{
    for (int64_t i = 0; i < count; ++i)
        samples[i] = (float)(amplitude * sin(2.0 * M_PI * hertz * (double)i / rate));
}

#endif
