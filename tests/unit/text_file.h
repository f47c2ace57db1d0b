/* Files of text for tests, and data sets that are read from them. */
#ifndef VAE_TEST_TEXT_FILE_H
#define VAE_TEST_TEXT_FILE_H

#include "data/sequences.h"
#include "unit/idx_file.h"

static inline const char *write_bytes(const char *name, const char *text, size_t size)
{
    static idx_bytes file;
    cr_assert_leq(size, sizeof file.byte);
    file.count = size;
    memcpy(file.byte, text, size);
    return idx_write(name, &file);
}

#define WRITE(name, text) write_bytes(name, text, sizeof(text) - 1)

static inline vae_dataset read_text(const char *path, vae_sequence_options options)
{
    vae_dataset dataset;
    options.kind = VAE_KIND_TEXT;
    cr_assert_eq(vae_sequences_read(path, &options, &dataset), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(dataset.kind, VAE_KIND_TEXT);
    cr_assert_eq(dataset.dtype, VAE_INT32);
    cr_assert(dataset.height == 1 && dataset.width == 1 && dataset.channels == 1);
    cr_assert_eq(dataset.offsets[0], 0);
    return dataset;
}

#endif
