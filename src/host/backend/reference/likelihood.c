/* likelihood and likelihood_mean: row by row, by the functions of the family. */
#include "backend/reference/kernels.h"

static const vae_reference_family *const families[VAE_LIKELIHOOD_COUNT] = {
#define ROW(NAME, name) [VAE_LIKELIHOOD_##NAME] = &vae_reference_likelihood_##name,
    VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
};

vae_status vae_reference_likelihood(vae_call *call)
{
    vae_likelihood_options options = call->op->attributes.likelihood.options;
    const vae_reference_family *family = families[options.family];
    const int64_t samples = call->op->attributes.likelihood.samples;
    const int64_t rows = vae_call_input_shape(call, 0)->size[0],
                  columns = vae_shape_columns(vae_call_input_shape(call, 0));
    const int64_t pixels = columns / vae_likelihood_width(&options), elements = pixels * options.channels;
    const double weight = vae_weight_value(call->op->attributes.likelihood.weight, call->step);
    const double *prediction = call->inputs[0], *x = call->inputs[1];
    double *ll = call->outputs[0], *gradient = call->outputs[1];
    if (family->begin) family->begin(call, &options);
    for (int64_t r = 0; r < rows; ++r) {
        ll[r] = family->row(&options, prediction + r * columns, x + r / samples * elements, pixels, weight,
                            gradient ? gradient + r * columns : NULL);
    }
    return VAE_OK;
}

vae_status vae_reference_likelihood_mean(vae_call *call)
{
    const vae_likelihood_options *options = &call->op->attributes.likelihood.options;
    const int64_t rows = vae_call_input_shape(call, 0)->size[0],
                  columns = vae_shape_columns(vae_call_input_shape(call, 0));
    const int64_t pixels = columns / vae_likelihood_width(options);
    const double *prediction = call->inputs[0];
    double *mean = call->outputs[0];
    for (int64_t r = 0; r < rows; ++r) {
        families[options->family]->mean(options, prediction + r * columns, pixels,
                                        mean + r * pixels * options->channels);
    }
    return VAE_OK;
}
