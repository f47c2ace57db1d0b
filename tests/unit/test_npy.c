/* .npy files: our own read back, NumPy's layouts, and files that are damaged, foreign or promise too much. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/file.h"
#include "core/npy.h"
#include "unit/temporary.h"

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/array.npy", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(npy, .init = setup, .fini = teardown);

static void write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

/* A file of the given format version whose header is `text`, followed by the data. */
static void write_file(int version, const char *text, const void *data, size_t size)
{
    uint8_t bytes[1024] = "\x93NUMPY";
    const size_t length = strlen(text), start = version == 1 ? 10 : 12;
    bytes[6] = (uint8_t)version;
    bytes[8] = (uint8_t)length;
    bytes[9] = (uint8_t)(length >> 8);
    memcpy(bytes + start, text, length);
    if (size) memcpy(bytes + start + length, data, size);
    write_bytes(bytes, start + length + size);
}

#define HEADER(type, order, shape) "{'descr': " type ", 'fortran_order': " order ", 'shape': " shape ", }\n"

static void expect_refusal(const char *words)
{
    vae_npy_array array;
    cr_expect_eq(vae_npy_read_float32(path, &array), VAE_ERROR_FORMAT, "a file was taken that lacks '%s'", words);
    cr_expect_null(array.values);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_not_null(strstr(vae_error_message(), path), "'%s' does not name the file", vae_error_message());
}

Test(npy, round_trip_at_every_rank)
{
    const float values[24] = {1.5f, -0.0f, INFINITY, 1e-42f, 3.0f, -7.25f, [23] = 8.0f};
    const int64_t sizes[][VAE_NPY_MAX_RANK] = {{0},
                                               {24},
                                               {6, 4},
                                               {2, 3, 4},
                                               {2, 3, 2, 2},
                                               {1, 24, 1, 1, 1},
                                               {2, 3, 2, 2, 1, 1},
                                               {2, 1, 1, 1, 3, 2, 2},
                                               {1, 1, 1, 1, 1, 1, 1, 24}};
    for (int rank = 0; rank <= VAE_NPY_MAX_RANK; ++rank) {
        vae_npy_array array;
        cr_assert_eq(vae_npy_write_float32(path, values, rank, sizes[rank]), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(array.rank, rank);
        cr_assert_eq(array.count, rank == 0 ? 1 : 24);
        cr_assert_arr_eq(array.sizes, sizes[rank], (size_t)rank * sizeof(int64_t));
        cr_assert_arr_eq(array.values, values, (size_t)array.count * sizeof(float));
        vae_npy_free(&array);
    }
}

Test(npy, layout_that_numpy_documents)
{
    const int64_t sizes[] = {2, 3};
    const float values[6] = {0, 1, 2, 3, 4, 5};
    cr_assert_eq(vae_npy_write_float32(path, values, 2, sizes), VAE_OK);
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(path, 1 << 16, &data, &size), VAE_OK);
    const uint8_t *bytes = data;
    cr_expect_arr_eq(bytes, "\x93NUMPY\x01\x00", 8);
    const size_t start = 10 + (size_t)bytes[8] + 256 * (size_t)bytes[9];
    cr_expect_eq(start % 64, 0, "the data begin at byte %zu", start);
    cr_expect_eq(bytes[start - 1], '\n');
    cr_expect_eq(size, start + sizeof values);
    const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,), }";
    cr_expect_arr_eq(bytes + 10, header, sizeof header - 1);
    free(data);
}

Test(npy, doubles_and_bytes)
{
    const double doubles[] = {0.25, -3.0};
    vae_npy_array array;
    write_file(1, HEADER("'<f8'", "False", "(2,)"), doubles, sizeof doubles);
    cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(array.values[0], 0.25f);
    cr_expect_eq(array.values[1], -3.0f);
    vae_npy_free(&array);
    const uint8_t bytes[] = {0, 51, 255};
    write_file(1, HEADER("'|u1'", "False", "(3, 1)"), bytes, sizeof bytes);
    cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(array.rank, 2);
    cr_expect_eq(array.values[0], 0.0f);
    cr_expect_float_eq(array.values[1], 0.2f, 1e-7);
    cr_expect_eq(array.values[2], 1.0f);
    vae_npy_free(&array);
}

Test(npy, later_versions_keys_in_any_order_and_none_at_all)
{
    const float value = 7.0f;
    for (int version = 1; version <= 3; ++version) {
        vae_npy_array array;
        write_file(version, "{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}", &value, sizeof value);
        cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "version %d: %s", version, vae_error_message());
        cr_expect_eq(array.values[0], 7.0f);
        vae_npy_free(&array);
        write_file(version, HEADER("'<f4'", "False", "(0, 5)"), "", 0);
        cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "version %d: %s", version, vae_error_message());
        cr_expect_eq(array.count, 0);
        vae_npy_free(&array);
    }
    /* One dimension is the same in both orders. */
    vae_npy_array array;
    write_file(1, HEADER("'<f4'", "True", "(1,)"), &value, sizeof value);
    cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "%s", vae_error_message());
    vae_npy_free(&array);
}

