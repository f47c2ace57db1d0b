/* log_sum_exp: log Σ e^x over runs of elements. */
#include <math.h>

#include "backend/reference/kernels.h"

/* The largest is taken out, so that nothing overflows; where it is infinite it is the result. */
static double log_sum_exp(const double *x, int64_t count)
{
    double largest = x[0], sum = 0;
    for (int64_t i = 0; i < count; ++i)
        largest = x[i] > largest || isnan(x[i]) ? x[i] : largest;
    if (isinf(largest) || isnan(largest)) return largest;
    for (int64_t i = 0; i < count; ++i)
        sum += exp(x[i] - largest);
    return largest + log(sum);
}

vae_status vae_reference_log_sum_exp(vae_call *call)
{
    const int64_t count = call->op->attributes.group.count;
    const int64_t groups = vae_shape_elements(vae_call_output_shape(call, 0));
    for (int64_t g = 0; g < groups; ++g)
        ((double *)call->outputs[0])[g] = log_sum_exp((const double *)call->inputs[0] + g * count, count);
    return VAE_OK;
}
