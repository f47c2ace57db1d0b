/* likelihood and likelihood_mean: the launcher of each family, by its number. */
#include "likelihood_call.cuh"

namespace
{

typedef cudaError_t (*launcher)(const vae_cuda_likelihood_call *call, cudaStream_t stream);

const launcher likelihoods[VAE_LIKELIHOOD_COUNT] = {
#define ROW(NAME, name) vae_cuda_likelihood_##name,
    VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
};

const launcher means[VAE_LIKELIHOOD_COUNT] = {
#define ROW(NAME, name) vae_cuda_likelihood_mean_##name,
    VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
};

/* What both ops have. */
vae_cuda_likelihood_call prediction_of(const vae_cuda_call *call)
{
    const vae_likelihood_options *options = &call->op->attributes.likelihood.options;
    const vae_shape *prediction = vae_cuda_input_shape(call, 0);
    vae_cuda_likelihood_call own = {};
    own.prediction = call->inputs[0];
    own.rows = prediction->size[0];
    own.pixels = vae_shape_columns(prediction) / vae_likelihood_width(options);
    own.samples = call->op->attributes.likelihood.samples;
    own.options = *options;
    own.floor = (float)vae_likelihood_floor(options);
    return own;
}

} // namespace

vae_cuda_likelihood_call vae_cuda_likelihood_call_of(const vae_cuda_call *call)
{
    vae_cuda_likelihood_call own = prediction_of(call);
    own.x = call->inputs[1];
    own.ll = call->outputs[0];
    own.gradient = call->outputs[1];
    own.shadow = call->shadows[1];
    own.weight = call->op->attributes.likelihood.weight;
    own.step = call->step;
    own.log_variance = call->inputs[2];
    own.variance = call->outputs[2] ? call->variance : nullptr;
    own.finished = call->finished;
    return own;
}

cudaError_t vae_cuda_likelihood(const vae_cuda_call *call, cudaStream_t stream)
{
    const vae_cuda_likelihood_call own = vae_cuda_likelihood_call_of(call);
    return likelihoods[own.options.family](&own, stream);
}

cudaError_t vae_cuda_likelihood_mean(const vae_cuda_call *call, cudaStream_t stream)
{
    vae_cuda_likelihood_call own = prediction_of(call);
    own.mean = call->outputs[0];
    return means[own.options.family](&own, stream);
}
