/* data/attribute_match.c: rows of a table go to the pictures of their names, and what cannot be told is refused. A
 * picture's grey value says what its row must be. */
#define _GNU_SOURCE
#include "data/attributes.h"
#include "data/read.h"
#include "data/splits.h"
#include "unit/picture_file.h"

static void setup(void)
{
    idx_setup();
    cr_assert_eq(mkdir(idx_path("set"), 0700), 0);
}

TestSuite(attribute_match, .init = setup, .fini = idx_teardown);

static void make_classes(void)
{
    cr_assert_eq(mkdir(idx_path("set/hens"), 0700), 0);
    cr_assert_eq(mkdir(idx_path("set/owls"), 0700), 0);
}

/* A grey picture of that value; the attribute it stands for is whether the value is odd. */
static void add(const char *name, uint8_t value)
{
    picture_write_png(idx_path(name), 2, 2, 1, (uint8_t[]){value, value, value, value});
}

static void add_damaged(const char *name)
{
    idx_write_raw(idx_path(name), "\x89PNG\r\n\x1a\n", 8);
}

static vae_dataset read_set(const vae_read_options *options)
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(idx_path("set"), options, &dataset), VAE_OK, "%s", vae_error_message());
    return dataset;
}

static vae_status match(const char *text, const vae_dataset *dataset, vae_attribute_table *table)
{
    idx_write_raw(idx_path("a.csv"), text, strlen(text));
    cr_assert_eq(vae_attribute_table_read(idx_path("a.csv"), dataset->names != NULL, table), VAE_OK, "%s",
                 vae_error_message());
    return vae_attribute_table_match(table, "a.csv", dataset, dataset->count);
}

static void expect_odd(const char *text, const vae_dataset *dataset)
{
    vae_attribute_table table;
    cr_assert_eq(match(text, dataset, &table), VAE_OK, "%s", vae_error_message());
    cr_assert_geq(table.rows.count, dataset->count);
    for (int64_t i = 0; i < dataset->count; ++i) {
        const uint8_t value = dataset->values[i * vae_dataset_elements(dataset)];
        cr_expect_eq(table.columns[table.count - 1].has[i], value % 2, "%s: picture %d, of value %d", text, (int)i,
                     value);
    }
    vae_attribute_table_free(&table);
}

static void expect_refused(const char *text, const vae_dataset *dataset, const char *words)
{
    vae_attribute_table table;
    cr_expect_eq(match(text, dataset, &table), VAE_ERROR_FORMAT, "%s", text);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    vae_attribute_table_free(&table);
}

Test(attribute_match, rows_in_another_order)
{
    add("set/a.png", 1);
    add("set/b.png", 2);
    add("set/c.png", 3);
    vae_dataset set = read_set(&(vae_read_options){0});
    expect_odd("image,odd\nc.png,1\nb.png,0\na.png,1\n", &set);
    expect_odd("who,x,odd\nb,1,0\na,0,1\nc,1,1\n", &set);
    expect_odd("4\nX Odd\nb.png -1 -1\nz.png -1 1\nc.png 1 1\na.png 1 1\n", &set);
    expect_odd("odd\n1\n0\n1\n", &set);
    expect_odd(",odd\n0,1\n1,0\n2,1\n", &set);
    expect_refused("image,odd\na.png,1\nc.png,1\n", &set, "a.csv: has no row for the image 'b.png'");
    expect_refused("image,odd\na.png,1\nb.png,0\nb.png,1\nc.png,1\n", &set,
                   "more than one row 'b.png', so it does not tell which is image b.png");
    expect_refused(",odd\n2,1\n1,0\n0,1\n", &set, "has no row for the image 'a.png'; its first row is '2'");
    expect_refused("odd\n1\n0\n", &set, "has 2 rows, but there are 3 images");
    vae_dataset_free(&set);
    /* Those beyond a limit have rows that are passed over. */
    set = read_set(&(vae_read_options){.limit = 2});
    expect_odd("image,odd\nc.png,1\nb.png,0\na.png,1\n", &set);
    vae_dataset_free(&set);
}

/* Ten pictures called by numbers are in the order 1, 10, 2: numbers are names then, and no count of rows. */
Test(attribute_match, numbers_that_are_names)
{
    char text[256] = "id,odd\n";
    for (int i = 1; i <= 10; ++i) {
        char name[32], line[32];
        snprintf(name, sizeof name, "set/%d.png", i);
        snprintf(line, sizeof line, "%d,%d\n", i, i % 2);
        add(name, (uint8_t)i);
        strcat(text, line);
    }
    vae_dataset set = read_set(&(vae_read_options){0});
    expect_odd(text, &set);
    vae_dataset_free(&set);
}

