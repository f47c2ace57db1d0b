/* Data that are no images: rows of measurements train, resume, evaluate and encode, the same bits from memory and from
 * disk, by one thread and by two. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "cli/process.h"
#include "core/file.h"
#include "core/npy.h"
#include "core/npy_header.h"
#include "unit/temporary.h"

enum { ROWS = 150, COLUMNS = 6 };

static char folder[64];
static float rows[ROWS * COLUMNS];

static void write_array(const char *name, const char *type, const void *values, size_t size)
{
    char path[256];
    uint8_t header[VAE_NPY_HEADER_SIZE];
    size_t header_size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    vae_npy_header_make(type, 2, (int64_t[]){ROWS, COLUMNS}, 0, header, &header_size);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(header, 1, header_size, file);
    fwrite(values, 1, size, file);
    cr_assert_eq(fclose(file), 0);
}

static void write_config(const char *likelihood)
{
    char path[256];
    snprintf(path, sizeof path, "%s/rows.ini", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file,
            "[model]\nlayers = 12\nlatent = 2\nlikelihood = %s\n[data]\ntrain_data = rows.npy\nvalidation = 30\n"
            "normalise = standard\n[train]\nepochs = 4\nbatch_size = 16\nlearning_rate = 0.01\n[run]\nthreads = 1\n"
            "[evaluate]\nsamples = 20\n",
            likelihood);
    cr_assert_eq(fclose(file), 0);
}

/* Columns of very different size that depend on one another. */
static void setup(void)
{
    temporary_make(folder);
    for (int i = 0; i < ROWS; ++i) {
        const float a = sinf((float)i * 1.7f), b = cosf((float)i * 0.9f);
        const float row[COLUMNS] = {1000.0f * a, 1e-3f * b, a + b, 5.0f + a * b, -40.0f * a, 7.0f};
        memcpy(rows + i * COLUMNS, row, sizeof row);
    }
    write_array("rows.npy", "<f4", rows, sizeof rows);
    write_config("gaussian_pixel");
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(measured, .init = setup, .fini = teardown, .timeout = 120);

static void *read_file(const char *name, size_t *size)
{
    char path[256];
    void *data;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(vae_file_read(path, 1 << 26, &data, size), VAE_OK, "%s", vae_error_message());
    return data;
}

/* Parameters and moments; the configuration before them may differ. */
static void expect_same_tensors(const char *run, const char *other)
{
    char name[2][128];
    size_t size[2];
    uint64_t header[2];
    char *data[2];
    for (int i = 0; i < 2; ++i) {
        snprintf(name[i], sizeof name[i], "%s/checkpoints/last.safetensors", i ? other : run);
        data[i] = read_file(name[i], &size[i]);
        memcpy(&header[i], data[i], sizeof header[i]);
    }
    cr_assert_eq(size[0] - header[0], size[1] - header[1]);
    cr_expect_eq(memcmp(data[0] + 8 + header[0], data[1] + 8 + header[1], size[0] - 8 - header[0]), 0, "%s, %s", run,
                 other);
    free(data[0]);
    free(data[1]);
}

#define CONSTANT                                                                                                       \
    "1 column is the same in all training data, in float32, so that it is only shifted: the first is column 5, "       \
    "counted from 0"
#define TRAIN(out, ...) process_expect(0, CONSTANT, folder, "--config", "rows.ini", "--out", out, __VA_ARGS__)

static double *read_array(const char *name, int64_t count)
{
    size_t size;
    char *data = read_file(name, &size);
    cr_assert_geq(size, (size_t)count * sizeof(float));
    double *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; ++i) {
        float value;
        memcpy(&value, data + size - (size_t)(count - i) * sizeof value, sizeof value);
        values[i] = (double)value;
    }
    free(data);
    return values;
}

