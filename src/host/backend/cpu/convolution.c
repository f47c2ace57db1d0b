/* Convolutions, transposed or not, as passes of isa/. */
#include <stdlib.h>

#include "backend/cpu/device.h"

typedef struct convolution_state {
    vae_convolution *forward;
    vae_convolution *weight, *input; /* backward; input is NULL where d_x is not wanted */
} convolution_state;

static void release(vae_call *call)
{
    convolution_state *state = call->state;
    if (!state) return;
    const vae_cpu_isa *isa = vae_cpu_device_of(call)->isa;
    isa->convolution_destroy(state->forward);
    isa->convolution_destroy(state->weight);
    isa->convolution_destroy(state->input);
    free(state);
}

static vae_status allocate(vae_call *call, convolution_state **state)
{
    *state = calloc(1, sizeof **state);
    if (!*state) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    call->state = *state;
    return VAE_OK;
}

/* x is the layer's input or its gradient, y its output or its gradient. */
static vae_convolution_options join(const vae_call *call, const vae_shape *x_shape, float *x, const vae_shape *y_shape,
                                    float *y, float *weight)
{
    const bool transposed = vae_op_is_transposed(call->op->kind);
    const vae_shape *large = transposed ? y_shape : x_shape, *small = transposed ? x_shape : y_shape;
    return (vae_convolution_options){
        .rows = x_shape->size[0],
        .large = {large->size[1], large->size[2], large->size[3], transposed ? y : x},
        .small = {small->size[1], small->size[2], small->size[3], transposed ? x : y},
        .weight = weight,
        .weight_transposed = transposed,
        .window = call->op->attributes.convolution.window,
        .threads = vae_cpu_device_of(call)->host.threads,
    };
}

static vae_status prepare(vae_call *call)
{
    convolution_state *state;
    VAE_TRY(allocate(call, &state));
    float *y = call->outputs[0], *pre_activation = call->outputs[1] ? call->outputs[1] : y;
    vae_convolution_options options = join(call, vae_call_input_shape(call, 0), call->inputs[0],
                                           vae_call_output_shape(call, 0), pre_activation, call->inputs[1]);
    options.pass = vae_op_is_transposed(call->op->kind) ? VAE_CONVOLUTION_TO_LARGE : VAE_CONVOLUTION_TO_SMALL;
    options.bias = call->inputs[2];
    options.activation = vae_op_activation(call->op);
    options.activated = y;
    const vae_status status = vae_cpu_device_of(call)->isa->convolution_create(&options, &state->forward);
    if (status) release(call);
    return status;
}

static vae_status run(vae_call *call)
{
    const convolution_state *state = call->state;
    vae_cpu_device_of(call)->isa->convolution_run(state->forward);
    return VAE_OK;
}

static vae_status create_backward(vae_call *call, convolution_state *state)
{
    const vae_cpu_isa *isa = vae_cpu_device_of(call)->isa;
    const vae_shape *y = vae_call_input_shape(call, 0), *x = vae_call_input_shape(call, 2);
    vae_convolution_options weight = join(call, x, call->inputs[2], y, call->inputs[0], call->outputs[0]);
    weight.pass = VAE_CONVOLUTION_TO_WEIGHTS;
    VAE_TRY(isa->convolution_create(&weight, &state->weight));
    if (!call->outputs[2]) return VAE_OK;
    vae_convolution_options input = join(call, x, call->outputs[2], y, call->inputs[0], call->inputs[3]);
    input.pass = vae_op_is_transposed(call->op->kind) ? VAE_CONVOLUTION_TO_SMALL : VAE_CONVOLUTION_TO_LARGE;
    return isa->convolution_create(&input, &state->input);
}

static vae_status prepare_backward(vae_call *call)
{
    convolution_state *state;
    VAE_TRY(allocate(call, &state));
    const vae_status status = create_backward(call, state);
    if (status) release(call);
    return status;
}

static vae_status run_backward(vae_call *call)
{
    const convolution_state *state = call->state;
    const vae_cpu_isa *isa = vae_cpu_device_of(call)->isa;
    const vae_shape *y = vae_call_input_shape(call, 0);
    vae_cpu_layer_backward(call, vae_shape_elements(y) / y->size[3], y->size[3]);
    isa->convolution_run(state->weight);
    if (state->input) isa->convolution_run(state->input);
    return VAE_OK;
}

const vae_kernel vae_cpu_conv2d = {prepare, run, release};
const vae_kernel vae_cpu_conv2d_backward = {prepare_backward, run_backward, release};
const vae_kernel vae_cpu_conv_transpose2d = {prepare, run, release};
const vae_kernel vae_cpu_conv_transpose2d_backward = {prepare_backward, run_backward, release};
