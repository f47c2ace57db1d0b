/* Labels from tables of text, by name and by order, what is refused because it may be another image's, and the names of
 * classes: data/label_table.c, label_names.c, rows.c. */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "data/dataset.h"
#include "data/label_names.h"
#include "data/read.h"
#include "unit/npy_file.h"
#include "unit/picture_file.h"

TestSuite(labels, .init = idx_setup, .fini = idx_teardown);

static const vae_read_options plain = {.limit = 0};

/* Pictures of one pixel: the k-th name's value is 100 + k. */
static void write_folder(const char *const *names)
{
    mkdir(idx_path("set"), 0700);
    for (int i = 0; names[i]; ++i) {
        char name[128], folder[128];
        snprintf(name, sizeof name, "set/%s", names[i]);
        snprintf(folder, sizeof folder, "%s", name);
        *strrchr(folder, '/') = '\0';
        mkdir(idx_path(folder), 0700);
        const uint8_t pixel[1] = {(uint8_t)(100 + i % 100)};
        picture_write_png(idx_path(name), 1, 1, 1, pixel);
    }
}

static vae_dataset read_set(void)
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(idx_path("set"), &plain, &dataset), VAE_OK, "%s", vae_error_message());
    return dataset;
}

static vae_status read_text(const char *text, vae_dataset *dataset)
{
    idx_write_raw(idx_path("l.csv"), text, strlen(text));
    return vae_labels_read(idx_path("l.csv"), 0, dataset);
}

/* Whether each picture, by its value, has the label of the text: expected[k] is the k-th name's. */
static void expect_labels(const vae_dataset *dataset, const int32_t *expected, const char *text)
{
    cr_assert_not_null(dataset->labels, "%s", text);
    for (int64_t i = 0; i < dataset->count; ++i) {
        const int which = dataset->values[i] - 100;
        cr_expect_eq(dataset->labels[i], expected[which], "%s: picture %d has label %d", text, which,
                     dataset->labels[i]);
    }
}

static void expect_read(const char *text, const int32_t *expected, const char *classes)
{
    vae_dataset dataset = read_set();
    cr_assert_eq(read_text(text, &dataset), VAE_OK, "%s: %s", text, vae_error_message());
    expect_labels(&dataset, expected, text);
    char found[256] = "";
    for (int64_t i = 0; i < dataset.classes.count; ++i) {
        strcat(found, vae_classes_name(&dataset.classes, i));
        strcat(found, " ");
    }
    cr_expect_str_eq(found, classes, "%s", text);
    vae_dataset_free(&dataset);
}

static void expect_refused(const char *text, const char *words)
{
    vae_dataset dataset = read_set();
    const int32_t *before = dataset.labels;
    cr_expect_neq(read_text(text, &dataset), VAE_OK, "%s was read", text);
    cr_expect_not_null(strstr(vae_error_message(), words), "%s: '%s' lacks '%s'", text, vae_error_message(), words);
    cr_expect_eq(dataset.labels, before);
    vae_dataset_free(&dataset);
}

static const char *const in_classes[] = {"dark/a.png", "dark/b.png", "light/c.png", "light/d.png", NULL};
static const char *const in_one[] = {"a.png", "b.png", "c.png", NULL};

/* ---- By name ---- */

Test(labels, of_pictures_in_subfolders_come_by_name)
{
    static const int32_t expected[] = {3, 1, 4, 0};
    write_folder(in_classes);
    expect_read("image,label\ndark/a.png,3\ndark/b.png,1\nlight/c.png,4\nlight/d.png,0\n", expected, "");
    expect_read("label,file\n0,d.png\n4,c.png\n1,b.png\n3,a.png\n7,other.png\n", expected, "");
    expect_read("dark/a.png,3\nlight/d.png,0.0\ndark/b.png,1\nlight/c.png,4\n", expected, "");
    expect_read("id,age,class\na,70,3\nb,1,1\nc,2,4\nd,3,0\n", expected, "");
    expect_read("a.png 3\nb.png 1\nc.png  4\nd.png 0\n", expected, "");
}