Test(attribute_match, damaged_pictures_have_no_row)
{
    add("set/a.png", 1);
    add_damaged("set/b.png");
    add("set/c.png", 3);
    add("set/d.png", 4);
    vae_dataset set = read_set(&(vae_read_options){.skip_damaged = true});
    expect_odd("image,odd\na.png,1\nb.png,0\nc.png,1\nd.png,0\n", &set);
    expect_odd("image,odd\na.png,1\nc.png,1\nd.png,0\n", &set);
    expect_refused("odd\n1\n0\n1\n0\n", &set, "as 1 damaged one was left out and its rows have no file names");
    expect_refused(",odd\n0,1\n1,0\n2,1\n3,0\n", &set, "as 1 damaged one was left out");
    vae_dataset_free(&set);
}

Test(attribute_match, subfolders)
{
    make_classes();
    add("set/hens/a.png", 1);
    add("set/hens/b.png", 2);
    add("set/owls/c.png", 3);
    add("set/owls/d.png", 4);
    vae_dataset set = read_set(&(vae_read_options){0});
    expect_odd("image,odd\nhens/a.png,1\nhens/b.png,0\nowls/c.png,1\nowls/d.png,0\n", &set);
    expect_odd("image,odd\na.png,1\nb.png,0\nd.png,0\nc.png,1\n", &set);
    expect_refused("odd\n1\n0\n1\n0\n", &set, "as those of subfolders are interleaved");
    vae_dataset_free(&set);
    add("set/owls/a.jpg", 6); /* the reader tells PNG from JPEG by content */
    set = read_set(&(vae_read_options){0});
    expect_odd("image,odd\nhens/a.png,1\nhens/b.png,0\nowls/a.jpg,0\nowls/c.png,1\nowls/d.png,0\n", &set);
    expect_refused("image,odd\na.png,1\nb.png,0\na.jpg,0\nc.png,1\nd.png,0\n", &set,
                   "by that path, and plain file names are not enough, as some occur twice");
    vae_dataset_free(&set);
}

/* Whatever kind a column is of. */
Test(attribute_match, numbers_and_classes)
{
    add("set/a.png", 1);
    add("set/b.png", 2);
    vae_dataset set = read_set(&(vae_read_options){0});
    vae_attribute_table table;
    cr_assert_eq(match("image,age,colour,odd\nc,3,blue,1\nb,1.5,red,0\na,2,green,1\n", &set, &table), VAE_OK, "%s",
                 vae_error_message());
    cr_expect_arr_eq(table.columns[0].numbers, ((const double[]){2, 1.5}), 2 * sizeof(double));
    cr_expect_arr_eq(table.columns[1].labels, ((const int32_t[]){1, 2}), 2 * sizeof(int32_t));
    cr_expect_arr_eq(table.columns[2].has, ((const int8_t[]){1, 0}), 2);
    vae_attribute_table_free(&table);
    vae_dataset_free(&set);
}

/* Held-out images have their own names, whatever keeps the pixels. */
Test(attribute_match, splits)
{
    make_classes();
    for (int i = 0; i < 12; ++i) {
        char name[32];
        snprintf(name, sizeof name, "set/%s/%02d.png", i % 3 ? "hens" : "owls", i);
        add(name, (uint8_t)(1 + i * i % 7));
    }
    add_damaged("set/hens/00.png");
    char text[512] = "image,odd\n";
    for (int i = 11; i >= 0; --i) {
        char line[32];
        snprintf(line, sizeof line, "%s/%02d.png,%d\n", i % 3 ? "hens" : "owls", i, (1 + i * i % 7) % 2);
        strcat(text, line);
    }
    vae_config config;
    vae_config_defaults(&config);
    snprintf(config.data.train_data, sizeof config.data.train_data, "%s", idx_path("set"));
    snprintf(config.data.cache, sizeof config.data.cache, "%s", idx_path("cache"));
    config.data.skip_damaged = true;
    config.data.validation = 4;
    config.data.limit = 10;
    static const vae_storage storages[] = {VAE_STORAGE_MEMORY, VAE_STORAGE_DISK, VAE_STORAGE_DISK};
    for (int i = 0; i < 3; ++i) {
        vae_splits splits;
        config.data.storage = storages[i];
        cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
        cr_assert(splits.train.count == 6 && splits.validation.count == 4);
        expect_odd(text, &splits.train);
        expect_odd(text, &splits.validation);
        vae_splits_free(&splits);
    }
}

Test(attribute_match, images_without_names)
{
    const idx_bytes images = idx_images(3, 2, 2);
    vae_dataset set;
    vae_attribute_table table;
    cr_assert_eq(vae_images_read(idx_write("a.idx", &images), &(vae_read_options){0}, &set), VAE_OK);
    cr_expect_null(set.names);
    cr_assert_eq(match("image,odd\nx.png,1\na.png,0\nb.png,1\n", &set, &table), VAE_OK, "%s", vae_error_message());
    cr_expect_arr_eq(table.columns[0].has, ((int8_t[]){1, 0, 1}), 3);
    vae_attribute_table_free(&table);
    expect_refused("index,odd\n2,1\n0,0\n1,1\n", &set, "numbers the images, but not in order");
    expect_refused("image,odd\nx.png,1\na.png,0\n", &set, "has 2 rows, but there are 3 images");
    vae_dataset_free(&set);
}
