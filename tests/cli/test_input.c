/* Commands on images that are not the run's: folders, arrays and single pictures, and the tables beside what they
 * write. */
#define _GNU_SOURCE
#include <vae/vae.h>

#include "cli/tiny_run.h"
#include "core/npy_header.h"

static uint8_t *test_bytes; /* [TINY_TEST, ELEMENTS] */

/* A run that resizes and makes grey, so that any picture will do. */
static void setup(void)
{
    void *data;
    size_t size;
    tiny_run_setup();
    cr_assert_eq(vae_file_read(in_folder("test.idx"), 1 << 20, &data, &size), VAE_OK);
    test_bytes = (uint8_t *)data + 16;
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--out", "any", "--quiet", "--set", "train.epochs=1",
                   "--set", "data.size=8x8", "--set", "data.channels=grey");
    process_expect(0, NULL, folder, "encode", "--run", "any", "--quiet", "--out", "own.npy");
}

static void teardown(void)
{
    free(test_bytes - 16);
    tiny_run_teardown();
}

TestSuite(input, .init = setup, .fini = teardown, .timeout = 120);

#define ANY "--run", "any", "--threads", "1", "--quiet"

/* Image `index` as an RGB picture `scale` times as large, which resizing undoes exactly. */
static void write_picture(const char *name, int index, int scale)
{
    const int side = TINY_SIDE * scale;
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = (unsigned)side, .height = (unsigned)side, .format = PNG_FORMAT_RGB};
    uint8_t *pixels = malloc((size_t)(3 * side * side));
    for (int i = 0; i < 3 * side * side; ++i) {
        const int y = i / 3 / side / scale, x = i / 3 % side / scale;
        pixels[i] = test_bytes[index * ELEMENTS + y * TINY_SIDE + x];
    }
    cr_assert(png_image_write_to_file(&image, in_folder(name), 0, pixels, 0, NULL), "%s: %s", name, image.message);
    free(pixels);
}

static void expect_text(const char *name, const char *expected)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(in_folder(name), 1 << 20, &data, &size), VAE_OK, "%s", vae_error_message());
    cr_expect_str_eq((const char *)data, expected);
    free(data);
}

static void expect_codes(const char *name, const int *indices, int count)
{
    vae_npy_array own = read_npy("own.npy"), codes = read_npy(name);
    expect_sizes(&codes, 2, count, LATENT, 0);
    for (int i = 0; i < count; ++i)
        expect_close(codes.values + i * LATENT, own.values + indices[i] * LATENT, LATENT, name);
    vae_npy_free(&own);
    vae_npy_free(&codes);
}

static void make_folder(void)
{
    cr_assert_eq(vae_folder_make(in_folder("photos/cats")), VAE_OK);
    cr_assert_eq(vae_folder_make(in_folder("photos/dogs, big")), VAE_OK);
    write_picture("photos/cats/b.png", 4, 2);
    write_picture("photos/cats/a \"A\".png", 7, 3);
    write_picture("photos/cats/c.png", 9, 1);
    write_picture("photos/dogs, big/\xe9"
                  "t\xe9"
                  ".png",
                  11, 2);
}

/* The order that --help states: by name in a class, classes interleaved. */
static const int folder_order[] = {7, 4, 11, 9};
#define FOLDER_TABLE                                                                                                   \
    "index,file,class\n"                                                                                               \
    "0,\"cats/a \"\"A\"\".png\",cats\n"                                                                                \
    "1,cats/b.png,cats\n"                                                                                              \
    "2,\"dogs, big/\xe9"                                                                                               \
    "t\xe9"                                                                                                            \
    ".png\",\"dogs, big\"\n"                                                                                           \
    "3,cats/c.png,cats\n"

/* The same pictures as an array. */
static void write_folder_array(const char *name)
{
    float values[4 * ELEMENTS];
    const int64_t sizes[] = {4, TINY_SIDE, TINY_SIDE};
    for (int i = 0; i < 4 * ELEMENTS; ++i)
        values[i] = (float)test_bytes[folder_order[i / ELEMENTS] * ELEMENTS + i % ELEMENTS] / 255.0f;
    cr_assert_eq(vae_npy_write_float32(in_folder(name), values, 3, sizes), VAE_OK);
}

