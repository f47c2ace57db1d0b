/* Reparameterisation, its noise, KL and log p(z)/q(z|x) in one pass, one warp a row; the backward pass makes the same
 * noise again. */
#include "launch.cuh"
#include "noise.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

struct posterior_call {
    const float *posterior;   /* [rows, 2·latent] */
    float *z;                 /* [rows·samples, latent] */
    uint16_t *shadow;         /* of z, or of d_posterior */
    float *kl;                /* [rows] or NULL */
    float *log_ratio;         /* [rows·samples] or NULL */
    const float *d_z;         /* backward: [rows·samples, latent] or NULL */
    const float *d_kl;        /* backward: [rows], in place of kl_weight, or NULL */
    const float *d_log_ratio; /* backward: [rows·samples] or NULL */
    float *d_posterior;       /* backward: [rows, 2·latent] */
    vae_weight kl_weight;     /* backward: ∂loss/∂kl of every row */
    const vae_cuda_step *step;
    int64_t rows, latent, samples;
    int64_t per_row; /* elements of z for each row of the batch */
    uint32_t noise_stream;
    bool sampled;
};

/* z = temperature × normals of a stream */
struct prior_call {
    float *z;
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t elements, per_row; /* elements for each row of the batch */
    float temperature;
    uint32_t noise_stream;
};

template <int WIDTH> struct posterior_values {
    float mean[WIDTH], log_variance[WIDTH];
};

template <int WIDTH>
__device__ inline posterior_values<WIDTH> load_posterior(const posterior_call &call, int64_t row, int64_t j)
{
    posterior_values<WIDTH> values;
    const float *at = call.posterior + row * 2 * call.latent + j;
    load(at, values.mean);
    load(at + call.latent, values.log_variance);
    return values;
}

template <int WIDTH>
__device__ inline void load_noise(const posterior_call &call, int64_t element, float (&noise)[WIDTH])
{
    if (call.sampled) {
        normals(call.step, call.noise_stream, element, noise);
    } else {
        for (int k = 0; k < WIDTH; ++k)
            noise[k] = 0.0f;
    }
}

/* z = μ + σε; KL = ½ Σ μ² + σ² - log σ² - 1; log p(z) - log q(z|x) = Σ ½(ε² + log σ² - z²) */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) forward_kernel(const __grid_constant__ posterior_call call)
{
    const int64_t lane = threadIdx.x % WARP, warps = thread_count() / WARP;
    const int64_t first = first_element(call.step, call.per_row);
    for (int64_t z_row = thread_index() / WARP; z_row < call.rows * call.samples; z_row += warps) {
        const int64_t row = z_row / call.samples;
        long_sum kl_sum, log_ratio_sum;
        for (int64_t j = lane * WIDTH; j < call.latent; j += WARP * WIDTH) {
            const int64_t element = z_row * call.latent + j;
            const posterior_values<WIDTH> q = load_posterior<WIDTH>(call, row, j);
            float noise[WIDTH], z[WIDTH];
            load_noise(call, first + element, noise);
            for (int k = 0; k < WIDTH; ++k) {
                z[k] = q.mean[k] + expf(0.5f * q.log_variance[k]) * noise[k];
                kl_sum.add(0.5f * (q.mean[k] * q.mean[k] + expm1f(q.log_variance[k]) - q.log_variance[k]));
                log_ratio_sum.add(0.5f * (noise[k] * noise[k] + q.log_variance[k] - z[k] * z[k]));
            }
            store(call.z + element, z);
            store_shadow(shadow_at(call.shadow, element), z);
        }
        const float kl = warp_sum((float)kl_sum.value()), log_ratio = warp_sum((float)log_ratio_sum.value());
        if (lane == 0 && call.kl && z_row % call.samples == 0) call.kl[row] = kl;
        if (lane == 0 && call.log_ratio) call.log_ratio[z_row] = log_ratio;
    }
}

/* What `d` of a row's log ratio adds to the gradients of z and log σ². */
template <int WIDTH>
__device__ inline void add_log_ratio(float d, const posterior_values<WIDTH> &q, const float (&noise)[WIDTH],
                                     float (&d_z)[WIDTH], float (&d_log_variance)[WIDTH])
{
    for (int k = 0; k < WIDTH; ++k) {
        d_z[k] -= d * (q.mean[k] + expf(0.5f * q.log_variance[k]) * noise[k]);
        d_log_variance[k] += 0.5f * d;
    }
}

/* Through z: d_μ = d_z, d_log σ² = d_z·ε·½σ. Through the KL, weighted: d_μ = μ, d_log σ² = ½(σ² - 1). BY_ROW: rows have
 * gradients of their own, of the KL, and of the log ratio, which z enters by -z and log σ² by ½. */
