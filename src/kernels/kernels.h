/* The only door between host C and CUDA kernels: launchers, each beside its kernel in the .cu file of that name.
 *
 * Every launcher enqueues one kernel on `stream` and returns what the launch returned. Matrices are row-major. Tensors
 * are float32 and 256-byte aligned; a `shadow`, where not NULL, receives the same values rounded to bf16. What changes
 * from step to step is read from device memory, so that a captured graph replays unchanged. */
#ifndef VAE_KERNELS_H
#define VAE_KERNELS_H

#include <cuda_runtime.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/permutation.h"
#include "program/likelihood.h"

#ifdef __cplusplus
extern "C" {
#endif

/* vae_step as the device sees it. */
typedef struct vae_cuda_step {
    uint64_t seed, step;
    int64_t first; /* row of the data set, or of the staged rows, that the batch begins with */
    int64_t first_row;
    uint64_t adam_step;
    double beta, learning_rate;
    /* Of the program's adam: learning_rate / (1 - beta1^adam_step), and 1 / sqrt(1 - beta2^adam_step). */
    double adam_step_size, adam_root_correction;
    vae_permutation permutation;
} vae_cuda_step;

/* A weight in the loss, factor × (beta or 1). */
typedef struct vae_cuda_weight {
    double factor;
    bool times_beta;
} vae_cuda_weight;

/* Takes the next of the `mask` + 1 records that the host has written: *current = ring[(*counter)++ & mask]. */
cudaError_t vae_cuda_begin_step(const vae_cuda_step *ring, uint32_t mask, uint64_t *counter, vae_cuda_step *current,
                                cudaStream_t stream);

typedef struct vae_cuda_gather_call {
    const uint8_t *pixels; /* [count, elements] */
    float *x;              /* [rows, elements] */
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t rows, elements;
    int64_t width, channels; /* of images that may be flipped; width 0: none are */
    bool shuffle, binarise;
    float scale, shift;
} vae_cuda_gather_call;
cudaError_t vae_cuda_gather(const vae_cuda_gather_call *call, cudaStream_t stream);

typedef struct vae_cuda_posterior_call {
    const float *posterior;    /* [rows, 2·latent] */
    float *z;                  /* [rows·samples, latent] */
    uint16_t *shadow;          /* of z, or of d_posterior */
    float *kl;                 /* [rows] or NULL */
    float *log_ratio;          /* [rows·samples] or NULL */
    const float *d_z;          /* backward: [rows·samples, latent] or NULL */
    const float *d_kl;         /* backward: [rows], in place of kl_weight, or NULL */
    const float *d_log_ratio;  /* backward: [rows·samples] or NULL */
    float *d_posterior;        /* backward: [rows, 2·latent] */
    vae_cuda_weight kl_weight; /* backward: ∂loss/∂kl of every row */
    const vae_cuda_step *step;
    int64_t rows, latent, samples;
    int64_t per_row; /* elements of z for each row of the batch */
    uint32_t noise_stream;
    bool sampled;
} vae_cuda_posterior_call;
cudaError_t vae_cuda_gaussian_sample_kl_forward(const vae_cuda_posterior_call *call, cudaStream_t stream);
cudaError_t vae_cuda_gaussian_sample_kl_backward(const vae_cuda_posterior_call *call, cudaStream_t stream);

/* z = temperature × normals of VAE_STREAM_PRIOR */
typedef struct vae_cuda_prior_call {
    float *z;
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t elements, per_row; /* as of dropout */
    float temperature;
} vae_cuda_prior_call;
cudaError_t vae_cuda_prior_sample(const vae_cuda_prior_call *call, cudaStream_t stream);

typedef struct vae_cuda_likelihood_call {
    const float *prediction; /* [rows, pixels·width] */
    const float *x;          /* [rows / samples, pixels·channels] */
    float *ll;               /* [rows] */
    float *gradient;         /* [rows, pixels·width] or NULL */
    uint16_t *shadow;        /* of the gradient */
    float *mean;             /* likelihood_mean: [rows, pixels·channels] */
    vae_cuda_weight weight;  /* ∂loss/∂ll */
    const vae_cuda_step *step;
    int64_t rows, pixels, samples;
    vae_likelihood_options options;
    float floor;            /* vae_likelihood_floor() */
    float *log_variance;    /* gaussian_shared: the statistic [1] */
    double *variance;       /* gaussian_shared in training: the batch's σ² [1], from shared_variance; else NULL */
    unsigned int *finished; /* shared_variance: blocks done; zero before and after */
} vae_cuda_likelihood_call;
#define VAE_CUDA_DECLARE(NAME, name)                                                                                   \
    cudaError_t vae_cuda_likelihood_##name(const vae_cuda_likelihood_call *call, cudaStream_t stream);                 \
    cudaError_t vae_cuda_likelihood_mean_##name(const vae_cuda_likelihood_call *call, cudaStream_t stream);
VAE_LIKELIHOOD_MAP(VAE_CUDA_DECLARE)
#undef VAE_CUDA_DECLARE
/* gaussian_shared in training, ahead of it: *variance from the whole batch, and the statistic after it. Leaves rows'
 * squared errors in ll. */
cudaError_t vae_cuda_shared_variance(const vae_cuda_likelihood_call *call, cudaStream_t stream);

/* Where blocks meet whose sums over rows become one: the column sums of a matrix, such as a bias gradient, are added up
 * in an order that only its shape decides. */
typedef struct vae_cuda_column_sums {
    float *sums;      /* [columns], or NULL: not wanted */
    double *partials; /* [pieces, sums, columns], where a number of `sums` is wanted of a column; vae_column_plan */
    unsigned int *finished; /* [groups]; zero before and after */
} vae_cuda_column_sums;

typedef struct vae_cuda_activation_call {
    int activation;    /* vae_activation */
    float *x;          /* forward: the product; gets the bias where there is one. backward: d_y, becomes d_x */
    const float *bias; /* forward: [columns] or NULL */
    float *y;          /* forward; may be x */
    const float *from; /* backward: y, or the pre-activation for gelu and silu; NULL for identity */
    vae_cuda_column_sums d_bias; /* backward */
    uint16_t *shadow;            /* of y, or of d_x */
    int64_t rows, columns;
} vae_cuda_activation_call;
cudaError_t vae_cuda_activation_forward(const vae_cuda_activation_call *call, cudaStream_t stream);
/* d_x = d_y · activation'(…) in place, and d_bias = Σ rows of it, summed in a fixed order. */
cudaError_t vae_cuda_activation_backward(const vae_cuda_activation_call *call, cudaStream_t stream);

/* Images [rows, height, width, channels] and a grid of grid_height × grid_width windows on each, as in vae_window.
 * Their patches are [rows·grid_height·grid_width, kernel·kernel·channels], zero outside the images. */
typedef struct vae_cuda_windows {
    int64_t rows;
    int32_t height, width, channels, grid_height, grid_width;
    int32_t kernel, stride, padding;
} vae_cuda_windows;

typedef struct vae_cuda_patches_call {
    vae_cuda_windows windows;
    const float *images;
    float *patches;   /* or NULL */
    uint16_t *shadow; /* the same in bf16, or NULL */
} vae_cuda_patches_call;
cudaError_t vae_cuda_patches(const vae_cuda_patches_call *call, cudaStream_t stream);

typedef struct vae_cuda_unpatch_call {
    vae_cuda_windows windows;
    const float *patches;
    float *images; /* each pixel the sum of its numbers in the patches, by row and column of the grid */
    uint16_t *shadow;
    int activation;        /* vae_activation */
    const float *bias;     /* forward: [channels]; images = activation(sum + bias) */
    float *pre_activation; /* forward: receives sum + bias; or NULL */
    const float *from;     /* backward, where bias is NULL: images = sum · activation'(from); NULL for identity */
    vae_cuda_column_sums d_bias; /* backward: Σ of the images over rows and pixels */
} vae_cuda_unpatch_call;
cudaError_t vae_cuda_unpatch(const vae_cuda_unpatch_call *call, cudaStream_t stream);

/* Batch norm: x is [rows·positions, channels], a mean and deviation a channel. Layer norm: a mean and deviation for
 * each of the rows, `positions` × channels numbers. Backward, with d = d_y · activation'(scale·x̂ + shift). */
typedef struct vae_cuda_norm_call {
    int activation;  /* vae_activation */
    bool by_channel; /* batch norm */
    bool
        training; /* batch norm: by the batch's statistics, which vae_cuda_norm_moments has put into `mean` and below */
    const float *x;     /* [rows, positions, channels] */
    const float *scale; /* [channels] */
    const float *shift; /* [channels] */
    float *mean;        /* [channels] or [rows]; layer norm: may be NULL */
    float *inverse_deviation;
    float *running_mean; /* [channels] */
    float *running_variance;
    float *y;
    float *d_y;       /* becomes d_x */
    float *d_scale;   /* Σ d·x̂ */
    float *d_shift;   /* Σ d */
    uint16_t *shadow; /* of y, or of d_x */
    int64_t rows, positions, channels;
    double epsilon, momentum;
    double *partials; /* as in vae_cuda_column_sums, for two sums a channel */
    unsigned int *finished;
} vae_cuda_norm_call;
/* Batch norm in training: the batch's statistics, and the running ones moved towards them. */
cudaError_t vae_cuda_norm_moments(const vae_cuda_norm_call *call, cudaStream_t stream);
/* d_scale and d_shift. */
cudaError_t vae_cuda_norm_gradients(const vae_cuda_norm_call *call, cudaStream_t stream);
cudaError_t vae_cuda_batch_norm(const vae_cuda_norm_call *call, cudaStream_t stream);
/* d_x, from d_scale and d_shift. */
cudaError_t vae_cuda_batch_norm_backward(const vae_cuda_norm_call *call, cudaStream_t stream);
cudaError_t vae_cuda_layer_norm(const vae_cuda_norm_call *call, cudaStream_t stream);
cudaError_t vae_cuda_layer_norm_backward(const vae_cuda_norm_call *call, cudaStream_t stream);

/* y = x / (1 - rate) where the element's uniform of noise_stream > rate, else 0; y may be x. */
typedef struct vae_cuda_dropout_call {
    const float *x;
    float *y;
    uint16_t *shadow;
    int64_t elements;
    int64_t per_row; /* elements for each row of the batch */
    double rate;
    uint32_t noise_stream;
    const vae_cuda_step *step;
} vae_cuda_dropout_call;
cudaError_t vae_cuda_dropout(const vae_cuda_dropout_call *call, cudaStream_t stream);

/* y [rows, factor·height, factor·width, channels] from x [rows, height, width, channels]. backward: x is Σ y of each of
 * its pixels, in a fixed order. Rows of all images count as one run of rows. */
typedef struct vae_cuda_upsample_call {
    const float *from; /* x; backward: d_y */
    float *to;         /* y; backward: d_x */
    uint16_t *shadow;
    int64_t rows, width, channels, factor; /* of x; rows: of all images */
} vae_cuda_upsample_call;
cudaError_t vae_cuda_upsample(const vae_cuda_upsample_call *call, cudaStream_t stream);
cudaError_t vae_cuda_upsample_backward(const vae_cuda_upsample_call *call, cudaStream_t stream);

/* y = a + b */
cudaError_t vae_cuda_add(const float *a, const float *b, float *y, uint16_t *shadow, int64_t elements,
                         cudaStream_t stream);

/* metrics[target] += sign × Σ rows; metrics[rows_target] += counted. */
typedef struct vae_cuda_sum {
    const float *rows;
    int64_t count, counted;
    double sign;
    int32_t target, rows_target;
} vae_cuda_sum;
enum { VAE_CUDA_MAX_SUMS = 4 };
/* One block, so that the order is fixed. */
cudaError_t vae_cuda_accumulate(const vae_cuda_sum *sums, int count, double *metrics, cudaStream_t stream);

typedef struct vae_cuda_adam_call {
    float *parameters, *first, *second;
    const float *gradients;
    uint16_t *shadow; /* of the parameters */
    int64_t elements; /* a multiple of 4 */
    double beta1, beta2, epsilon, weight_decay, clip_norm;
    const vae_cuda_step *step;
    double *metrics; /* not updated, and parameters neither, unless metrics[loss_metrics[…]] are finite */
    int32_t loss_metrics[3], norm_metric, steps_metric;
    double *partials;       /* [vae_cuda_adam_blocks()], one a block */
    unsigned int *finished; /* blocks done; zero before and after */
    double *norm;           /* scalar: the gradient's norm, for clipping */
} vae_cuda_adam_call;
/* Blocks that the two kernels below take at most on this device. */
cudaError_t vae_cuda_adam_blocks(int64_t elements, int *blocks);
/* The global norm ahead of the update, which clipping needs. */
cudaError_t vae_cuda_gradient_norm(const vae_cuda_adam_call *call, cudaStream_t stream);
/* The update; it takes the norm along where clip_norm is 0. */
cudaError_t vae_cuda_adam(const vae_cuda_adam_call *call, cudaStream_t stream);

/* Ties to even; NaN stays NaN. */
cudaError_t vae_cuda_round_bf16(const float *values, uint16_t *rounded, int64_t count, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
