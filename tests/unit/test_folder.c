/* data/folder.c: which pictures are read, in what order, with which labels, and what happens to damaged ones. */
#define _GNU_SOURCE
#include "data/dataset.h"
#include "data/read.h"
#include "unit/picture_file.h"

static void make_folder(const char *name)
{
    cr_assert_eq(mkdir(idx_path(name), 0700), 0, "%s", name);
}

static void setup(void)
{
    idx_setup();
    make_folder("set");
}

TestSuite(folder, .init = setup, .fini = idx_teardown);

/* A grey picture of 2 × 2 pixels of that value. */
static void add(const char *name, uint8_t value)
{
    picture_write_png(idx_path(name), 2, 2, 1, (uint8_t[]){value, value, value, value});
}

static void add_damaged(const char *name)
{
    uint8_t content[512];
    add(name, 9);
    const size_t size = picture_content(idx_path(name), content, sizeof content);
    idx_write_raw(idx_path(name), content, size - 20);
}

static vae_dataset read_set(const vae_read_options *options)
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(idx_path("set"), options, &dataset), VAE_OK, "%s", vae_error_message());
    return dataset;
}

/* Image i is of value values[i] all over. */
static void expect_values(const vae_dataset *dataset, int64_t count, const uint8_t *values)
{
    const int64_t elements = vae_dataset_elements(dataset);
    cr_assert_eq(dataset->count, count);
    for (int64_t i = 0; i < count * elements; ++i)
        cr_assert_eq(dataset->values[i], values[i / elements], "byte %d", (int)i);
}

static void expect_failure(const vae_read_options *options, vae_status expected, const char *words)
{
    vae_dataset dataset = {.count = 1};
    cr_expect_eq(vae_images_read(idx_path("set"), options, &dataset), expected, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(dataset.values);
    cr_expect_null(dataset.labels);
    cr_expect_eq(dataset.count, 0);
}

/* Names of images, parted by bars, as many as are counted. */
static void expect_names(const vae_dataset *dataset, const char *expected)
{
    char joined[512] = "";
    const char *name = dataset->names;
    cr_assert_not_null(name);
    for (int64_t i = 0; i < dataset->count; ++i, name += strlen(name) + 1) {
        cr_assert_lt((size_t)(name - dataset->names), dataset->names_bytes);
        strcat(joined, i ? "|" : "");
        strcat(joined, name);
    }
    cr_expect_str_eq(joined, expected);
}

static void expect_remark(const vae_dataset *dataset, vae_remark_kind kind, const char *words)
{
    char text[VAE_REMARK_TEXT];
    cr_assert(vae_remark_write(&dataset->remarks, kind, text), "nothing is told of kind %d", (int)kind);
    cr_expect_not_null(strstr(text, words), "'%s' lacks '%s'", text, words);
}

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})

Test(folder, pictures_by_name)
{
    add("set/b.PNG", 2);
    add("set/c.png", 3);
    add("set/a.png", 1);
    picture_write_jpeg(idx_path("set/d.jpeg"), 2, 2, 1, BYTES(4));
    add("set/.hidden.png", 9);
    add("set/picture.txt", 9);
    vae_dataset dataset = read_set(&(vae_read_options){0});
    expect_values(&dataset, 4, BYTES(1, 2, 3, 4));
    expect_names(&dataset, "a.png|b.PNG|c.png|d.jpeg");
    cr_expect(dataset.names_differ);
    cr_expect(dataset.height == 2 && dataset.width == 2 && dataset.channels == 1);
    cr_expect_null(dataset.labels);
    cr_expect_eq(dataset.stored, 4);
    vae_dataset_free(&dataset);
    dataset = read_set(&(vae_read_options){.limit = 2});
    expect_values(&dataset, 2, BYTES(1, 2));
    expect_names(&dataset, "a.png|b.PNG");
    vae_dataset_free(&dataset);
    int64_t shape[4];
    cr_assert_eq(vae_images_read_shape(idx_path("set"), &(vae_read_options){.transform = {.size = {5, 6}}}, shape),
                 VAE_OK);
    cr_expect_arr_eq(shape, ((int64_t[]){4, 5, 6, 1}), sizeof shape);
}

/* Classes of 4 and 2: each third of the set has two of the one and one of the other. */
Test(folder, subfolders_are_classes)
{
    make_folder("set/owls");
    make_folder("set/hens");
    make_folder("set/owls/night");
    add("set/owls/1.png", 1);
    add("set/owls/night/2.png", 2);
    add("set/owls/z.png", 3);
    add("set/owls/y.png", 4);
    add("set/hens/8.png", 8);
    add("set/hens/9.png", 9);
    for (int threads = 1; threads <= 3; ++threads) {
        vae_dataset dataset = read_set(&(vae_read_options){.threads = threads});
        expect_values(&dataset, 6, BYTES(1, 8, 2, 4, 9, 3));
        IDX_EXPECT_LABELS(dataset.labels, 1, 0, 1, 1, 0, 1);
        expect_names(&dataset, "owls/1.png|hens/8.png|owls/night/2.png|owls/y.png|hens/9.png|owls/z.png");
        cr_expect(dataset.names_differ);
        vae_dataset_free(&dataset);
    }
    add("set/z.png", 7);
    expect_failure(&(vae_read_options){0}, VAE_ERROR_FORMAT, "has pictures of its own and others in folders below it");
}