Test(measured, outputs_are_in_the_units_of_the_data)
{
    TRAIN("run", "--set", "train.epochs=60", "--quiet");
    char path[256];
    snprintf(path, sizeof path, "%s/run/pictures/epoch-0060-samples.png", folder);
    cr_expect_not(vae_path_exists(path));
    process_expect(0, NULL, folder, "reconstruct", "--run", "run", "--split", "train", "--npy", "again.npy", "--quiet");
    double *again = read_array("again.npy", 120 * COLUMNS), error = 0.0;
    for (int i = 0; i < 120; ++i) {
        error += fabs(again[i * COLUMNS] - (double)rows[i * COLUMNS]) / 120.0;
        cr_assert_float_eq(again[i * COLUMNS + 5], 7.0, 2.0);
    }
    cr_expect_lt(error, 300.0, "the mean error is %g", error); /* without a model it is 640 */
    free(again);
}

/* Of a table; what is beside its header must be numbers alone. */
static void expect_table(const char *name, const char *header, const double *values, int64_t count)
{
    size_t size;
    char *text = read_file(name, &size), *at = strchr(text, '\n');
    cr_assert_not_null(at);
    cr_expect(strncmp(text, header, strlen(header)) == 0 && text + strlen(header) == at, "%.60s", text);
    for (int64_t i = 0; i < count; ++i) {
        cr_assert_eq((double)strtof(at + 1, &at), values[i], "%s: number %lld", name, (long long)i);
        cr_assert(*at == ',' || *at == '\n', "%s", at);
    }
    cr_expect_str_eq(at, "\n");
    free(text);
}

Test(measured, outputs_are_arrays_or_tables_of_the_same_numbers)
{
    TRAIN("run", "--quiet");
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "700", "--out", "x.csv", "--npy", "x.npy",
                   "--codes", "z.csv", "--quiet");
    vae_npy_array array;
    char path[256];
    snprintf(path, sizeof path, "%s/x.npy", folder);
    cr_assert_eq(vae_npy_read_float32(path, &array), VAE_OK, "%s", vae_error_message());
    cr_expect(array.rank == 2 && array.sizes[0] == 700 && array.sizes[1] == COLUMNS);
    vae_npy_free(&array);
    double *x = read_array("x.npy", 700 * COLUMNS);
    expect_table("x.csv", "x0,x1,x2,x3,x4,x5", x, 700 * COLUMNS);
    free(x);
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "700", "--codes", "z.npy", "--quiet");
    process_result told = process_run_in(folder, "sample", "--run", "run", "--count", "1", "--out", "one.csv");
    cr_expect_str_eq(told.output, "one.csv: 1 row\n");
    process_result_free(&told);
    double *z = read_array("z.npy", 700 * 2);
    expect_table("z.csv", "z0,z1", z, 700 * 2);
    free(z);
    process_expect(0, NULL, folder, "decode", "--run", "run", "--input", "z.npy", "--out", "again.csv", "--quiet");
    process_expect(0, NULL, folder, "decode", "--run", "run", "--input", "z.csv", "--out", "same.csv", "--quiet");
    x = read_array("x.npy", 700 * COLUMNS);
    expect_table("again.csv", "x0,x1,x2,x3,x4,x5", x, 700 * COLUMNS);
    expect_table("same.csv", "x0,x1,x2,x3,x4,x5", x, 700 * COLUMNS);
    free(x);
    process_expect(1, "codes are an array [count, 2]", folder, "decode", "--run", "run", "--input", "x.csv", "--out",
                   "none.npy");
    for (int table = 0; table < 2; ++table)
        process_expect(0, NULL, folder, "encode", "--run", "run", "--split", "train", "--out",
                       table ? "table.csv" : "codes.npy", "--log-variance", table ? "log.csv" : "log.npy", "--quiet");
    z = read_array("codes.npy", 120 * 2);
    expect_table("table.csv", "z0,z1", z, 120 * 2);
    free(z);
    z = read_array("log.npy", 120 * 2);
    expect_table("log.csv", "log_variance0,log_variance1", z, 120 * 2);
    free(z);
    snprintf(path, sizeof path, "%s/table-names.csv", folder);
    cr_expect(vae_path_exists(path));
}

