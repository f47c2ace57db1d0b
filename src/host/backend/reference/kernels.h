/* The reference kernels: the definition of every operation, in double, written to be read. Operands and attributes are
 * described in program/program.h. */
#ifndef VAE_BACKEND_REFERENCE_KERNELS_H
#define VAE_BACKEND_REFERENCE_KERNELS_H

#include "backend/host/engine.h"

#define VAE_REFERENCE_DECLARE(NAME, name) vae_status vae_reference_##name(vae_call *call);
VAE_OP_MAP(VAE_REFERENCE_DECLARE)
#undef VAE_REFERENCE_DECLARE
extern const vae_kernel *const vae_reference_kernels[VAE_OP_COUNT];

/* y = activation(x), and dy/dx at the pre-activation x. */
double vae_reference_activation(vae_activation activation, double x);
double vae_reference_activation_derivative(vae_activation activation, double x);
/* dy/dx told from what a layer keeps: x where vae_activation_needs_input, else y. */
double vae_reference_activation_derivative_from(vae_activation activation, double from);
/* A function of program/function.h, its value or one of its gradients; operands that it does not read may be anything.
 */
double vae_reference_function(vae_function function, vae_function_part part, const double operands[VAE_LIST_OPERANDS]);

/* One likelihood, over a row of `pixels`. `row` gives log p(x|z) and, where gradient is not NULL, its derivative times
 * weight; `mean` gives E[x|z]; `begin`, NULL for most, fills in options that the whole batch decides. */
typedef struct vae_reference_family {
    double (*row)(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient);
    void (*mean)(const vae_likelihood_options *options, const double *prediction, int64_t pixels, double *mean);
    void (*begin)(const vae_call *call, vae_likelihood_options *options);
} vae_reference_family;
#define VAE_REFERENCE_DECLARE(NAME, name) extern const vae_reference_family vae_reference_likelihood_##name;
VAE_LIKELIHOOD_MAP(VAE_REFERENCE_DECLARE)
#undef VAE_REFERENCE_DECLARE

/* A layer's backward pass up to its products: d_y ⊙ activation' replaces d_y [count / out, out], and d_bias [out] is
 * its sum over rows. Operands as those of dense_backward. */
void vae_reference_layer_backward(const vae_call *call, int64_t count, int64_t out);
/* log p of one element that a mean and the log of a width describe, and its derivatives by these two. */
typedef struct vae_reference_term {
    double value, d_mean, d_log_width;
} vae_reference_term;
typedef vae_reference_term (*vae_reference_location_scale)(double mean, double log_width, double x,
                                                           const vae_likelihood_options *options);
/* A family's row and mean from its term: per pixel come all means, then all numbers l, with log width = ⌊l⌋. */
double vae_reference_location_scale_row(vae_reference_location_scale term, const vae_likelihood_options *options,
                                        const double *prediction, const double *x, int64_t pixels, double weight,
                                        double *gradient);
void vae_reference_location_scale_mean(const vae_likelihood_options *options, const double *prediction, int64_t pixels,
                                       double *mean);
/* The discretised logistic. */
vae_reference_term vae_reference_logistic(double mean, double log_scale, double x,
                                          const vae_likelihood_options *options);

/* ⌊value⌋ = floor + log(1 + e^(value - floor)); *derivative by value. */
double vae_reference_soft_floor(double value, double floor, double *derivative);
/* ln ∫₀¹ e^-tu du = ln((1 - e^-t) / t) for t ≥ 0, and minus its derivative: the mean of u under that density. */
double vae_reference_log_unit_decay(double t);
double vae_reference_unit_decay_mean(double t);
/* E[x|z] within the range that bytes have. */
double vae_reference_clamp(const vae_likelihood_options *options, double x);

/* The normal at (stream, step, element). */
double vae_reference_normal(const vae_step *step, uint32_t stream, uint64_t element);

#endif
