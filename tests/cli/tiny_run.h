/* A run of a tiny model in a temporary folder, and checks of what commands wrote there. */
#ifndef VAE_TEST_TINY_RUN_H
#define VAE_TEST_TINY_RUN_H

#include <criterion/criterion.h>
#include <math.h>
#include <png.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "core/npy.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { ELEMENTS = TINY_SIDE * TINY_SIDE, LATENT = TINY_MODEL_LATENT };

static char folder[64]; /* of the test that runs */

static inline char *in_folder(const char *name)
{
    static char paths[4][192];
    static int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
    return paths[next];
}

static inline vae_checkpoint make_checkpoint(void)
{
    const vae_config config = tiny_model_config();
    const vae_input input = {
        .height = TINY_SIDE, .width = TINY_SIDE, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    return tiny_model_make(&config, input, 4.0);
}

static inline void tiny_run_setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
    cr_assert_eq(vae_folder_make(in_folder("run/checkpoints")), VAE_OK);
    vae_checkpoint checkpoint = make_checkpoint();
    cr_assert_eq(vae_checkpoint_write(&checkpoint, in_folder("run/checkpoints/best.safetensors")), VAE_OK, "%s",
                 vae_error_message());
    vae_checkpoint_free(&checkpoint);
}

static inline void tiny_run_teardown(void)
{
    temporary_remove(folder);
}

#define RUN "--run", "run", "--threads", "1", "--quiet"

/* ---- What they wrote ---- */

static inline vae_npy_array read_npy(const char *name)
{
    vae_npy_array array;
    cr_assert_eq(vae_npy_read_float32(in_folder(name), &array), VAE_OK, "%s", vae_error_message());
    return array;
}

static inline void expect_sizes(const vae_npy_array *array, int rank, int64_t a, int64_t b, int64_t c)
{
    const int64_t sizes[] = {a, b, c};
    cr_assert_eq(array->rank, rank);
    for (int i = 0; i < rank; ++i)
        cr_expect_eq(array->sizes[i], sizes[i], "size %d is %d", i, (int)array->sizes[i]);
}

static inline void expect_same_file(const char *one, const char *other, bool same)
{
    void *a, *b;
    size_t a_size, b_size;
    cr_assert_eq(vae_file_read(in_folder(one), 1 << 26, &a, &a_size), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_file_read(in_folder(other), 1 << 26, &b, &b_size), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(a_size == b_size && memcmp(a, b, a_size) == 0, same, "%s and %s", one, other);
    free(a);
    free(b);
}

/* The tiles of a grid of `columns`: each 8 by 8 pixels magnified eight times, with 2 pixels between and around. */
enum { SCALE = 8, GAP = 2, TILE = TINY_SIDE * SCALE + GAP };

typedef struct picture {
    png_image image;
    uint8_t *pixels;
} picture;

static inline picture read_picture(const char *name, int columns, int rows)
{
    picture p = {.image = {.version = PNG_IMAGE_VERSION}};
    cr_assert(png_image_begin_read_from_file(&p.image, in_folder(name)), "%s: %s", name, p.image.message);
    p.image.format = PNG_FORMAT_GRAY;
    cr_expect_eq(p.image.width, (unsigned)(columns * TILE + GAP), "%s is %u wide", name, p.image.width);
    cr_expect_eq(p.image.height, (unsigned)(rows * TILE + GAP), "%s is %u high", name, p.image.height);
    p.pixels = malloc(PNG_IMAGE_SIZE(p.image));
    cr_assert_not_null(p.pixels);
    cr_assert(png_image_finish_read(&p.image, NULL, p.pixels, 0, NULL), "%s", p.image.message);
    return p;
}

static inline void expect_tile(const picture *p, int column, int row, const float *image)
{
    for (int i = 0; i < ELEMENTS; ++i) {
        const int x = GAP + column * TILE + i % TINY_SIDE * SCALE + SCALE / 2;
        const int y = GAP + row * TILE + i / TINY_SIDE * SCALE + SCALE / 2;
        const int found = p->pixels[(size_t)y * p->image.width + (size_t)x];
        cr_assert(abs(found - (int)lrintf(image[i] * 255.0f)) <= 1, "tile %d, %d: pixel %d is %d instead of %g", column,
                  row, i, found, (double)image[i] * 255.0);
    }
}

static inline void expect_close(const float *found, const float *expected, int64_t count, const char *what)
{
    for (int64_t i = 0; i < count; ++i) {
        cr_assert_float_eq((double)found[i], (double)expected[i], 1e-4, "%s: [%d] is %g, not %g", what, (int)i,
                           (double)found[i], (double)expected[i]);
    }
}

#endif
