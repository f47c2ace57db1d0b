/* The activation functions and their derivatives, from the input or, where that is enough, from the output. */
#include <math.h>

#include "backend/reference/kernels.h"

static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* Φ(x) */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double normal_density(double x)
{
    return exp(-0.5 * x * x) * 0.5 * M_2_SQRTPI * M_SQRT1_2;
}

double vae_reference_activation(vae_activation activation, double x)
{
    switch (activation) {
    case VAE_ACTIVATION_RELU: return x > 0 ? x : 0;
    case VAE_ACTIVATION_LEAKY_RELU: return x > 0 ? x : VAE_LEAKY_RELU_SLOPE * x;
    case VAE_ACTIVATION_TANH: return tanh(x);
    case VAE_ACTIVATION_SIGMOID: return sigmoid(x);
    case VAE_ACTIVATION_ELU: return x > 0 ? x : expm1(x);
    case VAE_ACTIVATION_GELU: return x * normal_cdf(x);
    case VAE_ACTIVATION_SOFTPLUS: return fmax(x, 0) + log1p(exp(-fabs(x)));
    case VAE_ACTIVATION_SILU: return x * sigmoid(x);
    case VAE_ACTIVATION_IDENTITY:
    case VAE_ACTIVATION_COUNT: break;
    }
    return x;
}

double vae_reference_activation_derivative(vae_activation activation, double x)
{
    switch (activation) {
    case VAE_ACTIVATION_GELU: return normal_cdf(x) + x * normal_density(x);
    case VAE_ACTIVATION_SILU: return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    default: return vae_reference_activation_derivative_from_y(activation, vae_reference_activation(activation, x));
    }
}

double vae_reference_activation_derivative_from_y(vae_activation activation, double y)
{
    switch (activation) {
    case VAE_ACTIVATION_RELU: return y > 0 ? 1 : 0;
    case VAE_ACTIVATION_LEAKY_RELU: return y > 0 ? 1 : VAE_LEAKY_RELU_SLOPE;
    case VAE_ACTIVATION_TANH: return 1 - y * y;
    case VAE_ACTIVATION_SIGMOID: return y * (1 - y);
    case VAE_ACTIVATION_ELU: return y > 0 ? 1 : y + 1;
    case VAE_ACTIVATION_SOFTPLUS: return -expm1(-y);
    default: return 1;
    }
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
    const bool from_x = vae_activation_needs_input(activation);
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    for (int64_t i = 0; i < count; ++i) {
        d_x[i] = d_y[i] * (from_x ? vae_reference_activation_derivative(activation, from[i])
                                  : vae_reference_activation_derivative_from_y(activation, from[i]));
    }
    return VAE_OK;
}
