/* token_likelihood: a softmax for each step of a sequence that counts. */
#include <math.h>

#include "backend/check.h"
#include "backend/reference/kernels.h"

static double log_sum_exp(const double *x, int64_t count)
{
    double largest = x[0], sum = 0.0;
    for (int64_t i = 1; i < count; ++i)
        largest = fmax(largest, x[i]);
    for (int64_t i = 0; i < count; ++i)
        sum += exp(x[i] - largest);
    return largest + log(sum);
}

vae_status vae_reference_token_likelihood(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 2)->size[0], count = vae_call_input_shape(call, 0)->size[0];
    const int64_t vocabulary = vae_shape_columns(vae_call_input_shape(call, 0));
    const double *logits = call->inputs[0], *targets = call->inputs[1], *lengths = call->inputs[2];
    const double *row_weight = call->inputs[3];
    const double weight = vae_weight_value(call->op->attributes.token_likelihood.weight, call->step);
    double *ll = call->outputs[0], *gradient = call->outputs[1];
    for (int64_t r = 0; ll && r < rows; ++r)
        ll[r] = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = i % rows, step = i / rows;
        const double *own = logits + i * vocabulary;
        const bool counts = (double)step < lengths[row];
        if (counts) VAE_TRY(vae_check_token(targets[i], step, row, vocabulary));
        const int64_t target = counts ? (int64_t)targets[i] : -1;
        const double normaliser = counts ? log_sum_exp(own, vocabulary) : 0.0;
        if (ll && counts) ll[row] += own[target] - normaliser;
        const double factor = counts ? weight * (row_weight ? row_weight[row] : 1.0) : 0.0;
        for (int64_t v = 0; gradient && v < vocabulary; ++v) {
            const double probability = counts ? exp(own[v] - normaliser) : 0.0;
            gradient[i * vocabulary + v] = factor * ((v == target ? 1.0 : 0.0) - probability);
        }
    }
    return VAE_OK;
}
