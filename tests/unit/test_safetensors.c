/* model/safetensors.c: round trips, and every kind of damaged or hostile file is one clear error. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "core/file.h"
#include "model/safetensors.h"
#include "unit/temporary.h"

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "x.safetensors"), VAE_OK);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(safetensors, .init = setup, .fini = teardown);

static const float weight[6] = {1, 2, 3, 4, 5, 6};
static const double bias[3] = {-1.5, 0.0, 1e300};
static const vae_safetensors_text texts[] = {{"format", "test"}, {"text", "line 1\nline \"2\" = ü"}};
static const vae_safetensor tensors[] = {
    {.name = "weight", .dtype = VAE_FLOAT32, .shape = {.rank = 2, .size = {2, 3}}, .data = weight},
    {.name = "empty", .dtype = VAE_FLOAT32, .shape = {.rank = 2, .size = {0, 3}}, .data = weight},
    {.name = "bias", .dtype = VAE_FLOAT64, .shape = {.rank = 1, .size = {3}}, .data = bias},
};

static void write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

Test(safetensors, what_is_written_is_read_back)
{
    cr_assert_eq(vae_safetensors_write(path, texts, 2, tensors, 3), VAE_OK, "%s", vae_error_message());
    vae_safetensors_file *file;
    cr_assert_eq(vae_safetensors_read(path, &file), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(vae_safetensors_count(file), 3);
    cr_expect_str_eq(vae_safetensors_metadata(file, "text"), texts[1].text);
    cr_expect_null(vae_safetensors_metadata(file, "none"));
    cr_expect_null(vae_safetensors_find(file, "none"));
    for (int i = 0; i < 3; ++i) {
        const vae_safetensor *found = vae_safetensors_find(file, tensors[i].name);
        cr_assert_not_null(found);
        cr_expect_eq(found, vae_safetensors_get(file, i));
        cr_expect_eq(found->dtype, tensors[i].dtype);
        cr_assert_eq(found->shape.rank, tensors[i].shape.rank);
        cr_expect_arr_eq(found->shape.size, tensors[i].shape.size, (size_t)found->shape.rank * sizeof(int64_t));
        cr_expect_arr_eq(found->data, tensors[i].data, found->bytes);
    }
    cr_expect_eq(vae_safetensors_find(file, "weight")->bytes, sizeof weight);
    vae_safetensors_free(file);
}

Test(safetensors, the_data_starts_aligned_and_writing_is_deterministic)
{
    void *first, *second;
    size_t size, again;
    cr_assert_eq(vae_safetensors_write(path, texts, 2, tensors, 3), VAE_OK);
    cr_assert_eq(vae_file_read(path, 10000, &first, &size), VAE_OK);
    cr_assert_eq(vae_safetensors_write(path, texts, 2, tensors, 3), VAE_OK);
    cr_assert_eq(vae_file_read(path, 10000, &second, &again), VAE_OK);
    cr_assert_eq(size, again);
    cr_expect_arr_eq(first, second, size);
    cr_expect_eq((size - sizeof weight - sizeof bias) % 64, 0u);
    free(first);
    free(second);
}

Test(safetensors, a_name_twice_or_text_that_is_not_utf8_is_not_written)
{
    const vae_safetensor twice[] = {tensors[0], tensors[0]};
    cr_expect_eq(vae_safetensors_write(path, NULL, 0, twice, 2), VAE_ERROR_ARGUMENT);
    const vae_safetensors_text latin = {"key", "\xe4"};
    cr_expect_eq(vae_safetensors_write(path, &latin, 1, tensors, 1), VAE_ERROR_ARGUMENT);
    cr_expect_not(vae_path_exists(path));
}

/* ---- Damaged and hostile files ---- */

/* Writes length, header and `data_bytes` zeros, and expects an error with these words. length 0: the header's own. */
static void expect_refused(const char *header, uint64_t length, size_t data_bytes, const char *words)
{
    char bytes[4096] = {0};
    const size_t text = strlen(header);
    if (length == 0) length = text;
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + 8, header, text);
    write_bytes(bytes, 8 + text + data_bytes);
    vae_safetensors_file *file = NULL;
    const vae_status status = vae_safetensors_read(path, &file);
    cr_expect_eq(status, VAE_ERROR_FORMAT, "%s: %s", header, vae_status_name(status));
    cr_expect_null(file);
    cr_expect_not_null(strstr(vae_error_message(), words), "%s: '%s' lacks '%s'", header, vae_error_message(), words);
    cr_expect_not_null(strstr(vae_error_message(), path));
}

#define ENTRY(dtype, shape, begin, end)                                                                                \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

Test(safetensors, headers_that_lie_about_their_length)
{
    expect_refused("{}", 3, 0, "cut short");
    expect_refused("{}", UINT64_MAX, 0, "not plausible");
    expect_refused("{}", (uint64_t)1 << 40, 100, "not plausible");
    expect_refused("{}", 90000000, 100, "cut short");
    expect_refused("{}", 1, 0, "JSON");
    write_bytes("1234567", 7);
    vae_safetensors_file *file;
    cr_expect_eq(vae_safetensors_read(path, &file), VAE_ERROR_FORMAT);
    write_bytes("", 0);
    cr_expect_eq(vae_safetensors_read(path, &file), VAE_ERROR_FORMAT);
    write_bytes("\0\0\0\0\0\0\0\0", 8);
    cr_expect_eq(vae_safetensors_read(path, &file), VAE_ERROR_FORMAT);
    cr_expect_eq(vae_safetensors_read(folder, &file), VAE_ERROR_IO);
}

