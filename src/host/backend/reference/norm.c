/* Batch norm and layer norm, which differ only in the numbers that share a mean, and in running statistics. */
#include <math.h>

#include "backend/reference/kernels.h"

/* The numbers that share one mean and variance: `count` of them, each `stride` after the last. */
typedef struct norm_group {
    int64_t first, count, stride;
} norm_group;

/* Of a batch norm, the columns of [rows·positions, channels]; of a layer norm, the rows. */
static int64_t group_count(const vae_shape *x, bool by_channel)
{
    return x->size[by_channel ? x->rank - 1 : 0];
}

static norm_group group_of(const vae_shape *x, bool by_channel, int64_t index)
{
    const int64_t groups = group_count(x, by_channel), count = vae_shape_elements(x) / groups;
    return by_channel ? (norm_group){index, count, groups} : (norm_group){index * count, count, 1};
}

static void moments(const double *x, norm_group g, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < g.count; ++i)
        sum += x[g.first + i * g.stride];
    *mean = sum / (double)g.count;
    for (int64_t i = 0; i < g.count; ++i)
        squares += pow(x[g.first + i * g.stride] - *mean, 2);
    *variance = squares / (double)g.count;
}

static void normalise(const vae_call *call, norm_group g, double mean, double inverse_deviation)
{
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const double *x = call->inputs[0], *scale = call->inputs[1], *shift = call->inputs[2];
    double *y = call->outputs[0];
    for (int64_t i = 0; i < g.count; ++i) {
        const int64_t at = g.first + i * g.stride, c = at % shape->size[shape->rank - 1];
        y[at] = vae_reference_activation(call->op->attributes.norm.activation,
                                         scale[c] * (x[at] - mean) * inverse_deviation + shift[c]);
    }
}

/* Moves the running statistics towards those of the batch, whose variance there is the unbiased one. */
static void follow(const vae_call *call, int64_t channel, int64_t count, double mean, double variance)
{
    const double momentum = call->op->attributes.norm.momentum;
    double *running_mean = call->inputs[3], *running_variance = call->inputs[4];
    if (momentum == 0 || !isfinite(mean) || !isfinite(variance)) return;
    const double unbiased = variance * (double)count / (double)(count - 1);
    running_mean[channel] += momentum * (mean - running_mean[channel]);
    running_variance[channel] += momentum * (unbiased - running_variance[channel]);
}

static void normalise_group(const vae_call *call, norm_group g, int64_t index, bool by_channel)
{
    double mean, variance;
    if (by_channel && !call->op->attributes.norm.training) {
        mean = ((const double *)call->inputs[3])[index];
        variance = ((const double *)call->inputs[4])[index];
    } else {
        moments(call->inputs[0], g, &mean, &variance);
    }
    const double inverse_deviation = 1 / sqrt(variance + call->op->attributes.norm.epsilon);
    normalise(call, g, mean, inverse_deviation);
    if (!call->outputs[1]) return;
    ((double *)call->outputs[1])[index] = mean;
    ((double *)call->outputs[2])[index] = inverse_deviation;
    if (by_channel) follow(call, index, g.count, mean, variance);
}

static vae_status run(vae_call *call, bool by_channel)
{
    const vae_shape *x = vae_call_input_shape(call, 0);
    for (int64_t i = 0; i < group_count(x, by_channel); ++i)
        normalise_group(call, group_of(x, by_channel, i), i, by_channel);
    return VAE_OK;
}

vae_status vae_reference_batch_norm(vae_call *call)
{
    return run(call, true);
}

vae_status vae_reference_layer_norm(vae_call *call)
{
    return run(call, false);
}

/* With d = d_y ⊙ activation' and x̂ = (x - mean)·inverse_deviation: adds to d_shift = Σ d and d_scale = Σ d·x̂; with
 * g = scale·d, d_x = inverse_deviation·(g - mean of g - x̂·mean of g·x̂), in place of d_y. */
static void backward_group(const vae_call *call, norm_group n, double mean, double inverse_deviation)
{
    const vae_shape *shape = vae_call_input_shape(call, 1);
    const double *x = call->inputs[1], *scale = call->inputs[2], *shift = call->inputs[3];
    double *d_y = call->inputs[0], *d_scale = call->outputs[1], *d_shift = call->outputs[2];
    double mean_g = 0, mean_product = 0;
    for (int64_t i = 0; i < n.count; ++i) {
        const int64_t at = n.first + i * n.stride, c = at % shape->size[shape->rank - 1];
        const double normalised = (x[at] - mean) * inverse_deviation;
        d_y[at] *=
            vae_reference_activation_derivative(call->op->attributes.norm.activation, scale[c] * normalised + shift[c]);
        d_shift[c] += d_y[at];
        d_scale[c] += d_y[at] * normalised;
        mean_g += scale[c] * d_y[at] / (double)n.count;
        mean_product += scale[c] * d_y[at] * normalised / (double)n.count;
    }
    for (int64_t i = 0; i < n.count; ++i) {
        const int64_t at = n.first + i * n.stride, c = at % shape->size[shape->rank - 1];
        const double normalised = (x[at] - mean) * inverse_deviation;
        d_y[at] = inverse_deviation * (scale[c] * d_y[at] - mean_g - normalised * mean_product);
    }
}

static vae_status run_backward(vae_call *call, bool by_channel)
{
    const vae_shape *x = vae_call_input_shape(call, 1);
    const double *mean = call->inputs[4], *inverse_deviation = call->inputs[5];
    for (int64_t c = 0; c < x->size[x->rank - 1]; ++c)
        ((double *)call->outputs[1])[c] = ((double *)call->outputs[2])[c] = 0;
    for (int64_t i = 0; i < group_count(x, by_channel); ++i)
        backward_group(call, group_of(x, by_channel, i), mean[i], inverse_deviation[i]);
    return VAE_OK;
}

vae_status vae_reference_batch_norm_backward(vae_call *call)
{
    return run_backward(call, true);
}

vae_status vae_reference_layer_norm_backward(vae_call *call)
{
    return run_backward(call, false);
}
