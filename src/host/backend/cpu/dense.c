/* Dense layers: the products are oneDNN's, with most activations fused; the activation's backward and the bias gradient
 * are one SIMD pass. */
#include <stdlib.h>

#include "backend/cpu/device.h"

typedef struct dense_state {
    vae_product *product;
    float *pre_activation; /* what the product gives, where the activation is not fused: y itself, or kept beside it */
} dense_state;

typedef struct dense_backward_state {
    vae_product *weight; /* d_weight = xᵀ · d_pre */
    vae_product *input;  /* d_x = d_pre · weightᵀ; NULL where d_x is not wanted */
} dense_backward_state;

/* What a product reads: the tensor, or its bf16 copy. */
static const void *operand(const vae_call *call, int index)
{
    return vae_cpu_uses_bf16(call) ? call->input_shadows[index] : call->inputs[index];
}

static void release_dense(vae_call *call)
{
    dense_state *state = call->state;
    if (!state) return;
    vae_product_destroy(state->product);
    free(state);
}

static vae_status prepare_dense(vae_call *call)
{
    dense_state *state = calloc(1, sizeof *state);
    if (!state) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    call->state = state;
    const vae_shape *x = vae_call_input_shape(call, 0);
    const vae_shape *weight = vae_call_input_shape(call, 1);
    const vae_activation activation = call->op->attributes.dense.activation;
    if (call->outputs[1] || !vae_onednn_fuses(activation))
        state->pre_activation = call->outputs[1] ? call->outputs[1] : call->outputs[0];
    const vae_product_options options = {
        .m = x->size[0],
        .k = vae_shape_columns(x),
        .n = weight->size[1],
        .left = operand(call, 0),
        .right = operand(call, 1),
        .bias = call->inputs[2],
        .target = state->pre_activation ? state->pre_activation : call->outputs[0],
        .bf16 = vae_cpu_uses_bf16(call),
        .activation = state->pre_activation ? VAE_ACTIVATION_IDENTITY : activation,
    };
    const vae_status status = vae_product_create(vae_cpu_device_of(call)->onednn, &options, &state->product);
    if (status) release_dense(call);
    return status;
}

static vae_status run_dense(vae_call *call)
{
    const vae_cpu_device *device = vae_cpu_device_of(call);
    const dense_state *state = call->state;
    if (vae_cpu_uses_bf16(call)) {
        device->isa->round_bf16(call->inputs[0], call->input_shadows[0],
                                vae_shape_elements(vae_call_input_shape(call, 0)), device->host.threads);
    }
    VAE_TRY(vae_product_run(state->product));
    if (state->pre_activation) {
        device->isa->activate(call->op->attributes.dense.activation, state->pre_activation, call->outputs[0],
                              vae_shape_elements(vae_call_output_shape(call, 0)), device->host.threads);
    }
    return VAE_OK;
}

static void release_dense_backward(vae_call *call)
{
    dense_backward_state *state = call->state;
    if (!state) return;
    vae_product_destroy(state->weight);
    vae_product_destroy(state->input);
    free(state);
}

static vae_status create_backward_products(vae_call *call, dense_backward_state *state)
{
    const vae_shape *d_y = vae_call_input_shape(call, 0);
    const vae_shape *weight = vae_call_input_shape(call, 3);
    const int64_t rows = d_y->size[0], in = weight->size[0], out = weight->size[1];
    const vae_product_options d_weight = {
        .m = in,
        .n = out,
        .k = rows,
        .left = operand(call, 2),
        .right = operand(call, 0),
        .target = call->outputs[0],
        .left_transposed = true,
        .bf16 = vae_cpu_uses_bf16(call),
    };
    VAE_TRY(vae_product_create(vae_cpu_device_of(call)->onednn, &d_weight, &state->weight));
    if (!call->outputs[2]) return VAE_OK;
    const vae_product_options d_x = {
        .m = rows,
        .n = in,
        .k = out,
        .left = operand(call, 0),
        .right = operand(call, 3),
        .target = call->outputs[2],
        .right_transposed = true,
        .bf16 = vae_cpu_uses_bf16(call),
    };
    return vae_product_create(vae_cpu_device_of(call)->onednn, &d_x, &state->input);
}

static vae_status prepare_dense_backward(vae_call *call)
{
    dense_backward_state *state = calloc(1, sizeof *state);
    if (!state) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    call->state = state;
    const vae_status status = create_backward_products(call, state);
    if (status) release_dense_backward(call);
    return status;
}

void vae_cpu_layer_backward(vae_call *call, int64_t rows, int64_t columns)
{
    const vae_cpu_device *device = vae_cpu_device_of(call);
    const vae_cpu_activation_backward arguments = {
        .activation = vae_op_activation(call->op),
        .rows = rows,
        .columns = columns,
        .d_y = call->inputs[0],
        .from = call->inputs[4] ? call->inputs[4] : call->inputs[1],
        .d_bias = call->outputs[1],
        .shadow = call->input_shadows[0],
        .threads = device->host.threads,
    };
    device->isa->activation_backward(&arguments);
}

static vae_status run_dense_backward(vae_call *call)
{
    const dense_backward_state *state = call->state;
    const vae_shape *shape = vae_call_input_shape(call, 0);
    vae_cpu_layer_backward(call, shape->size[0], vae_shape_columns(shape));
    VAE_TRY(vae_product_run(state->weight));
    return state->input ? vae_product_run(state->input) : VAE_OK;
}

const vae_kernel vae_cpu_dense = {prepare_dense, run_dense, release_dense};
const vae_kernel vae_cpu_dense_backward = {prepare_dense_backward, run_dense_backward, release_dense_backward};