Test(input, a_folder_is_encoded_in_order_and_named)
{
    make_folder();
    process_expect(0, NULL, folder, "encode", ANY, "--input", "photos", "--out", "f.npy", "--log-variance", "v.npy");
    expect_text("f.csv", FOLDER_TABLE);
    expect_codes("f.npy", folder_order, 4);
    /* The same pictures as an array give the same bits. */
    write_folder_array("x.npy");
    process_expect(0, NULL, folder, "encode", ANY, "--input", "x.npy", "--out", "a.npy", "--log-variance", "w.npy",
                   "--names", "which.csv");
    expect_same_file("f.npy", "a.npy", true);
    expect_same_file("v.npy", "w.npy", true);
    expect_text("which.csv", "index\n0\n1\n2\n3\n");
    process_expect(2, "f.csv: already exists", folder, "encode", ANY, "--input", "photos", "--out", "g.npy", "--names",
                   "f.csv");
}

Test(input, any_picture_works_and_others_say_what_could_help)
{
    static const int nine[] = {9};
    write_picture("one.png", 9, 5);
    process_expect(0, NULL, folder, "encode", ANY, "--input", "one.png", "--out", "p.npy");
    expect_codes("p.npy", nine, 1);
    expect_text("p.csv", "index,file\n0,one.png\n");
    process_expect(0, NULL, folder, "encode", ANY, "--input", "test.idx", "--out", "idx.npy");
    expect_same_file("idx.npy", "own.npy", true);
    /* A run without [data] size. */
    process_expect(
        1,
        "one.png: images are 40x40x3, but the model takes 8x8x1 (height x width x channels); what makes them "
        "fit: --size 8x8 --channels grey",
        folder, "encode", RUN, "--input", "one.png", "--out", "q.npy");
    process_expect(0, NULL, folder, "encode", RUN, "--input", "one.png", "--size", "8x8", "--channels", "grey", "--out",
                   "s.npy");
    process_expect(0, NULL, folder, "interpolate", RUN, "--from", "one.png", "--to", "one.png", "--size", "8x8",
                   "--channels", "grey", "--steps", "2", "--codes", "i.npy", "--out", "i.png");
    vae_npy_array alone = read_npy("s.npy"), ends = read_npy("i.npy");
    expect_close(ends.values, alone.values, LATENT, "the same picture");
    vae_npy_free(&alone);
    vae_npy_free(&ends);
    process_expect(2, "go with --input", folder, "encode", RUN, "--size", "8x8", "--out", "q.npy");
    process_expect(2, "--size: ", folder, "encode", RUN, "--input", "one.png", "--size", "big", "--out", "q.npy");
    process_expect(2, "cannot open gone", folder, "encode", ANY, "--input", "gone", "--out", "q.npy");
    process_expect(2, "--input and --split cannot both be given", folder, "evaluate", ANY, "--input", "one.png",
                   "--split", "test");
    cr_expect_not(vae_path_exists(in_folder("q.npy")));
    cr_expect_not(vae_path_exists(in_folder("q.csv")));
}

Test(input, floats_keep_their_precision)
{
    enum { COUNT = 3 };
    float values[COUNT * ELEMENTS], expected[COUNT * LATENT];
    const int64_t sizes[] = {COUNT, TINY_SIDE, TINY_SIDE};
    for (int i = 0; i < COUNT * ELEMENTS; ++i)
        values[i] = 0.6f + (float)i / 1e4f;
    cr_assert_eq(vae_npy_write_float32(in_folder("x.npy"), values, 3, sizes), VAE_OK);
    process_expect(0, NULL, folder, "encode", ANY, "--input", "x.npy", "--out", "c.npy");
    vae_model *model;
    const vae_model_options options = {.threads = 1};
    cr_assert_eq(vae_model_open(in_folder("any"), &options, &model), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_model_encode(model, values, COUNT, expected, NULL), VAE_OK);
    vae_npy_array codes = read_npy("c.npy");
    cr_expect_eq(memcmp(codes.values, expected, sizeof expected), 0);
    vae_npy_free(&codes);
    vae_model_free(model);
}

