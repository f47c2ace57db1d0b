/* traverse as a user meets it: its images against the network written out, its order against KL worked out by hand. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "core/npy.h"
#include "model/family_vae.h"
#include "unit/png_file.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { ELEMENTS = TINY_SIDE * TINY_SIDE, LATENT = TINY_MODEL_LATENT };

static char folder[64];
static vae_checkpoint checkpoint;

static const char *in_folder(const char *name)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_model(vae_objective objective, const char *name)
{
    vae_config config = tiny_model_config();
    vae_vae_keys_edit(&config)->objective = objective;
    vae_checkpoint_free(&checkpoint);
    checkpoint = tiny_model_make(
        &config,
        (vae_input){.height = TINY_SIDE, .width = TINY_SIDE, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8},
        4.0);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, in_folder(name)), VAE_OK, "%s", vae_error_message());
}

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
    write_model(VAE_OBJECTIVE_AE, "ae.safetensors");
    write_model(VAE_OBJECTIVE_VAE, "model.safetensors");
}

static void teardown(void)
{
    vae_checkpoint_free(&checkpoint);
    temporary_remove(folder);
}

TestSuite(traverse, .init = setup, .fini = teardown, .timeout = 120);

#define TRAVERSE "traverse", "--checkpoint", "model.safetensors", "--threads", "1", "--quiet"

static float *test_images(void)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(in_folder("test.idx"), 1 << 20, &data, &size), VAE_OK);
    float *images = calloc(TINY_TEST * ELEMENTS, sizeof *images);
    for (int i = 0; i < TINY_TEST * ELEMENTS; ++i)
        images[i] = (float)((const uint8_t *)data)[16 + i] / 255.0f;
    free(data);
    return images;
}

/* Dimensions by their mean KL over the test images, the largest first. */
static void order_by_hand(int order[LATENT])
{
    float *images = test_images();
    double kl[LATENT] = {0.0};
    for (int i = 0; i < TINY_TEST; ++i) {
        double p[2 * LATENT];
        tiny_model_encode(&checkpoint, images + i * ELEMENTS, p);
        for (int j = 0; j < LATENT; ++j)
            kl[j] += p[j] * p[j] + exp(p[LATENT + j]) - p[LATENT + j] - 1.0;
    }
    for (int j = 0; j < LATENT; ++j) {
        int place = 0;
        for (int k = 0; k < LATENT; ++k)
            place += kl[k] > kl[j];
        order[place] = j;
    }
    free(images);
}

static void expect_row(const vae_npy_array *images, int row, int columns, const float *start, int dimension)
{
    for (int c = 0; c < columns; ++c) {
        float code[LATENT];
        double expected[ELEMENTS];
        memcpy(code, start, sizeof code);
        code[dimension] = -2.0f + 4.0f * (float)c / (float)(columns - 1);
        tiny_model_decode(&checkpoint, code, expected);
        for (int i = 0; i < ELEMENTS; ++i)
            cr_assert_float_eq((double)images->values[(row * columns + c) * ELEMENTS + i], expected[i], 1e-4);
    }
}

Test(traverse, one_dimension_a_row_by_kl)
{
    int order[LATENT];
    const float zeros[LATENT] = {0};
    order_by_hand(order);
    process_expect(0, NULL, folder, TRAVERSE, "--range", "-2:2:5", "--out", "t.png", "--npy", "t.npy");
    vae_npy_array images;
    cr_assert_eq(vae_npy_read_float32(in_folder("t.npy"), &images), VAE_OK);
    cr_assert_eq(images.sizes[0], 5 * LATENT);
    for (int row = 0; row < LATENT; ++row)
        expect_row(&images, row, 5, zeros, order[row]);
    vae_npy_free(&images);
}

Test(traverse, from_the_code_of_an_image)
{
    int order[LATENT];
    double p[2 * LATENT];
    float start[LATENT], *all = test_images();
    order_by_hand(order);
    tiny_model_encode(&checkpoint, all + 7 * ELEMENTS, p);
    for (int j = 0; j < LATENT; ++j)
        start[j] = (float)p[j];
    free(all);
    process_expect(0, NULL, folder, TRAVERSE, "--range", "-2:2:3", "--index", "7", "--dimensions", "2", "--out",
                   "t.png", "--npy", "t.npy");
    vae_npy_array images;
    cr_assert_eq(vae_npy_read_float32(in_folder("t.npy"), &images), VAE_OK);
    cr_assert_eq(images.sizes[0], 6);
    for (int row = 0; row < 2; ++row)
        expect_row(&images, row, 3, start, order[row]);
    vae_npy_free(&images);
}

/* The picture ends with an edge of 8 pixels after the last tile, of 64 pixels and a gap of 3. */
Test(traverse, the_picture_holds_the_images_and_labels)
{
    process_expect(0, NULL, folder, TRAVERSE, "--range", "-2:2:5", "--out", "t.png", "--npy", "t.npy");
    vae_npy_array images;
    cr_assert_eq(vae_npy_read_float32(in_folder("t.npy"), &images), VAE_OK);
    png_file picture = png_file_read(in_folder("t.png"));
    const int64_t left = picture.width - 8 - 5 * 67, top = picture.height - 8 - (int64_t)LATENT * 67;
    for (int i = 0; i < 5 * LATENT * ELEMENTS; ++i) {
        const int64_t tile = i / ELEMENTS, pixel = i % ELEMENTS;
        const uint8_t *found = png_file_pixel(&picture, left + tile % 5 * 67 + pixel % TINY_SIDE * 8 + 4,
                                              top + tile / 5 * 67 + pixel / TINY_SIDE * 8 + 4);
        const long expected = lrintf(images.values[i] * 255.0f);
        cr_assert(found[0] == expected && found[1] == expected && found[2] == expected, "tile %d", (int)tile);
    }
    int dark_left = 0, dark_above = 0;
    for (int64_t y = 0; y < picture.height; ++y) {
        for (int64_t x = 0; x < picture.width; ++x) {
            const bool dark = png_file_pixel(&picture, x, y)[0] < 128;
            dark_left += dark && x < left && y > top;
            dark_above += dark && y < top;
        }
    }
    cr_expect_gt(dark_left, 100, "rows have no labels");
    cr_expect_gt(dark_above, 50, "columns have no labels");
    free(picture.pixels);
    vae_npy_free(&images);
}

Test(traverse, an_autoencoder_is_ordered_by_variance)
{
    process_expect(0, NULL, folder, "traverse", "--checkpoint", "ae.safetensors", "--quiet", "--out", "ae.png");
    cr_expect(vae_path_exists(in_folder("ae.png")));
}

Test(traverse, mistakes)
{
    process_expect(2, "is not a range such as", folder, TRAVERSE, "--range", "1:2");
    process_expect(2, "is not a range such as", folder, TRAVERSE, "--range", "1:b:3");
    process_expect(2, "is not a range such as", folder, TRAVERSE, "--range", "1:2:");
    process_expect(2, "from 2 to 1000", folder, TRAVERSE, "--range", "1:2:1");
    process_expect(2, "index 41 is past the last image, 40", folder, TRAVERSE, "--index", "41");
    process_expect(2, "no validation images", folder, TRAVERSE, "--split", "validation");
    cr_expect_not(vae_path_exists(in_folder("traversal.png")));
    process_expect(0, NULL, folder, TRAVERSE);
    process_expect(2, "--force", folder, TRAVERSE);
}
