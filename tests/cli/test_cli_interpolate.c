/* interpolate as a user meets it: between images of the data set, files and draws from the prior; stills and films. */
#define _GNU_SOURCE
#include "cli/tiny_run.h"
#include "unit/apng_file.h"

TestSuite(interpolate, .init = tiny_run_setup, .fini = tiny_run_teardown, .timeout = 120);

Test(interpolate, goes_from_image_to_image)
{
    process_expect(0, NULL, folder, "encode", RUN, "--out", "all.npy");
    process_expect(0, NULL, folder, "interpolate", RUN, "--from", "3,5", "--to", "8,1", "--steps", "5", "--out",
                   "i.png", "--codes", "c.npy", "--npy", "i.npy");
    vae_npy_array all = read_npy("all.npy"), codes = read_npy("c.npy"), images = read_npy("i.npy");
    expect_sizes(&codes, 2, 10, LATENT, 0);
    expect_sizes(&images, 3, 10, TINY_SIDE, TINY_SIDE);
    static const int from[] = {3, 5}, to[] = {8, 1};
    picture p = read_picture("i.png", 5, 2);
    for (int i = 0; i < 10; ++i) {
        const float *a = all.values + from[i / 5] * LATENT, *b = all.values + to[i / 5] * LATENT;
        const float t = (float)(i % 5) / 4.0f;
        float expected[LATENT];
        for (int j = 0; j < LATENT; ++j)
            expected[j] = (1.0f - t) * a[j] + t * b[j];
        expect_close(codes.values + i * LATENT, expected, LATENT, "code");
        expect_tile(&p, i % 5, i / 5, images.values + i * ELEMENTS);
    }
    free(p.pixels);
    vae_npy_free(&all);
    vae_npy_free(&codes);
    vae_npy_free(&images);
}

/* Each frame shows both pairs; the tile of a pixel is magnified eight times. */
static void expect_frames(const apng_file *film, int frames, const vae_npy_array *images, int steps)
{
    cr_assert_eq(film->frames, frames);
    cr_assert_eq(film->width, 2 * TILE + GAP);
    for (int f = 0; f < frames; ++f) {
        const int step = f < steps ? f : 2 * (steps - 1) - f;
        for (int i = 0; i < 2 * ELEMENTS; ++i) {
            const int pair = i / ELEMENTS, pixel = i % ELEMENTS;
            const int x = GAP + pair * TILE + pixel % TINY_SIDE * SCALE, y = GAP + pixel / TINY_SIDE * SCALE;
            const int found = film->pixels[(f * film->height + y) * film->width + x];
            const float expected = images->values[(pair * steps + step) * ELEMENTS + pixel];
            cr_assert(abs(found - (int)lrintf(expected * 255.0f)) <= 1, "frame %d", f);
        }
    }
}

Test(interpolate, animates_the_way_and_the_way_back)
{
#define PAIRS "interpolate", RUN, "--from", "3,5", "--to", "8,1", "--steps", "5", "--npy", "i.npy", "--force"
    process_expect(0, NULL, folder, PAIRS, "--animate", "there.apng", "--frames", "5", "--fps", "7");
    process_expect(0, NULL, folder, PAIRS, "--animate", "back.apng", "--frames", "5", "--back-and-forth");
    vae_npy_array images = read_npy("i.npy");
    apng_file there = apng_file_read(in_folder("there.apng")), back = apng_file_read(in_folder("back.apng"));
    expect_frames(&there, 5, &images, 5);
    expect_frames(&back, 8, &images, 5);
    cr_expect_eq(there.delay_denominator, 7);
    free(there.pixels);
    free(back.pixels);
    vae_npy_free(&images);
    /* More frames than are decoded at once. */
    process_expect(0, NULL, folder, PAIRS, "--animate", "long.apng", "--frames", "300");
    apng_file film = apng_file_read(in_folder("long.apng"));
    cr_expect_eq(film.frames, 300);
    free(film.pixels);
    process_expect(2, "already exists", folder, "interpolate", RUN, "--prior", "1", "--out", "x.png", "--animate",
                   "long.apng");
    process_expect(2, "APNG", folder, "interpolate", RUN, "--prior", "1", "--animate", "x.gif");
}

static void write_test_png(const char *name, int index)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(in_folder("test.idx"), 1 << 20, &data, &size), VAE_OK);
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = TINY_SIDE, .height = TINY_SIDE, .format = PNG_FORMAT_GRAY};
    cr_assert(
        png_image_write_to_file(&image, in_folder(name), 0, (const uint8_t *)data + 16 + index * ELEMENTS, 0, NULL));
    free(data);
}

