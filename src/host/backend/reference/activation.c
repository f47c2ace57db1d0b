/* The activations of layers, which are functions of program/function.h, and the ops `activate` and its backward. */
#include "backend/reference/kernels.h"

double vae_reference_activation(vae_activation activation, double x)
{
    return vae_reference_function((vae_function)activation, VAE_PART_VALUE, (double[VAE_LIST_OPERANDS]){x});
}

double vae_reference_activation_derivative_from(vae_activation activation, double from)
{
    const double operands[VAE_LIST_OPERANDS] = {from, 0, from, 1};
    return vae_reference_function((vae_function)activation, VAE_PART_GRADIENT_A, operands);
}

double vae_reference_activation_derivative(vae_activation activation, double x)
{
    const double operands[VAE_LIST_OPERANDS] = {x, 0, vae_reference_activation(activation, x), 1};
    return vae_reference_function((vae_function)activation, VAE_PART_GRADIENT_A, operands);
}

vae_status vae_reference_activate(vae_call *call)
{
    const double *x = call->inputs[0];
    double *y = call->outputs[0];
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    for (int64_t i = 0; i < count; ++i) {
        y[i] = vae_reference_activation(call->op->attributes.activate.activation, x[i]);
    }
    return VAE_OK;
}

vae_status vae_reference_activate_backward(vae_call *call)
{
    const vae_activation activation = call->op->attributes.activate.activation;
    const double *d_y = call->inputs[0], *from = call->inputs[1];
    double *d_x = call->outputs[0];
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    for (int64_t i = 0; i < count; ++i)
        d_x[i] = d_y[i] * vae_reference_activation_derivative_from(activation, from[i]);
    return VAE_OK;
}