Test(labels, that_are_names_are_numbered_in_their_order)
{
    static const int32_t expected[] = {1, 0, 1, 2};
    write_folder(in_classes);
    expect_read("image,label\na,dog\nb,cat\nc,dog\nd,\"hot, dog\"\n", expected, "cat dog hot, dog ");
    /* A first line that names no image is no class. */
    expect_read("who,what\na,dog\nb,cat\nc,dog\nd,elk\n", expected, "cat dog elk ");
    /* Rows of other images count, so that a limit changes no number. */
    static const int32_t later[] = {2, 1, 2, 1};
    expect_read("image,label\na,dog\nb,cat\nc,dog\nd,cat\nz,ape\n", later, "ape cat dog ");
}

Test(labels, without_names_are_refused_for_subfolders)
{
    const idx_bytes numbers = idx_labels(4);
    write_folder(in_classes);
    expect_refused("3\n1\n4\n0\n", "those of subfolders are interleaved and its rows have no file names; a CSV file is "
                                   "needed, with a first column `image` of names such as 'dark/a.png'");
    vae_dataset dataset = read_set();
    cr_expect_eq(vae_labels_read(idx_write("l.idx", &numbers), 0, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "are interleaved"), "%s", vae_error_message());
    vae_dataset_free(&dataset);
}

Test(labels, that_do_not_fit_are_refused)
{
    write_folder(in_classes);
    expect_refused("image,label\na,1\nb,1\nc,1\n", "has no row for the image 'light/d.png'");
    expect_refused("image,label\na,1\nb,1\nc,1\nd,1\na,2\n", "more than one row 'a'");
    expect_refused("image,label\na,1\nb,1\nc,1\nd,\n", "row 4 has no label");
    expect_refused("image,label\na,1\nb,1\nc,1\nd,2.5\n",
                   "row 4 has label 2.5, but labels are whole numbers, or names");
    expect_refused("image,label\na,1\nb,1\nc,nan\nd,2\n",
                   "row 3 has label nan, but labels are whole numbers, or names");
    expect_refused("image,label\na,1\nb,1,3\n", "l.csv:3:1: the line has 3 fields, but the first has 2");
    expect_refused("image,x,y1\na,1,1\n", "none of them is called `label`");
    expect_refused("image;label\na;1\n", "separated by ';'");
}

/* ---- By order ---- */

Test(labels, of_a_plain_folder_go_by_the_order_of_names)
{
    static const int32_t expected[] = {5, 6, 7};
    write_folder(in_one);
    expect_read("5\n6\n7\n", expected, "");
    expect_read("emotion\n5\n6\n7\n", expected, "");
    static const int32_t named[] = {1, 0, 1};
    expect_read("hot dog\ncat\nhot dog\n", named, "cat hot dog ");
    expect_refused("5\n6\n", "holds 2 labels for 3 images");
    expect_refused("5\n6\n7\n8\n", "holds 4 labels for 3 images");
}

Test(labels, by_an_order_that_is_not_clear_are_refused)
{
    static const char *const names[] = {"1.png", "10.png", "2.png", NULL};
    write_folder(names);
    expect_refused("5\n6\n7\n", "their order is not clear ('10.png' comes before '2.png')");
    static const int32_t expected[] = {5, 7, 6};
    expect_read("image,label\n1.png,5\n2.png,6\n10.png,7\n", expected, "");
}

