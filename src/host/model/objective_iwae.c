/* The importance-weighted bound log 1/K Σ w, w = p(x|z)·p(z)/q(z|x) (Burda, Grosse & Salakhutdinov 2016, equation 8),
 * and the doubly reparameterised gradient of its encoder (Tucker et al. 2019, equation 8).
 *
 * β weights log p(z) - log q(z|x), as it does the KL of the ELBO, so a warm-up serves here too. */
#include <math.h>

#include "model/objective.h"

static vae_status build(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs,
                        vae_tensor *log_weight, vae_tensor *log_sum)
{
    const vae_weight beta = {1.0, VAE_SCALAR_BETA}, log_samples = {log((double)inputs->samples), VAE_SCALAR_ONE};
    vae_tensor ratio;
    VAE_TRY(
        vae_program_apply_constant(program, "log_weight", VAE_FUNCTION_MULTIPLY, inputs->draw.log_ratio, beta, &ratio));
    VAE_TRY(vae_program_apply(program, "log_weight", VAE_FUNCTION_ADD, inputs->ll, ratio, log_weight));
    VAE_TRY(vae_program_log_sum_exp(program, "log_sum", *log_weight, inputs->samples, log_sum));
    VAE_TRY(
        vae_program_apply_constant(program, "bound", VAE_FUNCTION_SUBTRACT, *log_sum, log_samples, &outputs->bound));
    outputs->terms[0] = (vae_loss_term){outputs->bound, {-1.0 / (double)inputs->batch, VAE_SCALAR_ONE}};
    outputs->term_count = 1;
    return VAE_OK;
}

static vae_status build_iwae(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs)
{
    vae_tensor log_weight, log_sum;
    return build(program, inputs, outputs, &log_weight, &log_sum);
}

/* What reaches z has been weighted by w̃ = w / Σ w once, on its way through the bound. It is weighted by w̃ again: the
 * encoder's gradient is Σ w̃²·∂log w/∂z·∂z/∂φ, the decoder's stays that of the bound. */
static vae_status build_dreg(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs)
{
    vae_tensor log_weight, log_sum, share;
    VAE_TRY(build(program, inputs, outputs, &log_weight, &log_sum));
    if (inputs->draw.scaled == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_program_apply(program, "weight", VAE_FUNCTION_SUBTRACT, log_weight, log_sum, &share));
    VAE_TRY(vae_program_apply(program, "weight", VAE_FUNCTION_EXP, share, VAE_NO_TENSOR, &share));
    return vae_program_bind_gradient_scale(program, inputs->draw.scaled, share);
}

const vae_objective_info vae_objective_info_iwae = {.has_posterior = true,
                                                    .needs_ratio = true,
                                                    .fits_decoder = true,
                                                    .is_weighted = true,
                                                    .summary = "importance-weighted bound",
                                                    .build = build_iwae};
const vae_objective_info vae_objective_info_dreg = {.has_posterior = true,
                                                    .needs_ratio = true,
                                                    .path = true,
                                                    .fits_decoder = true,
                                                    .is_weighted = true,
                                                    .summary = "importance-weighted bound, DReG",
                                                    .build = build_dreg};
