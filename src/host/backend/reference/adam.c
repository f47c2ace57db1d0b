/* Adam with decoupled weight decay, and with clipping by value and by the norm of the whole gradient. */
#include <math.h>

#include "backend/reference/kernels.h"

/* NaN stays. */
static double within(double limit, double value)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

static double norm(const double *gradient, double limit, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
        sum += within(limit, gradient[i]) * within(limit, gradient[i]);
    return sqrt(sum);
}

/* Kingma & Ba 2015, Algorithm 1, with the decoupled decay of Loshchilov & Hutter 2019, Algorithm 2. */
vae_status vae_reference_adam(vae_call *call)
{
    if (!vae_metrics_finite(call->metrics)) return VAE_OK;
    const double beta1 = call->op->attributes.adam.beta1, beta2 = call->op->attributes.adam.beta2;
    const double epsilon = call->op->attributes.adam.epsilon, clip = call->op->attributes.adam.clip_norm;
    const double rate = call->step->learning_rate, decay = call->op->attributes.adam.weight_decay;
    const double correction1 = 1 - pow(beta1, (double)call->step->adam_step);
    const double correction2 = 1 - pow(beta2, (double)call->step->adam_step);
    const double limit = call->op->attributes.adam.clip_value > 0 ? call->op->attributes.adam.clip_value : INFINITY;
    const int64_t begin = call->op->attributes.adam.first, count = vae_adam_count(call->store->layout, call->op);
    const double *gradient = (double *)call->store->arenas[VAE_ARENA_GRADIENTS] + begin;
    double *parameter = (double *)call->store->arenas[VAE_ARENA_PARAMETERS] + begin;
    double *first = (double *)call->store->arenas[VAE_ARENA_FIRST_MOMENT] + begin;
    double *second = (double *)call->store->arenas[VAE_ARENA_SECOND_MOMENT] + begin;
    const double gradient_norm = norm(gradient, limit, count);
    const double scale = clip > 0 && gradient_norm > clip ? clip / gradient_norm : 1;
    for (int64_t i = 0; i < count; ++i) {
        const double g = within(limit, gradient[i]) * scale;
        first[i] = beta1 * first[i] + (1 - beta1) * g;
        second[i] = beta2 * second[i] + (1 - beta2) * g * g;
        const double step = (first[i] / correction1) / (sqrt(second[i] / correction2) + epsilon);
        parameter[i] -= rate * (step + decay * parameter[i]);
    }
    call->metrics[VAE_METRIC_GRADIENT_NORM] += gradient_norm;
    call->metrics[VAE_METRIC_STEPS] += 1;
    return VAE_OK;
}
