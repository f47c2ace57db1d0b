/* likelihood and likelihood_mean: the rows, shared among the threads, go to the functions of the family. */
#include "backend/cpu/isa/level.h"

static const vae_cpu_family *const families[VAE_LIKELIHOOD_COUNT] = {
#define ROW(NAME, name) [VAE_LIKELIHOOD_##NAME] = &VAE_ISA_NAME(vae_cpu_likelihood_##name),
    VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
};

static vae_status run(vae_call *call)
{
    vae_likelihood_options options = call->op->attributes.likelihood.options;
    const vae_cpu_family *family = families[options.family];
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const int64_t rows = shape->size[0], columns = vae_shape_columns(shape);
    const int64_t pixels = columns / vae_likelihood_width(&options), elements = pixels * options.channels;
    const int64_t samples = call->op->attributes.likelihood.samples;
    const float weight = (float)vae_weight_value(call->op->attributes.likelihood.weight, call->step);
    const int threads = vae_call_threads(call);
    if (family->begin) family->begin(call, &options);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; ++r) {
        const float *prediction = (const float *)call->inputs[0] + r * columns;
        const float *x = (const float *)call->inputs[1] + r / samples * elements;
        float *gradient = call->outputs[1] ? (float *)call->outputs[1] + r * columns : NULL;
        ((float *)call->outputs[0])[r] = (float)family->row(&options, prediction, x, pixels, weight, gradient);
    }
    return VAE_OK;
}

static vae_status run_mean(vae_call *call)
{
    const vae_likelihood_options *options = &call->op->attributes.likelihood.options;
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const int64_t rows = shape->size[0], columns = vae_shape_columns(shape);
    const int64_t pixels = columns / vae_likelihood_width(options);
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; ++r) {
        families[options->family]->mean(options, (const float *)call->inputs[0] + r * columns, pixels,
                                        (float *)call->outputs[0] + r * pixels * options->channels);
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_likelihood) = {.run = run};
const vae_kernel VAE_ISA_NAME(vae_cpu_likelihood_mean) = {.run = run_mean};
