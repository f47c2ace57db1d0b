/* IDX files for tests, plain and gzip, in a temporary folder of each test. */
#ifndef VAE_TEST_IDX_FILE_H
#define VAE_TEST_IDX_FILE_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "unit/temporary.h"

enum { IDX_BYTES = 1 << 16 };

static char idx_folder[64];

static inline void idx_setup(void)
{
    temporary_make(idx_folder);
}

static inline void idx_teardown(void)
{
    temporary_remove(idx_folder);
}

/* The path of a file in the folder; lasts until four more are asked for. */
static inline const char *idx_path(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", idx_folder, name);
    return path;
}

/* Leaves this process little more address space than it uses now, so that memory by what a header promises cannot be
 * had. AddressSanitizer maps memory of its own and cannot live with that; it ends the process itself where an
 * allocation is absurd. */
static inline void idx_limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    long pages = 0;
    struct rlimit limit;
    FILE *statm = fopen("/proc/self/statm", "r");
    cr_assert_not_null(statm);
    cr_assert_eq(fscanf(statm, "%ld", &pages), 1);
    fclose(statm);
    cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (256u << 20);
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
#endif
}

typedef struct idx_bytes {
    uint8_t byte[IDX_BYTES];
    size_t count;
} idx_bytes;

static inline void idx_append_size(idx_bytes *bytes, uint32_t size)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes->byte[bytes->count++] = (uint8_t)(size >> shift);
}

static inline idx_bytes idx_header(uint8_t type, uint8_t rank, const uint32_t *sizes)
{
    idx_bytes bytes = {.byte = {0, 0, type, rank}, .count = 4};
    for (int i = 0; i < rank; ++i)
        idx_append_size(&bytes, sizes[i]);
    return bytes;
}

#define IDX_HEADER(type, ...)                                                                                          \
    idx_header(type, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

/* The value of element i in the files below. */
static inline uint8_t idx_value(size_t i)
{
    return (uint8_t)(i * 37 + i / 11);
}

static inline void idx_append_values(idx_bytes *bytes, size_t count)
{
    cr_assert_leq(bytes->count + count, IDX_BYTES);
    for (size_t i = 0; i < count; ++i)
        bytes->byte[bytes->count++] = idx_value(i);
}

static inline idx_bytes idx_images(uint32_t count, uint32_t height, uint32_t width)
{
    idx_bytes bytes = IDX_HEADER(8, count, height, width);
    idx_append_values(&bytes, (size_t)count * height * width);
    return bytes;
}

/* That an array begins with these labels. */
#define IDX_EXPECT_LABELS(labels, ...)                                                                                 \
    cr_expect_arr_eq(labels, ((const int32_t[]){__VA_ARGS__}), sizeof((const int32_t[]){__VA_ARGS__}))

/* Label i is i % 10. */
static inline idx_bytes idx_labels(uint32_t count)
{
    idx_bytes bytes = IDX_HEADER(8, count);
    for (uint32_t i = 0; i < count; ++i)
        bytes.byte[bytes.count++] = (uint8_t)(i % 10);
    return bytes;
}

static inline void idx_write_raw(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

/* One gzip stream in memory; gives its size. */
static inline size_t idx_compress(const void *data, size_t size, uint8_t *target, size_t room)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size, .next_out = target, .avail_out = (uInt)room};
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t written = stream.total_out;
    deflateEnd(&stream);
    return written;
}

/* Writes name as it is, or as gzip where the name ends in .gz. */
static inline const char *idx_write(const char *name, const idx_bytes *bytes)
{
    const char *path = idx_path(name), *dot = strrchr(name, '.');
    static uint8_t compressed[2 * IDX_BYTES];
    if (dot && strcmp(dot, ".gz") == 0) {
        idx_write_raw(path, compressed, idx_compress(bytes->byte, bytes->count, compressed, sizeof compressed));
    } else {
        idx_write_raw(path, bytes->byte, bytes->count);
    }
    return path;
}

#endif
