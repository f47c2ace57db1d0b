/* matmul: the product of two matrices, either of which may be transposed. */
#include "backend/reference/kernels.h"

vae_status vae_reference_matmul(vae_call *call)
{
    const bool a_transposed = call->op->attributes.matmul.a_transposed;
    const bool b_transposed = call->op->attributes.matmul.b_transposed;
    const vae_shape *a_shape = vae_call_input_shape(call, 0);
    const int64_t rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const int64_t inner = vae_shape_elements(a_shape) / rows;
    const double *a = call->inputs[0], *b = call->inputs[1];
    double *y = call->outputs[0];
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) {
            double sum = 0;
            for (int64_t k = 0; k < inner; ++k)
                sum +=
                    a[a_transposed ? k * rows + r : r * inner + k] * b[b_transposed ? c * inner + k : k * columns + c];
            y[r * columns + c] = sum;
        }
    }
    return VAE_OK;
}