Test(measured, samples_have_noise_where_asked_for)
{
    TRAIN("run", "--quiet");
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "700", "--out", "means.npy", "--quiet");
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "700", "--noise", "--out", "all.npy",
                   "--quiet");
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "20", "--noise", "--out", "some.npy",
                   "--quiet");
    double *means = read_array("means.npy", 700 * COLUMNS), *all = read_array("all.npy", 700 * COLUMNS),
           *some = read_array("some.npy", 20 * COLUMNS), noise[2] = {0.0};
    for (int i = 0; i < 700; ++i) {
        noise[0] += fabs(all[i * COLUMNS] - means[i * COLUMNS]) / 700;
        noise[1] += fabs(all[i * COLUMNS + 1] - means[i * COLUMNS + 1]) / 700;
    }
    cr_expect(noise[0] > 10.0 && noise[1] < 0.01 && noise[1] > 1e-5, "%g, %g", noise[0], noise[1]);
    cr_expect_eq(memcmp(all, some, 20 * COLUMNS * sizeof *all), 0);
    free(means);
    free(all);
    free(some);
    TRAIN("plain", "--set", "model.likelihood=mse", "--set", "model.objective=ae", "--quiet");
    process_expect(2, "no noise can be drawn from mse, only from gaussian, ", folder, "sample", "--run", "plain",
                   "--noise", "--out", "x.npy");
}

/* Where an image would be drawn; the figure of codes is one of points alone. */
Test(measured, are_not_drawn_as_pictures)
{
    char path[256];
    static const float vector[2] = {1.0f, -1.0f};
    TRAIN("run", "--quiet");
    snprintf(path, sizeof path, "%s/vector.npy", folder);
    cr_assert_eq(vae_npy_write_float32(path, vector, 1, (int64_t[]){2}), VAE_OK, "%s", vae_error_message());
    process_expect(2, "--out: samples.png: the model's data are numbers of any kind, not images", folder, "sample",
                   "--run", "run");
    process_expect(2, "the output can be an array (.npy), or a table (.csv)", folder, "reconstruct", "--run", "run",
                   "--out", "pictures/");
    process_expect(2, "no pictures are drawn of them; --npy FILE writes arrays", folder, "traverse", "--run", "run");
    process_expect(2, "traversal.png", folder, "traverse", "--run", "run", "--npy", "x.npy", "--out", "traversal.png");
    process_expect(2, "--animate: x.apng", folder, "interpolate", "--run", "run", "--prior", "1", "--animate",
                   "x.apng");
    process_expect(0, NULL, folder, "traverse", "--run", "run", "--split", "train", "--npy", "rows.csv", "--quiet");
    process_expect(0, NULL, folder, "interpolate", "--run", "run", "--prior", "1", "--codes", "ends.npy", "--quiet");
    process_expect(0, NULL, folder, "arithmetic", "--run", "run", "--split", "train", "--vector", "vector.npy",
                   "--index", "3,4", "--npy", "added.npy", "--quiet");
    free(read_array("ends.npy", 10 * 2));
    free(read_array("added.npy", 2 * 10 * COLUMNS));
    process_expect(0, NULL, folder, "latent", "--run", "run", "--split", "train", "--quiet");
    snprintf(path, sizeof path, "%s/latent.png", folder);
    cr_expect(vae_path_exists(path));
    snprintf(path, sizeof path, "%s/arithmetic.png", folder);
    cr_expect_not(vae_path_exists(path));
}

Test(measured, evaluate_says_what_densities_are_in_data_units)
{
    TRAIN("run", "--quiet");
    process_result result = process_run_in(folder, "evaluate", "--run", "run", "--samples", "5");
    cr_expect_eq(result.code, 0, "%s", result.errors);
    double elbo, in_units, bound, shift;
    const char *first = strstr(result.output, "negative ELBO    "), *units = strstr(result.output, "in data units");
    cr_assert(first && units, "%s", result.output);
    cr_assert_eq(sscanf(first, "negative ELBO    %lf", &elbo), 1);
    cr_assert_eq(sscanf(units,
                        "in data units    negative ELBO %lf, log P(X) %lf nats  (the data are standardised; Σ log "
                        "deviation is %lf)",
                        &in_units, &bound, &shift),
                 3, "%s", units);
    cr_expect_float_eq(in_units, elbo + shift, 2e-4);
    cr_expect_null(strstr(result.output, "bits/dimension"));
    /* Deviations of 707, 7e-4, 1, 0.5, 28 and 1, or nearly. */
    cr_expect_float_eq(shift, log(707 * 7.07e-4 * 1.0 * 0.5 * 28.3), 0.3);
    process_result_free(&result);
    result = process_run_in(folder, "info", "--run", "run");
    cr_expect_not_null(strstr(result.output, "arrays      1 x 6 x 1 of float32, standardised column by column"), "%s",
                       result.output);
    process_result_free(&result);
    result = process_run_in(folder, "info", "--config", "rows.ini");
    cr_expect_not_null(strstr(result.output, "data.mean [1, 6], data.deviation [1, 6]"), "%s", result.output);
    process_result_free(&result);
}

