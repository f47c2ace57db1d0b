/* A small model of known parameters in a checkpoint, and its network written out, for tests of what uses models. */
#ifndef VAE_TEST_TINY_MODEL_H
#define VAE_TEST_TINY_MODEL_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/checkpoint.h"

enum { TINY_MODEL_HIDDEN = 9, TINY_MODEL_LATENT = 3 };

/* Defaults, with train.idx and test.idx, and one hidden layer of TINY_MODEL_HIDDEN and TINY_MODEL_LATENT dimensions. */
static inline vae_config tiny_model_config(void)
{
    vae_config config;
    vae_config_defaults(&config);
    snprintf(config.data.train_data, sizeof config.data.train_data, "train.idx");
    snprintf(config.data.test_data, sizeof config.data.test_data, "test.idx");
    config.model.latent.size[0] = TINY_MODEL_LATENT;
    config.model.encoder = (vae_layer_list){.layer = {{.size = TINY_MODEL_HIDDEN}}, .count = 1};
    return config;
}

/* Parameters are `gain` times those that training would start from. To be freed by vae_checkpoint_free(). */
static inline vae_checkpoint tiny_model_make(const vae_config *config, vae_input input, double gain)
{
    vae_checkpoint checkpoint = {.dtype = VAE_FLOAT32};
    checkpoint.progress.best_loss = INFINITY;
    cr_assert_eq(vae_design_create(config, &input, &checkpoint.design), VAE_OK, "%s", vae_error_message());
    const int64_t elements = checkpoint.design.layout.elements;
    double *values = calloc((size_t)elements, sizeof *values);
    float *rounded = calloc((size_t)elements, sizeof *rounded);
    cr_assert(values && rounded);
    vae_layout_initialise(&checkpoint.design.layout, 5, values);
    for (int64_t i = 0; i < elements; ++i)
        rounded[i] = (float)(gain * values[i]);
    free(values);
    checkpoint.arenas[VAE_ARENA_PARAMETERS] = rounded;
    return checkpoint;
}

/* out [columns] = in [rows] · weight + bias of the layer called `name`, in double. */
static inline void tiny_model_dense(const vae_checkpoint *checkpoint, const char *name, const double *in, double *out)
{
    char label[64];
    snprintf(label, sizeof label, "%s.weight", name);
    const int32_t w = vae_layout_find(&checkpoint->design.layout, label);
    snprintf(label, sizeof label, "%s.bias", name);
    const int32_t b = vae_layout_find(&checkpoint->design.layout, label);
    cr_assert(w >= 0 && b >= 0, "no layer %s", name);
    const vae_parameter *weight = &checkpoint->design.layout.parameters[w],
                        *bias = &checkpoint->design.layout.parameters[b];
    const float *all = checkpoint->arenas[VAE_ARENA_PARAMETERS];
    for (int64_t k = 0; k < weight->shape.size[1]; ++k) {
        out[k] = (double)all[bias->offset + k];
        for (int64_t i = 0; i < weight->shape.size[0]; ++i)
            out[k] += in[i] * (double)all[weight->offset + i * weight->shape.size[1] + k];
    }
}

/* Element i of a statistic such as data.mean, or `otherwise` where the model has none. */
static inline double tiny_model_statistic(const vae_checkpoint *checkpoint, const char *name, int64_t i,
                                          double otherwise)
{
    const vae_layout *layout = &checkpoint->design.layout;
    const int32_t found = vae_layout_find(layout, name);
    const float *all = checkpoint->arenas[VAE_ARENA_PARAMETERS];
    return found < 0 ? otherwise : (double)all[layout->parameters[found].offset + i];
}

/* An image as the data have it, levels in [0, 1] → (mean | log-variance). */
static inline void tiny_model_encode(const vae_checkpoint *checkpoint, const float *image, double *posterior)
{
    const int64_t elements = vae_input_elements(&checkpoint->design.input);
    double x[256], hidden[TINY_MODEL_HIDDEN];
    cr_assert_leq(elements, 256);
    for (int64_t i = 0; i < elements; ++i) {
        x[i] = (double)image[i] * 255.0 * checkpoint->design.input.scale + checkpoint->design.input.shift;
        x[i] = (x[i] - tiny_model_statistic(checkpoint, "data.mean", i, 0.0)) /
               tiny_model_statistic(checkpoint, "data.deviation", i, 1.0);
    }
    tiny_model_dense(checkpoint, "encoder.0", x, hidden);
    for (int i = 0; i < TINY_MODEL_HIDDEN; ++i)
        hidden[i] = fmax(hidden[i], 0.0);
    tiny_model_dense(checkpoint, "posterior", hidden, posterior);
}

/* A code → an image as the data have it. */
static inline void tiny_model_decode(const vae_checkpoint *checkpoint, const float *code, double *image)
{
    double z[TINY_MODEL_LATENT], hidden[TINY_MODEL_HIDDEN];
    for (int i = 0; i < TINY_MODEL_LATENT; ++i)
        z[i] = (double)code[i];
    tiny_model_dense(checkpoint, "decoder.0", z, hidden);
    for (int i = 0; i < TINY_MODEL_HIDDEN; ++i)
        hidden[i] = fmax(hidden[i], 0.0);
    tiny_model_dense(checkpoint, "output", hidden, image);
    for (int64_t i = 0; i < vae_input_elements(&checkpoint->design.input); ++i) {
        if (checkpoint->design.config.model.likelihood == VAE_LIKELIHOOD_BERNOULLI)
            image[i] = 1.0 / (1.0 + exp(-image[i]));
        image[i] = image[i] * tiny_model_statistic(checkpoint, "data.deviation", i, 1.0) +
                   tiny_model_statistic(checkpoint, "data.mean", i, 0.0);
        image[i] = (image[i] - checkpoint->design.input.shift) / checkpoint->design.input.scale / 255.0;
        if (checkpoint->design.input.dtype == VAE_UINT8) image[i] = fmin(fmax(image[i], 0.0), 1.0);
    }
}

#endif
