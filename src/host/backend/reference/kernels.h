/* The reference kernels: the definition of every operation, in double, written to be read. Operands and attributes are
 * described in program/program.h. */
#ifndef VAE_BACKEND_REFERENCE_KERNELS_H
#define VAE_BACKEND_REFERENCE_KERNELS_H

#include "backend/host/engine.h"

#define VAE_REFERENCE_DECLARE(NAME, name) vae_status vae_reference_##name(vae_call *call);
VAE_OP_MAP(VAE_REFERENCE_DECLARE)
#undef VAE_REFERENCE_DECLARE

/* y = activation(x), and dy/dx at the pre-activation x. */
double vae_reference_activation(vae_activation activation, double x);
double vae_reference_activation_derivative(vae_activation activation, double x);
/* dy/dx told from y, for the activations that keep no pre-activation. */
double vae_reference_activation_derivative_from_y(vae_activation activation, double y);

/* One likelihood, over a row of `pixels`. `row` gives log p(x|z) and, where gradient is not NULL, its derivative times
 * weight; `mean` gives E[x|z]. */
typedef struct vae_reference_family {
    double (*row)(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient);
    void (*mean)(const vae_likelihood_options *options, const double *prediction, int64_t pixels, double *mean);
} vae_reference_family;
#define VAE_REFERENCE_DECLARE(NAME, name) extern const vae_reference_family vae_reference_likelihood_##name;
VAE_LIKELIHOOD_MAP(VAE_REFERENCE_DECLARE)
#undef VAE_REFERENCE_DECLARE

/* A layer's backward pass up to its products: d_y ⊙ activation' replaces d_y [count / out, out], and d_bias [out] is
 * its sum over rows. Operands as those of dense_backward. */
void vae_reference_layer_backward(const vae_call *call, int64_t count, int64_t out);

/* The normal at (stream, step, element). */
double vae_reference_normal(const vae_step *step, uint32_t stream, uint64_t element);

#endif
