/* Files of rows of numbers for tests, and what is read from them. */
#ifndef VAE_TEST_ROWS_FILE_H
#define VAE_TEST_ROWS_FILE_H

#include "data/dataset.h"
#include "data/read.h"
#include "unit/npy_file.h"

static const vae_read_options automatic = {.store = VAE_STORE_AUTO};

static inline vae_dataset read_rows(const char *path, const vae_read_options *options)
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(path, options, &dataset), VAE_OK, "%s", vae_error_message());
    return dataset;
}

static inline void expect_floats(const char *path, const vae_read_options *options, const float *values, int64_t count)
{
    vae_dataset dataset = read_rows(path, options);
    cr_assert_eq(dataset.dtype, VAE_FLOAT32, "%s", path);
    cr_assert_eq(dataset.count * vae_dataset_elements(&dataset), count);
    const float *found = (const void *)dataset.values;
    for (int64_t i = 0; i < count; ++i)
        cr_assert_eq(found[i], values[i], "%s: [%d] is %.9g, not %.9g", path, (int)i, (double)found[i],
                     (double)values[i]);
    vae_dataset_free(&dataset);
}

static inline void expect_failure(const char *path, const vae_read_options *options, vae_status expected,
                                  const char *words)
{
    vae_dataset dataset = {.count = 1};
    cr_expect_eq(vae_images_read(path, options, &dataset), expected, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(dataset.values);
}

static inline const char *write_text(const char *name, const char *text)
{
    idx_bytes file = {.count = strlen(text)};
    memcpy(file.byte, text, file.count);
    return idx_write(name, &file);
}

#endif
