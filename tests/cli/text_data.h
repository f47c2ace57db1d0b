/* A small text of a small language, and a model of it, for tests of the program. */
#ifndef VAE_TEST_TEXT_DATA_H
#define VAE_TEST_TEXT_DATA_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>

/* Line `index` of a fixed sequence: from 1 to 9 of 20 words. */
static inline void text_data_write_line(FILE *file, uint32_t index)
{
    uint32_t state = 1 + index * 2654435761u;
    const uint32_t words = 1 + (state >> 13) % 9;
    for (uint32_t i = 0; i < words; ++i) {
        state = state * 1664525u + 1013904223u;
        fprintf(file, "%sw%u", i ? " " : "", (state >> 20) % 20);
    }
    fputc('\n', file);
}

/* Lines first … first + count - 1. */
static inline void text_data_write(const char *folder, const char *name, uint32_t first, uint32_t count)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    for (uint32_t i = 0; i < count; ++i)
        text_data_write_line(file, first + i);
    cr_assert_eq(fclose(file), 0);
}

/* train.txt, test.txt, and text.ini, which trains on them. */
static inline void text_data_make(const char *folder)
{
    char path[256];
    text_data_write(folder, "train.txt", 0, 200);
    text_data_write(folder, "test.txt", 1000, 20);
    snprintf(path, sizeof path, "%s/text.ini", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("[model]\nfamily = text_vae\nlatent = 3\nembedding = 4\nencoder_units = 5\ndecoder_units = 5\n"
          "[data]\ntrain_data = train.txt\ntest_data = test.txt\nvalidation = 30\n"
          "[train]\nepochs = 3\nbatch_size = 16\nlog_interval = 5\n[run]\ndevice = cpu\nthreads = 1\n",
          file);
    cr_assert_eq(fclose(file), 0);
}

#endif
