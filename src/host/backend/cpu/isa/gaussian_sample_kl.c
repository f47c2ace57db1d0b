#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

/* Below this many samples of z, a parallel region costs more than it saves. */
enum { PARALLEL_ELEMENTS = 1024, TILE = 512 };

typedef struct posterior_row {
    const float *restrict mean, *restrict log_variance;
    int64_t latent;
} posterior_row;

static posterior_row row_of(const vae_call *call, int64_t row)
{
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const float *posterior = (const float *)call->inputs[0] + row * 2 * latent;
    return (posterior_row){posterior, posterior + latent, latent};
}

/* Noise of a row's dimensions from `offset` on; zeros for an autoencoder's op that does not sample. */
static void row_noise(const vae_call *call, int64_t z_row, int64_t latent, int64_t offset, int64_t count, float *noise)
{
    if (!call->op->attributes.gaussian_sample_kl.sampled) {
        memset(noise, 0, (size_t)count * sizeof *noise);
        return;
    }
    VAE_ISA_NAME(vae_cpu_fill_normal)
    (call->step, call->op->attributes.gaussian_sample_kl.stream, (uint64_t)(z_row * latent + offset), count, noise);
}

/* z = μ + σ⊙ε; gives log p(z) - log q(z|x) = Σ ½(ε² + log σ² - z²). */
static float sample_row(const vae_call *call, int64_t z_row, posterior_row row, float *restrict z)
{
    float noise[TILE];
    float log_ratio = 0.0f;
    for (int64_t offset = 0; offset < row.latent; offset += TILE) {
        const int64_t count = row.latent - offset < TILE ? row.latent - offset : TILE;
        row_noise(call, z_row, row.latent, offset, count, noise);
#pragma omp simd reduction(+ : log_ratio)
        for (int64_t j = 0; j < count; ++j) {
            const float log_variance = row.log_variance[offset + j];
            const float value = row.mean[offset + j] + simd_exp(0.5f * log_variance) * noise[j];
            z[offset + j] = value;
            log_ratio += 0.5f * (noise[j] * noise[j] + log_variance - value * value);
        }
    }
    return log_ratio;
}

/* ½ Σ μ² + σ² - log σ² - 1 (Kingma & Welling 2014, Appendix B). */
static float row_kl(posterior_row row)
{
    float kl = 0.0f;
#pragma omp simd reduction(+ : kl)
    for (int64_t j = 0; j < row.latent; ++j) {
        const float log_variance = row.log_variance[j];
        kl += row.mean[j] * row.mean[j] + simd_exp(log_variance) - log_variance - 1.0f;
    }
    return 0.5f * kl;
}

vae_status VAE_ISA_NAME(vae_cpu_gaussian_sample_kl)(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    float *z = call->outputs[0], *kl = call->outputs[1], *log_ratio = call->outputs[2];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * samples * latent >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows * samples; ++r) {
        const posterior_row row = row_of(call, r / samples);
        const float ratio = sample_row(call, r, row, z + r * latent);
        if (log_ratio) log_ratio[r] = ratio;
        if (kl && r % samples == 0) kl[r / samples] = row_kl(row);
    }
    return VAE_OK;
}

static void backward_sample(const vae_call *call, int64_t z_row, posterior_row row, float *restrict d_mean,
                            float *restrict d_log_variance)
{
    const float *d_z = (const float *)call->inputs[1] + z_row * row.latent;
    float noise[TILE];
    for (int64_t offset = 0; offset < row.latent; offset += TILE) {
        const int64_t count = row.latent - offset < TILE ? row.latent - offset : TILE;
        row_noise(call, z_row, row.latent, offset, count, noise);
#pragma omp simd
        for (int64_t j = 0; j < count; ++j) {
            const float gradient = d_z[offset + j];
            d_mean[offset + j] += gradient;
            d_log_variance[offset + j] += gradient * noise[j] * 0.5f * simd_exp(0.5f * row.log_variance[offset + j]);
        }
    }
}

vae_status VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_backward)(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    const float weight = (float)vae_weight_value(call->op->attributes.gaussian_sample_kl.kl_weight, call->step);
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * samples * latent >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) {
        const posterior_row row = row_of(call, r);
        float *restrict d_mean = (float *)call->outputs[0] + r * 2 * latent;
        float *restrict d_log_variance = d_mean + latent;
#pragma omp simd
        for (int64_t j = 0; j < latent; ++j) {
            d_mean[j] = weight * row.mean[j];
            d_log_variance[j] = 0.5f * weight * (simd_exp(row.log_variance[j]) - 1.0f);
        }
        for (int64_t s = 0; call->inputs[1] && s < samples; ++s) {
            backward_sample(call, r * samples + s, row, d_mean, d_log_variance);
        }
    }
    return VAE_OK;
}
