/* The SIMD loops of the CPU backend. The files of isa/ are compiled once per instruction-set level, and each level
 * gives one table; the backend takes the highest level that the machine has. */
#ifndef VAE_BACKEND_CPU_ISA_H
#define VAE_BACKEND_CPU_ISA_H

#include "backend/cpu/convolution_pass.h"
#include "backend/cpu/recurrent_pass.h"
#include "backend/host/engine.h"

/* d_pre = d_y ⊙ activation'(·) in place, d_bias = column sums of d_pre in a fixed order, and d_pre rounded into
 * `shadow` unless NULL. `from` is y, or the pre-activation where vae_activation_needs_input; NULL for identity. All
 * [rows, columns].
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

/* Ops that are loops of a level, isa/<op>.c. The others, VAE_OP_PRODUCTS, are prepared when the program is built:
 * oneDNN's products and convolutions, <op>.c. */
#define VAE_CPU_LOOPS(X) VAE_OP_KERNELS(X)

typedef struct vae_cpu_isa {
    const char *name;                        /* "AVX-512" */
    const vae_kernel *kernels[VAE_OP_COUNT]; /* of VAE_CPU_LOOPS */
    void (*activate)(vae_activation activation, const float *x, float *y, int64_t elements, int threads);
    void (*activation_backward)(const vae_cpu_activation_backward *arguments);
    void (*round_bf16)(const float *source, uint16_t *target, int64_t elements, int threads);
    vae_status (*convolution_create)(const vae_convolution_options *options, vae_convolution **convolution);
    void (*convolution_run)(vae_convolution *convolution);
    void (*convolution_destroy)(vae_convolution *convolution);
    vae_status (*recurrent_create)(const vae_recurrent_options *options, vae_recurrent_pass **pass);
    void (*recurrent_run)(vae_recurrent_pass *pass, const vae_step *step);
    void (*recurrent_destroy)(vae_recurrent_pass *pass);
} vae_cpu_isa;

#ifdef VAE_ISA_LEVELS_X86_64
extern const vae_cpu_isa vae_cpu_isa_v2, vae_cpu_isa_v3, vae_cpu_isa_v4;
#else
extern const vae_cpu_isa vae_cpu_isa_generic;
#endif

#endif
