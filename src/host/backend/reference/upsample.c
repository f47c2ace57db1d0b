/* Nearest upsampling, and its gradient: the sum over a pixel's copies. */
#include "backend/reference/kernels.h"

vae_status vae_reference_upsample(vae_call *call)
{
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t factor = call->op->attributes.upsample.factor, channels = shape->size[3];
    const double *x = call->inputs[0];
    double *y = call->outputs[0];
    for (int64_t r = 0; r < shape->size[0] * shape->size[1]; ++r) {
        for (int64_t column = 0; column < shape->size[2]; ++column) {
            /* Rows of all images are one run of rows, as factor divides the height. */
            const int64_t from = (r / factor * (shape->size[2] / factor) + column / factor) * channels;
            for (int64_t c = 0; c < channels; ++c)
                y[(r * shape->size[2] + column) * channels + c] = x[from + c];
        }
    }
    return VAE_OK;
}

vae_status vae_reference_upsample_backward(vae_call *call)
{
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t factor = call->op->attributes.upsample.factor, channels = shape->size[3], width = shape->size[2];
    const double *d_y = call->inputs[0];
    double *d_x = call->outputs[0];
    for (int64_t r = 0; r < shape->size[0] * shape->size[1]; ++r) {
        for (int64_t i = 0; i < width * channels; ++i) {
            const int64_t column = i / channels, c = i % channels;
            double sum = 0;
            for (int64_t k = 0; k < factor * factor; ++k) {
                const int64_t row = r * factor + k / factor, from = column * factor + k % factor;
                sum += d_y[(row * width * factor + from) * channels + c];
            }
            d_x[r * width * channels + i] = sum;
        }
    }
    return VAE_OK;
}
