#include "backend/reference/kernels.h"
#include "core/random.h"

/* u·255 ≤ pixel is decided in float32, as every backend does: the same pixels everywhere. */
static double binarise(const vae_step *step, uint64_t element, uint8_t pixel)
{
    const vae_philox random = vae_random_block(step->seed, VAE_STREAM_BINARISE, step->step, element / 4);
    const float u = vae_random_uniform(random.word[element % 4]);
    return u * 255.0f <= (float)pixel ? 255.0 : 0.0;
}

vae_status vae_reference_gather(vae_call *call)
{
    const int64_t rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t elements = vae_shape_columns(vae_call_output_shape(call, 0));
    double *x = call->outputs[0];
    for (int64_t r = 0; r < rows; ++r) {
        uint64_t position = (uint64_t)(call->step->first + r);
        if (call->op->attributes.gather.shuffle) position = vae_permutation_apply(call->permutation, position);
        for (int64_t j = 0; j < elements; ++j) {
            const uint8_t pixel = call->data->images.pixels[(int64_t)position * elements + j];
            const uint64_t element = (uint64_t)(r * elements + j);
            const double value =
                call->op->attributes.gather.binarise ? binarise(call->step, element, pixel) : (double)pixel;
            x[r * elements + j] = value * call->op->attributes.gather.scale + call->op->attributes.gather.shift;
        }
    }
    return VAE_OK;
}
