/* The SIMD loops of the CPU backend. The files of isa/ are compiled once per instruction-set level, and each level
 * gives one table; the backend takes the highest level that the machine has. */
#ifndef VAE_BACKEND_CPU_ISA_H
#define VAE_BACKEND_CPU_ISA_H

#include "backend/cpu/convolution_pass.h"
#include "backend/host/engine.h"

/* How this backend runs each op: by a loop of its own, compiled once a level (isa/<op>.c), or by what is prepared when
 * the program is built, oneDNN's products and convolutions (<op>.c). */
#define VAE_CPU_LOOP_MAP(X)                                                                                            \
    X(GATHER, gather)                                                                                                  \
    X(GAUSSIAN_SAMPLE_KL, gaussian_sample_kl)                                                                          \
    X(GAUSSIAN_SAMPLE_KL_BACKWARD, gaussian_sample_kl_backward)                                                        \
    X(LIKELIHOOD, likelihood)                                                                                          \
    X(LIKELIHOOD_MEAN, likelihood_mean)                                                                                \
    X(ACTIVATE, activate)                                                                                              \
    X(ACTIVATE_BACKWARD, activate_backward)                                                                            \
    X(BATCH_NORM, batch_norm)                                                                                          \
    X(BATCH_NORM_BACKWARD, batch_norm_backward)                                                                        \
    X(LAYER_NORM, layer_norm)                                                                                          \
    X(LAYER_NORM_BACKWARD, layer_norm_backward)                                                                        \
    X(DROPOUT, dropout)                                                                                                \
    X(UPSAMPLE, upsample)                                                                                              \
    X(UPSAMPLE_BACKWARD, upsample_backward)                                                                            \
    X(ADD, add)                                                                                                        \
    X(SLICE, slice)                                                                                                    \
    X(PAD, pad)                                                                                                        \
    X(CONCAT, concat)                                                                                                  \
    X(GATHER_ROWS, gather_rows)                                                                                        \
    X(SCATTER_ROWS, scatter_rows)                                                                                      \
    X(PERMUTE_COLUMNS, permute_columns)                                                                                \
    X(PRIOR_SAMPLE, prior_sample)                                                                                      \
    X(ELEMENTWISE, elementwise)                                                                                        \
    X(SUM_ROWS, sum_rows)                                                                                              \
    X(LOG_SUM_EXP, log_sum_exp)                                                                                        \
    X(ACCUMULATE, accumulate)                                                                                          \
    X(ADAM, adam)
#define VAE_CPU_PREPARED_MAP(X)                                                                                        \
    X(MATMUL, matmul)                                                                                                  \
    X(DENSE, dense)                                                                                                    \
    X(DENSE_BACKWARD, dense_backward)                                                                                  \
    X(CONV2D, conv2d)                                                                                                  \
    X(CONV2D_BACKWARD, conv2d_backward)                                                                                \
    X(CONV_TRANSPOSE2D, conv_transpose2d)                                                                              \
    X(CONV_TRANSPOSE2D_BACKWARD, conv_transpose2d_backward)

/* d_pre = d_y ⊙ activation'(·) in place, d_bias = column sums of d_pre in a fixed order, and d_pre rounded into
 * `shadow` unless NULL. `from` is y, or the pre-activation for gelu and silu; NULL for identity. All [rows, columns].
 */
typedef struct vae_cpu_activation_backward {
    vae_activation activation;
    int64_t rows, columns;
    float *d_y;
    const float *from;
    float *d_bias;
    uint16_t *shadow;
    int threads;
} vae_cpu_activation_backward;

typedef struct vae_cpu_isa {
    const char *name;                        /* "AVX-512" */
    const vae_kernel *kernels[VAE_OP_COUNT]; /* those of VAE_CPU_LOOP_MAP */
    void (*activate)(vae_activation activation, const float *x, float *y, int64_t elements, int threads);
    void (*activation_backward)(const vae_cpu_activation_backward *arguments);
    void (*round_bf16)(const float *source, uint16_t *target, int64_t elements, int threads);
    vae_status (*convolution_create)(const vae_convolution_options *options, vae_convolution **convolution);
    void (*convolution_run)(vae_convolution *convolution);
    void (*convolution_destroy)(vae_convolution *convolution);
} vae_cpu_isa;

#ifdef VAE_ISA_LEVELS_X86_64
extern const vae_cpu_isa vae_cpu_isa_v2, vae_cpu_isa_v3, vae_cpu_isa_v4;
#else
extern const vae_cpu_isa vae_cpu_isa_generic;
#endif

#endif
