/* What tests of drawings share: data sets read from files, and their rows as text. */
#ifndef VAE_TEST_DRAWING_FILE_H
#define VAE_TEST_DRAWING_FILE_H

#include "data/sequences.h"
#include "unit/idx_file.h"

static inline const char *drawing_write(const char *name, const char *text, size_t size)
{
    static idx_bytes file;
    cr_assert_leq(size, sizeof file.byte);
    file.count = size;
    memcpy(file.byte, text, size);
    return idx_write(name, &file);
}

#define DRAWING_WRITE(name, text) drawing_write(name, text, sizeof(text) - 1)

static inline vae_dataset drawing_read(const char *path, vae_sequence_options options)
{
    vae_dataset dataset;
    options.kind = VAE_KIND_DRAWING;
    cr_assert_eq(vae_sequences_read(path, &options, &dataset), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(dataset.kind, VAE_KIND_DRAWING);
    cr_assert_eq(dataset.dtype, VAE_FLOAT32);
    cr_assert(dataset.height == 1 && dataset.width == 1 && dataset.channels == 5);
    return dataset;
}

/* Each drawing a line, each step between its begin and its end "dx,dy" and "|" where the pen is lifted: to 3 digits
 * behind the point at most. */
static inline void drawing_expect(const vae_dataset *dataset, const char *expected)
{
    char all[8192];
    size_t used = 0;
    const float *rows = (const void *)dataset->values;
    for (int64_t i = 0; i < dataset->count; ++i) {
        const float *row = rows + 5 * dataset->offsets[i], *end = rows + 5 * (dataset->offsets[i + 1] - 1);
        cr_assert_arr_eq(row, ((const float[]){0, 0, 1, 0, 0}), 5 * sizeof(float));
        cr_assert_arr_eq(end, ((const float[]){0, 0, 0, 0, 1}), 5 * sizeof(float));
        while ((row += 5) < end) {
            cr_assert(row[2] + row[3] == 1 && row[2] * row[3] == 0 && row[4] == 0);
            used += (size_t)snprintf(all + used, sizeof all - used, "%.4g,%.4g%s", (double)row[0], (double)row[1],
                                     row[3] == 1     ? "|"
                                     : row + 5 < end ? " "
                                                     : "");
            cr_assert_lt(used, sizeof all - 2);
        }
        all[used++] = '\n';
    }
    all[used] = '\0';
    cr_expect_str_eq(all, expected);
}

/* Reads and frees. */
static inline void drawing_expect_file(const char *path, vae_sequence_options options, const char *expected)
{
    vae_dataset dataset = drawing_read(path, options);
    drawing_expect(&dataset, expected);
    vae_dataset_free(&dataset);
}

/* The message is the path and this. */
static inline void drawing_expect_failure(const char *path, vae_sequence_options options, const char *rest)
{
    vae_dataset dataset = {.count = 1};
    char expected[1024];
    options.kind = VAE_KIND_DRAWING;
    snprintf(expected, sizeof expected, "%s%s", path, rest);
    cr_expect_eq(vae_sequences_read(path, &options, &dataset), VAE_ERROR_FORMAT, "%s", rest);
    cr_expect_str_eq(vae_error_message(), expected);
    cr_expect(dataset.count == 0 && !dataset.values && !dataset.offsets && !dataset.labels);
}

#endif