static void expect_values(const char *type, const char *order, const void *data, size_t size)
{
    static const float expected[6] = {0, 0.25f, -1.5f, 2, 3, 65504};
    vae_npy_array array;
    char header[128];
    snprintf(header, sizeof header, HEADER("'%s'", "%s", "(2, 3)"), type, order);
    write_file(1, header, data, size);
    cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "%s", vae_error_message());
    cr_expect_arr_eq(array.values, expected, sizeof expected, "%s", type);
    vae_npy_free(&array);
}

Test(npy, other_byte_orders_halves_and_fortran_order)
{
    const uint8_t big[24] = {
        [4] = 0x3e, 0x80, [8] = 0xbf, 0xc0, [12] = 0x40, [16] = 0x40, 0x40, [20] = 0x47, 0x7f, 0xe0};
    const uint16_t half[6] = {0, 0x3400, 0xbe00, 0x4000, 0x4200, 0x7bff};
    const float columns[6] = {0, 2, 0.25f, 3, -1.5f, 65504};
    expect_values(">f4", "False", big, sizeof big);
    expect_values("<f2", "False", half, sizeof half);
    expect_values("<f4", "True", columns, sizeof columns);
}

Test(npy, foreign_content)
{
    const float values[4] = {0};
    write_file(1, HEADER("'<c8'", "False", "(2,)"), values, sizeof values);
    expect_refusal("'<c8'");
    write_file(1, HEADER("'<i8'", "False", "(2,)"), values, sizeof values);
    expect_refusal("'<i8'");
    write_file(1, HEADER("[('a', '<f4'), ('b', '<f4')]", "False", "(2,)"), values, sizeof values);
    expect_refusal("not a plain number");
    write_bytes("PK\003\004 this is an .npz archive", 28);
    expect_refusal("does not begin like one");
    write_bytes("", 0);
    expect_refusal("does not begin like one");
    write_file(4, HEADER("'<f4'", "False", "(4,)"), values, sizeof values);
    expect_refusal("version");
}

Test(npy, headers_that_promise_too_much)
{
    const float values[4] = {0};
    write_file(1, HEADER("'<f4'", "False", "(5,)"), values, sizeof values);
    expect_refusal("needs 5 numbers, but 4 are there");
    write_file(1, HEADER("'<f4'", "False", "(3,)"), values, sizeof values);
    expect_refusal("needs 3 numbers, but 4 are there");
    write_file(1, HEADER("'<f4'", "False", "(1000000000000,)"), values, sizeof values);
    expect_refusal("needs 1000000000000 numbers");
    write_file(1, HEADER("'<f4'", "False", "(4294967296, 4294967296, 4)"), values, sizeof values);
    expect_refusal("too large");
    write_file(1, HEADER("'<f4'", "False", "(99999999999999999999999,)"), values, sizeof values);
    expect_refusal("shape cannot be read");
    write_file(1, HEADER("'<f4'", "False", "(-4,)"), values, sizeof values);
    expect_refusal("shape cannot be read");
    write_file(1, HEADER("'<f4'", "False", "(four,)"), values, sizeof values);
    expect_refusal("shape cannot be read");
    write_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,", values, sizeof values);
    expect_refusal("shape cannot be read");
    write_file(1, HEADER("'<f4'", "False", "4"), values, sizeof values);
    expect_refusal("no shape");
    write_file(1, HEADER("'<f4'", "False", "(1,1,1,1,1,1,1,1,4)"), values, sizeof values);
    expect_refusal("more than 8");
    write_file(1, "{'fortran_order': False, 'shape': (4,)}", values, sizeof values);
    expect_refusal("incomplete");
}

/* Cut at every byte: never read, never a crash. */
Test(npy, truncated_everywhere)
{
    const int64_t sizes[] = {3};
    const float values[] = {1, 2, 3};
    cr_assert_eq(vae_npy_write_float32(path, values, 1, sizes), VAE_OK);
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(path, 1 << 16, &data, &size), VAE_OK);
    for (size_t length = 0; length < size; ++length) {
        vae_npy_array array;
        write_bytes(data, length);
        cr_assert_eq(vae_npy_read_float32(path, &array), VAE_ERROR_FORMAT, "%zu bytes of %zu were read", length, size);
        cr_assert_null(array.values);
    }
    free(data);
}

Test(npy, missing_files_and_too_many_dimensions)
{
    vae_npy_array array;
    const float value = 0;
    const int64_t sizes[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    cr_expect_eq(vae_npy_read_float32(path, &array), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), path));
    cr_expect_eq(vae_npy_write_float32(path, &value, 9, sizes), VAE_ERROR_ARGUMENT);
    cr_expect_not(vae_path_exists(path));
}
