/* add: y = a + b. */
#include "backend/reference/kernels.h"

vae_status vae_reference_add(vae_call *call)
{
    const double *a = call->inputs[0], *b = call->inputs[1];
    double *y = call->outputs[0];
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    for (int64_t i = 0; i < count; ++i)
        y[i] = a[i] + b[i];
    return VAE_OK;
}