Test(labels, of_images_without_names_go_by_order)
{
    const idx_bytes images = npy_values(NPY_SIZES(3, 2, 2));
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(idx_write("i.npy", &images), &plain, &dataset), VAE_OK);
    cr_assert_eq(read_text("label\ncat\nape\ncat\n", &dataset), VAE_OK, "%s", vae_error_message());
    IDX_EXPECT_LABELS(dataset.labels, 1, 0, 1);
    cr_expect_str_eq(vae_classes_name(&dataset.classes, 1), "cat");
    /* Those of a part that is held out are the last. */
    vae_dataset last = dataset;
    last.borrowed = true;
    last.first = 2;
    last.count = 1;
    last.labels = NULL;
    last.classes = (vae_classes){0};
    cr_assert_eq(read_text("7\n8\n9\n", &last), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(last.labels[0], 9);
    free(last.labels);
    const idx_bytes numbers = npy_bytes("|u1", NPY_SIZES(3), "\7\10\11", 3);
    last.labels = NULL;
    cr_assert_eq(vae_labels_read(idx_write("l.npy", &numbers), 0, &last), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(last.labels[0], 9);
    free(last.labels);
    vae_dataset_free(&dataset);
}

/* Those of rows without an image count as classes, and need no label. */
Test(labels, of_any_range_are_classes_in_ascending_order)
{
    static const int32_t expected[] = {0, 3, 2, 0};
    write_folder(in_classes);
    expect_read("image,label\na,-5\nb,100000\nc,7\nd,-5.0\nz,0\ny,\nx,nan\n", expected, "-5 0 7 100000 ");
    /* More digits than 64 bits hold are names. */
    static const int32_t names[] = {1, 0, 1, 0};
    expect_read("image,label\na,99999999999999999999\nb,12\nc,99999999999999999999\nd,12\n", names,
                "12 99999999999999999999 ");
    static const int32_t mixed[] = {0, 1, 2, 3};
    expect_read("image,label\na,1.5\nb,10\nc,nan\nd,猫\n", mixed, "1.5 10 nan 猫 ");
}

Test(labels, in_one_of_many_columns)
{
    static const int32_t expected[] = {3, 1, 4};
    static char text[8192] = "image";
    write_folder(in_one);
    for (int row = -1; row < 3; ++row) {
        for (int i = 0; i < 500; ++i)
            sprintf(text + strlen(text), row < 0 ? ",x%d" : ",%d", i);
        if (row < 0)
            strcat(text, ",label\n");
        else
            sprintf(text + strlen(text), ",%d\n", expected[row]);
        if (row < 2) sprintf(text + strlen(text), "%c", 'b' + row);
    }
    expect_read(text, expected, "");
}

Test(labels, of_very_many_classes)
{
    enum { MANY = 20000 };
    static char text[MANY * 12];
    const int64_t sizes[] = {MANY, 1, 1};
    idx_bytes header = npy_bytes("|u1", 3, sizes, NULL, 0);
    static uint8_t file[1 << 12 | MANY];
    memcpy(file, header.byte, header.count);
    idx_write_raw(idx_path("i.npy"), file, header.count + MANY);
    size_t used = 0;
    for (int i = 0; i < MANY; ++i)
        used += (size_t)sprintf(text + used, "c%05d\n", i * 7 % MANY);
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(idx_path("i.npy"), &plain, &dataset), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(read_text(text, &dataset), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(dataset.classes.count, MANY);
    for (int i = 0; i < MANY; ++i)
        cr_assert_eq(dataset.labels[i], i * 7 % MANY);
    int64_t label;
    cr_assert_eq(vae_dataset_find_label(&dataset, "--label", "c19999", &label), VAE_OK);
    cr_expect_eq(label, 19999);
    cr_expect_eq(vae_dataset_find_label(&dataset, "--label", "d19999", &label), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "did you mean 'c19999'"), "%s", vae_error_message());
    vae_dataset_free(&dataset);
}

/* ---- Names of classes ---- */

Test(labels, classes_are_called_as_their_folders_also_from_the_cache)
{
    const vae_read_options disk = {.storage = VAE_STORAGE_DISK, .cache = idx_folder};
    write_folder(in_classes);
    for (int again = 0; again < 3; ++again) {
        vae_dataset dataset;
        cr_assert_eq(vae_images_read(idx_path("set"), again ? &disk : &plain, &dataset), VAE_OK);
        cr_expect_eq(dataset.classes.count, 2);
        cr_expect_str_eq(vae_classes_name(&dataset.classes, 0), "dark");
        cr_expect_str_eq(vae_classes_name(&dataset.classes, 1), "light");
        int64_t label;
        cr_expect_eq(vae_dataset_find_label(&dataset, "--label", "light", &label), VAE_OK);
        cr_expect_eq(label, 1);
        cr_expect_eq(vae_dataset_find_label(&dataset, "--label", "0", &label), VAE_OK);
        cr_expect_eq(label, 0);
        cr_expect_eq(vae_dataset_find_label(&dataset, "--label", "lihgt", &label), VAE_ERROR_ARGUMENT);
        cr_expect_not_null(strstr(vae_error_message(), "did you mean 'light'?"), "%s", vae_error_message());
        vae_dataset_free(&dataset);
    }
}

/* A class that is called as a number is meant by it, whatever its place. */
Test(labels, a_name_comes_before_a_number)
{
    static const char *const names[] = {"1/a.png", "10/b.png", "2/c.png", NULL};
    write_folder(names);
    vae_dataset dataset = read_set();
    int64_t label;
    cr_assert_eq(vae_dataset_find_label(&dataset, "--label", "2", &label), VAE_OK);
    cr_expect_eq(label, 2);
    cr_assert_eq(vae_dataset_find_label(&dataset, "--label", "10", &label), VAE_OK);
    cr_expect_eq(label, 1);
    cr_expect_eq(vae_dataset_find_label(&dataset, "--label", "0", &label), VAE_ERROR_ARGUMENT, "0 is class 1's place");
    vae_dataset_free(&dataset);
}

static vae_dataset labelled(const int32_t *labels, const char *const *classes)
{
    vae_dataset dataset = {.count = 3, .labels = malloc(3 * sizeof *labels)};
    memcpy(dataset.labels, labels, 3 * sizeof *labels);
    for (int i = 0; classes && classes[i]; ++i)
        cr_assert_eq(vae_classes_add(&dataset.classes, classes[i]), VAE_OK);
    return dataset;
}

static void expect_classes(vae_dataset *dataset, const int32_t *labels, const char *const *classes)
{
    cr_expect_arr_eq(dataset->labels, labels, 3 * sizeof *labels);
    int64_t count = 0;
    for (; classes[count]; ++count)
        cr_expect_str_eq(vae_classes_name(&dataset->classes, count), classes[count]);
    cr_expect_eq(dataset->classes.count, count);
    free(dataset->labels);
    vae_classes_free(&dataset->classes);
}

/* Test images that lack a class have other numbers for those after it. */
Test(labels, classes_of_both_parts_are_the_same)
{
    static const char *const train_names[] = {"ape", "cat", "dog", NULL}, *const test_names[] = {"ape", "dog", "elk",
                                                                                                 NULL};
    static const char *const all[] = {"ape", "cat", "dog", "elk", NULL};
    vae_dataset train = labelled((const int32_t[]){0, 1, 2}, train_names);
    vae_dataset test = labelled((const int32_t[]){2, 1, 0}, test_names);
    cr_assert_eq(vae_label_names_join(&train, &test), VAE_OK, "%s", vae_error_message());
    expect_classes(&train, (const int32_t[]){0, 1, 2}, all);
    expect_classes(&test, (const int32_t[]){3, 2, 0}, all);
}

Test(labels, names_and_numbers_cannot_be_told_apart)
{
    static const char *const names[] = {"ape", "cat", NULL}, *const digits[] = {"1", "10", "2", NULL},
                             *const none[] = {NULL};
    vae_dataset train = labelled((const int32_t[]){0, 1, 2}, NULL);
    vae_dataset test = labelled((const int32_t[]){0, 1, 1}, names);
    cr_expect_eq(vae_label_names_join(&train, &test), VAE_ERROR_CONFIG);
    cr_expect_not_null(strstr(vae_error_message(),
                              "labels of the test images are names, such as 'ape', and those of the "
                              "training images are numbers; [data] class_names"),
                       "%s", vae_error_message());
    free(test.labels);
    vae_classes_free(&test.classes);
    test = labelled((const int32_t[]){0, 1, 2}, digits);
    cr_assert_eq(vae_label_names_join(&train, &test), VAE_OK, "%s", vae_error_message());
    expect_classes(&test, (const int32_t[]){1, 10, 2}, none);
    free(train.labels);
}

/* Which are numbers in one part because all are small, and names in the other. */
Test(labels, numbers_of_any_range_are_joined_by_their_digits)
{
    static const char *const wide[] = {"-5", "7", "100000", NULL};
    static const char *const all[] = {"-5", "7", "100000", "0", NULL};
    vae_dataset train = labelled((const int32_t[]){0, 1, 2}, wide);
    vae_dataset test = labelled((const int32_t[]){7, 0, 7}, NULL);
    cr_assert_eq(vae_label_names_join(&train, &test), VAE_OK, "%s", vae_error_message());
    expect_classes(&train, (const int32_t[]){0, 1, 2}, all);
    expect_classes(&test, (const int32_t[]){1, 3, 1}, all);
    static const char *const from_zero[] = {"0", "7", "-5", "100000", NULL};
    train = labelled((const int32_t[]){7, 0, 7}, NULL);
    test = labelled((const int32_t[]){0, 1, 2}, wide);
    cr_assert_eq(vae_label_names_join(&train, &test), VAE_OK, "%s", vae_error_message());
    expect_classes(&train, (const int32_t[]){1, 0, 1}, from_zero);
    expect_classes(&test, (const int32_t[]){2, 1, 3}, from_zero);
}

static vae_status apply(const char *text, vae_dataset *dataset)
{
    idx_write_raw(idx_path("names.txt"), text, strlen(text));
    return vae_label_names_apply(idx_path("names.txt"), dataset);
}

Test(labels, a_file_gives_names)
{
    static const char *const fashion[] = {"shirt", "dress", "coat, long", NULL};
    static const char *const folders[] = {"n01", "n02", NULL}, *const animals[] = {"tench", "shark", NULL};
    static const char *const sparse[] = {"0", "bag", "2", "hat", NULL};
    static const char *const reversed[] = {"n02", "n01", NULL};
    static const int32_t labels[] = {1, 0, 1};
    vae_dataset numbers = labelled(labels, NULL);
    cr_assert_eq(apply("shirt\ndress\n\"coat, long\"\n", &numbers), VAE_OK, "%s", vae_error_message());
    expect_classes(&numbers, labels, fashion);
    numbers = labelled((const int32_t[]){1, 3, 3}, NULL);
    cr_assert_eq(apply("3,hat\n1,bag\n", &numbers), VAE_OK, "%s", vae_error_message());
    expect_classes(&numbers, (const int32_t[]){1, 3, 3}, sparse);
    vae_dataset named = labelled(labels, folders);
    cr_assert_eq(apply("n02,shark\nn01,tench\n", &named), VAE_OK, "%s", vae_error_message());
    expect_classes(&named, labels, animals);
    named = labelled(labels, folders);
    cr_assert_eq(apply("n02\nn01\n", &named), VAE_OK, "%s", vae_error_message());
    expect_classes(&named, (const int32_t[]){0, 1, 0}, reversed);
    named = labelled(labels, folders);
    cr_expect_eq(apply("n01\nn03\n", &named), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "names.txt: does not name the class 'n02'"));
    expect_classes(&named, labels, folders);
    /* Numbers count the lines of a list that has none of them. */
    static const char *const counted[] = {"2", "0", NULL};
    static const char *const words[] = {"a", "b", "c", NULL};
    named = labelled(labels, counted);
    cr_assert_eq(apply("a\nb\nc\n", &named), VAE_OK, "%s", vae_error_message());
    expect_classes(&named, (const int32_t[]){0, 2, 0}, words);
    named = labelled(labels, counted);
    cr_expect_eq(apply("a\nb\n", &named), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "does not name the class '2'"), "%s", vae_error_message());
    cr_expect_eq(apply("a\n2\nb\n", &named), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "does not name the class '0'"), "%s", vae_error_message());
    expect_classes(&named, labels, counted);
    numbers = labelled((const int32_t[]){1, 3, 3}, NULL);
    cr_expect_eq(apply("a\nb\nc\n", &numbers), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "does not name the class '3'"));
    free(numbers.labels);
}

Test(labels, a_file_gives_each_class_a_name_of_its_own)
{
    static const char *const bad[] = {"zero\n\none\n", "zero\nzero\n", "0,zero\n0,one\n", "0,zero\n1,zero\n"};
    static const char *const words[] = {":3:1: follows an empty line", ":2:1: gives a second class the same name",
                                        ":2:1: names this class again", ":2:3: gives a second class the same name"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        vae_dataset numbers = labelled((const int32_t[]){1, 0, 1}, NULL);
        cr_expect_eq(apply(bad[i], &numbers), VAE_ERROR_FORMAT, "%s", bad[i]);
        cr_expect_not_null(strstr(vae_error_message(), words[i]), "%s", vae_error_message());
        free(numbers.labels);
    }
}
