/* The mixture of discretised logistics, in which a channel's mean depends on the channels before it. */
#include <math.h>

#include "backend/reference/kernels.h"

/* The numbers of one pixel: where each kind begins, K of a channel or pair of channels after the other. */
typedef struct pixel {
    const double *logits, *means, *log_scales, *coefficients;
    int64_t components, channels;
} pixel;

static pixel pixel_at(const vae_likelihood_options *options, const double *prediction)
{
    const int64_t components = options->mixtures, channels = options->channels;
    return (pixel){
        .logits = prediction,
        .means = prediction + components,
        .log_scales = prediction + components * (1 + channels),
        .coefficients = prediction + components * (1 + 2 * channels),
        .components = components,
        .channels = channels,
    };
}

/* Pairs of channels in the order of the coefficients: green on red, blue on red, blue on green. */
static int64_t pair(int64_t channel, int64_t on)
{
    return channel * (channel - 1) / 2 + on;
}

static double coefficient(const pixel *p, int64_t channel, int64_t on, int64_t k)
{
    return tanh(p->coefficients[pair(channel, on) * p->components + k]);
}

static double log_sum_exp(const double *values, int64_t count)
{
    double largest = values[0], sum = 0;
    for (int64_t i = 1; i < count; ++i)
        largest = fmax(largest, values[i]);
    for (int64_t i = 0; i < count; ++i)
        sum += exp(values[i] - largest);
    return largest + log(sum);
}

/* log p(x | component k) of one channel: the channels before it move its mean. *slope is the derivative of ⌊l⌋. */
static vae_reference_term channel_term(const vae_likelihood_options *options, const pixel *p, const double *x,
                                       int64_t channel, int64_t k, double *slope)
{
    const int64_t at = channel * p->components + k;
    double mean = p->means[at];
    for (int64_t on = 0; on < channel; ++on)
        mean += coefficient(p, channel, on, k) * x[on];
    const double log_scale = vae_reference_soft_floor(p->log_scales[at], vae_likelihood_floor(options), slope);
    return vae_reference_logistic(mean, log_scale, x[channel], options);
}

/* log π_k + log p(x | component k) for each k, but for the normaliser of π. */
static void joint(const vae_likelihood_options *options, const pixel *p, const double *x, double *values)
{
    for (int64_t k = 0; k < p->components; ++k) {
        double slope;
        values[k] = p->logits[k];
        for (int64_t c = 0; c < p->channels; ++c)
            values[k] += channel_term(options, p, x, c, k, &slope).value;
    }
}

/* Of component k, whose share in p(x) is `share`; `gradient` has the places of `p`. */
static void component_gradient(const vae_likelihood_options *options, const pixel *p, const double *x, int64_t k,
                               double share, double *gradient)
{
    double *means = gradient + (p->means - p->logits), *log_scales = gradient + (p->log_scales - p->logits);
    double *coefficients = gradient + (p->coefficients - p->logits);
    for (int64_t c = 0; c < p->channels; ++c) {
        double slope;
        const vae_reference_term t = channel_term(options, p, x, c, k, &slope);
        means[c * p->components + k] = share * t.d_mean;
        log_scales[c * p->components + k] = share * t.d_log_width * slope;
        for (int64_t on = 0; on < c; ++on) {
            const double tangent = coefficient(p, c, on, k);
            coefficients[pair(c, on) * p->components + k] = share * t.d_mean * x[on] * (1 - tangent * tangent);
        }
    }
}

/* log p = log Σ_k π_k Π_c p(x_c | x_<c, k), π the softmax of the logits. */
static double row(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    const int64_t width = vae_likelihood_width(options);
    double sum = 0;
    for (int64_t i = 0; i < pixels; ++i) {
        const pixel p = pixel_at(options, prediction + i * width);
        const double *values = x + i * p.channels;
        double terms[VAE_MAX_MIXTURES] = {0};
        joint(options, &p, values, terms);
        const double total = log_sum_exp(terms, p.components), normaliser = log_sum_exp(p.logits, p.components);
        sum += total - normaliser;
        for (int64_t k = 0; gradient && k < p.components; ++k) {
            const double share = exp(terms[k] - total);
            gradient[i * width + k] = weight * (share - exp(p.logits[k] - normaliser));
            component_gradient(options, &p, values, k, weight * share, gradient + i * width);
        }
    }
    return sum;
}

/* Σ_k π_k mean_k, each within the range, and moved by the means of the channels before it. */
static void mean(const vae_likelihood_options *options, const double *prediction, int64_t pixels, double *values)
{
    for (int64_t i = 0; i < pixels; ++i) {
        const pixel p = pixel_at(options, prediction + i * vae_likelihood_width(options));
        const double normaliser = log_sum_exp(p.logits, p.components);
        double *total = values + i * p.channels;
        for (int64_t c = 0; c < p.channels; ++c)
            total[c] = 0;
        for (int64_t k = 0; k < p.components; ++k) {
            double means[3];
            for (int64_t c = 0; c < p.channels; ++c) {
                means[c] = p.means[c * p.components + k];
                for (int64_t on = 0; on < c; ++on)
                    means[c] += coefficient(&p, c, on, k) * means[on];
                means[c] = vae_reference_clamp(options, means[c]);
                total[c] += exp(p.logits[k] - normaliser) * means[c];
            }
        }
    }
}

const vae_reference_family vae_reference_likelihood_logistic_mixture = {.row = row, .mean = mean};
