/* What a model is told of its data. */
#ifndef VAE_MODEL_INPUT_H
#define VAE_MODEL_INPUT_H

#include "data/dataset.h"
#include "data/sequence_shape.h"

typedef struct vae_input {
    int64_t height, width, channels;
    /* x = value × 255·scale + shift, a value being byte / 255 or, of other numbers than levels, a float32. Those may
     * besides be standardised column by column: see vae_design_is_standardised(). */
    double scale, shift;
    vae_dtype dtype; /* of the data set: VAE_UINT8 or VAE_FLOAT32; of texts VAE_INT32 */
    vae_kind kind;
    int64_t longest;    /* of sequences: rows of the longest in any part, begin and end included; else 0 */
    int64_t vocabulary; /* of texts and music: how many tokens there are, special ones included; else 0 */
} vae_input;

vae_input vae_input_of_data(const vae_splits *splits);

static inline int64_t vae_input_pixels(const vae_input *input)
{
    return input->height * input->width;
}

static inline int64_t vae_input_elements(const vae_input *input)
{
    return vae_input_pixels(input) * input->channels;
}

/* Of sequences: steps of the longest. */
static inline int64_t vae_input_most_steps(const vae_input *input)
{
    return input->longest - vae_sequence_shape_of(input->kind)->marks;
}

/* What else is given to the model must become. */
static inline vae_store_as vae_input_store(const vae_input *input)
{
    return input->dtype == VAE_FLOAT32 ? VAE_STORE_FLOAT32 : VAE_STORE_BYTES;
}

#endif
