#include <math.h>

#include "backend/reference/kernels.h"

typedef struct term {
    double value;    /* log p of one element */
    double gradient; /* with respect to the prediction */
} term;

/* log p = x·l - max(l, 0) - log(1 + e^-|l|), its derivative x - sigmoid(l); no overflow for any logit l. */
static term bernoulli(double logit, double x)
{
    const double e = exp(-fabs(logit));
    const double sigmoid = logit >= 0 ? 1 / (1 + e) : e / (1 + e);
    return (term){x * logit - fmax(logit, 0) - log1p(e), x - sigmoid};
}

/* log p = -½(x - mean)²/σ² - ½ log 2πσ²; the constant is left out where not normalised. */
static term gaussian(double mean, double x, double variance, bool normalised)
{
    const double error = x - mean;
    const double constant = normalised ? -0.5 * log(2 * M_PI * variance) : 0;
    return (term){constant - 0.5 * error * error / variance, error / variance};
}

static vae_status likelihood(vae_call *call, vae_op_kind kind)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t elements = vae_call_input_shape(call, 0)->size[1];
    const int64_t samples = call->op->attributes.likelihood.samples;
    const double weight = vae_weight_value(call->op->attributes.likelihood.weight, call->step);
    const double *prediction = call->inputs[0], *x = call->inputs[1];
    double *ll = call->outputs[0], *gradient = call->outputs[1];
    for (int64_t r = 0; r < rows; ++r) {
        ll[r] = 0;
        for (int64_t j = 0; j < elements; ++j) {
            const double p = prediction[r * elements + j], value = x[r / samples * elements + j];
            const term t = kind == VAE_OP_BERNOULLI_LL ? bernoulli(p, value)
                                                       : gaussian(p, value, call->op->attributes.likelihood.variance,
                                                                  call->op->attributes.likelihood.normalised);
            ll[r] += t.value;
            if (gradient) gradient[r * elements + j] = weight * t.gradient;
        }
    }
    return VAE_OK;
}

vae_status vae_reference_bernoulli_ll(vae_call *call)
{
    return likelihood(call, VAE_OP_BERNOULLI_LL);
}

vae_status vae_reference_gaussian_ll(vae_call *call)
{
    return likelihood(call, VAE_OP_GAUSSIAN_LL);
}

vae_status vae_reference_accumulate(vae_call *call)
{
    const double *rows = call->inputs[0];
    const int64_t count = vae_shape_elements(vae_call_input_shape(call, 0));
    double sum = 0;
    for (int64_t r = 0; r < count; ++r)
        sum += rows[r];
    call->metrics[call->op->attributes.accumulate.target] += call->op->attributes.accumulate.sign * sum;
    if (call->op->attributes.accumulate.count_rows) call->metrics[VAE_METRIC_ROWS] += (double)count;
    return VAE_OK;
}