Test(input, reconstruct_names_what_it_reconstructs)
{
    make_folder();
    process_expect(0, NULL, folder, "reconstruct", ANY, "--input", "photos", "--npy", "r.npy");
    expect_text("r.csv", FOLDER_TABLE);
    cr_expect_not(vae_path_exists(in_folder("reconstructions.png")));
    process_expect(0, NULL, folder, "encode", ANY, "--input", "photos", "--out", "c.npy");
    process_expect(0, NULL, folder, "decode", ANY, "--input", "c.npy", "--out", "d.npy");
    expect_same_file("r.npy", "d.npy", true);
    process_expect(0, NULL, folder, "reconstruct", ANY, "--input", "photos", "--index", "3,1", "--npy", "i.npy",
                   "--out", "i.png");
    expect_text("i.csv", "index,file,class\n3,cats/c.png,cats\n1,cats/b.png,cats\n");
    process_expect(0, NULL, folder, "reconstruct", ANY, "--input", "photos", "--out", "again/");
    cr_expect(vae_path_exists(in_folder("again/000003.png")));
    cr_expect_not(vae_path_exists(in_folder("again/000004.png")));
    /* What was written can be read: it has the model's shape. */
    process_expect(0, "are dark", folder, "encode", ANY, "--input", "again", "--out", "e.npy");
    process_expect(2, "index 4 is past the last image, 3", folder, "reconstruct", ANY, "--input", "photos", "--index",
                   "4", "--out", "x.png");
    process_expect(2, "would lie among the pictures of photos", folder, "reconstruct", ANY, "--input", "photos",
                   "--out", "photos/r.png");
}

Test(input, interpolate_goes_between_any_pictures)
{
    make_folder();
    process_expect(0, NULL, folder, "interpolate", ANY, "--from", "photos/cats/b.png", "--to", "photos/cats/c.png",
                   "--steps", "2", "--codes", "f.npy", "--out", "f.png");
    process_expect(0, NULL, folder, "interpolate", ANY, "--input", "photos", "--from", "1", "--to", "3", "--steps", "2",
                   "--codes", "i.npy", "--out", "i.png");
    static const int ends[] = {4, 9};
    expect_codes("f.npy", ends, 2);
    expect_same_file("f.npy", "i.npy", true);
}

Test(input, evaluate_takes_other_images_and_lists_them)
{
#define EVALUATE "evaluate", ANY, "--samples", "0"
    process_result own = process_run_in(folder, EVALUATE, "--json"),
                   same = process_run_in(folder, EVALUATE, "--json", "--input", "test.idx");
    cr_expect_eq(same.code, 0, "%s", same.errors);
    const char *end = strstr(own.output, "\"seconds\"");
    cr_assert_not_null(end);
    cr_expect_eq(strncmp(own.output, same.output, (size_t)(end - own.output)), 0, "%s%s", own.output, same.output);
    process_result_free(&own);
    process_result_free(&same);
    make_folder();
    process_expect(0, NULL, folder, EVALUATE, "--input", "photos", "--npy", "e.npy");
    /* Noise goes by the index: the same images in the same order give the same. */
    write_folder_array("x.npy");
    process_expect(0, NULL, folder, EVALUATE, "--input", "x.npy", "--npy", "x.each.npy");
    expect_same_file("e.npy", "x.each.npy", true);
    void *table;
    size_t size;
    cr_assert_eq(vae_file_read(in_folder("e.csv"), 4096, &table, &size), VAE_OK);
    cr_expect_not_null(strstr(table, "index,file,class,neg_elbo\n0,\"cats/a \"\"A\"\".png\",cats,"));
    free(table);
}

