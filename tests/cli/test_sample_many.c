/* sample by the thousands: arrays that stream, folders of numbered pictures, and what a signal leaves. */
#define _GNU_SOURCE
#include <dirent.h>
#include <vae/vae.h>

#include "cli/tiny_run.h"

TestSuite(sample_many, .init = tiny_run_setup, .fini = tiny_run_teardown, .timeout = 120);

/* More than a batch, and no whole number of batches. */
enum { MANY = 1337 };

Test(sample_many, is_the_sample_that_the_library_draws_at_once)
{
    process_expect(0, NULL, folder, "sample", RUN, "--count", "1337", "--seed", "7", "--temperature", "0.9", "--npy",
                   "s.npy", "--codes", "c.npy");
    cr_expect_not(vae_path_exists(in_folder("samples.png")), "a picture that was not asked for");
    vae_npy_array images = read_npy("s.npy"), codes = read_npy("c.npy");
    expect_sizes(&images, 3, MANY, TINY_SIDE, TINY_SIDE);
    expect_sizes(&codes, 2, MANY, LATENT, 0);
    vae_model *model;
    const vae_model_options options = {.threads = 1};
    cr_assert_eq(vae_model_open(in_folder("run"), &options, &model), VAE_OK, "%s", vae_error_message());
    float *all_codes = calloc(MANY * LATENT, sizeof *all_codes), *all = calloc(MANY * ELEMENTS, sizeof *all);
    cr_assert(all_codes && all);
    cr_assert_eq(vae_model_sample_prior(model, 7, 0.9, MANY, all_codes), VAE_OK);
    cr_assert_eq(vae_model_decode(model, all_codes, MANY, all), VAE_OK);
    cr_expect_eq(memcmp(codes.values, all_codes, MANY * LATENT * sizeof *all_codes), 0, "codes");
    cr_expect_eq(memcmp(images.values, all, MANY * ELEMENTS * sizeof *all), 0, "images");
    cr_assert_eq(vae_npy_write_float32(in_folder("all.npy"), all, 3, images.sizes), VAE_OK);
    expect_same_file("s.npy", "all.npy", true);
    vae_model_free(model);
    free(all_codes);
    free(all);
    vae_npy_free(&images);
    vae_npy_free(&codes);
}

Test(sample_many, of_the_aggregate_posterior_does_not_depend_on_their_number)
{
#define AGGREGATE "sample", RUN, "--prior", "aggregate", "--components", "2", "--codes"
    process_expect(0, NULL, folder, AGGREGATE, "many.npy", "--count", "1337");
    process_expect(0, NULL, folder, AGGREGATE, "few.npy", "--count", "600");
    vae_npy_array many = read_npy("many.npy"), few = read_npy("few.npy");
    cr_expect_eq(memcmp(many.values, few.values, (size_t)few.count * sizeof *few.values), 0);
    cr_expect_neq(memcmp(many.values, many.values + 512 * LATENT, LATENT * sizeof *few.values), 0);
    vae_npy_free(&many);
    vae_npy_free(&few);
}

Test(sample_many, takes_no_more_memory_than_few)
{
    process_expect(0, NULL, folder, "sample", RUN, "--count", "600", "--npy", "few.npy", "--codes", "a.npy");
    const long before = process_peak_memory();
    process_expect(0, NULL, folder, "sample", RUN, "--count", "200000", "--npy", "many.npy", "--codes", "b.npy");
    const long grown = process_peak_memory() - before;
    /* The array alone is 50,000 KiB. */
    cr_expect_lt(grown, 8000, "%ld KiB more", grown);
}

static int count_files(const char *name)
{
    DIR *directory = opendir(in_folder(name));
    int count = 0;
    cr_assert_not_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void expect_pixels(const char *name, const float *image)
{
    png_image file = {.version = PNG_IMAGE_VERSION};
    uint8_t pixels[ELEMENTS];
    cr_assert(png_image_begin_read_from_file(&file, in_folder(name)), "%s: %s", name, file.message);
    cr_assert_eq(file.width, TINY_SIDE);
    cr_assert_eq(file.height, TINY_SIDE);
    file.format = PNG_FORMAT_GRAY;
    cr_assert(png_image_finish_read(&file, NULL, pixels, 0, NULL));
    for (int i = 0; i < ELEMENTS; ++i)
        cr_assert_eq(pixels[i], (int)lrintf(image[i] * 255.0f), "%s: pixel %d", name, i);
}

Test(sample_many, fill_a_folder_with_numbered_pictures)
{
    process_expect(0, NULL, folder, "sample", RUN, "--count", "30", "--out", "deep/new/", "--npy", "s.npy");
    vae_npy_array images = read_npy("s.npy");
    cr_expect_eq(count_files("deep/new"), 30);
    expect_pixels("deep/new/000000.png", images.values);
    expect_pixels("deep/new/000029.png", images.values + 29 * ELEMENTS);
    vae_npy_free(&images);
    process_expect(2, "deep/new/: already holds numbered pictures; --force", folder, "sample", RUN, "--out",
                   "deep/new/");
    process_expect(2, "already holds numbered pictures", folder, "sample", RUN, "--out", "deep/new");
    process_expect(0, NULL, folder, "sample", RUN, "--count", "3", "--out", "deep/new", "--force");
    cr_expect_eq(count_files("deep/new"), 30);
    /* A folder that is there needs no slash; other files in it do no harm. */
    cr_assert_eq(vae_folder_make(in_folder("mine")), VAE_OK);
    cr_assert_eq(rename(in_folder("s.npy"), in_folder("mine/s.npy")), 0);
    process_expect(0, NULL, folder, "sample", RUN, "--count", "3", "--out", "mine");
    cr_expect_eq(count_files("mine"), 4);
    process_expect(2, "test.idx/x/: cannot be written", folder, "sample", RUN, "--out", "test.idx/x/");
}

Test(sample_many, out_may_be_an_array)
{
    process_expect(0, NULL, folder, "sample", RUN, "--count", "5", "--out", "a.npy");
    process_expect(0, NULL, folder, "sample", RUN, "--count", "5", "--npy", "b.npy");
    expect_same_file("a.npy", "b.npy", true);
}

Test(sample_many, a_signal_leaves_no_half_file)
{
    process started =
        process_start_in(folder, "sample", RUN, "--count", "100000000", "--npy", "x.npy", "--codes", "c.npy");
    for (int i = 0; i < 2000 && !vae_path_exists(in_folder("x.npy.partial")); ++i)
        usleep(5000);
    kill(started.id, SIGINT);
    process_result result = process_wait(started);
    cr_expect_eq(result.code, 130, "%d: %s", result.code, result.errors);
    cr_expect_not_null(strstr(result.errors, "sample interrupted after "), "%s", result.errors);
    process_result_free(&result);
    static const char *const names[] = {"x.npy", "x.npy.partial", "c.npy", "c.npy.partial"};
    for (int i = 0; i < 4; ++i)
        cr_expect_not(vae_path_exists(in_folder(names[i])), "%s", names[i]);
}
