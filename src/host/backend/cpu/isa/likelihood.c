#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

/* Float sums are folded into a double after this many elements, so that long rows lose nothing. A multiple of 4. */
enum { CHUNK = 1024 };

typedef struct bernoulli_term {
    float value;    /* x·logit - max(logit, 0) */
    float factor;   /* 1 + e^-|logit|: log p = value - ln(factor) */
    float gradient; /* x - sigmoid(logit) */
} bernoulli_term;

static inline bernoulli_term bernoulli(float logit, float x)
{
    const float e = simd_exp(-fabsf(logit));
    const float factor = 1.0f + e;
    const float positive = logit >= 0.0f ? 1.0f : 0.0f;
    const float numerator = logit >= 0.0f ? 1.0f : e;
    return (bernoulli_term){logit * (x - positive), factor, x - numerator / factor};
}

/* Four factors, each in (1, 2], share one logarithm: ln Π = Σ ln. */
static float bernoulli_values(const float *restrict logits, const float *restrict x, int64_t count)
{
    const int64_t quarter = count / 4;
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < quarter; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        const bernoulli_term b = bernoulli(logits[j + quarter], x[j + quarter]);
        const bernoulli_term c = bernoulli(logits[j + 2 * quarter], x[j + 2 * quarter]);
        const bernoulli_term d = bernoulli(logits[j + 3 * quarter], x[j + 3 * quarter]);
        sum += (a.value + b.value) + (c.value + d.value) - simd_log((a.factor * b.factor) * (c.factor * d.factor));
    }
    for (int64_t j = 4 * quarter; j < count; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        sum += a.value - simd_log(a.factor);
    }
    return sum;
}

static float bernoulli_values_and_gradient(const float *restrict logits, const float *restrict x, int64_t count,
                                           float weight, float *restrict gradient)
{
    const int64_t quarter = count / 4;
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < quarter; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        const bernoulli_term b = bernoulli(logits[j + quarter], x[j + quarter]);
        const bernoulli_term c = bernoulli(logits[j + 2 * quarter], x[j + 2 * quarter]);
        const bernoulli_term d = bernoulli(logits[j + 3 * quarter], x[j + 3 * quarter]);
        gradient[j] = weight * a.gradient;
        gradient[j + quarter] = weight * b.gradient;
        gradient[j + 2 * quarter] = weight * c.gradient;
        gradient[j + 3 * quarter] = weight * d.gradient;
        sum += (a.value + b.value) + (c.value + d.value) - simd_log((a.factor * b.factor) * (c.factor * d.factor));
    }
    for (int64_t j = 4 * quarter; j < count; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        gradient[j] = weight * a.gradient;
        sum += a.value - simd_log(a.factor);
    }
    return sum;
}

vae_status VAE_ISA_NAME(vae_cpu_bernoulli_ll)(vae_call *call)
{
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const int64_t rows = shape->size[0], elements = shape->size[1];
    const int64_t samples = call->op->attributes.likelihood.samples;
    const float weight = (float)vae_weight_value(call->op->attributes.likelihood.weight, call->step);
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; ++r) {
        const float *logits = (const float *)call->inputs[0] + r * elements;
        const float *x = (const float *)call->inputs[1] + r / samples * elements;
        float *gradient = call->outputs[1] ? (float *)call->outputs[1] + r * elements : NULL;
        double sum = 0.0;
        for (int64_t first = 0; first < elements; first += CHUNK) {
            const int64_t count = elements - first < CHUNK ? elements - first : CHUNK;
            sum += (double)(gradient ? bernoulli_values_and_gradient(logits + first, x + first, count, weight,
                                                                     gradient + first)
                                     : bernoulli_values(logits + first, x + first, count));
        }
        ((float *)call->outputs[0])[r] = (float)sum;
    }
    return VAE_OK;
}

/* Σ (x - mean)², and the gradient of -½(x - mean)²/σ² times weight: scale is weight/σ². */
static float squared_error(const float *restrict mean, const float *restrict x, int64_t count, float scale,
                           float *restrict gradient)
{
    float sum = 0.0f;
    if (gradient) {
#pragma omp simd
        for (int64_t j = 0; j < count; ++j)
            gradient[j] = scale * (x[j] - mean[j]);
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; ++j)
        sum += (x[j] - mean[j]) * (x[j] - mean[j]);
    return sum;
}

vae_status VAE_ISA_NAME(vae_cpu_gaussian_ll)(vae_call *call)
{
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const int64_t rows = shape->size[0], elements = shape->size[1];
    const int64_t samples = call->op->attributes.likelihood.samples;
    const double variance = call->op->attributes.likelihood.variance;
    const double constant =
        call->op->attributes.likelihood.normalised ? -0.5 * log(2.0 * M_PI * variance) * (double)elements : 0.0;
    const float scale = (float)(vae_weight_value(call->op->attributes.likelihood.weight, call->step) / variance);
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; ++r) {
        const float *mean = (const float *)call->inputs[0] + r * elements;
        const float *x = (const float *)call->inputs[1] + r / samples * elements;
        float *gradient = call->outputs[1] ? (float *)call->outputs[1] + r * elements : NULL;
        double sum = 0.0;
        for (int64_t first = 0; first < elements; first += CHUNK) {
            const int64_t count = elements - first < CHUNK ? elements - first : CHUNK;
            sum += (double)squared_error(mean + first, x + first, count, scale, gradient ? gradient + first : NULL);
        }
        ((float *)call->outputs[0])[r] = (float)(constant - 0.5 * sum / variance);
    }
    return VAE_OK;
}

vae_status VAE_ISA_NAME(vae_cpu_accumulate)(vae_call *call)
{
    const float *rows = call->inputs[0];
    const int64_t count = vae_shape_elements(vae_call_input_shape(call, 0));
    double sum = 0.0;
    for (int64_t r = 0; r < count; ++r)
        sum += (double)rows[r];
    call->metrics[call->op->attributes.accumulate.target] += call->op->attributes.accumulate.sign * sum;
    if (call->op->attributes.accumulate.count_rows) call->metrics[VAE_METRIC_ROWS] += (double)count;
    return VAE_OK;
}
