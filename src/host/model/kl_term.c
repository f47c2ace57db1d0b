/* The KL's term of a loss. */
#include "model/kl_term.h"

#include "distribution/distribution.h"

static vae_scalar beta_of(const vae_kl_inputs *inputs)
{
    return inputs->present == VAE_NO_TENSOR ? VAE_SCALAR_BETA : VAE_SCALAR_BETA_SHARE;
}

/* The mean over rows that hold data, of sums [1, columns], not below `least`, times β and a weight. */
static vae_status hold(vae_program *program, const char *name, vae_tensor sums, double mean, double weight,
                       double least, const vae_kl_inputs *inputs, vae_loss_term *term)
{
    const vae_scalar share = inputs->present == VAE_NO_TENSOR ? VAE_SCALAR_ONE : VAE_SCALAR_SHARE;
    vae_tensor held;
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, sums, (vae_weight){mean, share}, &held));
    VAE_TRY(vae_program_apply_constant(program, "kl_held", VAE_FUNCTION_MAXIMUM, held,
                                       (vae_weight){least, VAE_SCALAR_ONE}, &held));
    *term = (vae_loss_term){held, {weight, VAE_SCALAR_BETA}};
    return VAE_OK;
}

static vae_status floor_term(double least, vae_program *program, const vae_kl_inputs *inputs, vae_loss_term *term)
{
    vae_tensor sum;
    const int64_t count = program->tensors[inputs->kl].shape.size[0];
    VAE_TRY(vae_program_sum_rows(program, "kl_floor", inputs->kl, count, &sum));
    return hold(program, "kl_floor", sum, inputs->mean, 1.0, least, inputs, term);
}

static vae_status free_bits_term(double least, vae_program *program, const vae_kl_inputs *inputs, vae_loss_term *term)
{
    const int64_t latent = program->tensors[inputs->posterior].shape.size[1] / 2;
    const vae_likelihood_options options = {.channels = latent};
    vae_tensor kl, sums;
    VAE_TRY(vae_distribution_gaussian_kl(program, "free_bits", inputs->posterior, &options, &kl));
    if (inputs->present != VAE_NO_TENSOR) {
        VAE_TRY(vae_program_apply(program, "free_bits", VAE_FUNCTION_MULTIPLY, kl, inputs->present, &kl));
    }
    VAE_TRY(vae_program_sum_rows(program, "free_bits", kl, inputs->rows, &sums));
    const double rows = (double)inputs->rows;
    return hold(program, "free_bits", sums, 1.0 / rows, inputs->mean * rows, least, inputs, term);
}

vae_status vae_kl_term(const vae_config *config, vae_program *program, const vae_kl_inputs *inputs, vae_loss_term *term)
{
    const bool held = config && (config->train.kl_floor > 0 || config->train.free_bits > 0);
    if (held && config->train.kl_floor > 0) return floor_term(config->train.kl_floor, program, inputs, term);
    if (held) return free_bits_term(config->train.free_bits, program, inputs, term);
    *term = (vae_loss_term){inputs->kl, {inputs->mean, beta_of(inputs)}};
    return VAE_OK;
}

vae_status vae_kl_term_check(const vae_config *config, bool has_term, bool is_gaussian)
{
    const bool floor = config->train.kl_floor > 0, bits = config->train.free_bits > 0;
    if (!floor && !bits) return VAE_OK;
    const char *key = floor ? "kl_floor" : "free_bits";
    if (floor && bits) {
        return vae_config_refuse(config, "train", "free_bits",
                                 "kl_floor is given as well; both hold the KL up, so give one of them");
    }
    if (!has_term) {
        return vae_config_refuse(config, "train", key, "the objective has no KL term of its own to hold up");
    }
    if (bits && !is_gaussian) {
        return vae_config_refuse(config, "train", "free_bits",
                                 "needs the KL of each dimension, so one Gaussian q(z|x), the standard normal as p(z), "
                                 "and the exact KL");
    }
    return VAE_OK;
}
