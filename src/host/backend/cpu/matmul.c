/* matmul: a product of oneDNN. */
#include "backend/cpu/device.h"

static void release(vae_call *call)
{
    vae_product_destroy(call->state);
}

static vae_status prepare(vae_call *call)
{
    const bool bf16 = vae_cpu_uses_bf16(call);
    const vae_shape *y = vae_call_output_shape(call, 0);
    const vae_product_options options = {
        .m = y->size[0],
        .n = vae_shape_columns(y),
        .k = vae_shape_elements(vae_call_input_shape(call, 0)) / y->size[0],
        .left = bf16 ? call->input_shadows[0] : call->inputs[0],
        .right = bf16 ? call->input_shadows[1] : call->inputs[1],
        .target = call->outputs[0],
        .left_transposed = call->op->attributes.matmul.a_transposed,
        .right_transposed = call->op->attributes.matmul.b_transposed,
        .bf16 = bf16,
        .activation = VAE_ACTIVATION_IDENTITY,
    };
    vae_product *product = NULL;
    const vae_status status = vae_product_create(vae_cpu_device_of(call)->onednn, &options, &product);
    call->state = product;
    return status;
}

/* Parameters have their copies already, from when they were written. */
static void round_activation(const vae_call *call, int index)
{
    if (call->program->tensors[call->op->inputs[index]].kind == VAE_TENSOR_PARAMETER) return;
    const vae_cpu_device *device = vae_cpu_device_of(call);
    device->isa->round_bf16(call->inputs[index], call->input_shadows[index],
                            vae_shape_elements(vae_call_input_shape(call, index)), device->host.threads);
}

static vae_status run(vae_call *call)
{
    if (vae_cpu_uses_bf16(call)) {
        round_activation(call, 0);
        round_activation(call, 1);
    }
    return vae_product_run(call->state);
}

const vae_kernel vae_cpu_matmul = {prepare, run, release};
