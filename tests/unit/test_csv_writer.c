/* Tables of numbers: read back they are the same float32, below names that may hold anything. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/csv_writer.h"
#include "core/file.h"
#include "core/random.h"
#include "unit/temporary.h"

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/table.csv", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(csv_writer, .init = setup, .fini = teardown);

static void write_table(vae_csv_names names, int64_t columns, const float *values, int64_t rows)
{
    vae_csv_writer *writer;
    cr_assert_eq(vae_csv_writer_open(path, names, columns, &writer), VAE_OK, "%s", vae_error_message());
    for (int64_t r = 0; r < rows; ++r)
        vae_csv_writer_add(writer, values + r * columns, 1);
    cr_assert_eq(vae_csv_writer_finish(writer), VAE_OK, "%s", vae_error_message());
}

static char *read_table(void)
{
    void *text;
    size_t size;
    cr_assert_eq(vae_file_read(path, 1 << 24, &text, &size), VAE_OK, "%s", vae_error_message());
    return text;
}

Test(csv_writer, numbers_are_short_and_columns_have_names)
{
    static const float values[] = {0.1f, 16.0f, -0.0f, 1e-40f, 16777216.0f, 0.3f, INFINITY, -INFINITY};
    write_table((vae_csv_names){.prefix = "z"}, 4, values, 2);
    char *text = read_table();
    cr_expect_str_eq(text, "z0,z1,z2,z3\n0.1,16,-0,9.99995e-41\n16777216,0.3,inf,-inf\n");
    free(text);
    static const char names[] = "mean radius\0a \"b\", c\0 d\0e";
    write_table((vae_csv_names){.list = names, .prefix = "x"}, 4, values, 0);
    text = read_table();
    cr_expect_str_eq(text, "mean radius,\"a \"\"b\"\", c\",\" d\",e\n");
    free(text);
}

/* Of any bits that are a finite number. */
Test(csv_writer, every_number_is_read_back_as_it_was)
{
    enum { COUNT = 20000 };
    static float values[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        const uint32_t bits = vae_random_block(7, 1, 0, (uint64_t)i).word[0];
        memcpy(&values[i], &bits, sizeof bits);
        if (!isfinite(values[i])) values[i] = FLT_MAX;
    }
    write_table((vae_csv_names){.prefix = "x"}, 1, values, COUNT);
    char *text = read_table(), *at = strchr(text, '\n') + 1;
    for (int i = 0; i < COUNT; ++i) {
        const float again = strtof(at, &at);
        cr_assert(memcmp(&again, &values[i], sizeof again) == 0, "%a became %a", (double)values[i], (double)again);
        cr_assert_eq(*at++, '\n');
    }
    free(text);
}

Test(csv_writer, leaves_nothing_unless_it_is_finished)
{
    vae_csv_writer *writer;
    static const float value = 1.0f;
    cr_assert_eq(vae_csv_writer_open(path, (vae_csv_names){.prefix = "x"}, 1, &writer), VAE_OK);
    vae_csv_writer_add(writer, &value, 1);
    vae_csv_writer_abandon(writer);
    cr_expect_not(vae_path_exists(path));
    cr_expect_eq(vae_csv_writer_open("/nowhere/table.csv", (vae_csv_names){.prefix = "x"}, 1, &writer), VAE_ERROR_IO);
    cr_expect_null(writer);
    vae_csv_writer_abandon(NULL);
}
