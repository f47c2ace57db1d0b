/* Samples of q(z|x), their KL and log p(z)/q(z|x), by SIMD; the backward pass makes the same noise again. */
#include <stdlib.h>

#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

/* Below this many samples of z, a parallel region costs more than it saves. */
enum { PARALLEL_ELEMENTS = 1024, NOISE_PIECE = 256 };

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

/* The state is room for the noise of a run, which is made anew by forward and backward alike. */
static vae_status prepare(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0] * call->op->attributes.gaussian_sample_kl.samples;
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    call->state = calloc((size_t)(rows * latent), sizeof(float));
    return call->state ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "noise: out of memory");
}

static void release(vae_call *call)
{
    free(call->state);
}

/* Fills the noise, shared by the threads of the enclosing parallel region; zeros stay for an op that does not sample.
 */
static void fill_noise(const vae_call *call, int64_t elements)
{
    if (!call->op->attributes.gaussian_sample_kl.sampled) return;
    float *noise = call->state;
    const int64_t posteriors = vae_program_batch_row_elements(call->program, call->op->inputs[0]);
    const uint64_t begin =
        vae_call_first_element(call, call->op->attributes.gaussian_sample_kl.samples * posteriors / 2);
#pragma omp for schedule(static)
    for (int64_t first = 0; first < elements; first += NOISE_PIECE) {
        const int64_t count = elements - first < NOISE_PIECE ? elements - first : NOISE_PIECE;
        VAE_ISA_NAME(vae_cpu_fill_normal)
        (call->step, call->op->attributes.gaussian_sample_kl.stream, begin + (uint64_t)first, count, noise + first);
    }
}

/* z = μ + σ⊙ε; gives log p(z) - log q(z|x) = Σ ½(ε² + log σ² - z²). */
static float sample_row(posterior_row row, const float *restrict noise, float *restrict z)
{
    float log_ratio = 0.0f;
#pragma omp simd reduction(+ : log_ratio)
    for (int64_t j = 0; j < row.latent; ++j) {
        const float log_variance = row.log_variance[j];
        const float value = row.mean[j] + simd_exp(0.5f * log_variance) * noise[j];
        z[j] = value;
        log_ratio += 0.5f * (noise[j] * noise[j] + log_variance - value * value);
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

static vae_status run(vae_call *call)
{
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    const int64_t rows = vae_call_input_shape(call, 0)->size[0] * samples;
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const float *noise = call->state;
    float *z = call->outputs[0], *kl = call->outputs[1], *log_ratio = call->outputs[2];
    const int threads = vae_call_threads(call);
#pragma omp parallel num_threads(threads) if (rows * latent >= PARALLEL_ELEMENTS)
    {
        fill_noise(call, rows * latent);
#pragma omp for schedule(static)
        for (int64_t r = 0; r < rows; ++r) {
            const posterior_row row = row_of(call, r / samples);
            const float ratio = sample_row(row, noise + r * latent, z + r * latent);
            if (log_ratio) log_ratio[r] = ratio;
            if (kl && r % samples == 0) kl[r / samples] = row_kl(row);
        }
    }
    return VAE_OK;
}

/* Through the KL, weighted: d_μ = μ, d_log σ² = ½(σ² - 1). */
static void backward_kl(posterior_row row, float weight, float *restrict d_mean, float *restrict d_log_variance)
{
#pragma omp simd
    for (int64_t j = 0; j < row.latent; ++j) {
        d_mean[j] = weight * row.mean[j];
        d_log_variance[j] = 0.5f * weight * (simd_exp(row.log_variance[j]) - 1.0f);
    }
}

/* Through z: d_μ = d_z, d_log σ² = d_z·ε·½σ. */
static void backward_sample(posterior_row row, const float *restrict d_z, const float *restrict noise,
                            float *restrict d_mean, float *restrict d_log_variance)
{
#pragma omp simd
    for (int64_t j = 0; j < row.latent; ++j) {
        d_mean[j] += d_z[j];
        d_log_variance[j] += d_z[j] * noise[j] * 0.5f * simd_exp(0.5f * row.log_variance[j]);
    }
}

/* Of log p(z) - log q(z|x), weighted: through z as above, where it has -z for a d_z, and ½ of its own in log σ². */
static void backward_log_ratio(posterior_row row, float weight, const float *restrict noise, float *restrict d_mean,
                               float *restrict d_log_variance)
{
#pragma omp simd
    for (int64_t j = 0; j < row.latent; ++j) {
        const float spread = simd_exp(0.5f * row.log_variance[j]) * noise[j];
        const float d_z = -weight * (row.mean[j] + spread);
        d_mean[j] += d_z;
        d_log_variance[j] += 0.5f * (weight + d_z * spread);
    }
}

/* Of a row of the posterior: all that flows into it. */
static void backward_row(const vae_call *call, int64_t r, float d_kl)
{
    const posterior_row row = row_of(call, r);
    const int64_t latent = row.latent, samples = call->op->attributes.gaussian_sample_kl.samples;
    const float *d_z = call->inputs[1], *d_log_ratio = call->inputs[3], *noise = call->state;
    float *d_mean = (float *)call->outputs[0] + r * 2 * latent, *d_log_variance = d_mean + latent;
    backward_kl(row, d_kl, d_mean, d_log_variance);
    for (int64_t s = r * samples; s < (r + 1) * samples; ++s) {
        if (d_z) backward_sample(row, d_z + s * latent, noise + s * latent, d_mean, d_log_variance);
        if (d_log_ratio) backward_log_ratio(row, d_log_ratio[s], noise + s * latent, d_mean, d_log_variance);
    }
}

static vae_status run_backward(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t latent = vae_call_input_shape(call, 0)->size[1] / 2;
    const int64_t samples = call->op->attributes.gaussian_sample_kl.samples;
    const float weight = (float)vae_weight_value(call->op->attributes.gaussian_sample_kl.kl_weight, call->step);
    const float *d_kl = call->inputs[2];
    const int threads = vae_call_threads(call);
#pragma omp parallel num_threads(threads) if (rows * samples * latent >= PARALLEL_ELEMENTS)
    {
        if (call->inputs[1] || call->inputs[3]) fill_noise(call, rows * samples * latent);
#pragma omp for schedule(static)
        for (int64_t r = 0; r < rows; ++r)
            backward_row(call, r, d_kl ? d_kl[r] : weight);
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_gaussian_sample_kl) = {prepare, run, release};
const vae_kernel VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_backward) = {prepare, run_backward, release};