Test(safetensors, headers_that_are_no_such_json)
{
    expect_refused("[]", 0, 0, "begin");
    expect_refused(" {}", 0, 0, "begin");
    expect_refused("{\"a\":}", 0, 0, "JSON");
    expect_refused("{\"a\":1}", 0, 0, "dtype");
    expect_refused("{\"a\":null}", 0, 0, "dtype");
    expect_refused("{\"__metadata__\":[]}", 0, 0, "__metadata__");
    expect_refused("{\"__metadata__\":{\"a\":1}}", 0, 0, "'a'");
    expect_refused("{\"a\":" ENTRY("F32", "[1]", "0", "4") ",\"a\":" ENTRY("F32", "[1]", "0", "4") "}", 0, 4, "JSON");
    expect_refused("{\"a\":" ENTRY("F32", "[1]", "0", "4") "}{}", 0, 4, "JSON");
}

Test(safetensors, tensors_that_cannot_be)
{
    expect_refused("{\"a\":" ENTRY("BF16", "[1]", "0", "2") "}", 0, 2, "BF16");
    expect_refused("{\"a\":" ENTRY("F32", "1", "0", "4") "}", 0, 4, "no shape");
    expect_refused("{\"a\":" ENTRY("F32", "[-1]", "0", "4") "}", 0, 4, "whole number");
    expect_refused("{\"a\":" ENTRY("F32", "[1.0]", "0", "4") "}", 0, 4, "whole number");
    expect_refused("{\"a\":" ENTRY("F32", "[1,1,1,1,1]", "0", "4") "}", 0, 4, "dimensions");
    expect_refused("{\"a\":" ENTRY("F32", "[4611686018427387904,4]", "0", "4") "}", 0, 4, "implausibly large");
    expect_refused("{\"a\":" ENTRY("F32", "[4611686018427387904]", "0", "0") "}", 0, 0, "implausibly large");
    expect_refused("{\"a\":" ENTRY("F32", "[99999999999999999999]", "0", "0") "}", 0, 0, "JSON");
    expect_refused("{\"a\":" ENTRY("F32", "[2]", "0", "4") "}", 0, 4, "needs 8 bytes");
    expect_refused("{\"a\":" ENTRY("F32", "[1]", "-4", "0") "}", 0, 4, "lies at");
    expect_refused("{\"a\":" ENTRY("F32", "[1]", "4", "0") "}", 0, 4, "lies at");
    expect_refused("{\"a\":" ENTRY("F32", "[1]", "4", "8") "}", 0, 4, "cut short");
    expect_refused("{\"a\":" ENTRY("F32", "[1]", "0", "4.0") "}", 0, 4, "data_offsets");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 0, 4, "data_offsets");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 0, 4, "data_offsets");
}

Test(safetensors, overlaps_holes_and_left_over_bytes)
{
#define TWO(begin, end) "{\"a\":" ENTRY("F32", "[2]", "0", "8") ",\"b\":" ENTRY("F32", "[2]", begin, end) "}"
    expect_refused(TWO("4", "12"), 0, 12, "overlaps");
    expect_refused(TWO("0", "8"), 0, 8, "overlaps");
    expect_refused(TWO("12", "20"), 0, 20, "hole");
    expect_refused(TWO("8", "16"), 0, 17, "1 bytes at its end");
    expect_refused("{}", 0, 4, "4 bytes at its end");
}

/* Every byte changed in every bit, and every length: never a crash, and either an error or a file that holds together.
 * With the address sanitizer this also proves that nothing outside the file is read. */
Test(safetensors, no_mutation_crashes)
{
    cr_assert_eq(vae_safetensors_write(path, texts, 2, tensors, 3), VAE_OK);
    void *original;
    size_t size;
    int refused = 0;
    cr_assert_eq(vae_file_read(path, 10000, &original, &size), VAE_OK);
    char *bytes = original;
    const size_t header = size - sizeof weight - sizeof bias;
    for (size_t i = 0; i < header * 8; ++i) {
        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
        write_bytes(bytes, size);
        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
        vae_safetensors_file *file;
        if (vae_safetensors_read(path, &file)) {
            ++refused;
            continue;
        }
        volatile char sum = 0;
        for (int32_t k = 0; k < vae_safetensors_count(file); ++k) {
            const vae_safetensor *tensor = vae_safetensors_get(file, k);
            for (size_t b = 0; b < tensor->bytes; ++b)
                sum = (char)(sum + ((const char *)tensor->data)[b]);
        }
        vae_safetensors_free(file);
    }
    cr_expect_gt(refused, (int)header, "only %d mutations were refused", refused);
    for (size_t length = 0; length < size; ++length) {
        write_bytes(bytes, length);
        vae_safetensors_file *file;
        cr_expect_eq(vae_safetensors_read(path, &file), VAE_ERROR_FORMAT, "cut to %zu bytes", length);
    }
    free(original);
}