Test(interpolate, goes_between_files)
{
    write_test_png("a.png", 3);
    write_test_png("b.png", 8);
    write_test_png("c.png", 5);
    process_expect(0, NULL, folder, "interpolate", RUN, "--from", "3,5", "--to", "8,1", "--codes", "numbers.npy");
    process_expect(0, NULL, folder, "interpolate", RUN, "--from", "a.png,c.png", "--to", "8,1", "--codes", "mixed.npy",
                   "--out", "m.png");
    process_expect(0, NULL, folder, "interpolate", RUN, "--from", "3", "--to", "8", "--codes", "one.npy", "--out",
                   "o.png");
    /* Files alone need no data set. */
    cr_assert_eq(remove(in_folder("test.idx")), 0);
    process_expect(0, NULL, folder, "interpolate", RUN, "--from", "a.png", "--to", "b.png", "--codes", "files.npy",
                   "--out", "f.png");
    expect_same_file("numbers.npy", "mixed.npy", true);
    expect_same_file("one.npy", "files.npy", true);
    process_expect(1, "f.png: images are 68x662x1, but the model takes 8x8x1", folder, "interpolate", RUN, "--from",
                   "a.png", "--to", "f.png", "--out", "g.png");
    process_expect(2, "cannot open none.png", folder, "interpolate", RUN, "--from", "none.png", "--to", "b.png",
                   "--out", "g.png");
}

static double length_of(const float *code)
{
    return sqrt((double)code[0] * (double)code[0] + (double)code[1] * (double)code[1] +
                (double)code[2] * (double)code[2]);
}

Test(interpolate, goes_along_arcs_between_draws_from_the_prior)
{
    process_expect(0, NULL, folder, "interpolate", RUN, "--prior", "4", "--steps", "3", "--mode", "spherical", "--seed",
                   "2", "--out", "s.png", "--codes", "s.npy");
    process_expect(0, NULL, folder, "interpolate", RUN, "--prior", "4", "--steps", "3", "--mode", "linear", "--seed",
                   "2", "--out", "l.png", "--codes", "l.npy");
    process_expect(0, NULL, folder, "sample", RUN, "--count", "8", "--seed", "2", "--out", "p.png", "--codes", "p.npy");
    vae_npy_array arc = read_npy("s.npy"), line = read_npy("l.npy"), prior = read_npy("p.npy");
    expect_sizes(&arc, 2, 12, LATENT, 0);
    for (int pair = 0; pair < 4; ++pair) {
        const float *strip = arc.values + 3 * pair * LATENT, *straight = line.values + 3 * pair * LATENT;
        expect_close(strip, prior.values + pair * LATENT, LATENT, "from");
        expect_close(strip + 2 * LATENT, prior.values + (4 + pair) * LATENT, LATENT, "to");
        expect_close(strip, straight, LATENT, "from");
        const double mean = 0.5 * (length_of(strip) + length_of(strip + 2 * LATENT));
        cr_expect_float_eq(length_of(strip + LATENT), mean, 1e-5);
        cr_expect_lt(length_of(straight + LATENT), mean - 1e-3);
    }
    vae_npy_free(&arc);
    vae_npy_free(&line);
    vae_npy_free(&prior);
}

Test(interpolate, says_what_it_needs)
{
    process_expect(2, "--from and --to, or --prior", folder, "interpolate", RUN);
    process_expect(2, "--from and --to, or --prior", folder, "interpolate", RUN, "--from", "1");
    process_expect(2, "--from names 2 images, but --to 1", folder, "interpolate", RUN, "--from", "1,2", "--to", "3");
    process_expect(2, "--prior needs no images", folder, "interpolate", RUN, "--prior", "2", "--from", "1");
    process_expect(2, "--prior needs no images", folder, "interpolate", RUN, "--prior", "2", "--split", "test");
    process_expect(2, "linear, spherical", folder, "interpolate", RUN, "--prior", "2", "--mode", "bilinear");
    process_expect(2, "--steps", folder, "interpolate", RUN, "--prior", "2", "--steps", "1");
    process_expect(2, "index 99 is past", folder, "interpolate", RUN, "--from", "99", "--to", "3");
    cr_expect_not(vae_path_exists(in_folder("interpolation.png")));
}
