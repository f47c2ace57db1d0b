/* Builders of programs: what the configuration says becomes a list of operations. Nothing here knows of backends. */
#ifndef VAE_MODEL_BUILDER_H
#define VAE_MODEL_BUILDER_H

#include "config/config.h"
#include "model/input.h"
#include "program/program.h"

vae_likelihood_options vae_model_likelihood(const vae_config *config, const vae_input *input);
/* vae_likelihood_bits_per_dimension of an image's negative ELBO or -log P(x), in nats. NAN also where pixels are
 * binarised, so no bytes, and for ae, which bounds nothing. */
double vae_model_bits_per_dimension(const vae_config *config, const vae_input *input, double nats);

/* Declares the parameters of the networks (model/network.h): encoder.<i>.{weight,bias}, posterior.{weight,bias},
 * decoder.<i>.{weight,bias}, output.{weight,bias}, those of norms and residual layers, and for gaussian_shared the
 * statistic likelihood.log_variance. Weights of dense layers are [in, out]. */
vae_status vae_model_layout(const vae_config *config, const vae_input *input, vae_layout *layout);

/* Initial parameters: weights and biases uniform in ±1/sqrt(fan_in), from (seed, VAE_STREAM_INITIALISE). `values` holds
 * layout->elements. */
void vae_model_initialise(const vae_layout *layout, uint64_t seed, double *values);

/* gather → encoder → posterior → decoder → likelihood, metrics, backward, adam; planned. */
vae_status vae_model_build_train(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                 int64_t batch, vae_program *program);
/* The same without noise in the order and without backward: metrics over `batch` rows from step.first on. K =
 * train.samples draws a row, at (VAE_STREAM_EVALUATE, step). Ports: "x" [batch, height, width, channels], "posterior",
 * "code", "ll" [batch] and, but for ae, "kl" [batch], both means over a row's draws. */
vae_status vae_model_build_evaluate(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                    int64_t batch, vae_program *program);
/* Port "x" [batch, height, width, channels] → "code" [batch, 2·latent]: (mean | log_variance), of which the mean is
 * what the decoder takes; [batch, latent] for an autoencoder. Of a planar flow, the mean is that of its Gaussian,
 * carried through the flow, and the log-variance is the Gaussian's; of several stochastic layers, both are of the
 * first. */
vae_status vae_model_build_encode(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                  int64_t batch, vae_program *program);
/* Columns of "posterior": what the encoder gives. */
int64_t vae_model_posterior_width(const vae_config *config);
/* Port "z" [batch, latent] → "mean" [batch, elements]: E[x|z] in the data's own scale (before
 * un-normalising). */
vae_status vae_model_build_decode(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                  int64_t batch, vae_program *program);
/* Port "normals" [batch, vae_posterior_prior_width()] → "z" [batch, latent], draws of p(z). Only for families whose
 * prior is more than the normals themselves. */
vae_status vae_model_build_prior(const vae_config *config, const vae_layout *layout, int64_t batch,
                                 vae_program *program);
/* Port "x" [rows, height, width, channels], "posterior" [rows, vae_model_posterior_width()] → "ll" and "log_ratio"
 * [rows·samples]: log p(x|z) and log p(z) - log q(z|x) of `samples` draws a row, at (VAE_STREAM_IMPORTANCE, step). */
vae_status vae_model_build_importance(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                      int64_t rows, int64_t samples, vae_program *program);

#endif