Test(folder, more_classes_than_a_byte_tells_apart)
{
    for (int i = 0; i < 257; ++i) {
        char name[32];
        snprintf(name, sizeof name, "set/%03d", i);
        make_folder(name);
        snprintf(name, sizeof name, "set/%03d/a.png", i);
        add(name, (uint8_t)i);
    }
    const vae_read_options disk = {.storage = VAE_STORAGE_DISK, .cache = idx_folder};
    for (int i = 0; i < 3; ++i) { /* from the folder, into a cache file and out of it */
        vae_dataset dataset = read_set(i ? &disk : &(vae_read_options){0});
        cr_assert_eq(dataset.count, 257);
        cr_assert_eq(dataset.classes.count, 257);
        for (int image = 0; image < 257; ++image) {
            char name[8];
            snprintf(name, sizeof name, "%03d", dataset.labels[image]);
            cr_expect_eq(dataset.values[image * vae_dataset_elements(&dataset)], dataset.labels[image] % 256);
            cr_expect_str_eq(vae_classes_name(&dataset.classes, dataset.labels[image]), name);
        }
        vae_dataset_free(&dataset);
    }
}

Test(folder, nothing_in_it)
{
    expect_failure(&(vae_read_options){0}, VAE_ERROR_FORMAT,
                   "is a folder without a file whose name ends like that of a supported picture (PNG, JPEG,");
    cr_assert_eq(symlink("..", idx_path("set/loop")), 0);
    expect_failure(&(vae_read_options){0}, VAE_ERROR_CONFIG, "set/loop/set: is a folder that leads to itself");
}

Test(folder, shapes_that_differ)
{
    add("set/a.png", 1);
    add("set/b.png", 2);
    picture_write_png(idx_path("set/c.png"), 2, 3, 1, BYTES(1, 1, 1, 1, 1, 1));
    picture_write_png(idx_path("set/d.png"), 2, 2, 3, BYTES(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    for (int threads = 1; threads <= 4; ++threads) {
        expect_failure(&(vae_read_options){.threads = threads}, VAE_ERROR_FORMAT,
                       "set/c.png: is 2x3x1 (height x width x channels), but a.png is 2x2x1; [data] size, crop");
    }
    const vae_read_options alike = {.transform = {.size = {1, 1}, .channels = VAE_CHANNELS_GREY}};
    vae_dataset dataset = read_set(&alike);
    expect_values(&dataset, 4, BYTES(1, 2, 1, 7)); /* means 5.5, 6.5, 7.5 round to 6, 7, 8, whose luma is 7 */
    vae_dataset_free(&dataset);
    expect_failure(&(vae_read_options){.transform = {.crop = 3}}, VAE_ERROR_FORMAT,
                   "set/a.png: is 2x2, too small for crop = 3");
}

Test(folder, damaged_pictures_name_themselves)
{
    add("set/a.png", 1);
    add_damaged("set/b.png");
    add("set/c.png", 3);
    add_damaged("set/d.png");
    for (int threads = 1; threads <= 4; ++threads) {
        expect_failure(&(vae_read_options){.threads = threads}, VAE_ERROR_FORMAT, "set/b.png: is a damaged PNG file");
    }
}

Test(folder, damaged_pictures_left_out)
{
    make_folder("set/one");
    make_folder("set/two");
    add_damaged("set/one/a.png");
    add("set/one/b.png", 1);
    add("set/two/a.png", 2);
    add_damaged("set/two/b.png");
    add("set/two/c.png", 3);
    vae_read_options options = {.skip_damaged = true};
    vae_dataset dataset = read_set(&options);
    expect_values(&dataset, 3, BYTES(2, 1, 3));
    expect_names(&dataset, "two/a.png|one/b.png|two/c.png");
    cr_expect_not(dataset.names_differ);
    IDX_EXPECT_LABELS(dataset.labels, 1, 0, 1);
    cr_expect_eq(dataset.skipped, 2);
    cr_expect_eq(dataset.stored, 5);
    expect_remark(&dataset, VAE_REMARK_DAMAGED, "2 damaged pictures were left out: the first is ");
    expect_remark(&dataset, VAE_REMARK_DAMAGED, "set/one/a.png: is a damaged PNG file");
    vae_dataset_free(&dataset);
    /* A limit counts those that are kept. */
    options.limit = 2;
    dataset = read_set(&options);
    expect_values(&dataset, 2, BYTES(2, 1));
    vae_dataset_free(&dataset);
}

Test(folder, labels_of_a_file)
{
    add("set/a.png", 1);
    add("set/b.png", 2);
    const idx_bytes labels = idx_labels(2);
    vae_dataset dataset = read_set(&(vae_read_options){0});
    cr_assert_eq(vae_labels_read(idx_write("labels.idx", &labels), 0, &dataset), VAE_OK, "%s", vae_error_message());
    IDX_EXPECT_LABELS(dataset.labels, 0, 1);
    vae_dataset_free(&dataset);
    /* Those of a file are of all pictures. */
    add_damaged("set/c.png");
    const idx_bytes three = idx_labels(3);
    dataset = read_set(&(vae_read_options){.skip_damaged = true});
    cr_expect_eq(vae_labels_read(idx_write("labels.idx", &three), 0, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "as 1 damaged one was left out"), "%s", vae_error_message());
    vae_dataset_free(&dataset);
    cr_expect_eq(vae_labels_read(idx_path("set"), 0, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "is a folder; a folder's labels come with its images"));
}