template <int WIDTH, bool BY_ROW>
__global__ void __launch_bounds__(THREADS) backward_kernel(const __grid_constant__ posterior_call call)
{
    const int64_t per_row = call.latent / WIDTH;
    const float weight = weight_value(call.kl_weight, call.step);
    const int64_t first = first_element(call.step, call.per_row);
    const bool draws = call.d_z || (BY_ROW && call.d_log_ratio);
    for (int64_t i = thread_index(); i < call.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, j = i % per_row * WIDTH;
        const posterior_values<WIDTH> q = load_posterior<WIDTH>(call, row, j);
        const float d_kl = BY_ROW && call.d_kl ? call.d_kl[row] : weight;
        float d_mean[WIDTH], d_log_variance[WIDTH];
        for (int k = 0; k < WIDTH; ++k) {
            d_mean[k] = d_kl * q.mean[k];
            d_log_variance[k] = d_kl * 0.5f * expm1f(q.log_variance[k]);
        }
        for (int64_t s = 0; draws && s < call.samples; ++s) {
            const int64_t z_row = row * call.samples + s, element = z_row * call.latent + j;
            float d_z[WIDTH] = {0}, noise[WIDTH];
            if (!BY_ROW || call.d_z) load(call.d_z + element, d_z);
            load_noise(call, first + element, noise);
            if (BY_ROW && call.d_log_ratio) add_log_ratio(call.d_log_ratio[z_row], q, noise, d_z, d_log_variance);
            for (int k = 0; k < WIDTH; ++k) {
                d_mean[k] += d_z[k];
                d_log_variance[k] += d_z[k] * noise[k] * 0.5f * expf(0.5f * q.log_variance[k]);
            }
        }
        const int64_t at = row * 2 * call.latent + j;
        store(call.d_posterior + at, d_mean);
        store(call.d_posterior + at + call.latent, d_log_variance);
        store_shadow(shadow_at(call.shadow, at), d_mean);
        store_shadow(shadow_at(call.shadow, at + call.latent), d_log_variance);
    }
}

template <int WIDTH> __global__ void __launch_bounds__(THREADS) prior_kernel(const __grid_constant__ prior_call call)
{
    const int64_t first = first_element(call.step, call.per_row);
    for (int64_t i = thread_index() * WIDTH; i < call.elements; i += thread_count() * WIDTH) {
        float values[WIDTH];
        draw_from(first + i, values, [&](int64_t at, auto &into) { normals(call.step, call.noise_stream, at, into); });
        for (int k = 0; k < WIDTH; ++k)
            values[k] *= call.temperature;
        store(call.z + i, values);
        store_shadow(shadow_at(call.shadow, i), values);
    }
}

/* What forward and backward have in common. */
posterior_call call_of(const vae_cuda_call *call)
{
    const vae_shape *posterior = vae_cuda_input_shape(call, 0);
    posterior_call own = {};
    own.posterior = call->inputs[0];
    own.shadow = call->shadows[0];
    own.step = call->step;
    own.rows = posterior->size[0];
    own.latent = posterior->size[1] / 2;
    own.samples = call->op->attributes.gaussian_sample_kl.samples;
    own.per_row = own.samples * vae_program_batch_row_elements(call->program, call->op->inputs[0]) / 2;
    own.noise_stream = call->op->attributes.gaussian_sample_kl.stream;
    own.sampled = call->op->attributes.gaussian_sample_kl.sampled;
    return own;
}

} // namespace

cudaError_t vae_cuda_gaussian_sample_kl(const vae_cuda_call *call, cudaStream_t stream)
{
    posterior_call own = call_of(call);
    own.z = call->outputs[0];
    own.kl = call->outputs[1];
    own.log_ratio = call->outputs[2];
    return launch(vae_vector_width(own.latent) == 4 ? forward_kernel<4> : forward_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}

cudaError_t vae_cuda_gaussian_sample_kl_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    posterior_call own = call_of(call);
    own.d_z = call->inputs[1];
    own.d_kl = call->inputs[2];
    own.d_log_ratio = call->inputs[3];
    own.d_posterior = call->outputs[0];
    own.kl_weight = call->op->attributes.gaussian_sample_kl.kl_weight;
    const bool wide = vae_vector_width(own.latent) == 4, by_row = own.d_kl || own.d_log_ratio;
    const auto kernel = by_row ? (wide ? backward_kernel<4, true> : backward_kernel<1, true>)
                               : (wide ? backward_kernel<4, false> : backward_kernel<1, false>);
    return launch(kernel, call->grid, dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_prior_sample(const vae_cuda_call *call, cudaStream_t stream)
{
    prior_call own = {};
    own.z = call->outputs[0];
    own.shadow = call->shadows[0];
    own.step = call->step;
    own.elements = vae_shape_elements(vae_cuda_output_shape(call, 0));
    own.per_row = vae_program_batch_row_elements(call->program, call->op->outputs[0]);
    own.temperature = (float)call->op->attributes.prior_sample.temperature;
    own.noise_stream = call->op->attributes.prior_sample.stream;
    return launch(vae_vector_width(own.elements) == 4 ? prior_kernel<4> : prior_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}
