/* The reference kernels: the definition of every operation, in double, written to be read. Operands and attributes are
 * described in program/program.h. */
#ifndef VAE_BACKEND_REFERENCE_KERNELS_H
#define VAE_BACKEND_REFERENCE_KERNELS_H

#include "backend/host/engine.h"

vae_status vae_reference_gather(vae_call *call);
vae_status vae_reference_dense(vae_call *call);
vae_status vae_reference_dense_backward(vae_call *call);
vae_status vae_reference_gaussian_sample_kl(vae_call *call);
vae_status vae_reference_gaussian_sample_kl_backward(vae_call *call);
vae_status vae_reference_prior_sample(vae_call *call);
vae_status vae_reference_bernoulli_ll(vae_call *call);
vae_status vae_reference_gaussian_ll(vae_call *call);
vae_status vae_reference_activate(vae_call *call);
vae_status vae_reference_accumulate(vae_call *call);
vae_status vae_reference_adam(vae_call *call);

/* y = activation(x), and dy/dx at the pre-activation x. */
double vae_reference_activation(vae_activation activation, double x);
double vae_reference_activation_derivative(vae_activation activation, double x);
/* dy/dx told from y, for the activations that keep no pre-activation. */
double vae_reference_activation_derivative_from_y(vae_activation activation, double y);

/* The normal at (stream, step, element). */
double vae_reference_normal(const vae_step *step, uint32_t stream, uint64_t element);

#endif
