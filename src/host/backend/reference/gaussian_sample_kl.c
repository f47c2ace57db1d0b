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

static double noise(const vae_call *call, int64_t element)
{
    if (!call->op->attributes.gaussian_sample_kl.sampled) return 0;
    return vae_reference_normal(call->step, call->op->attributes.gaussian_sample_kl.stream, (uint64_t)element);
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

/* Through z: d_μ = d_z, d_log σ² = d_z·ε·½σ. Through the KL, weighted: d_μ = μ, d_log σ² = ½(σ² - 1). */
vae_status vae_reference_gaussian_sample_kl_backward(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    const double weight = vae_weight_value(call->op->attributes.gaussian_sample_kl.kl_weight, call->step);
    const double *d_z = call->inputs[1];
    for (int64_t r = 0; r < rows; ++r) {
        const double *posterior = (const double *)call->inputs[0] + r * 2 * latent;
        double *d_posterior = (double *)call->outputs[0] + r * 2 * latent;
        for (int64_t j = 0; j < latent; ++j) {
            const double mean = posterior[j], log_variance = posterior[latent + j];
            d_posterior[j] = weight * mean;
            d_posterior[latent + j] = weight * 0.5 * (exp(log_variance) - 1);
            for (int64_t s = 0; d_z && s < samples; ++s) {
                const int64_t element = (r * samples + s) * latent + j;
                d_posterior[j] += d_z[element];
                d_posterior[latent + j] += d_z[element] * noise(call, element) * 0.5 * exp(0.5 * log_variance);
            }
        }
    }
    return VAE_OK;
}

vae_status vae_reference_prior_sample(vae_call *call)
{
    double *z = call->outputs[0];
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    for (int64_t i = 0; i < count; ++i) {
        z[i] = call->op->attributes.prior_sample.temperature *
               vae_reference_normal(call->step, VAE_STREAM_PRIOR, (uint64_t)i);
    }
    return VAE_OK;
}
