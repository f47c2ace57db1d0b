/* What a report says of measured columns: histograms, distances and correlations that were counted by hand. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_columns.h"

static json_t *compare(int64_t columns, const float *data, int64_t data_rows, const float *samples, int64_t sample_rows,
                       const vae_classes *names)
{
    const vae_page_columns c = {.columns = columns,
                                .data = data,
                                .samples = samples,
                                .data_rows = data_rows,
                                .sample_rows = sample_rows,
                                .names = names};
    json_t *json = vae_page_columns_json(&c);
    cr_assert_not_null(json);
    return json;
}

static const json_t *shown(const json_t *json, size_t index)
{
    const json_t *column = json_array_get(json_object_get(json, "shown"), index);
    cr_assert_not_null(column);
    return column;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_number(value), "%s", key);
    return json_number_value(value);
}

static void expect_shares(const json_t *column, const char *key, const double *shares, size_t count)
{
    const json_t *list = json_object_get(column, key);
    cr_assert_eq(json_array_size(list), count, "%s: %zu bins", key, json_array_size(list));
    for (size_t i = 0; i < count; ++i)
        cr_expect_float_eq(json_real_value(json_array_get(list, i)), shares[i], 1e-12, "%s, bin %zu", key, i);
}

Test(page_columns, whole_numbers_have_a_bin_each)
{
    static const float data[] = {0, 0, 1, 3}, samples[] = {-0.9f, 0.2f, 0.4f, 0.6f, 1.2f, 2.9f, 3.1f, 3.2f};
    vae_classes names = {0};
    cr_assert_eq(vae_classes_add(&names, "count"), VAE_OK);
    json_t *json = compare(1, data, 4, samples, 8, &names);
    const json_t *column = shown(json, 0);
    cr_expect_str_eq(json_string_value(json_object_get(column, "name")), "count");
    cr_expect_eq(number(column, "low"), -1.5);
    cr_expect_eq(number(column, "high"), 3.5);
    expect_shares(column, "data", (double[]){0, 0.5, 0.25, 0, 0.25}, 5);
    expect_shares(column, "samples", (double[]){0.125, 0.25, 0.25, 0, 0.375}, 5);
    cr_expect_float_eq(number(column, "distance"), 0.125, 1e-12); /* up to -1, 0 and 1 */
    cr_expect_eq(number(json, "total"), 1);
    json_decref(json);
    vae_classes_free(&names);
}

Test(page_columns, the_distance_is_that_of_kolmogorov_and_smirnov)
{
    static const float data[] = {0.1f, 0.2f, 0.3f, 0.4f}, samples[] = {0.25f, 0.3f, 0.45f, 0.5f, 0.6f};
    json_t *json = compare(1, data, 4, samples, 5, NULL);
    cr_expect_float_eq(number(shown(json, 0), "distance"), 0.6, 1e-12); /* 1 and 2/5 up to 0.4 */
    cr_expect_float_eq(number(json, "mean_distance"), 0.6, 1e-12);
    json_decref(json);
    json = compare(1, data, 4, data, 4, NULL);
    cr_expect_eq(number(shown(json, 0), "distance"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(shown(json, 0), "name")), "x0");
    json_decref(json);
}

/* Shares and what is outside come to one, and far outliers do not stretch the bins. */
Test(page_columns, shares_are_of_all_rows)
{
    enum { ROWS = 1000 };
    static float data[ROWS], samples[ROWS];
    for (int i = 0; i < ROWS; ++i) {
        data[i] = sinf((float)i);
        samples[i] = i == 0 ? 1e6f : 1.5f * cosf((float)i);
    }
    data[7] = -1e9f;
    json_t *json = compare(1, data, ROWS, samples, ROWS, NULL);
    const json_t *column = shown(json, 0);
    cr_expect(number(column, "low") > -10 && number(column, "high") < 10);
    static const char *const sides[] = {"data", "samples"};
    for (size_t side = 0; side < 2; ++side) {
        const json_t *shares = json_object_get(column, sides[side]);
        const double outside = json_real_value(json_array_get(json_object_get(column, "outside"), side));
        double sum = outside;
        for (size_t i = 0; i < json_array_size(shares); ++i)
            sum += json_real_value(json_array_get(shares, i));
        cr_expect_float_eq(sum, 1.0, 1e-9);
        cr_expect(outside > 0.0005 && outside < 0.02, "%s: %g", sides[side], outside);
    }
    json_decref(json);
}

/* A column that never changes has a place too. */
Test(page_columns, constant_columns_have_neither_spread_nor_correlation)
{
    static const float data[] = {0.5f, 1, 0.5f, 2, 0.5f, 4}, samples[] = {0.5f, 1, 0.5f, 0};
    json_t *json = compare(2, data, 3, samples, 2, NULL);
    const json_t *related = json_object_get(json, "related");
    cr_expect(number(shown(json, 0), "low") < 0.5 && number(shown(json, 0), "high") > 0.5);
    cr_expect_str_eq(json_string_value(json_object_get(related, "data")), "gICAfw=="); /* -128 -128 -128 127 */
    cr_expect_eq(number(related, "difference"), 0);
    json_decref(json);
}

Test(page_columns, correlations_are_those_of_pearson)
{
    static const float data[] = {1, 2, -1, 2, 4, -2, 3, 6, -3}, samples[] = {1, 3, 1, -1, -3, -1, 0, 4, 0, 0, -4, 0};
    json_t *json = compare(3, data, 3, samples, 4, NULL);
    const json_t *related = json_object_get(json, "related");
    /* 127 127 -127 and so on; of the samples r(0, 1) = 3/5, r(0, 2) = 1, r(1, 2) = 3/5. */
    cr_expect_str_eq(json_string_value(json_object_get(related, "data")), "f3+Bf3+BgYF/");
    cr_expect_str_eq(json_string_value(json_object_get(related, "samples")), "f0x/TH9Mf0x/");
    cr_expect_float_eq(number(related, "difference"), (0.4 + 2.0 + 1.6) / 3, 1e-9);
    json_decref(json);
}

Test(page_columns, of_many_columns_those_that_differ_most_come_first)
{
    enum { COLUMNS = 450, ROWS = 50 };
    float *data = calloc(COLUMNS * ROWS, sizeof *data), *samples = calloc(COLUMNS * ROWS, sizeof *samples);
    for (int i = 0; i < COLUMNS * ROWS; ++i) {
        data[i] = sinf((float)i * 1.3f);
        samples[i] = data[i] + (i % COLUMNS == 321 ? 3.0f : i % COLUMNS == 17 ? 0.5f : 0.0f);
    }
    json_t *json = compare(COLUMNS, data, ROWS, samples, ROWS, NULL);
    cr_expect_eq(json_array_size(json_object_get(json, "shown")), VAE_PAGE_COLUMNS_SHOWN);
    cr_expect_eq(number(shown(json, 0), "column"), 321);
    cr_expect_eq(number(shown(json, 0), "distance"), 1);
    cr_expect_eq(number(shown(json, 1), "column"), 17);
    cr_expect_eq(number(shown(json, 2), "column"), 0);
    const json_t *columns = json_object_get(json_object_get(json, "related"), "columns");
    cr_expect_eq(json_array_size(columns), VAE_PAGE_COLUMNS_RELATED);
    cr_expect_eq(json_integer_value(json_array_get(columns, 199)), 447);
    json_decref(json);
    free(data);
    free(samples);
}
