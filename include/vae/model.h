/* A trained model: load a checkpoint, encode, decode, sample, and say how likely data are.
 *
 * All arrays are the caller's, float32, row-major, [count, elements]: one row an item. What an item is,
 * vae_model_get_info() says: a picture, whose numbers are in [0, 1] whatever normalisation the model was trained with,
 * or measured numbers in the data's own units. A model is used by one thread at a time; different models are
 * independent. */
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

/* ---- Opening ---- */

/* Opens a checkpoint file, or the best (else the last) checkpoint of a run folder. options may be NULL. On success
 * *model is the caller's, to be given to vae_model_free(); on failure it is NULL. VAE_ERROR_ARGUMENT, VAE_ERROR_IO,
 * VAE_ERROR_FORMAT, VAE_ERROR_SHAPE, VAE_ERROR_MEMORY, VAE_ERROR_DEVICE or, where no backend has the device's name,
 * VAE_ERROR_CONFIG. */
VAE_API vae_status vae_model_open(const char *path, const vae_model_options *options, vae_model **model);
/* NULL is allowed. */
VAE_API void vae_model_free(vae_model *model);

/* ---- What it is ---- */

typedef enum vae_item_kind {
    VAE_ITEM_PICTURE, /* size {height, width, channels}; numbers in [0, 1] */
    VAE_ITEM_NUMBERS  /* measured numbers in the data's units: size {d}, or {height, width, channels} */
} vae_item_kind;

typedef struct vae_model_info {
    const char *family; /* "vae", as [model] family names it; owned by the library */
    vae_item_kind kind;
    int rank;           /* of an item: 1 or 3 */
    int64_t size[3];    /* of which `rank` count */
    int64_t elements;   /* their product */
    int64_t latent;     /* dimensions of a code, which the decoder takes */
    int64_t parameters; /* trainable numbers */
    int has_posterior;  /* codes have variances, and items a likelihood; else codes are points */
    int64_t epoch;      /* completed when the checkpoint was written */
} vae_model_info;

/* All zeros for NULL. */
VAE_API vae_model_info vae_model_get_info(const vae_model *model);

/* The same as version 0.1 gave it; measured rows of d numbers are 1 × d × 1. All zeros for NULL. */
typedef struct vae_model_shape {
    int64_t height, width, channels, elements; /* of one item */
    int64_t latent;                            /* dimensions of z */
    int64_t parameters;                        /* trainable numbers */
} vae_model_shape;

VAE_API vae_model_shape vae_model_get_shape(const vae_model *model);

/* ---- Using it ----
 *
 * All work through the rows in batches of one fixed size: memory does not grow with count, and row i's result is the
 * same, bit for bit, whatever count is and whatever the rows after it are. (Rows at another place in their batch may
 * differ in the last bits.) VAE_ERROR_ARGUMENT for a NULL or a count below 1; VAE_ERROR_NUMERIC, naming the row, for a
 * number in or out that is not finite, with the output then undefined. */

/* items [count, elements] → mean and log_variance [count, latent] of q(z|x), natural logarithm of σ². log_variance may
 * be NULL, and is filled with -INFINITY by a model without a posterior, whose codes are points. Where a planar flow
 * follows, mean is what it makes of the Gaussian's, and log_variance is the Gaussian's own; of several stochastic
 * layers both are of the first, which the decoder reads. */
VAE_API vae_status vae_model_encode(vae_model *model, const float *items, int64_t count, float *mean,
                                    float *log_variance);
/* codes [count, latent] → items [count, elements], E[x|z]; pictures are clamped to [0, 1]. */
VAE_API vae_status vae_model_decode(vae_model *model, const float *codes, int64_t count, float *items);
/* codes [count, latent] ~ temperature × N(0, I), a function of seed and element. With several stochastic layers the
 * normals behind each are scaled so, and codes are of the first layer; with another prior those that it is made of.
 * temperature ≥ 0 and finite. */
VAE_API vae_status vae_model_sample_prior(vae_model *model, uint64_t seed, double temperature, int64_t count,
                                          float *codes);
/* items [count, elements]: E[x|z] of such codes. */
VAE_API vae_status vae_model_sample(vae_model *model, uint64_t seed, double temperature, int64_t count, float *items);
/* log_likelihoods [count] ≈ log p(x) of items [count, elements], in nats, by `samples` importance samples from q(z|x)
 * (Burda, Grosse & Salakhutdinov 2016, equation 8): a lower bound in expectation, tighter with more samples; the same
 * seed gives the same numbers. Of measured numbers it is a density in the data's units; of pictures that of x as the
 * model was trained on it, or a probability where the likelihood is of bytes. VAE_ERROR_ARGUMENT without a posterior.
 */
VAE_API vae_status vae_model_log_likelihood(vae_model *model, const float *items, int64_t count, int64_t samples,
                                            uint64_t seed, double *log_likelihoods);

#ifdef __cplusplus
}
#endif

#endif
