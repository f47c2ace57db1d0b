/* The ops that draw normal noise: gaussian_sample_kl, with its backward pass, and prior_sample. */
#include <math.h>

#include "backend/reference/kernels.h"
#include "core/random.h"

double vae_reference_normal(const vae_step *step, uint32_t stream, uint64_t element)
{
    double normal[4];
    vae_random_normal4(step->seed, stream, step->step, element / 4, normal);
    return normal[element % 4];
}

/* Of element `at` of the step's z. */
static double noise(const vae_call *call, int64_t at)
{
    if (!call->op->attributes.gaussian_sample_kl.sampled) return 0;
    const int64_t posteriors = vae_program_batch_row_elements(call->program, call->op->inputs[0]);
    const int64_t per_row = call->op->attributes.gaussian_sample_kl.samples * posteriors / 2;
    return vae_reference_normal(call->step, call->op->attributes.gaussian_sample_kl.stream,
                                vae_call_first_element(call, per_row) + (uint64_t)at);
}

/* z = μ + σε; log p(z) - log q(z|x) = Σ ½(ε² + log σ² - z²) */
static void sample(const vae_call *call, int64_t z_row, const double *posterior, int64_t latent)
{
    double *z = (double *)call->outputs[0] + z_row * latent, *log_ratio = call->outputs[2];
    double sum = 0;
    for (int64_t j = 0; j < latent; ++j) {
        const double mean = posterior[j], log_variance = posterior[latent + j];
        const double epsilon = noise(call, z_row * latent + j);
        z[j] = mean + exp(0.5 * log_variance) * epsilon;
        sum += 0.5 * (epsilon * epsilon + log_variance - z[j] * z[j]);
    }
    if (log_ratio) log_ratio[z_row] = sum;
}

/* KL(N(μ, σ²) ‖ N(0, I)) = ½ Σ μ² + σ² - log σ² - 1 (Kingma & Welling 2014, Appendix B) */
static double kl(const double *posterior, int64_t latent)
{
    double sum = 0;
    for (int64_t j = 0; j < latent; ++j) {
        const double mean = posterior[j], log_variance = posterior[latent + j];
        sum += 0.5 * (mean * mean + exp(log_variance) - log_variance - 1);
    }
    return sum;
}

vae_status vae_reference_gaussian_sample_kl(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    for (int64_t r = 0; r < rows; ++r) {
        const double *posterior = (const double *)call->inputs[0] + r * 2 * latent;
        for (int64_t s = 0; s < samples; ++s)
            sample(call, r * samples + s, posterior, latent);
        if (call->outputs[1]) ((double *)call->outputs[1])[r] = kl(posterior, latent);
    }
    return VAE_OK;
}

/* Of one sample of one latent. Through z: d_μ = d_z, d_log σ² = d_z·ε·½σ. The log ratio has -z for a d_z, and ½ of its
 * own in log σ². */
static void add_sample(const vae_call *call, int64_t z_row, int64_t j, double mean, double log_variance, double *d_mean,
                       double *d_log_variance)
{
    const double *d_zs = call->inputs[1], *d_log_ratios = call->inputs[3];
    const int64_t element = z_row * (vae_call_input_shape(call, 0)->size[1] / 2) + j;
    const double epsilon = noise(call, element), half_deviation = 0.5 * exp(0.5 * log_variance);
    const double d_log_ratio = d_log_ratios ? d_log_ratios[z_row] : 0;
    const double z = mean + 2 * half_deviation * epsilon;
    const double d_z = (d_zs ? d_zs[element] : 0) - d_log_ratio * z;
    *d_mean += d_z;
    *d_log_variance += d_z * epsilon * half_deviation + 0.5 * d_log_ratio;
}

/* Through the KL, weighted: d_μ = μ, d_log σ² = ½(σ² - 1). */
vae_status vae_reference_gaussian_sample_kl_backward(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    const double weight = vae_weight_value(call->op->attributes.gaussian_sample_kl.kl_weight, call->step);
    const double *d_kl = call->inputs[2];
    const bool draws = call->inputs[1] || call->inputs[3];
    for (int64_t r = 0; r < rows; ++r) {
        const double *posterior = (const double *)call->inputs[0] + r * 2 * latent;
        double *d_posterior = (double *)call->outputs[0] + r * 2 * latent;
        const double d_row = d_kl ? d_kl[r] : weight;
        for (int64_t j = 0; j < latent; ++j) {
            const double mean = posterior[j], log_variance = posterior[latent + j];
            d_posterior[j] = d_row * mean;
            d_posterior[latent + j] = d_row * 0.5 * (exp(log_variance) - 1);
            for (int64_t s = 0; draws && s < samples; ++s) {
                add_sample(call, r * samples + s, j, mean, log_variance, &d_posterior[j], &d_posterior[latent + j]);
            }
        }
    }
    return VAE_OK;
}

vae_status vae_reference_prior_sample(vae_call *call)
{
    double *z = call->outputs[0];
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const uint64_t first =
        vae_call_first_element(call, vae_program_batch_row_elements(call->program, call->op->outputs[0]));
    for (int64_t i = 0; i < vae_shape_elements(shape); ++i) {
        z[i] = call->op->attributes.prior_sample.temperature *
               vae_reference_normal(call->step, call->op->attributes.prior_sample.stream, first + (uint64_t)i);
    }
    return VAE_OK;
}
