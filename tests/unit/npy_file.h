/* .npy and .npz files for tests, in the folder of unit/idx_file.h. */
#ifndef VAE_TEST_NPY_FILE_H
#define VAE_TEST_NPY_FILE_H

#include <zip.h>

#include "core/npy_header.h"
#include "unit/idx_file.h"

/* An array whose data are `size` bytes, as a file's content. */
static inline idx_bytes npy_bytes(const char *type, int rank, const int64_t *sizes, const void *data, size_t size)
{
    idx_bytes bytes = {.count = 0};
    uint8_t header[VAE_NPY_HEADER_SIZE];
    vae_npy_header_make(type, rank, sizes, 0, header, &bytes.count);
    memcpy(bytes.byte, header, bytes.count);
    cr_assert_leq(bytes.count + size, IDX_BYTES);
    if (size) memcpy(bytes.byte + bytes.count, data, size);
    bytes.count += size;
    return bytes;
}

#define NPY_SIZES(...)                                                                                                 \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[])                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* Unsigned bytes, element i being idx_value(i). */
static inline idx_bytes npy_values(int rank, const int64_t *sizes)
{
    int64_t count = 1;
    for (int i = 0; i < rank; ++i)
        count *= sizes[i];
    idx_bytes bytes = npy_bytes("|u1", rank, sizes, NULL, 0);
    idx_append_values(&bytes, (size_t)count);
    return bytes;
}

typedef struct npz_entry {
    const char *name; /* with .npy */
    const idx_bytes *content;
} npz_entry;

static inline void npz_write(const char *path, const npz_entry *entries, int count, bool deflated)
{
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    cr_assert_not_null(archive);
    for (int i = 0; i < count; ++i) {
        zip_source_t *source = zip_source_buffer(archive, entries[i].content->byte, entries[i].content->count, 0);
        const zip_int64_t index = zip_file_add(archive, entries[i].name, source, 0);
        cr_assert_geq(index, 0);
        zip_set_file_compression(archive, (zip_uint64_t)index, deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    cr_assert_eq(zip_close(archive), 0, "%s", zip_strerror(archive));
}

#endif