Test(input, probe_tests_on_other_images)
{
    make_folder();
    cr_assert_eq(vae_folder_make(in_folder("train")), VAE_OK);
    FILE *table = fopen(in_folder("t.csv"), "w");
    for (int i = -1; i < TINY_TRAIN; ++i)
        fprintf(table, i < 0 ? "even\n" : "%d\n", i % 2);
    cr_assert_eq(fclose(table), 0);
    table = fopen(in_folder("p.csv"), "w");
    fputs("file,even\ncats/c.png,1\ncats/b.png,1\n\"cats/a \"\"A\"\".png\",0\n", table);
    fputs("\"dogs, big/\xe9"
          "t\xe9"
          ".png\",0\n",
          table);
    cr_assert_eq(fclose(table), 0);
#define PROBE "probe", ANY, "--attributes", "t.csv"
    process_result result = process_run_in(folder, PROBE, "--input", "photos", "--test-attributes", "p.csv");
    cr_expect_eq(result.code, 0, "%s", result.errors);
    cr_expect_not_null(strstr(result.output, "test 2, 2"), "%s", result.output);
    process_result_free(&result);
    process_expect(2, "--input: name its attributes with --test-attributes FILE", folder, PROBE, "--input", "photos");
}

/* Subfolders are the training images' classes by name; others are counted. */
Test(input, probe_of_all_classes_tests_on_other_images)
{
    make_folder();
    FILE *table = fopen(in_folder("l.csv"), "w");
    for (int i = 0; i < TINY_TRAIN; ++i)
        fprintf(table, "%s\n", i % 2 ? "cats" : "ants");
    cr_assert_eq(fclose(table), 0);
    process_result result =
        process_run_in(folder, "probe", ANY, "--set", "data.train_labels=l.csv", "--classes", "--input", "photos");
    cr_expect_eq(result.code, 0, "%s", result.errors);
    cr_expect_not_null(strstr(result.output, "203 images; test 3, 1 of classes that no training image has\n"), "%s",
                       result.output);
    cr_expect_not_null(strstr(result.output, "\nlabel ants "), "%s", result.output);
    cr_expect_not_null(strstr(result.output, "102; test 0\n"), "%s", result.output);
    cr_expect_not_null(strstr(result.output, "101; test 3\n"), "%s", result.output);
    process_result_free(&result);
}

/* ---- Memory ---- */

static void write_many(const char *name, int64_t count)
{
    uint8_t header[VAE_NPY_HEADER_SIZE];
    size_t size;
    const int64_t sizes[] = {count, TINY_SIDE, TINY_SIDE};
    vae_npy_header_make("|u1", 3, sizes, 0, header, &size);
    FILE *file = fopen(in_folder(name), "wb");
    cr_assert_not_null(file);
    fwrite(header, 1, size, file);
    for (int64_t i = 0; i < count; i += TINY_TEST) {
        const int64_t rows = count - i < TINY_TEST ? count - i : TINY_TEST;
        fwrite(test_bytes, 1, (size_t)(rows * ELEMENTS), file);
    }
    cr_assert_eq(fclose(file), 0);
}

Test(input, large_arrays_stream)
{
    enum { FEW = 2000, MANY = 400000 };
    write_many("few.npy", FEW);
    write_many("many.npy", MANY);
    process_expect(0, NULL, folder, "encode", ANY, "--input", "few.npy", "--out", "f.npy");
    process_expect(0, NULL, folder, "reconstruct", ANY, "--input", "few.npy", "--npy", "g.npy");
    const long before = process_peak_memory();
    process_expect(0, NULL, folder, "encode", ANY, "--input", "many.npy", "--out", "m.npy");
    process_expect(0, NULL, folder, "reconstruct", ANY, "--input", "many.npy", "--npy", "n.npy");
    const long grown = process_peak_memory() - before;
    /* The images take 25,600 KiB, as floats 102,400. */
    cr_expect_lt(grown, 6000, "%ld KiB more", grown);
    vae_npy_array codes = read_npy("m.npy");
    expect_sizes(&codes, 2, MANY, LATENT, 0);
    vae_npy_free(&codes);
}
