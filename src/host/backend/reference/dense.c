/* dense and its backward pass, whose step back through activation and bias convolutions use too. */
#include "backend/reference/kernels.h"

/* y = activation(x·weight + bias) */
vae_status vae_reference_dense(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t in = vae_call_input_shape(call, 1)->size[0], out = vae_call_input_shape(call, 1)->size[1];
    const double *x = call->inputs[0], *weight = call->inputs[1], *bias = call->inputs[2];
    double *y = call->outputs[0], *pre_activation = call->outputs[1];
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t o = 0; o < out; ++o) {
            double sum = bias[o];
            for (int64_t i = 0; i < in; ++i)
                sum += x[r * in + i] * weight[i * out + o];
            if (pre_activation) pre_activation[r * out + o] = sum;
            y[r * out + o] = vae_reference_activation(call->op->attributes.dense.activation, sum);
        }
    }
    return VAE_OK;
}

void vae_reference_layer_backward(const vae_call *call, int64_t count, int64_t out)
{
    const vae_activation activation = vae_op_activation(call->op);
    double *d_y = call->inputs[0], *d_bias = call->outputs[1];
    const double *from = call->inputs[4] ? call->inputs[4] : call->inputs[1];
    for (int64_t i = 0; from && i < count; ++i)
        d_y[i] *= vae_reference_activation_derivative_from(activation, from[i]);
    for (int64_t o = 0; o < out; ++o)
        d_bias[o] = 0;
    for (int64_t i = 0; i < count; ++i)
        d_bias[i % out] += d_y[i];
}

/* d_weight = xᵀ·d_pre */
static void backward_weight(const vae_call *call, int64_t rows, int64_t in, int64_t out)
{
    const double *d_pre = call->inputs[0], *x = call->inputs[2];
    double *d_weight = call->outputs[0];
    for (int64_t o = 0; o < out; ++o) {
        for (int64_t i = 0; i < in; ++i) {
            double sum = 0;
            for (int64_t r = 0; r < rows; ++r)
                sum += x[r * in + i] * d_pre[r * out + o];
            d_weight[i * out + o] = sum;
        }
    }
}

/* d_x = d_pre·weightᵀ */
static void backward_input(const vae_call *call, int64_t rows, int64_t in, int64_t out)
{
    const double *d_pre = call->inputs[0], *weight = call->inputs[3];
    double *d_x = call->outputs[2];
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = 0; i < in; ++i) {
            double sum = 0;
            for (int64_t o = 0; o < out; ++o)
                sum += d_pre[r * out + o] * weight[i * out + o];
            d_x[r * in + i] = sum;
        }
    }
}

vae_status vae_reference_dense_backward(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t in = vae_call_input_shape(call, 3)->size[0], out = vae_call_input_shape(call, 3)->size[1];
    vae_reference_layer_backward(call, rows * out, out);
    backward_weight(call, rows, in, out);
    if (call->outputs[2]) backward_input(call, rows, in, out);
    return VAE_OK;
}
