/* Tiny models saved in a folder of their own and opened again, for tests of model/runtime.h. */
#ifndef VAE_TEST_RUNTIME_MODEL_H
#define VAE_TEST_RUNTIME_MODEL_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "core/file.h"
#include "model/runtime.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { HEIGHT = 4, WIDTH = 3, ELEMENTS = HEIGHT * WIDTH, LATENT = TINY_MODEL_LATENT };

static char folder[64], path[128];

static inline void setup(void)
{
    temporary_make(folder);
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "x.safetensors"), VAE_OK);
}

static inline void teardown(void)
{
    temporary_remove(folder);
}

static const char *const devices[] = {"cpu", "reference"};
enum { DEVICES = 2 };

static const vae_input unit_input = {
    .height = HEIGHT, .width = WIDTH, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
/* As `normalise = standard` makes it. */
static const vae_input standard_input = {.height = HEIGHT,
                                         .width = WIDTH,
                                         .channels = 1,
                                         .scale = 1.0 / 255.0 / 0.3081,
                                         .shift = -0.1307 / 0.3081,
                                         .dtype = VAE_UINT8};

static inline vae_checkpoint make_bernoulli(void)
{
    const vae_config config = tiny_model_config();
    return tiny_model_make(&config, unit_input, 3.0);
}

static inline vae_checkpoint make_gaussian(double gain)
{
    vae_config config = tiny_model_config();
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    return tiny_model_make(&config, standard_input, gain);
}

static inline vae_model *open_on(const char *device)
{
    vae_model *model;
    const vae_model_options options = {.device = device, .threads = 2};
    cr_assert_eq(vae_model_open(path, &options, &model), VAE_OK, "%s", vae_error_message());
    return model;
}

/* Writes the checkpoint, frees it, and opens it. */
static inline vae_model *save_and_open(vae_checkpoint checkpoint, const char *device)
{
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    vae_checkpoint_free(&checkpoint);
    return open_on(device);
}

static inline float *make_images(int64_t count)
{
    float *images = calloc((size_t)(count * ELEMENTS), sizeof *images);
    cr_assert_not_null(images);
    for (int64_t i = 0; i < count * ELEMENTS; ++i)
        images[i] = (float)((i * 7919 + i / ELEMENTS * 31) % 1009) / 1008.0f;
    return images;
}

static inline float *make_codes(int64_t count)
{
    float *codes = calloc((size_t)(count * LATENT), sizeof *codes);
    cr_assert_not_null(codes);
    for (int64_t i = 0; i < count * LATENT; ++i)
        codes[i] = (float)(2.0 * sin((double)i * 1.7));
    return codes;
}

static inline float *make_room(int64_t count, int64_t width)
{
    float *room = calloc((size_t)(count * width), sizeof *room);
    cr_assert_not_null(room);
    return room;
}

#endif
