/* A small data set with something to learn, and a configuration for it: 8 by 8 pixels with one bright square. */
#ifndef VAE_TEST_TINY_DATA_H
#define VAE_TEST_TINY_DATA_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>

enum { TINY_SIDE = 8, TINY_TRAIN = 203, TINY_TEST = 41 };

static inline uint8_t tiny_noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

static inline void tiny_write_images(const char *folder, const char *name, int count, uint32_t seed)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    const uint8_t header[16] = {0, 0,         8, 3, 0, 0,        (uint8_t)(count >> 8), (uint8_t)count, 0, 0,
                                0, TINY_SIDE, 0, 0, 0, TINY_SIDE};
    fwrite(header, 1, sizeof header, file);
    for (int i = 0; i < count; ++i) {
        const int top = tiny_noise(&seed) % (TINY_SIDE - 2), left = tiny_noise(&seed) % (TINY_SIDE - 2);
        for (int y = 0; y < TINY_SIDE; ++y) {
            for (int x = 0; x < TINY_SIDE; ++x) {
                const int inside = y >= top && y < top + 3 && x >= left && x < left + 3;
                fputc(inside ? 255 - tiny_noise(&seed) % 32 : tiny_noise(&seed) % 16, file);
            }
        }
    }
    cr_assert_eq(fclose(file), 0);
}

/* Writes train.idx, test.idx and tiny.ini, 13 steps an epoch of which the last is short, into the folder. */
static inline void tiny_write(const char *folder)
{
    char path[512];
    tiny_write_images(folder, "train.idx", TINY_TRAIN, 1);
    tiny_write_images(folder, "test.idx", TINY_TEST, 2);
    snprintf(path, sizeof path, "%s/tiny.ini", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("[model]\nlayers = 24\nlatent = 3\n"
          "[data]\ntrain_data = train.idx\ntest_data = test.idx\n"
          "[train]\nepochs = 4\nbatch_size = 16\nlearning_rate = 0.01\nlog_interval = 5\n"
          "[run]\nthreads = 1\n"
          "[evaluate]\nbatch_size = 16\n",
          file);
    cr_assert_eq(fclose(file), 0);
}

#endif
