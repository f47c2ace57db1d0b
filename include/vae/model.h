/* A trained model: load a checkpoint, encode, decode, sample.
 *
 * All arrays are the caller's, float32, row-major. Images are [count, elements] with elements = height·width·channels,
 * in the data's own range [0, 1] whatever normalisation the model was trained with; of a model of other data they are
 * numbers in the data's own units, of any range. A model is used by one thread at a
 * time; different models are independent. */
#ifndef VAE_MODEL_H
#define VAE_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <vae/export.h>
#include <vae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vae_model vae_model;

typedef struct vae_model_options {
    const char *device; /* "auto", "cpu", "reference" or "cuda"; NULL: auto */
    int threads;        /* 0: all */
} vae_model_options;

typedef struct vae_model_shape {
    int64_t height, width, channels, elements; /* of one image */
    int64_t latent;                            /* dimensions of z */
    int64_t parameters;                        /* trainable numbers */
} vae_model_shape;

/* Opens a checkpoint file, or the best (else the last) checkpoint of a run folder. options may be NULL. On success
 * *model is the caller's, to be given to vae_model_free(); on failure it is NULL. VAE_ERROR_ARGUMENT, VAE_ERROR_IO,
 * VAE_ERROR_FORMAT, VAE_ERROR_SHAPE, VAE_ERROR_MEMORY or VAE_ERROR_DEVICE. */
VAE_API vae_status vae_model_open(const char *path, const vae_model_options *options, vae_model **model);
/* NULL is allowed. */
VAE_API void vae_model_free(vae_model *model);
VAE_API vae_model_shape vae_model_get_shape(const vae_model *model);

/* Encoding and decoding work through the rows in batches of one fixed size: memory does not grow with count, and row
 * i's result is the same, bit for bit, whatever count is and whatever the rows after it are. (Rows at another place in
 * their batch may differ in the last bits.) VAE_ERROR_ARGUMENT for a NULL or a count below 1; VAE_ERROR_NUMERIC, naming
 * the row, for a number in or out that is not finite, with the output then undefined. */

/* images [count, elements] → mean and log_variance [count, latent] of q(z|x), natural logarithm of σ². log_variance may
 * be NULL, and is filled with -INFINITY by an autoencoder, whose codes are points. Where a planar flow follows, mean is
 * what it makes of the Gaussian's, and log_variance is the Gaussian's own; of several stochastic layers both are of the
 * first, which the decoder reads. */
VAE_API vae_status vae_model_encode(vae_model *model, const float *images, int64_t count, float *mean,
                                    float *log_variance);
/* codes [count, latent] → images [count, elements], E[x|z], of images clamped to [0, 1]. */
VAE_API vae_status vae_model_decode(vae_model *model, const float *codes, int64_t count, float *images);
/* codes [count, latent] ~ temperature × N(0, I), a function of seed and element: row i is the same whatever count is.
 * With several stochastic layers the normals behind each are scaled so, and codes are of the first layer. temperature ≥
 * 0 and finite. */
VAE_API vae_status vae_model_sample_prior(vae_model *model, uint64_t seed, double temperature, int64_t count,
                                          float *codes);

#ifdef __cplusplus
}
#endif

#endif
