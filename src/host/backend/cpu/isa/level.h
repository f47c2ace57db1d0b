/* What the files of isa/ share. VAE_ISA is the level they are compiled for: v2, v3, v4 or generic. */
#ifndef VAE_BACKEND_CPU_ISA_LEVEL_H
#define VAE_BACKEND_CPU_ISA_LEVEL_H

#include "backend/cpu/isa.h"

#define VAE_ISA_PASTE(name, level) name##_##level
#define VAE_ISA_EXPAND(name, level) VAE_ISA_PASTE(name, level)
/* vae_cpu_adam → vae_cpu_adam_v4 */
#define VAE_ISA_NAME(name) VAE_ISA_EXPAND(name, VAE_ISA)

#define VAE_CPU_DECLARE(NAME, name) extern const vae_kernel VAE_ISA_NAME(vae_cpu_##name);
VAE_CPU_LOOPS(VAE_CPU_DECLARE)
#undef VAE_CPU_DECLARE

/* One likelihood, over a row of `pixels`, in one thread. `row` gives log p(x|z) and, where gradient is not NULL, its
 * derivative times weight; `mean` gives E[x|z]; `begin`, NULL for most, fills in options that the whole batch decides.
 */
typedef struct vae_cpu_family {
    double (*row)(const vae_likelihood_options *options, const float *prediction, const float *x, int64_t pixels,
                  float weight, float *gradient);
    void (*mean)(const vae_likelihood_options *options, const float *prediction, int64_t pixels, float *mean);
    void (*begin)(const vae_call *call, vae_likelihood_options *options);
} vae_cpu_family;
#define VAE_CPU_DECLARE(NAME, name) extern const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_##name);
VAE_LIKELIHOOD_MAP(VAE_CPU_DECLARE)
#undef VAE_CPU_DECLARE

/* What a likelihood of one number an element sums up: over a run of elements, with the gradient unless that is NULL. */
typedef float (*vae_cpu_run)(const float *prediction, const float *x, int64_t count, float weight, float *gradient);

/* Over a row, in runs whose float sums are folded into a double, so that long rows lose nothing. */
static inline double vae_cpu_sum_runs(vae_cpu_run run, const float *prediction, const float *x, int64_t elements,
                                      float weight, float *gradient)
{
    enum { RUN = 1024 }; /* a multiple of 4 */
    double sum = 0.0;
    for (int64_t first = 0; first < elements; first += RUN) {
        const int64_t count = elements - first < RUN ? elements - first : RUN;
        sum += (double)run(prediction + first, x + first, count, weight, gradient ? gradient + first : NULL);
    }
    return sum;
}

/* Σ (x - mean)²; gradient, where not NULL, becomes scale × (x - mean). */
double VAE_ISA_NAME(vae_cpu_squared_error)(const float *means, const float *x, int64_t elements, float scale,
                                           float *gradient);
void VAE_ISA_NAME(vae_cpu_activate_elements)(vae_activation activation, const float *x, float *y, int64_t elements,
                                             int threads);
/* pre = x + bias in place, y = activation(pre); y may be x. [rows, columns], bias [columns]. In one thread. */
void VAE_ISA_NAME(vae_cpu_activate_biased)(vae_activation activation, float *x, const float *bias, float *y,
                                           int64_t rows, int64_t columns);
void VAE_ISA_NAME(vae_cpu_activation_backward)(const vae_cpu_activation_backward *arguments);
void VAE_ISA_NAME(vae_cpu_round_bf16)(const float *source, uint16_t *target, int64_t elements, int threads);
vae_status VAE_ISA_NAME(vae_cpu_convolution_create)(const vae_convolution_options *options,
                                                    vae_convolution **convolution);
void VAE_ISA_NAME(vae_cpu_convolution_run)(vae_convolution *convolution);
void VAE_ISA_NAME(vae_cpu_convolution_destroy)(vae_convolution *convolution);
vae_status VAE_ISA_NAME(vae_cpu_recurrent_create)(const vae_recurrent_options *options, vae_recurrent_pass **pass);
void VAE_ISA_NAME(vae_cpu_recurrent_run)(vae_recurrent_pass *pass, const vae_step *step);
void VAE_ISA_NAME(vae_cpu_recurrent_destroy)(vae_recurrent_pass *pass);

/* Standard normals of elements first … first + count - 1 (core/random.h), in float; within a few ulp of cuRAND's. */
void VAE_ISA_NAME(vae_cpu_fill_normal)(const vae_step *step, uint32_t stream, uint64_t first, int64_t count,
                                       float *normal);

static inline int vae_call_threads(const vae_call *call)
{
    return ((const vae_host_device *)call->device)->threads;
}

/* [begin, end) of `part` of `parts` when `count` items are cut into pieces of `grain`. */
static inline void vae_cpu_share(int64_t count, int64_t grain, int part, int parts, int64_t *begin, int64_t *end)
{
    const int64_t pieces = (count + grain - 1) / grain;
    *begin = pieces * part / parts * grain;
    *end = pieces * (part + 1) / parts * grain;
    if (*end > count) *end = count;
    if (*begin > count) *begin = count;
}

#endif