Test(measured, the_same_bits_from_memory_and_disk_and_by_any_number_of_threads)
{
    TRAIN("memory", "--set", "data.storage=memory", "--quiet");
    TRAIN("disk", "--set", "data.storage=disk", "--set", "data.cache=cache", "--quiet");
    TRAIN("again", "--set", "data.storage=disk", "--set", "data.cache=cache", "--quiet");
    TRAIN("threads", "--set", "run.threads=2", "--quiet");
    expect_same_tensors("memory", "disk");
    expect_same_tensors("memory", "again");
    expect_same_tensors("memory", "threads");
}

Test(measured, a_resumed_run_is_the_run)
{
    TRAIN("whole", "--quiet");
    TRAIN("part", "--set", "train.epochs=2", "--quiet");
    process_expect(0, CONSTANT, folder, "--config", "rows.ini", "--out", "part", "--resume", "--quiet");
    expect_same_tensors("whole", "part");
    size_t size[2];
    char *data[] = {read_file("whole/checkpoints/last.safetensors", &size[0]),
                    read_file("part/checkpoints/last.safetensors", &size[1])};
    cr_expect(size[0] == size[1] && memcmp(data[0], data[1], size[0]) == 0, "the files differ");
    free(data[0]);
    free(data[1]);
}

Test(measured, a_run_does_not_go_on_with_columns_in_another_order)
{
    static const char rows[] = "1,2\n2,4.5\n3,1\n";
    for (int swapped = 0; swapped < 2; ++swapped) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s.csv", folder, swapped ? "swapped" : "named");
        FILE *file = fopen(path, "w");
        fprintf(file, "%s\n%s", swapped ? "height,age" : "age,height", rows);
        fclose(file);
    }
    process_expect(0, NULL, folder, "--config", "rows.ini", "--set", "data.train_data=named.csv", "--set",
                   "data.test_data=", "--set", "data.validation=0", "--out", "named", "--quiet");
    process_expect(2, "column 0, counted from 0, was called 'age' when the run was started, now it is 'height'", folder,
                   "--config", "rows.ini", "--resume", "--set", "data.train_data=swapped.csv", "--set",
                   "data.test_data=", "--set", "data.validation=0", "--set", "train.epochs=9", "--out", "named",
                   "--quiet");
}

Test(measured, numbers_that_are_too_large_to_train_on_as_they_are)
{
    static float large[ROWS * COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; ++i)
        large[i] = 1e18f * (float)(i % 7);
    write_array("rows.npy", "<f4", large, sizeof large);
    process_expect(1, "[data] normalise = standard", folder, "--config", "rows.ini", "--set", "data.normalise=unit",
                   "--out", "none", "--quiet");
    process_expect(0, NULL, folder, "--config", "rows.ini", "--out", "run", "--quiet");
}

