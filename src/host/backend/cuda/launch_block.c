/* Launches of the ops that stand between layers. */
#include "backend/cuda/launch.h"

static vae_cuda_norm_call norm_call(const vae_executable *e, const vae_launch *launch, bool backward)
{
    const vae_op *op = op_of(e, launch);
    const bool by_channel = op->kind == VAE_OP_BATCH_NORM || op->kind == VAE_OP_BATCH_NORM_BACKWARD;
    const vae_tensor *in = op->inputs + backward, *out = op->outputs;
    const vae_shape *shape = shape_of(e, in[0]);
    vae_cuda_norm_call call = {
        .activation = (int)op->attributes.norm.activation,
        .by_channel = by_channel,
        .training = op->attributes.norm.training,
        .x = vae_cuda_tensor(e, in[0]),
        .scale = vae_cuda_tensor(e, in[1]),
        .shift = vae_cuda_tensor(e, in[2]),
        .mean = vae_cuda_tensor(e, backward ? in[3] : out[1]),
        .inverse_deviation = vae_cuda_tensor(e, backward ? in[4] : out[2]),
        .shadow = written_shadow(e, launch),
        .rows = shape->size[0],
        .channels = shape->size[shape->rank - 1],
        .epsilon = op->attributes.norm.epsilon,
        .momentum = op->attributes.norm.momentum,
        .partials = e->partials,
        .finished = e->finished,
    };
    call.positions = vae_shape_columns(shape) / call.channels;
    return call;
}

cudaError_t vae_cuda_launch_norm(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    vae_cuda_norm_call call = norm_call(e, launch, false);
    call.y = vae_cuda_tensor(e, op->outputs[0]);
    if (op->kind == VAE_OP_LAYER_NORM) return vae_cuda_layer_norm(&call, e->device->stream);
    call.running_mean = vae_cuda_tensor(e, op->inputs[3]);
    call.running_variance = vae_cuda_tensor(e, op->inputs[4]);
    return launch->kind == VAE_LAUNCH_NORM_SUMS ? vae_cuda_norm_moments(&call, e->device->stream)
                                                : vae_cuda_batch_norm(&call, e->device->stream);
}

cudaError_t vae_cuda_launch_norm_backward(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    vae_cuda_norm_call call = norm_call(e, launch, true);
    call.d_y = vae_cuda_tensor(e, op->inputs[0]);
    call.d_scale = vae_cuda_tensor(e, op->outputs[1]);
    call.d_shift = vae_cuda_tensor(e, op->outputs[2]);
    if (launch->kind == VAE_LAUNCH_NORM_SUMS) return vae_cuda_norm_gradients(&call, e->device->stream);
    return call.by_channel ? vae_cuda_batch_norm_backward(&call, e->device->stream)
                           : vae_cuda_layer_norm_backward(&call, e->device->stream);
}

cudaError_t vae_cuda_launch_norm_sums(const vae_executable *e, const vae_launch *launch)
{
    return op_of(e, launch)->kind == VAE_OP_BATCH_NORM ? vae_cuda_launch_norm(e, launch)
                                                       : vae_cuda_launch_norm_backward(e, launch);
}

cudaError_t vae_cuda_launch_dropout(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    const vae_cuda_dropout_call call = {
        .x = vae_cuda_tensor(e, op->inputs[0]),
        .y = vae_cuda_tensor(e, op->outputs[0]),
        .shadow = written_shadow(e, launch),
        .elements = e->program->tensors[op->outputs[0]].elements,
        .per_row = vae_program_batch_row_elements(e->program, op->outputs[0]),
        .rate = op->attributes.dropout.rate,
        .noise_stream = op->attributes.dropout.stream,
        .step = &e->scratch->current,
    };
    return vae_cuda_dropout(&call, e->device->stream);
}

cudaError_t vae_cuda_launch_upsample(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    const bool backward = op->kind == VAE_OP_UPSAMPLE_BACKWARD;
    const vae_shape *small = shape_of(e, backward ? op->outputs[0] : op->inputs[0]);
    const vae_cuda_upsample_call call = {
        .from = vae_cuda_tensor(e, op->inputs[0]),
        .to = vae_cuda_tensor(e, op->outputs[0]),
        .shadow = written_shadow(e, launch),
        .rows = small->size[0] * small->size[1],
        .width = small->size[2],
        .channels = small->size[3],
        .factor = op->attributes.upsample.factor,
    };
    return backward ? vae_cuda_upsample_backward(&call, e->device->stream)
                    : vae_cuda_upsample(&call, e->device->stream);
}

cudaError_t vae_cuda_launch_add(const vae_executable *e, const vae_launch *launch)
{
    const vae_op *op = op_of(e, launch);
    return vae_cuda_add(vae_cuda_tensor(e, op->inputs[0]), vae_cuda_tensor(e, op->inputs[1]),
                        vae_cuda_tensor(e, op->outputs[0]), written_shadow(e, launch),
                        e->program->tensors[op->outputs[0]].elements, e->device->stream);
}