/* In tables that are written, and for tables that are given. */
Test(measured, columns_keep_their_names)
{
    char path[256];
    const char *const names[] = {"table.csv", "swapped.csv"};
    for (int k = 0; k < 2; ++k) {
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        FILE *file = fopen(path, "w");
        cr_assert_not_null(file);
        fputs(k ? "sum,size,small,a b,far,same\n" : "size,small,sum,a b,far,same\n", file);
        for (int i = 0; i < ROWS * COLUMNS; ++i)
            fprintf(file, "%.9g%c", (double)rows[i], i % COLUMNS == COLUMNS - 1 ? '\n' : ',');
        cr_assert_eq(fclose(file), 0);
    }
    process_expect(0, "the first is column 'same'", folder, "--config", "rows.ini", "--out", "run", "--set",
                   "data.train_data=table.csv", "--quiet");
    TRAIN("array", "--quiet");
    process_expect(0, NULL, folder, "sample", "--run", "run", "--count", "3", "--out", "drawn.csv", "--quiet");
    size_t size;
    char *text = read_file("drawn.csv", &size);
    cr_expect_eq(strncmp(text, "size,small,sum,a b,far,same\n", 28), 0, "%.60s", text);
    free(text);
    process_expect(0, NULL, folder, "encode", "--run", "run", "--input", "table.csv", "--out", "a.npy", "--quiet");
    process_expect(0, NULL, folder, "encode", "--run", "run", "--input", "drawn.csv", "--out", "b.npy", "--quiet");
    process_expect(0, NULL, folder, "evaluate", "--run", "run", "--input", "table.csv", "--samples", "0", "--quiet");
    process_expect(2, "swapped.csv: column 1 is called 'sum', but 'size' in the data", folder, "encode", "--run", "run",
                   "--input", "swapped.csv", "--out", "c.npy", "--quiet");
    process_expect(2, "column 1 is called 'sum', but 'size'", folder, "evaluate", "--run", "run", "--input",
                   "swapped.csv", "--quiet");
    /* A model of columns without names takes any. */
    process_expect(0, NULL, folder, "encode", "--run", "array", "--input", "swapped.csv", "--out", "d.npy", "--quiet");
}

/* Integers that alone would be kept as they are stay levels for a model of bytes, as for runs from before there was
 * anything else; and the other way round. */
Test(measured, what_a_model_takes_is_what_it_was_trained_on)
{
    int64_t wide[ROWS * COLUMNS];
    uint8_t narrow[ROWS * COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; ++i)
        wide[i] = narrow[i] = (uint8_t)(i * 7);
    write_array("rows.npy", "|u1", narrow, sizeof narrow);
    write_config("gaussian");
    process_expect(0, NULL, folder, "--config", "rows.ini", "--out", "levels", "--quiet", "--set", "train.epochs=2");
    write_array("rows.npy", "<i8", wide, sizeof wide);
    process_expect(0, NULL, folder, "--config", "rows.ini", "--out", "levels", "--resume", "--quiet", "--set",
                   "train.epochs=3");
    process_expect(0, NULL, folder, "encode", "--run", "levels", "--input", "rows.npy", "--out", "a.npy", "--quiet");
    process_expect(0, NULL, folder, "--config", "rows.ini", "--out", "floats", "--quiet");
    process_expect(0, NULL, folder, "encode", "--run", "floats", "--input", "rows.npy", "--out", "b.npy", "--quiet");
    process_expect(0, NULL, folder, "encode", "--run", "floats", "--split", "train", "--out", "c.npy", "--quiet");
    double *given = read_array("b.npy", ROWS * 2), *own = read_array("c.npy", 120 * 2);
    for (int i = 0; i < 120 * 2; ++i)
        cr_assert_eq(given[i], own[i]);
    free(given);
    free(own);
    rows[8] = NAN;
    write_array("holes.npy", "<f4", rows, sizeof rows);
    process_expect(1, "number 9 is nan, at [1, 2]", folder, "encode", "--run", "floats", "--input", "holes.npy",
                   "--out", "d.npy", "--quiet");
    process_expect(1, "floats must lie in [0, 1]", folder, "encode", "--run", "levels", "--input", "holes.npy", "--out",
                   "d.npy", "--quiet");
    process_expect(2, "[data] store: the model was trained on float32", folder, "evaluate", "--run", "floats", "--set",
                   "data.store=bytes", "--quiet");
    process_expect(1, "number 9 is nan, at [1, 2]", folder, "--config", "rows.ini", "--set",
                   "data.train_data=holes.npy", "--out", "none", "--quiet");
}
